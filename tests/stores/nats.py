"""A real nats-server with JetStream for tests: stopped, killed, wiped, restarted."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BINARY = Path(sys.executable).parent / "nats-server"
_START_S = 30.0
_CONFIG = """
host: 127.0.0.1
port: {port}
ports_file_dir: {folder}
jetstream {{ store_dir: {store}, sync_interval: {sync} }}
"""


class NatsServer:
    """A server of our own; it keeps its port over a restart.

    Parameters
    ----------
    folder : Path
        Empty; holds its configuration, log and store.
    sync : str
        When JetStream syncs its files: ``always``, or an interval such as ``2m``.
    """

    def __init__(self, folder: Path, *, sync: str = "2m") -> None:
        self.store, self._folder, self._sync = folder / "store", folder, sync
        self._port = -1
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        config = self._folder / "nats.conf"
        config.write_text(
            _CONFIG.format(
                port=self._port,
                folder=self._folder,
                store=self.store,
                sync=self._sync,
            )
        )
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(BINARY), "-c", str(config)], stdout=log, stderr=log
            )
        self._wait()

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a word."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections stay, nothing answers."""
        self._send(signal.SIGSTOP)
        if self._process is not None:
            os.waitpid(self._process.pid, os.WUNTRACED)  # it hangs from here on

    def go_on(self) -> None:
        """Let it go on after a pause."""
        self._send(signal.SIGCONT)

    def wipe(self) -> None:
        """Remove everything that it stored; it must not run."""
        shutil.rmtree(self.store)

    def _send(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_START_S)
            self._process = None

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            with suppress(OSError, ValueError, KeyError, IndexError):
                if self._port < 0:
                    self._port = self._told_port()
                address = ("127.0.0.1", self._port)
                with socket.create_connection(address, timeout=1) as line:
                    if b"INFO" in line.recv(16):
                        return
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError((self._folder / "log").read_text())

    def _told_port(self) -> int:
        file = list(self._folder.glob("*.ports"))[0]  # noqa: RUF015 - IndexError: not yet
        return int(json.loads(file.read_text())["nats"][0].rpartition(":")[2])


@contextmanager
def running(folder: Path, *, sync: str = "2m") -> Iterator[NatsServer]:
    """Run a server in a folder of its own; it is ended whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    server = NatsServer(folder, sync=sync)
    try:
        server.start()
        yield server
    finally:
        server.go_on()
        server.kill()

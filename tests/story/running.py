"""The command line in processes of its own; the demo once for the whole session."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tradeloop.clock import LiveClock
from tradeloop.events import Principal
from tradeloop.stores import open_catalog, open_journal

HERE = Path(__file__).parent
ME = Principal("default", "me")
MAIN = "from tradeloop.apps.cli import main; main()"
LONGEST_S = 300


def environment(**variables):
    """Return the environment of a run: this one, without settings of Tradeloop."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("TRADELOOP_")}
    return {**ours, **variables}


def start(*arguments, cwd, record=None, **variables):
    """Start the command line in a process of its own."""
    program = ["-c", MAIN] if record is None else [HERE / "watched.py", record]
    return subprocess.Popen(
        [sys.executable, *map(str, program), *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@dataclass(frozen=True)
class Ended:
    """What a run said, and with which status."""

    status: int
    stdout: str
    stderr: str

    @property
    def answer(self):
        """The one JSON document on standard output."""
        return json.loads(self.stdout)


def ended(process):
    """Wait for a run and return what it said."""
    stdout, stderr = process.communicate(timeout=LONGEST_S)
    return Ended(process.returncode, stdout, stderr)


def tradeloop(*arguments, cwd, **variables):
    """Run the command line to its end."""
    return ended(start(*arguments, cwd=cwd, **variables))


@dataclass(frozen=True)
class Demo:
    """The one demo of a session; nobody may write into its folders."""

    folder: Path
    pristine: Path
    run: Ended
    record: dict

    @property
    def answer(self):
        """The summary."""
        return self.run.answer

    @property
    def dataset(self):
        """Folder of the dataset."""
        return self.folder.parent / self.answer["dataset"]["path"]


def demo_once(base):
    """Run ``tradeloop demo`` under watch, or wait for who does, and read what it left.

    Workers of one session share ``base``: the first runs, the others wait.
    """
    place = base / "demo-of-the-session"
    place.mkdir(parents=True, exist_ok=True)
    folder, told = place / "out", place / "told.json"
    record, pristine = place / "record.json", place / "pristine"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            run = ended(
                start("demo", "--json", "--out", folder, cwd=place, record=record)
            )
            assert run.status == 0, run.stderr[-2000:]
            copied(folder, pristine)
            text = json.dumps([run.status, run.stdout, run.stderr])
            told.write_text(text, "utf-8")
    run = Ended(*json.loads(told.read_text("utf-8")))
    return Demo(folder, pristine, run, json.loads(record.read_text("utf-8")))


def copied(folder, to):
    """Copy a workspace; files that never change are linked, databases are not."""

    def copy(source, target):
        if source.endswith((".parquet", ".ubj", ".onnx")):
            os.link(source, target)
        else:
            shutil.copy2(source, target)

    return Path(shutil.copytree(folder, to, copy_function=copy))


def session_folder(factory, worker):
    """Return a folder that all workers of this session share, and no other session."""
    base = factory.getbasetemp()
    return base if worker == "master" else base.parent


def journal(folder):
    """Open the journal of a workspace for reading."""
    return open_journal(Path(folder) / "journal.db", LiveClock(), read_only=True)


def catalog(folder):
    """Open the catalog of a workspace."""
    return open_catalog(f"sqlite:///{Path(folder) / 'catalog.db'}", LiveClock())

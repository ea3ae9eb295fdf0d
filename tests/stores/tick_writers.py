"""Writers of one table that are killed between any two steps; a long run by hand.

``python tests/stores/tick_writers.py 8 25 12`` starts eight writers of twelve commits,
each killed 25 times.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

CHILD = """
import os, sys
from pathlib import Path
import polars as pl
from tradeloop.events import Principal
from tradeloop.stores import folder, ticks_log
from tradeloop.stores.ticks import Ticks

root, writer, first, last, dies = sys.argv[1], *map(int, sys.argv[2:6])
ticks_log.BUNDLE = 8
left = dies
def faulty(real):
    def call(*given):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)
        found = real(*given)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)
        return found
    return call
for name in ("write_file", "fsync", "put_if_absent"):
    setattr(folder, name, faulty(getattr(folder, name)))
who, ticks = Principal("acme", "ann"), Ticks(Path(root))
print("ready", flush=True)
sys.stdin.readline()
for number in range(first, last):
    rows = pl.DataFrame({
        "instrument": [f"W{writer}", "ALL"], "event_ns": [number, number],
        "bid": [float(number), float(writer)],
    })
    done = ticks.append(who, "quote", rows, key=f"{writer}-{number}")
    print("acked", number, done.version, flush=True)
    if number % 5 == 4:
        ticks.compact(who, "quote")
"""


def life(root: Path, writer: int, first: int, last: int, dies: int):
    """Start one life of a writer; ``dies`` is the step at which it is killed."""
    given = [str(value) for value in (root, writer, first, last, dies)]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *given],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run(root: Path, deaths: list[list[int]], commits: int):
    """Let writers live and die; return what they were told, by key.

    Parameters
    ----------
    root : Path
        Of the lake.
    deaths : list of list of int
        For each writer the steps at which its lives end; then one life without end.
    commits : int
        Of each writer.

    Returns
    -------
    (dict of str to int, int)
        Version by acknowledged key; number of lives that were killed.
    """
    acked: dict[str, int] = {}
    killed, at = 0, [0] * len(deaths)
    for turn in range(max(map(len, deaths)) + 1):
        steps = [(d[turn] if turn < len(d) else 0) for d in deaths]
        lives = [life(root, w, at[w], commits, step) for w, step in enumerate(steps)]
        for one in lives:
            assert one.stdout.readline() == "ready\n"
        for one in lives:
            one.stdin.write("go\n")
            one.stdin.flush()
        for writer, one in enumerate(lives):
            said, _ = one.communicate(timeout=300)
            killed += one.returncode == -9
            assert one.returncode in {0, -9}
            for line in said.splitlines():
                _, number, version = line.split()
                acked[f"{writer}-{number}"] = int(version)
                at[writer] = int(number) + 1
    return acked, killed


def lost(root: Path, acked: dict[str, int]) -> list[str]:
    """Acknowledged keys that the table does not hold, or not where it was said."""
    from tradeloop.events import Principal  # noqa: PLC0415 - a script starts quickly
    from tradeloop.stores import ticks_log  # noqa: PLC0415
    from tradeloop.stores.ticks import Ticks  # noqa: PLC0415

    ticks_log.BUNDLE = 8
    ticks, who = Ticks(root), Principal("acme", "ann")
    ticks.verify(who, "quote")
    rows = set(ticks.read(who, "quote").rows())
    assert len(rows) == ticks.read(who, "quote").height
    kept = {commit.key: commit.version for commit in ticks.commits(who, "quote")}
    assert len(rows) == 2 * len(kept)
    return [
        key
        for key, version in acked.items()
        if kept.get(key) != version or not _rows(key) <= rows
    ]


def _rows(key: str) -> set[tuple]:
    writer, number = map(int, key.split("-"))
    return {
        (f"W{writer}", number, float(number)),
        ("ALL", number, float(writer)),
    }


def main() -> None:
    """Run it as long as it is asked to, and say what came out."""
    import numpy as np  # noqa: PLC0415

    writers, lives, commits = map(int, sys.argv[1:4])
    rng = np.random.default_rng(1)
    steps = rng.integers(1, 60, (writers, lives)).tolist()
    with tempfile.TemporaryDirectory() as name:
        acked, killed = run(Path(name), steps, commits)
        gone = lost(Path(name), acked)
    print(f"{len(acked)} acknowledged, {killed} killed, {len(gone)} lost")  # noqa: T201
    raise SystemExit(bool(gone))


if __name__ == "__main__":
    main()

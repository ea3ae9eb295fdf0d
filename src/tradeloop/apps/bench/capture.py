"""Durable appends against stdlib's SQLite, and the checked read of a file of bars.

The peer runs in a process of its own: no floor but the stores may hold a driver, and
two SQLite libraries in one process are a risk that a benchmark should not take either.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from tradeloop.apps.bench import simulated
from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import pair_s, percentile
from tradeloop.capture import read_market
from tradeloop.pipelines.measure import append_in_groups

_ROUNDS = 5
_BARS = (20, 20_000)
_PEER = """\
import json, sqlite3, sys, time
path, source, group = sys.argv[1], sys.argv[2], int(sys.argv[3])
rows = json.load(open(source))
db = sqlite3.connect(path, isolation_level=None)
db.execute("PRAGMA journal_mode = wal")
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, event_ns INTEGER,"
           " received_ns INTEGER, body TEXT)")
took = []
for first in range(0, len(rows), group):
    began = time.perf_counter()
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO event VALUES (?, ?, ?, ?)",
                   [(r["decision_id"], r["event_ns"], r["received_ns"], json.dumps(r))
                    for r in rows[first:first + group]])
    db.execute("COMMIT")
    took.append(time.perf_counter() - began)
db.close()
print(json.dumps({"took": took, "version": sqlite3.sqlite_version}))
"""


def _peer_appends(
    folder: Path, decisions: pl.DataFrame, group: int
) -> tuple[list[float], str]:
    source = folder / "rows.json"
    source.write_text(json.dumps(decisions.to_dicts()), encoding="utf-8")
    command = [sys.executable, "-c", _PEER, str(folder / "peer.db"), str(source)]
    done = subprocess.run(  # noqa: S603 - our own text, our own interpreter
        [*command, str(group)], check=True, capture_output=True, text=True
    )
    answer = json.loads(done.stdout)
    return answer["took"], answer["version"]


def _appends(rows: int, group: int) -> tuple[list[list[float]], list[list[float]], str]:
    """Seconds of each append, ours and the peer's, in fresh databases, in turn."""
    market = simulated.bars(20, 2_000)
    decisions = simulated.decisions(market, rows, room=(10, 10))
    ours, theirs, version = [], [], ""
    for _ in range(_ROUNDS):
        with TemporaryDirectory() as name:
            folder = Path(name)
            took = append_in_groups(folder / "journal.db", decisions, group=group)
            ours.append(took)
            took, version = _peer_appends(folder, decisions, group)
            theirs.append(took)
    return ours, theirs, version


def _journal() -> Iterator[Row]:
    ours, theirs, version = _appends(10_000, 500)
    single, plain, _ = _appends(300, 1)
    name = f"stdlib sqlite3 {version}, plain inserts, WAL, synchronous=FULL"
    note = (
        "The journal also checks each body, finds duplicates and conflicts, chains "
        "hashes and commits an audit entry; the peer does none of it. The 10,000 "
        "events a second that the design asks for are over HTTP, which is not in here."
    )
    for what, mine, other, rows in (
        ("durable appends in groups of 500", ours, theirs, 10_000),
        ("durable appends one by one", single, plain, 300),
    ):
        yield Row(
            what=what,
            unit="events/s",
            ours=rows / median(map(sum, mine)),
            peer=rows / median(map(sum, other)),
            peer_name=name,
            better="more",
            note=note,
        )
    yield Row(
        what="acknowledgement of a group of 500, p99",
        unit="ms",
        ours=percentile(np.ravel(ours), 99) * 1e3,
        peer=percentile(np.ravel(theirs), 99) * 1e3,
        peer_name=name,
        note=note,
    )


def _read() -> Iterator[Row]:
    with TemporaryDirectory() as name:
        file = Path(name) / "bars.parquet"
        market = simulated.bars(*_BARS)
        market.write_parquet(file)
        kept = read_market([file]).bars
        require_equal(same=kept.equals(market), what="bars read")
        ours, peer = pair_s(
            lambda: read_market([file]), lambda: pl.read_parquet(file), 5
        )
    yield Row(
        what=f"read of {market.height:,} bars from Parquet, checked row by row",
        unit="ms",
        ours=ours * 1e3,
        peer=(peer or 0.0) * 1e3,
        peer_name="pl.read_parquet alone",
        note="Ours checks each row (times, prices, order, duplicates) and sorts; the "
        "peer reads and checks nothing. File in the page cache on both sides.",
    )


def _rows() -> Iterator[Row]:
    yield from _journal()
    yield from _read()


AREA = Area("capture", _rows)

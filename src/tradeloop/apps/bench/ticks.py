"""Ticks from Arrow batches to durable files, against Parquet writers alone."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import percentile, seconds
from tradeloop.events import QUOTE
from tradeloop.pipelines.measure_ticks import Took, take_all

_BATCH = 10_000
_BATCHES = 300
_ROUNDS = 3
_START_NS = 1_700_000_000_000_000_000
_SEED = 5
_WAITING = 1_000_000


def _quotes(instruments: int) -> pl.DataFrame:
    """Quotes of one day, by time, as a feed would send them."""
    rng, rows = np.random.default_rng(_SEED), _BATCH * _BATCHES
    mid = np.round(100 + np.cumsum(rng.normal(0, 0.01, rows)), 2)
    event_ns = _START_NS + np.cumsum(rng.integers(1, 10_000_000, rows))
    names = np.array([f"S{number:03d}" for number in range(instruments)])
    frame = pl.DataFrame(
        {
            "instrument": names[rng.integers(0, instruments, rows)],
            "event_ns": event_ns,
            "received_ns": event_ns + rng.integers(1_000, 900_000, rows),
            "bid": mid,
            "ask": np.round(mid + 0.01, 2),
            "bid_size": rng.integers(1, 50, rows).astype(np.float64),
            "ask_size": rng.integers(1, 50, rows).astype(np.float64),
            "sequence": np.arange(rows),
        }
    )
    return QUOTE.conform(frame)


def _streams(frame: pl.DataFrame) -> list[bytes]:
    return [_stream(frame[at : at + _BATCH]) for at in range(0, frame.height, _BATCH)]


def _stream(frame: pl.DataFrame) -> bytes:
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _each(batches: list[bytes], write: Callable[[pa.Table, Path], None]) -> float:
    """Seconds that a plain writer takes: decode a batch, one file, no sync."""
    numbers = count()

    def all_of_them(folder: Path) -> None:
        for batch in batches:
            with pa.ipc.open_stream(pa.py_buffer(batch)) as stream:
                write(stream.read_all(), folder / f"{next(numbers)}.parquet")

    with TemporaryDirectory() as name:
        return seconds(lambda: all_of_them(Path(name)))


def _arrow(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)


def _polars(table: pa.Table, path: Path) -> None:
    pl.DataFrame(pl.from_arrow(table)).write_parquet(path)


def _ours(batches: list[bytes], sent: pl.DataFrame) -> Took:
    with TemporaryDirectory() as name:
        took = take_all(Path(name), batches, most_rows=_WAITING)
    order = ["instrument", "event_ns"]
    same = took.rows.equals(sent.sort(order, maintain_order=True))
    require_equal(same=same, what="ticks stored")
    return took


def _rows() -> Iterator[Row]:
    for instruments in (1, 500):
        sent = _quotes(instruments)
        batches = _streams(sent)
        ours: list[Took] = []
        arrow, polars = [], []
        for _ in range(_ROUNDS):
            ours.append(_ours(batches, sent))
            arrow.append(_each(batches, _arrow))
            polars.append(_each(batches, _polars))
        yield from _of(instruments, ours, arrow, polars)


def _of(
    instruments: int, ours: list[Took], arrow: list[float], polars: list[float]
) -> Iterator[Row]:
    rows = _BATCH * _BATCHES
    what = f"ticks in batches of 10,000 quotes, {_many(instruments)}"
    note = (
        "Ours decodes, checks every row, splits by instrument and day, hashes, syncs "
        "files and folders, commits to the log and lists each batch in the journal "
        f"before it answers ({ours[0].commits} commits); the peer decodes and writes a "
        "file a batch, without a sync. What is read back is compared with what was "
        "sent. Decoding and checking run in the same process."
    )
    for name, peer, target in (
        (f"pyarrow {pa.__version__} write_table alone", arrow, 1e6),
        (f"polars {pl.__version__} write_parquet alone", polars, None),
    ):
        yield Row(
            what=what,
            unit="rows/s",
            ours=rows / median(took.seconds for took in ours),
            peer=rows / median(peer),
            peer_name=name,
            better="more",
            target=target,
            target_is="ours",
            note=note,
        )
    waited = np.concatenate([took.answers_s for took in ours])
    yield Row(
        what=f"acknowledgement of a batch, {_many(instruments)}, p99",
        unit="ms",
        ours=percentile(waited, 99) * 1e3,
        peer_name="none: the peers acknowledge nothing",
        note=f"With up to {_WAITING:,} rows waiting, at the rate of the row above.",
    )


def _many(instruments: int) -> str:
    return "one instrument" if instruments == 1 else f"{instruments} instruments"


AREA = Area("ticks", _rows)

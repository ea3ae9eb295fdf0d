"""Features from the cache against computing them, where that costs more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from tradeloop.apps.bench import simulated
from tradeloop.apps.bench.book import feed
from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import pair_s
from tradeloop.capture.book import Book
from tradeloop.clock import NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.events import Principal
from tradeloop.features import Bank, compute, default_bank
from tradeloop.features.microstructure.standard import of_quotes
from tradeloop.features.streams import compute_streams
from tradeloop.features.timeframes import on
from tradeloop.pipelines.feature_cache import FeatureCache, slices_of

_WHO = Principal("bench", "cache")
_TICK, _LEVELS = "0.01", 5
_TIMEFRAMES = ("bar_5m", "bar_15m", "bar_30m", "bar_1h", "bar_4h", "bar_1d")
_BARS = (4, 50_000)
_DECISIONS = 5_000
_REPEATS = 5
_TARGET = 5.0


@dataclass(frozen=True, slots=True)
class _Case:
    """Features of some data: what they are, how to compute them, and of what bank."""

    what: str
    bank: Bank
    data: dict[str, pl.DataFrame]
    make: Callable[[], pl.DataFrame]
    target: float | None = _TARGET


def _of_book() -> _Case:
    deltas, bank = feed(), Bank(of_quotes())
    last_ns = int(deltas["event_ns"][-1])
    seconds = pl.int_range(NS_PER_SECOND, last_ns, NS_PER_SECOND, eager=True)
    asked = pl.DataFrame(
        {"instrument": "B", "event_ns": seconds, "received_ns": seconds}
    )

    def make() -> pl.DataFrame:
        tops = Book(_TICK, n_levels=_LEVELS).update(deltas)
        quotes = tops.with_columns(instrument=pl.lit("B"))
        return compute_streams(bank, {"quote": quotes}, at=asked)

    what = f"features of a book each second, {deltas.height:,} changes of levels"
    return _Case(what, bank, {"book_delta": deltas}, make)


def _of_timeframes() -> _Case:
    bars = simulated.bars(*_BARS)
    base = default_bank(NS_PER_MINUTE, has_quotes=True).outputs
    moved = [on(stream, column) for stream in _TIMEFRAMES for column in base]
    bank = Bank([*base, *dict.fromkeys(c for c in moved if c not in base)])
    asked = simulated.decisions(bars, _DECISIONS, room=(100, 100))
    asked = asked.select("instrument", "event_ns", "received_ns")

    def make() -> pl.DataFrame:
        return compute_streams(bank, {"bar": bars}, at=asked)

    what = (
        f"features of {1 + len(_TIMEFRAMES)} timeframes at {_DECISIONS:,} decisions, "
        f"{bars.height:,} bars of a minute"
    )
    return _Case(what, bank, {"asked": asked, "bar": bars}, make)


def _of_bars() -> _Case:
    bars, bank = simulated.bars(*_BARS), default_bank(NS_PER_MINUTE, has_quotes=True)
    what = f"features of one timeframe at each of {bars.height:,} bars"
    return _Case(what, bank, {"bar": bars}, lambda: compute(bank, bars), target=None)


def _row(case: _Case, root: Path) -> Row:
    cache, slices = FeatureCache(root), slices_of(case.data)
    print_of = case.bank.fingerprint

    def ours() -> pl.DataFrame:
        return cache.get_or_compute(_WHO, print_of, slices, case.make)

    first = ours()
    require_equal(same=ours().equals(first) and cache.counts.hits == 1, what=case.what)
    took, peer = pair_s(ours, case.make, _REPEATS)
    size_mb = cache.size_bytes(_WHO) / 1e6
    note = f"{first.height:,} rows x {len(case.bank.names)} columns, {size_mb:.1f} MB, "
    note += "read and checked against its hash; the data are named by hashes that the "
    note += "lake knows."
    if case.target is None:
        note += " No use: such features are computed as they are needed."
    return Row(
        what=f"{case.what}: from the cache",
        unit="ms",
        ours=took * 1e3,
        peer=None if peer is None else peer * 1e3,
        peer_name="computing the same features",
        target=case.target,
        note=note,
    )


def _rows() -> Iterator[Row]:
    for case in (_of_book(), _of_timeframes(), _of_bars()):
        with TemporaryDirectory() as folder:
            yield _row(case, Path(folder))


AREA = Area("feature_cache", _rows)

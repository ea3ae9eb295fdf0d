"""The order book against one of sorted lists, bars of ticks against Polars."""

from bisect import bisect_left, insort
from collections.abc import Iterator

import numpy as np
import polars as pl

from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import each_us, pair_s, percentile
from tradeloop.capture.bars_live import Bars
from tradeloop.capture.bars_rules import dollar_bars, time_bars
from tradeloop.capture.book import Book
from tradeloop.clock import NS_PER_MINUTE

_MESSAGES, _ROWS = 6_000, 60  # about eleven minutes of BTCUSDT
_LEVELS, _TICKS = 1_000, 4_000_000
_MIDDLE, _CLEARED = 6_000_000, 0.4  # tick of no order; share of levels taken away
_TOP = ("bid", "bid_size", "ask", "ask_size")


def feed(seed: int = 3) -> pl.DataFrame:
    """Simulate a snapshot of 1,000 levels a side and messages, most near the touch."""
    draw = np.random.default_rng(seed)
    count = _MESSAGES * _ROWS
    side = draw.choice([-1, 1], count)
    away = 1 + np.floor(draw.pareto(0.7, count).clip(0, 200_000)).astype(np.int64)
    size = np.where(
        draw.random(count) < _CLEARED, 0.0, draw.integers(1, 900, count) / 100
    )
    number = np.repeat(np.arange(_MESSAGES), _ROWS)
    first = np.arange(1, _LEVELS + 1)
    ticks = np.concatenate([_MIDDLE - first, _MIDDLE + first, _MIDDLE - side * away])
    last = np.concatenate([np.full(2 * _LEVELS, 9), 10 * number + 19])
    return pl.DataFrame(
        {
            "event_ns": last * 10**6,
            "received_ns": last * 10**6,
            "side": np.concatenate([np.repeat([1, -1], _LEVELS), side]).astype(np.int8),
            "price": ticks / 100,
            "size": np.concatenate([np.ones(2 * _LEVELS), size]),
            "first_sequence": last - 9,
            "last_sequence": last,
            "is_snapshot": np.arange(last.shape[0]) < 2 * _LEVELS,
        }
    )


def by_lists(rows: pl.DataFrame) -> list[tuple[float, float, float, float]]:
    """Rebuild by a dictionary and a sorted list a side; return the top of each message.

    It takes for granted what the book checks: numbers without gaps, prices on a grid.
    """
    columns = (
        rows[name].to_list() for name in ("last_sequence", "side", "price", "size")
    )
    sizes: dict[int, dict[float, float]] = {1: {}, -1: {}}
    prices: dict[int, list[float]] = {1: [], -1: []}
    tops, before = [], None
    for number, side, price, size in zip(*columns, strict=True):
        if number != before and before is not None:
            tops.append(_top(sizes, prices))
        before = number
        if size == 0.0:
            if sizes[side].pop(price, None) is not None:
                del prices[side][bisect_left(prices[side], price)]
            continue
        if price not in sizes[side]:
            insort(prices[side], price)
        sizes[side][price] = size
    return [*tops, _top(sizes, prices)]


def _top(
    sizes: dict[int, dict[float, float]], prices: dict[int, list[float]]
) -> tuple[float, float, float, float]:
    bid, ask = prices[1][-1], prices[-1][0]
    return bid, sizes[1][bid], ask, sizes[-1][ask]


def trades(seed: int = 4) -> pl.DataFrame:
    """Simulate trades of one instrument, about fifty a second."""
    draw = np.random.default_rng(seed)
    at = draw.integers(1, 40_000_000, _TICKS).cumsum()
    price = 100.0 + draw.integers(-1, 2, _TICKS).cumsum() / 100
    return pl.DataFrame(
        {
            "instrument": pl.repeat("A", _TICKS, eager=True),
            "event_ns": at,
            "received_ns": at,
            "price": np.abs(price) + 1.0,
            "size": draw.integers(1, 99, _TICKS) / 8,
            "side": draw.choice([-1, 1], _TICKS).astype(np.int8),
        }
    )


def by_polars(ticks: pl.DataFrame) -> pl.DataFrame:
    """Minute bars by one group-by: open, high, low, close, volume, signed volume."""
    start = (pl.col("event_ns") // NS_PER_MINUTE * NS_PER_MINUTE).alias("open_ns")
    price, size = pl.col("price"), pl.col("size")
    return ticks.group_by("instrument", start, maintain_order=True).agg(
        open=price.first(),
        high=price.max(),
        low=price.min(),
        close=price.last(),
        volume=size.sum(),
        signed_volume=(size * pl.col("side")).sum(),
        known_ns=pl.col("received_ns").max(),
    )


def _book() -> Iterator[Row]:
    rows = feed()
    tops = Book("0.01").update(rows)
    require_equal(
        same=tops.select(_TOP).rows() == by_lists(rows), what="tops of a book"
    )
    took, peer = pair_s(lambda: Book("0.01").update(rows), lambda: by_lists(rows), 5)
    note = (
        "Frame in, frame out, one core. Ours also checks numbers and prices and gives "
        "depth and imbalance of five levels; the peer gives the top alone. Same tops, "
        "checked first."
    )
    yield Row(
        what=f"order book, {_MESSAGES:,} messages of {_ROWS} levels, top of each",
        unit="M updates/s",
        ours=rows.height / took / 1e6,
        peer=None if peer is None else rows.height / peer / 1e6,
        peer_name="Python: a dictionary and a sorted list a side",
        better="more",
        note=note,
    )
    yield _live_book(rows)


def _live_book(rows: pl.DataFrame) -> Row:
    book, number = Book("0.01"), iter(range(9, 10**9, 10))
    book.update(rows[: 2 * _LEVELS])
    part = rows[2 * _LEVELS : 2 * _LEVELS + _ROWS]
    message = (
        part["side"].cast(pl.Int64).to_numpy(writable=True),
        part["price"].to_numpy(writable=True),
        part["size"].to_numpy(writable=True),
    )

    def one() -> object:
        at = next(number)
        return book.update_message(message, previous=at, last=at + 10, times=(at, at))

    (took,) = each_us((one,), 4_000)
    return Row(
        what=f"order book live, one message of {_ROWS} levels, p50",
        unit="us",
        ours=percentile(took, 50),
        peer_name="none: the peer above is not live",
        note=f"p99 {percentile(took, 99):.1f} us. Arrays in, arrays out.",
    )


def _bars() -> Iterator[Row]:
    ticks = trades()

    def ours() -> pl.DataFrame:
        bars = Bars(time_bars("1m"))
        return pl.concat([bars.update(trades=ticks), bars.unfinished()])

    theirs = by_polars(ticks)
    names = [name for name in theirs.columns if name != "known_ns"]
    require_equal(same=ours().select(names).equals(theirs.select(names)), what="bars")
    took, peer = pair_s(ours, lambda: by_polars(ticks), 5)
    yield Row(
        what=f"minute bars of {_TICKS:,} trades",
        unit="M ticks/s",
        ours=_TICKS / took / 1e6,
        peer=None if peer is None else _TICKS / peer / 1e6,
        peer_name="Polars group-by, all cores",
        better="more",
        target=20.0,
        target_is="ours",
        note="Frame in, frame out; ours on one core, with compensated sums, and the "
        "same step that live bars take. Same bars, checked first.",
    )
    took, _ = pair_s(lambda: Bars(dollar_bars(1e6)).update(trades=ticks), None, 5)
    yield Row(
        what=f"dollar bars of {_TICKS:,} trades",
        unit="M ticks/s",
        ours=_TICKS / took / 1e6,
        peer_name="none: a group-by cannot cut by a running sum that restarts",
        better="more",
    )
    live, at = Bars(time_bars("1m")), iter(range(0, 10**12, 10**7))

    def one() -> object:
        now = next(at)
        return live.trade("A", (now, now), 1.0, 1.0, 1)

    (each,) = each_us((one,), 10_000)
    yield Row(
        what="minute bars live, one trade, p50",
        unit="us",
        ours=percentile(each, 50),
        peer_name="none: the peer above is not live",
        note=f"p99 {percentile(each, 99):.1f} us.",
    )


def _rows() -> Iterator[Row]:
    yield from _book()
    yield from _bars()


AREA = Area("book", _rows)

"""Depths of the book: those of its levels, live and in history alike."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from tradeloop.capture.book import Book
from tradeloop.capture.book_depths import (
    DEPTH_SCHEMA,
    LEVELS,
    DepthBook,
    replay_depths,
)

TOP = ("event_ns", "received_ns", "sequence", "bid", "ask", "bid_size", "ask_size")


def message(first, last, rows, *, snapshot=False):
    """Rows of (side, price, size) that one message carries."""
    side, price, size = map(list, zip(*rows, strict=True))
    count = len(rows)
    return pl.DataFrame(
        {
            "event_ns": [last] * count,
            "received_ns": [last + 1] * count,
            "side": side,
            "price": price,
            "size": size,
            "first_sequence": [first] * count,
            "last_sequence": [last] * count,
            "is_snapshot": [snapshot] * count,
        }
    )


def seven_levels():
    bids = [(1, 100.0 - k, 1.0 + k) for k in range(7)]
    asks = [(-1, 101.0 + k, 10.0 * (1 + k)) for k in range(4)]
    return message(1, 10, bids + asks, snapshot=True)


def test_depths_are_sums_of_the_best_levels():
    row = DepthBook("1").update(seven_levels()).row(0, named=True)
    assert row["bid_depth_5"] == 1 + 2 + 3 + 4 + 5
    assert row["bid_depth_10"] == row["bid_depth_20"] == 28
    assert row["ask_depth_5"] == row["ask_depth_20"] == 100
    assert row["bid_5"] == 96.0
    assert row["bid_10"] is None
    assert row["ask_5"] is None


def test_book_that_waits_has_no_depth():
    book = DepthBook("1")
    gap = message(15, 16, [(1, 99.0, 3.0)])
    rows = book.update(pl.concat([seven_levels(), gap]))
    assert rows["state"].to_list() == ["ok", "waiting"]
    assert all(rows[name][1] is None for name in rows.columns if "depth" in name)


def test_no_message_gives_no_row():
    rows = DepthBook("1").update(seven_levels()[:0])
    assert dict(rows.schema) == DEPTH_SCHEMA
    assert rows.height == 0
    none = seven_levels()[:0].with_columns(instrument=pl.lit("X"))
    assert replay_depths(none).height == 0


def test_message_without_a_frame_gives_the_same_depths():
    rows = seven_levels()
    book = DepthBook("1")
    parts = rows["side"].to_numpy(), rows["price"].to_numpy(), rows["size"].to_numpy()
    found = book.update_message(
        parts, previous=0, last=10, times=(10, 11), is_snapshot=True
    )
    wanted = DepthBook("1").update(rows)
    assert tuple(found) == tuple(DEPTH_SCHEMA)
    for name in found:
        if name != "state":
            right = wanted[name].cast(float).fill_null(np.nan)
            np.testing.assert_array_equal(found[name].astype(float), right)


@pytest.mark.realdata
def test_depths_of_the_real_book_are_those_of_a_book_of_so_many_levels(market_data):
    deltas = (
        pl.read_parquet(market_data / "crypto" / "book_deltas.parquet")
        .filter(symbol="ETHUSDT", venue="BINANCE_USDM")
        .select(
            instrument=pl.lit("ETHUSDT.BINANCE_USDM"),
            event_ns=pl.col("ts_event").cast(pl.Int64),
            received_ns=pl.col("ts").cast(pl.Int64),
            side=pl.when(side="bid").then(1).otherwise(-1).cast(pl.Int8),
            price="price",
            size="size",
            first_sequence="first_seq",
            last_sequence="last_seq",
            previous_sequence="prev_seq",
            is_snapshot="is_snapshot",
        )
    )
    ticks = {"ETHUSDT.BINANCE_USDM": "0.01"}
    found = replay_depths(deltas, tick_sizes=ticks)
    assert found.height > 6_500
    for n in LEVELS:
        plain = Book("0.01", n_levels=n).update(deltas)
        for name in TOP:
            assert found[name].equals(plain[name], null_equal=True)
        for side in ("bid", "ask"):
            assert found[f"{side}_depth_{n}"].equals(plain[f"{side}_depth"])
    known = found.filter(state="ok").drop_nulls()
    assert known.height > 6_000
    # Deeper is more, and further away.
    for side, way in (("bid", -1), ("ask", 1)):
        sizes = [f"{side}_size", *(f"{side}_depth_{n}" for n in LEVELS)]
        prices = [side, *(f"{side}_{n}" for n in LEVELS)]
        for near, far in pairwise(sizes):
            assert (known[far] >= known[near]).all()
        for near, far in pairwise(prices):
            assert (way * (known[far] - known[near]) > 0).all()

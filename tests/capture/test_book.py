"""The order book: against a book of dictionaries, planted faults, and the real feed."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.order_book import book_oracle
from tradeloop.capture.book import Book
from tradeloop.capture.book_grid import grid_of, learn_grid
from tradeloop.clock import NS_PER_SECOND
from tradeloop.errors import InputError
from tradeloop.events import BOOK_DELTA

LEVELS = ["bid", "bid_size", "ask", "ask_size"]
FAR = [1, 2, 50, 51, 52, 99, 100, 101, 511, 512, 513, 40_000, 2_000_000]


def rows_of(messages):
    """Messages of the oracle as rows of BOOK_DELTA."""
    return pl.DataFrame(
        [
            {
                "instrument": "A",
                "event_ns": message.get("at", number),
                "received_ns": message.get("at", number),
                "side": side,
                "price": price,
                "size": size,
                "first_sequence": message["previous"] + 1,
                "last_sequence": message["last"],
                "previous_sequence": message["previous"],
                "is_snapshot": message["is_snapshot"],
            }
            for number, message in enumerate(messages)
            for side, price, size in message["rows"]
        ],
        schema=dict(BOOK_DELTA.schema),
    )


def message(previous, last, *rows, snapshot=False, **more):
    kind = {"previous": previous, "last": last, "is_snapshot": snapshot}
    return kind | {"rows": list(rows)} | more


ROW = st.tuples(
    st.sampled_from([1, -1]),
    st.sampled_from(FAR).map(lambda tick: tick / 100),
    st.integers(0, 3).map(lambda size: size / 4),
)


@st.composite
def feeds(draw):
    """A snapshot and deltas that follow one another, numbered with holes."""
    sequence = draw(st.integers(1, 50))
    feed = [message(-1, sequence, *draw(st.lists(ROW, min_size=1)), snapshot=True)]
    for rows in draw(
        st.lists(st.lists(ROW, min_size=1, max_size=8), min_size=4, max_size=25)
    ):
        last = sequence + draw(st.integers(1, 9))
        feed.append(message(sequence, last, *rows))
        sequence = last
    return feed


def tops(frame):
    known = frame.filter(pl.col("state") != "waiting")
    return known.select("sequence", *LEVELS).rows()


@settings(max_examples=120)
@given(feeds())
def test_the_book_equals_one_of_dictionaries_at_every_message(feed):
    book = Book("0.01", n_levels=3)
    expected, sides = book_oracle(feed)
    assert tops(book.update(rows_of(feed))) == expected
    assert book.faults.filter(pl.col("reason").str.contains("gap")).height == 0
    levels = book.levels(len(FAR))
    for side, levels_of_side in sides.items():
        own = levels.filter(pl.col("side") == side).select("price", "size").rows()
        assert own == sorted(levels_of_side.items(), reverse=side == 1)


@settings(max_examples=80)
@given(feeds(), st.data())
def test_every_gap_of_messages_removed_at_random_is_found_and_no_other(feed, data):
    gone = data.draw(st.sets(st.integers(1, len(feed) - 1), max_size=len(feed) // 2))
    kept = [one for number, one in enumerate(feed) if number not in gone]
    book = Book("0.01", n_levels=1)
    frame = book.update(rows_of(kept))
    gaps = [
        (before["last"], later["previous"])
        for before, later in pairwise(kept)
        if later["previous"] > before["last"]
    ]
    found = book.faults.filter(pl.col("reason").str.contains("gap"))
    assert found.select("after_sequence", "last_sequence").rows() == gaps
    assert (found["reason"] == "gap").all()
    assert tops(frame) == book_oracle(kept)[0]
    assert book.is_whole is not bool(gaps)
    assert (frame["state"][-1] == "waiting") is bool(gaps)


def long_feed(draw, count):
    """Messages of which some are lost, some doubled, and snapshots now and then."""
    levels, sequence, feed = {}, 100, [message(-1, 100, (1, 0.5, 1.0), snapshot=True)]
    for _ in range(count):
        rows = [
            (int(draw.choice([-1, 1])), draw.choice(FAR) / 100, draw.integers(0, 3) / 4)
            for _ in range(3)
        ]
        last = sequence + int(draw.integers(1, 4))
        levels |= {(side, price): size for side, price, size in rows}
        sent = [message(sequence, last, *rows)] * int(draw.choice([0, 1, 2], p=LOSS))
        feed += sent
        sequence = last
        if draw.random() < 0.05:
            whole = [(*level, size) for level, size in levels.items()]
            feed.append(message(-1, sequence, (1, 0.5, 1.0), *whole, snapshot=True))
        again = feed[int(draw.integers(0, len(feed)))]
        if not again["is_snapshot"] and draw.random() < 0.1:
            feed.append(again)
    return feed


LOSS = [0.05, 0.9, 0.05]


@pytest.mark.parametrize("seed", range(12))
def test_no_gap_of_a_long_feed_is_missed_and_every_top_is_right(seed):
    feed = long_feed(np.random.default_rng(seed), 400)
    book = Book("0.01", n_levels=2)
    frame = book.update(rows_of(feed))
    heard, gaps = 100, []
    for one in feed:
        if not one["is_snapshot"]:
            gaps += [(heard, one["previous"])] if one["previous"] > heard else []
            heard = max(heard, one["last"])
    found = book.faults.filter(pl.col("reason").str.contains("gap"))
    assert len(gaps) > 8
    assert found.select("after_sequence", "last_sequence").rows() == gaps
    assert tops(frame) == book_oracle(feed)[0]
    assert book.counts["old"] > 8


@settings(max_examples=60)
@given(feeds(), st.lists(st.integers(0, 200), max_size=6), st.booleans())
def test_any_chunking_gives_the_same_tops_and_the_same_book(feed, cuts, whole):
    rows = rows_of(feed)
    once, parts = Book("0.01"), Book("0.01")
    frame = once.update(rows)
    edges = [0, *sorted(min(cut, rows.height) for cut in cuts), rows.height]
    chunks = [parts.update(rows[a:b], ends=False) for a, b in pairwise(edges)]
    chunks.append(parts.update(rows[:0]))
    assert pl.concat(chunks).equals(frame)
    assert parts.levels(20).equals(once.levels(20))
    assert parts.faults.equals(once.faults)
    if whole:
        live = Book("0.01")
        for number, one in enumerate(feed):
            side, price, size = (
                np.array(part) for part in zip(*one["rows"], strict=True)
            )
            live.update_message(
                (side, price, size),
                previous=one["previous"],
                last=one["last"],
                times=(number, number),
                is_snapshot=one["is_snapshot"],
            )
        assert live.levels(20).equals(once.levels(20))


@settings(max_examples=60)
@given(feeds(), st.randoms(use_true_random=False))
def test_messages_out_of_order_end_in_the_same_book(feed, random):
    mixed = feed[1:]
    random.shuffle(mixed)
    mixed.insert(random.randint(0, len(mixed)), feed[0])
    book, straight = Book("0.01"), Book("0.01")
    book.update(rows_of(mixed))
    straight.update(rows_of(feed))
    assert book.is_whole
    assert book.levels(20).equals(straight.levels(20))


BOOK = message(-1, 10, (1, 1.0, 5.0), (-1, 1.02, 6.0), snapshot=True)


def test_after_a_gap_nothing_is_told_until_a_snapshot_covers_it():
    feed = [
        BOOK,
        message(10, 12, (1, 1.01, 1.0)),
        message(14, 15, (1, 1.01, 9.0)),
        message(-1, 14, (1, 1.0, 2.0), (-1, 1.03, 2.0), snapshot=True),
        message(15, 16, (-1, 1.03, 0.0), (-1, 1.05, 1.0)),
    ]
    book = Book("0.01")
    frame = book.update(rows_of(feed))
    assert frame["state"].to_list() == ["ok", "ok", "waiting", "ok", "ok", "ok"]
    assert frame["bid"].to_list() == [1.0, 1.01, None, 1.0, 1.01, 1.01]
    assert frame["imbalance"].null_count() == 1
    # The message that waited is known with the snapshot, not when it came.
    assert frame["received_ns"].to_list() == [0, 1, 2, 3, 3, 4]
    gap = book.faults.row(0, named=True)
    assert (gap["reason"], gap["after_sequence"], gap["last_sequence"]) == (
        "gap",
        12,
        14,
    )


def test_a_missing_message_that_comes_late_closes_the_gap():
    first, lost = message(10, 12, (1, 1.01, 1.0)), message(12, 14, (-1, 1.03, 4.0))
    book = Book("0.01")
    book.update(rows_of([BOOK, first, message(14, 15, (-1, 1.02, 0.0))]))
    assert not book.is_whole
    assert book.levels(5).height == 0
    assert book.update(rows_of([lost]))["ask"].to_list() == [1.02, 1.03]
    assert book.is_whole


def test_updates_at_or_below_the_snapshot_are_dropped_and_counted():
    book = Book("0.01")
    old = [message(8, 9, (1, 1.01, 1.0)), message(9, 10, (1, 1.01, 1.0))]
    book.update(rows_of([old[0], BOOK, old[1], message(10, 11, (1, 0.99, 1.0))]))
    assert book.counts["old"] == 2
    assert book.levels(1)["price"].to_list() == [1.0, 1.02]
    assert book.faults.height == 0


def test_what_a_snapshot_skips_in_the_stream_is_reported_though_nothing_is_wrong():
    later = message(-1, 30, (1, 1.0, 1.0), (-1, 1.02, 1.0), snapshot=True)
    book = Book("0.01")
    book.update(rows_of([BOOK, message(10, 11, (1, 0.9, 1.0)), later]))
    book.update(rows_of([message(29, 33, (1, 1.01, 1.0))]))
    assert book.is_whole
    assert book.faults.select("reason", "after_sequence", "last_sequence").rows() == [
        ("gap_covered_by_snapshot", 11, 29)
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((1, 1.005, 1.0), "price_off_grid"),
        ((1, -1.0, 1.0), "price_off_grid"),
        ((1, float("nan"), 1.0), "price_off_grid"),
        ((1, 1e300, 1.0), "price_off_grid"),
        ((1, 1.01, -1.0), "size_not_valid"),
        ((1, 1.01, float("inf")), "size_not_valid"),
        ((0, 1.01, 1.0), "side_unknown"),
    ],
)
def test_a_message_with_a_bad_row_is_refused_whole_and_the_book_waits(row, reason):
    bad = message(10, 11, (1, 1.01, 1.0), row)
    book = Book("0.01")
    frame = book.update(rows_of([BOOK, bad, message(11, 12, (1, 0.5, 1.0))]))
    assert frame["state"].to_list() == ["ok", "waiting", "waiting"]
    assert book.faults["reason"].to_list() == [reason]
    assert book.counts["refused"] == 1
    good = message(10, 11, (1, 1.01, 1.0))
    assert book.update(rows_of([good]))["bid"].to_list() == [1.01, 1.01]


def test_a_refused_snapshot_leaves_a_whole_book_as_it_is():
    book = Book("0.01")
    bad = message(-1, 12, (1, 1.005, 1.0), snapshot=True)
    book.update(rows_of([BOOK, bad, message(10, 11, (1, 1.01, 1.0))]))
    assert book.is_whole
    assert book.faults["reason"].to_list() == ["price_off_grid"]


def test_crossed_locked_and_stale_books_are_told_and_reported():
    feed = [
        BOOK,
        message(10, 11, (1, 1.02, 1.0)),
        message(11, 12, (1, 1.03, 1.0)),
        message(12, 13, (1, 1.02, 0.0), (1, 1.03, 0.0), at=90 * NS_PER_SECOND),
    ]
    book = Book("0.01")
    frame = book.update(rows_of(feed))
    assert frame["state"].to_list() == ["ok", "locked", "crossed", "ok"]
    assert book.faults["reason"].to_list() == ["stale", "locked", "crossed"]
    assert not book.is_stale(150 * NS_PER_SECOND)
    assert book.is_stale(151 * NS_PER_SECOND)


def test_an_empty_side_is_null_and_the_depth_adds_up_the_best_levels():
    rows = [(1, tick / 100, 1.0) for tick in range(1, 9)]
    book = Book("0.01", n_levels=3)
    top = book.update(rows_of([message(-1, 1, *rows, snapshot=True)])).row(
        0, named=True
    )
    assert (top["bid"], top["bid_depth"], top["ask"]) == (0.08, 3.0, None)
    assert top["ask_depth"] is None
    assert top["imbalance"] is None
    assert top["state"] == "ok"


def test_what_waits_is_bounded_and_what_is_given_up_is_counted():
    book = Book("0.01", most_waiting=5)
    book.update(rows_of([message(k, k + 1, (1, 1.0, 1.0)) for k in range(20, 40)]))
    assert book.counts["given_up"] == 15


@given(
    st.integers(1, 10**6), st.sampled_from(["0.01", "0.25", "5", "0.00390625", "1e-8"])
)
def test_the_decimal_price_of_every_tick_is_on_the_grid_and_its_neighbour_is_not(
    k, size
):
    grid = grid_of(size)
    price = grid.prices(np.array([k]))
    assert grid.ticks(price)[0].tolist() == [k]
    assert grid.ticks(np.nextafter(price, np.inf))[1].tolist() == [False]


def test_a_learnt_tick_is_the_coarsest_that_holds_all_prices():
    assert learn_grid(np.array([0.5, 1.25, 3.0])).tick_size == 0.25
    assert learn_grid(np.array([61837.63, 61837.64])).tick_size == 0.01
    for prices in ([], [np.nan], [np.pi]):
        with pytest.raises(InputError):
            learn_grid(np.array(prices))
    for size in ("0", "-1", "nan", "inf", "x", "1e-12"):
        with pytest.raises(InputError):
            grid_of(size)


def test_a_frame_without_a_needed_column_is_refused():
    with pytest.raises(InputError, match="last_sequence"):
        Book("0.01").update(rows_of([BOOK]).drop("last_sequence"))

"""Versions of bars: what was known stays known, what is known last is the truth."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.bars_known import bars_known
from tradeloop.capture.bars import bars_from_ticks
from tradeloop.capture.bars_rules import Feed
from tradeloop.capture.versions import VERSION_SCHEMA, BarVersions, bars_as_of
from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import InputError
from tradeloop.events import QUOTE, TRADE

CONTENT = [name for name in VERSION_SCHEMA if name not in ("version", "is_void")]
SAME = [name for name in CONTENT if name not in ("instrument", "received_ns")]
LATER = 5 * NS_PER_DAY
EIGHTHS = st.integers(1, 40).map(lambda n: n / 8)
# Delays of nothing, a little, and five days.
DELAYS = st.sampled_from([0, 0, 0, 1, 4, 25, LATER])


@st.composite
def received(draw, make):
    """Ticks in the order of receipt: late, corrected, twice, out of order."""
    rows = []
    for number in range(draw(st.integers(0, 14))):
        at = draw(st.integers(0, 60))
        rows.append(make(draw, number, at) | {"received_ns": at + draw(DELAYS)})
        if draw(st.integers(0, 9)) == 0:
            rows.append(rows[-1] | {"received_ns": at + draw(DELAYS) + LATER})
        if draw(st.integers(0, 4)) == 0:
            moved = draw(st.integers(0, 60))
            known = rows[-1]["received_ns"] + draw(DELAYS)
            rows.append(make(draw, number, moved) | {"received_ns": known})
    return sorted(rows, key=lambda row: row["received_ns"])


def a_quote(draw, number, at):
    sizes = {"bid_size": draw(EIGHTHS), "ask_size": None}
    prices = {"bid": draw(EIGHTHS), "ask": draw(EIGHTHS), "sequence": number}
    return {"instrument": "A", "event_ns": at} | prices | sizes


def a_trade(draw, number, at):
    told = {"price": draw(EIGHTHS), "size": draw(EIGHTHS), "trade_id": str(number + 10)}
    return {
        "instrument": "A",
        "event_ns": at,
        "side": draw(st.sampled_from([-1, 1])),
    } | told


def frames(quotes, trades):
    return (
        pl.DataFrame(quotes, schema=dict(QUOTE.schema)),
        pl.DataFrame(trades, schema=dict(TRADE.schema)),
    )


def told(quotes, trades, *, prices="mid", settle_ns=0, cuts=()):
    """All versions, the ticks given in parts cut at times of receipt."""
    versions = BarVersions(10, Feed(prices), settle_ns=settle_ns)
    parts, low = [], -1
    for high in [*sorted(cuts), 3 * LATER]:
        own = [
            [row for row in rows if low < row["received_ns"] <= high]
            for rows in (quotes, trades)
        ]
        parts.append(versions.update(*frames(*own)))
        low = high
    return pl.concat([*parts, versions.advance(3 * LATER)])


@settings(max_examples=60)
@given(
    received(a_quote),
    received(a_trade),
    st.sampled_from(["mid", "trade"]),
    st.sampled_from([0, 5]),
    st.data(),
)
def test_every_view_equals_bars_computed_again_from_what_was_received_by_then(
    quotes, trades, prices, settle_ns, data
):
    versions = told(quotes, trades, prices=prices, settle_ns=settle_ns)
    moments = {row["received_ns"] for row in (*quotes, *trades)} | {9, 10, 15, 61, 70}
    for known_ns in [*sorted(moments), 3 * LATER]:
        feed = (prices == "mid", True, True)
        again = bars_known(quotes, trades, known_ns, 10, settle_ns, feed)
        view = bars_as_of(versions, known_ns)
        assert view.select(SAME).to_dicts() == [
            {name: bar[name] for name in SAME} for bar in again
        ]
        assert (view["received_ns"] <= known_ns).all()
        assert (view["received_ns"] >= view["event_ns"] + settle_ns).all()
        now = pl.Series([bar["received_ns"] for bar in again], dtype=pl.Int64)
        assert (now <= known_ns).all()


@settings(max_examples=40)
@given(received(a_quote), received(a_trade), st.lists(st.integers(0, 90), max_size=4))
def test_versions_do_not_depend_on_how_ticks_are_parted(quotes, trades, cuts):
    assert told(quotes, trades, cuts=cuts).equals(told(quotes, trades))


@settings(max_examples=40)
@given(received(a_quote), received(a_trade), st.integers(0, 80))
def test_what_comes_later_never_changes_what_was_known(quotes, trades, cut):
    until = [
        [row for row in rows if row["received_ns"] <= cut] for rows in (quotes, trades)
    ]
    versions = BarVersions(10, Feed("mid"))
    then = pl.concat([versions.update(*frames(*until)), versions.advance(cut)])
    ever = told(quotes, trades)
    assert ever.filter(pl.col("received_ns") <= cut).equals(then)
    numbered = ever.with_columns(
        expected=pl.int_range(1, pl.len() + 1).over("instrument", "open_ns")
    )
    assert (numbered["version"] == numbered["expected"]).all()


def test_late_out_of_order_and_doubled_ticks_end_in_the_bars_of_the_clean_order():
    draw = np.random.default_rng(5)
    count = 4_000
    at = (
        np.sort(draw.integers(0, 3 * NS_PER_DAY, count))
        // NS_PER_SECOND
        * NS_PER_SECOND
    )
    clean = pl.DataFrame(
        {
            "instrument": draw.choice(["A", "B"], count),
            "event_ns": at,
            "received_ns": at,
            "price": 100.0 + draw.normal(0, 1, count).cumsum().round(2),
            "size": draw.integers(1, 99, count) / 10,
            "side": draw.choice([-1, 1], count).astype(np.int8),
            "trade_id": [f"{k:05}" for k in range(count)],
        },
        schema=dict(TRADE.schema),
    )
    delay = np.zeros(count, np.int64)
    mixed = draw.random(count) < 0.3  # out of order
    delay[mixed] = draw.integers(0, 10 * NS_PER_MINUTE, mixed.sum())
    delay[draw.random(count) < 0.02] = 5 * NS_PER_DAY
    doubled = clean.sample(fraction=0.1, seed=3).with_columns(
        pl.col("received_ns") + 7 * NS_PER_DAY
    )
    wrong = clean.sample(fraction=0.02, seed=4)["trade_id"].implode()
    first = clean.with_columns(
        price=pl.when(pl.col("trade_id").is_in(wrong)).then(1.0).otherwise("price"),
        received_ns=pl.col("received_ns") + pl.Series(delay),
    )
    corrected = clean.filter(pl.col("trade_id").is_in(wrong)).with_columns(
        pl.col("received_ns") + 6 * NS_PER_DAY
    )
    arrived = pl.concat([first, corrected, doubled]).sort("received_ns")
    versions = BarVersions("1h", Feed("trade"))
    parts = [versions.update(trades=part) for part in arrived.iter_slices(500)]
    parts.append(versions.advance(30 * NS_PER_DAY))
    final = bars_as_of(pl.concat(parts), 30 * NS_PER_DAY)
    expected = bars_from_ticks(QUOTE.empty(), clean, interval_ns=60 * NS_PER_MINUTE)
    same = [name for name in expected.columns if name != "received_ns"]
    assert final.select(same).equals(expected.select(same))
    assert final["version"].max() > 2
    # Of each bar that no late or wrong tick touches there is one version.
    assert (final["version"] == 1).any()


def a_row(number, at, known, price=2.0, size=1.0):
    told = {"price": price, "size": size, "side": 1, "trade_id": str(number)}
    return {"instrument": "A", "event_ns": at, "received_ns": known} | told


def test_a_late_trade_makes_a_second_version_known_when_it_came():
    versions = told([], [a_row(1, 3, 3), a_row(2, 5, 40, price=9.0)], prices="trade")
    assert versions.select("version", "received_ns", "high", "volume").rows() == [
        (1, 10, 2.0, 1.0),
        (2, 40, 9.0, 2.0),
    ]
    assert bars_as_of(versions, 39)["high"].to_list() == [2.0]


def test_a_copy_makes_no_version_and_a_correction_does():
    versions = told(
        [],
        [a_row(1, 3, 3), a_row(1, 3, 30), a_row(1, 3, 50, price=3.0)],
        prices="trade",
    )
    assert versions.select("version", "received_ns", "close").rows() == [
        (1, 10, 2.0),
        (2, 50, 3.0),
    ]


def test_a_correction_that_moves_the_only_tick_of_a_bar_voids_it():
    versions = told([], [a_row(1, 3, 3), a_row(1, 13, 50)], prices="trade")
    rows = versions.select("open_ns", "version", "is_void", "received_ns").rows()
    assert rows == [(0, 1, False, 10), (0, 2, True, 50), (10, 1, False, 50)]
    assert bars_as_of(versions, 49)["open_ns"].to_list() == [0]
    assert bars_as_of(versions, 50)["open_ns"].to_list() == [10]


def test_what_comes_while_a_bar_settles_is_in_its_first_version():
    rows = [a_row(1, 3, 3), a_row(2, 5, 14)]
    versions = told([], rows, prices="trade", settle_ns=5)
    assert versions.select("version", "received_ns", "volume").rows() == [(1, 15, 2.0)]


def test_a_bar_that_stands_at_a_quote_gets_a_version_when_the_quote_changes():
    quote = {"instrument": "A", "event_ns": 4, "bid": 1.0, "ask": 3.0, "sequence": 1}
    late = quote | {"event_ns": 6, "bid": 3.0, "sequence": 2, "received_ns": 60}
    trades = [a_row(1, 12, 12), a_row(2, 22, 22)]
    versions = told([quote | {"received_ns": 4}, late], trades)
    assert versions.select("open_ns", "version", "close", "received_ns").rows() == [
        (0, 1, 2.0, 10),
        (10, 1, 2.0, 20),
        (20, 1, 2.0, 30),
        (0, 2, 3.0, 60),
        (10, 2, 3.0, 60),
        (20, 2, 3.0, 60),
    ]


def test_ticks_of_before_what_was_told_are_refused():
    versions = BarVersions(10, Feed("trade"))
    versions.update(trades=frames([], [a_row(1, 3, 3)])[1])
    versions.advance(20)
    with pytest.raises(InputError, match="received at 20"):
        versions.update(trades=frames([], [a_row(2, 4, 20)])[1])


def test_only_touched_bars_are_computed_again():
    rows = [a_row(k, 10 * k, 10 * k) for k in range(500)]
    versions = BarVersions(10, Feed("trade"))
    versions.update(trades=frames([], rows)[1])
    versions.advance(6_000)
    computed, fold = [], versions._bar
    versions._bar = lambda name, ticks, quote: (
        computed.append(ticks) or fold(name, ticks, quote)
    )
    versions.update(trades=frames([], [a_row(900, 1_234, 7_000)])[1])
    assert versions.advance(7_000).height == 1
    assert [len(ticks) for ticks in computed] == [2]

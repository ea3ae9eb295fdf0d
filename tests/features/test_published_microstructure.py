"""What windows, sides and spreads of quotes and trades must say, case by case."""

import re
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from reference.market import random_columns
from reference.one_feature import DAY, SECOND, values
from reference.realised_spread import matured
from tradeloop.errors import InputError
from tradeloop.features import checks
from tradeloop.features.bank import Bank
from tradeloop.features.base import Column
from tradeloop.features.checks import Subject, broken
from tradeloop.features.microstructure.effective_spread import effective_spread
from tradeloop.features.microstructure.intensity import intensity
from tradeloop.features.microstructure.realised_spread import realised_spread
from tradeloop.features.microstructure.recent import recent
from tradeloop.features.microstructure.standard import standard
from tradeloop.features.microstructure.tape import tape
from tradeloop.features.microstructure.trade_sign import trade_sign
from tradeloop.features.microstructure.venues import depth_shares, volume_shares

# Windows by time.


def window(seconds, **options):
    columns = {
        "trade.price": np.arange(1.0, len(seconds) + 1),
        "trade.size": np.ones(len(seconds)),
        "trade.day": DAY + np.array(seconds) // 86_400,
        "trade.ns_of_day": np.array(seconds) % 86_400 * 1e9,
    }
    feature = recent("trade.price", "trade.size", 10 * SECOND, **options)
    return values(feature, columns)


def test_event_leaves_a_window_when_it_is_exactly_as_old_as_the_window_is_long():
    found = window([0, 9.999999999, 10, 19.999999998])
    assert found["part"].tolist() == [1, 3, 5, 9]
    assert found["count"].tolist() == [1, 2, 2, 3]


def test_window_runs_through_midnight():
    found = window([86_395, 86_399, 86_400, 86_405, 86_409])
    assert found["count"].tolist() == [1, 2, 3, 3, 3]


def test_full_window_keeps_the_latest_events_and_its_count_says_so():
    found = window(list(range(9)), most=4)
    assert found["count"].tolist() == [1, 2, 3, 4, 4, 4, 4, 4, 4]
    assert found["part"].tolist() == [1, 3, 6, 10, 14, 18, 22, 26, 30]


def test_window_survives_a_time_that_jumps_ahead_and_back():
    found = window([0, 1, 1e9, 2, 3, *range(4, 20)], most=8)
    assert found["count"][-1] == 8
    assert found["part"][-1] == sum(range(14, 22))


def test_sums_of_a_long_window_do_not_drift():
    random = np.random.default_rng(1)
    size = 200_000
    flow = random.normal(0, 1, size)
    flow[1000] = 1e15
    columns = {
        "trade.price": flow,
        "trade.size": np.abs(flow),
        "trade.day": np.full(size, DAY),
        "trade.ns_of_day": np.arange(size) * 1e8,
    }
    found = values(recent("trade.price", "trade.size", 100 * SECOND), columns)
    assert found["count"][-1] == 1000
    assert found["part"][-1] == pytest.approx(np.sum(flow[-1000:]), rel=1e-12)


def test_steady_events_have_their_rate_as_intensity():
    at = np.arange(2000) * 1e8
    columns = {"trade.day": np.full(2000, DAY), "trade.ns_of_day": at}
    found = values(intensity("trade", 10 * SECOND), columns)["value"]
    assert found[-1] == pytest.approx(10.0, rel=0.01)


# Who traded.

SIGNS = {
    "a flag of a buy counts, below the mid too": (99.0, 1, 99.5, 100.5, 1),
    "a flag of a sale counts, above the mid too": (101.0, -1, 99.5, 100.5, -1),
    "above the mid it is a buy": (100.2, 0, 99.5, 100.5, 1),
    "below the mid it is a sale": (99.8, 0, 99.5, 100.5, -1),
    "at the mid after a lower price it is a buy": (100.0, 0, 99.5, 100.5, 1),
    "at the mid after a higher price it is a sale": (100.0, 0, 99.0, 101.0, -1),
}


@pytest.mark.parametrize("case", SIGNS)
def test_side_of_the_taker(case):
    price, side, bid, ask, wanted = SIGNS[case]
    before = 101.0 if "higher" in case else 99.0
    columns = {
        "trade.price": [before, price],
        "trade.size": [1.0, 2.0],
        "trade.side": [1, side],
        "quote.bid": [bid, bid],
        "quote.ask": [ask, ask],
    }
    found = values(trade_sign(), columns)
    assert found["sign"][1] == wanted
    assert found["volume"][1] == 2.0 * wanted
    assert found["buy"][1] == (2.0 if wanted > 0 else 0.0)


def test_tick_rule_looks_past_equal_prices_and_knows_nothing_at_first():
    columns = {
        "trade.price": [10, 10, 11, 11, 11, 9, 9],
        "trade.size": np.ones(7),
        "trade.side": np.zeros(7),
    }
    found = values(trade_sign("trade", ""), columns)["sign"]
    assert found.tolist() == [0, 0, 1, 1, 1, -1, -1]


def test_effective_spread_of_a_trade_at_the_quote_is_the_quoted_one():
    columns = {
        "trade.price": [100.5, 99.5, 100.0, 101.0],
        "trade.size": np.ones(4),
        "trade.side": [1, -1, 1, 1],
        "quote.bid": np.full(4, 99.5),
        "quote.ask": np.full(4, 100.5),
    }
    found = values(effective_spread(), columns)["value"]
    assert found.tolist() == pytest.approx([100, 100, 0, 200])


# Spreads after a horizon.


def on_tape(rows, n=1, most=64):
    """Rows of (seconds, bid, ask, price, side); side 0 is a quote."""
    seconds, bid, ask, price, side = map(np.array, zip(*rows, strict=True))
    columns = {
        "tape.bid": bid,
        "tape.ask": ask,
        "tape.price": price,
        "tape.side": side,
        "tape.day": np.full(len(rows), DAY),
        "tape.ns_of_day": np.round(seconds * 1e9),
    }
    feature = realised_spread(SECOND, n, most, sign="tape.side")
    return values(feature, columns)


def test_quote_at_the_very_end_of_the_horizon_is_the_later_mid():
    found = on_tape(
        [
            (0, 99.0, 101.0, 101.0, 1),
            (0.5, 99.5, 101.5, 101.0, 0),
            (1.0, 100.0, 102.0, 101.0, 0),
            (1.000000001, 109.0, 111.0, 101.0, 0),
        ]
    )
    assert found["matured"].tolist() == [0, 0, 0, 1]
    assert found["impact"][-1] == pytest.approx(200)
    assert found["realised"][-1] == pytest.approx(0)
    assert found["effective"][-1] == pytest.approx(200)


def test_later_mid_is_the_one_that_stood_not_the_next_one():
    found = on_tape(
        [
            (0, 99.0, 101.0, 101.0, 1),
            (0.2, 98.0, 100.0, 101.0, 0),
            (9.0, 149.0, 151.0, 101.0, 0),
        ]
    )
    assert found["impact"][-1] == pytest.approx(-200)


def test_trade_that_finds_no_room_to_wait_is_left_out():
    trades = [(0.1 * k, 99.0, 101.0, 101.0, 1) for k in range(5)]
    found = on_tape([*trades, (5.0, 99.0, 101.0, 101.0, 0)], most=3)
    assert found["matured"][-1] == 3


def test_every_trade_of_a_tape_splits_exactly_as_by_hand():
    columns = random_columns(4, 260)
    feature = realised_spread(2 * SECOND, 1, 500)
    found = values(feature, columns)
    trades = matured(columns, 2 * SECOND)
    assert len(trades) > 50
    for known in {trade[1] for trade in trades}:
        last = [trade for trade in trades if trade[1] == known][-1]
        parts = [found[kind][known] for kind in ("effective", "realised", "impact")]
        np.testing.assert_allclose(parts, last[2:], rtol=1e-12, atol=1e-12)
        assert parts[0] == pytest.approx(parts[1] + parts[2], abs=1e-12)
    assert found["matured"].sum() == len(trades)


def test_outlier_is_gone_once_its_trade_has_left_the_mean():
    columns = random_columns(4, 260)
    hit = {name: array.copy() for name, array in columns.items()}
    for name in ("price", "bid", "ask", "size"):
        hit[f"tape.{name}"][60] = 1e12
    feature = realised_spread(2 * SECOND, 5)
    for kind, whole in values(feature, columns).items():
        found = values(feature, hit)[kind]
        np.testing.assert_allclose(found[150:], whole[150:], rtol=1e-9, atol=1e-9)


def test_tape_puts_a_trade_before_the_quotes_of_its_instant():
    quotes = pl.DataFrame(
        {
            "instrument": ["X", "X", "X"],
            "event_ns": [10, 20, 30],
            "received_ns": [11, 21, 31],
            "bid": [1.0, 2.0, 3.0],
            "ask": [3.0, 4.0, 5.0],
        }
    )
    trades = pl.DataFrame(
        {
            "instrument": ["X", "X"],
            "event_ns": [20, 25],
            "received_ns": [26, 27],
            "price": [3.0, 4.0],
            "size": [7.0, 8.0],
            "side": [1, 0],
        }
    )
    found = tape(quotes, trades)
    assert found["event_ns"].to_list() == [10, 20, 20, 25, 30]
    assert found["size"].to_list() == [0, 7, 0, 8, 0]
    assert found["bid"].to_list() == [1, 1, 2, 2, 3]
    assert found["price"].to_list() == [2, 3, 3, 4, 4]
    assert found["side"].to_list() == [0, 1, 0, 0, 0]
    late = tape(quotes, trades, quote_delay_ns=6)
    assert late["event_ns"].to_list() == [16, 20, 25, 26, 36]
    with pytest.raises(InputError, match="side"):
        tape(quotes, trades.drop("side"))


# Venues.


def test_shares_of_venues_add_up_and_follow_what_stands():
    trades = pl.DataFrame(
        {
            "symbol": ["X"] * 4,
            "venue": ["A", "B", "A", "B"],
            "event_ns": [0, 5, 9, 12],
            "size": [1.0, 2.0, 1.0, 4.0],
        }
    )
    found = volume_shares(trades, 10)
    assert found["volume_share"].to_list() == [0.5, 0.5, 1.0]
    assert found["open_ns"].to_list() == [0, 0, 10]
    quotes = pl.DataFrame(
        {
            "symbol": ["X"] * 3,
            "venue": ["A", "B", "A"],
            "event_ns": [0, 11, 21],
            "bid_size": [1.0, 3.0, 5.0],
            "ask_size": [1.0, 3.0, 1.0],
        }
    )
    depth = depth_shares(quotes, 10)
    assert depth.select("open_ns", "venue", "depth_share").rows() == [
        (0, "A", 1.0),
        (10, "A", 0.25),
        (10, "B", 0.75),
        (20, "A", 0.5),
        (20, "B", 0.5),
    ]
    with pytest.raises(InputError, match="venue"):
        volume_shares(trades.drop("venue"), 10)


# What the catalogue publishes.


def test_standard_columns_have_proper_names_and_stand_in_this_group():
    columns = Bank(standard()).outputs
    names = [column.name for column in columns]
    assert len(names) >= 70
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name) for name in names)
    for column in columns:
        feature = column.feature
        assert (feature.group or feature.family.group) == "microstructure"
        assert (feature.category or feature.family.category) == "microstructure"


def test_the_standard_bank_passes_every_law_but_for_roll(monkeypatch):
    levels = [f"{side}_{n}" for side in ("bid", "ask") for n in (5, 10, 20)]
    monkeypatch.setattr(checks, "PRICES", (*checks.PRICES, *levels))
    wanted = Bank(standard()).outputs
    bank = Bank([c for c in wanted if c.feature.family.name != "roll"])
    shown = bank.warm_up_rows + 100
    assert broken(Subject(bank), random_columns(8, shown)) == {}


def test_quotes_and_trades_of_one_stream_never_wait_for_another():
    of = {
        stream: {
            source.partition(".")[0]
            for column in Bank(standard()).outputs
            for source in _raw(column)
            if column.name.startswith(stream)
        }
        for stream in ("quote", "tape", "book")
    }
    assert of == {"quote": {"quote"}, "tape": {"tape"}, "book": {"book"}}


def _raw(source):
    if not isinstance(source, Column):
        return [source]
    return [name for each in source.feature.inputs for name in _raw(each)]


def test_order_of_the_standard_columns_is_that_of_the_streams():
    streams = [name.split("_")[0] for name in Bank(standard()).names]
    found = [
        s
        for s in streams
        if s in ("quote", "quotes", "trade", "trades", "tape", "book")
    ]
    kinds = [s.rstrip("s") for s in found]
    assert [a for a, b in pairwise([*kinds, ""]) if a != b] == [
        "quote",
        "trade",
        "tape",
        "book",
    ]

"""Fills that cannot have happened as told."""

import polars as pl
import pytest

from labels.execution.given import bars, decision, fills, orders, quotes
from tradeloop.events import BAR
from tradeloop.labels.execution import ExecutionRule, execution_truth, fill_truth
from tradeloop.labels.execution.suspicion import REASONS, together

NONE = BAR.empty()
MADE = bars((0, 10, 100, 104, 98, 101, 5), (10, 20, 101, 109, 101, 108, 5))


def reasons(done, market=MADE, quoted=None, **terms):
    rule = ExecutionRule(**terms.pop("rule", {}))
    frame = fill_truth(done, market, quoted, horizons_ns=[5], rule=rule, **terms)
    assert (frame["fill_suspect"] == frame["fill_suspect_reason"].is_not_null()).all()
    return frame["fill_suspect_reason"].to_list()


@pytest.mark.parametrize(
    ("at", "price", "reason"),
    [
        (5, 98.0, None),
        (5, 104.0, None),
        (5, 104.1, "outside_bar"),
        (5, 97.9, "outside_bar"),
        (10, 100.0, "outside_bar"),  # the bar that begins holds it
        (25, 1.0, None),  # no bar holds it: nothing is known
    ],
)
def test_a_price_outside_its_bar_is_suspect(at, price, reason):
    assert reasons(fills((at, price, 1.0))) == [reason]


def test_a_price_that_an_earlier_fill_had_and_its_bar_had_not_was_kept():
    done = fills((5, 99.0, 1.0), (15, 99.0 * (1 + 1e-13), 1.0), (16, 98.5, 1.0))
    assert reasons(done) == [None, "stale_price", "outside_bar"]


def test_a_price_that_two_bars_traded_may_fill_twice():
    assert reasons(fills((5, 102.0, 1.0), (15, 102.0, 1.0))) == [None, None]


def test_a_bar_of_mids_allows_for_its_spread():
    mids = MADE.with_columns(bid=pl.lit(99.5), ask=pl.lit(100.5))
    assert reasons(fills((5, 104.9, 1.0), (6, 105.1, 1.0)), mids) == [
        None,
        "outside_bar",
    ]


def test_a_fill_before_its_decision_or_its_arrival_is_too_early():
    told = orders((4, "o", "sent", 1.0, {"arrival_ns": 6, "arrival_price": None}))
    done = fills((2, 100.0, 1.0), (5, 100.0, 1.0), (6, 100.0, 1.0))
    terms = {"decisions": decision(3), "orders": told}
    assert reasons(done, **terms) == ["before_decision", "before_arrival", None]
    assert reasons(done, **terms, rule={"clock_slack_ns": 4}) == [None, None, None]


def test_a_fill_that_was_known_before_it_happened_is_suspect():
    early = fills({"event_ns": 5, "received_ns": 4, "price": 100.0, "quantity": 1.0})
    assert reasons(early) == ["received_before_it_happened"]


def test_a_fill_better_than_every_quote_of_its_moment_is_suspect():
    market = quotes((0, 100.0), (10, 110.0))  # half a spread of 0.5
    bought = fills((5, 99.5, 1.0), (5, 99.4, 1.0), (10, 99.5, 1.0), (11, 109.0, 1.0))
    assert reasons(bought, NONE, market) == [
        None,
        "better_than_market",
        None,  # the quote of its nanosecond may have come after it
        "better_than_market",
    ]
    sold = fills((5, 100.6, 1.0), (5, 100.5, 1.0), (5, 10.0, 1.0), side=-1)
    assert reasons(sold, NONE, market) == ["better_than_market", None, None]
    near = {"rule": {"clock_slack_ns": 2}}
    assert reasons(fills((11, 99.5, 1.0)), NONE, market, **near) == [None]
    assert reasons(fills((13, 99.5, 1.0)), NONE, market, **near) != [None]


def test_a_fill_says_which_price_of_its_bar_it_had():
    done = fills((5, 98.0, 1.0), (5, 101.0, 1.0), (5, 99.0, 1.0), (15, 101.0, 1.0))
    told = fill_truth(done, MADE, horizons_ns=[5])
    assert told["price_is"].to_list() == ["low", "close", None, "open"]


def test_a_decision_tells_of_each_rule_that_its_fills_break():
    done = fills((15, 97.0, 1.0), (16, 102.0, 1.0), (2, 99.0, 1.0))
    row = execution_truth(decision(3), done, MADE, horizons_ns=[5]).row(0, named=True)
    assert row["fill_suspect"]
    assert row["suspect_fills"] == 2
    assert row["fill_suspect_reason"] == "before_decision, outside_bar"
    assert row["fills"] == 3  # what they cost as told is still said


def test_reasons_are_told_in_one_order():
    assert together([None, "outside_bar", "before_decision"]) == (
        "before_decision, outside_bar"
    )
    assert together([]) is None
    assert set(together(list(REASONS)).split(", ")) == set(REASONS)


def test_a_fill_without_price_or_quantity_executes_nothing():
    odd = fills((5, 100.0, 0.0), (5, 100.0, 2.0))
    told = fill_truth(odd, MADE, horizons_ns=[5], decisions=decision(3))
    assert told["left_out"].to_list() == ["no_price_or_quantity", None]
    row = execution_truth(decision(3), odd, MADE, horizons_ns=[5]).row(0, named=True)
    assert (row["fills"], row["fills_left_out"], row["quantity"]) == (1, 1, 2.0)

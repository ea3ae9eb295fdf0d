"""The frame of labels: one row per decision, nothing invented."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from reference.label_market import HOUR, bars, decisions
from tradeloop.costs import ZERO, CostModel
from tradeloop.errors import InputError
from tradeloop.labels import LabelPlan, OutcomeRule, label, label_schema


def one(frame, **columns):
    row = frame.row(0, named=True)
    assert {name: row[name] for name in columns} == columns


def test_a_buy_is_labelled_with_all_its_numbers():
    market = bars("A", [100, 101, 102], high=[100, 103, 102], low=[99, 99, 101])
    costs = CostModel(1.0, 0.5)
    frame = label(
        decisions(("d", "A", 1, 1)), market, horizons_ns=[2 * HOUR], costs=costs
    )
    assert frame.schema == label_schema(LabelPlan([2 * HOUR]))
    one(
        frame,
        decision_id="d",
        instrument="A",
        decision_ns=HOUR,
        price=100.0,
        decision_outcome="EXCELLENT",
        state="labelled",
        reason=None,
        due_ns_2h=3 * HOUR,
        end_ns_2h=3 * HOUR,
        return_2h=0.02,
        benchmark_return_2h=0.0,
        outperformance_bps_2h=200.0,
        net_bps_2h=197.0,
        direction_2h=1,
        max_gain_2h=0.03,
        max_loss_2h=-0.01,
    )


def test_the_benchmark_is_taken_off_over_the_same_hours():
    market = pl.concat([bars("A", [100, 101]), bars("B", [50, 51])])
    frame = label(
        decisions(("d", "A", 1, 1)),
        market,
        horizons_ns=[HOUR],
        benchmark="B",
        costs=ZERO,
    )
    one(
        frame,
        return_1h=0.01,
        benchmark_return_1h=0.02,
        outperformance_bps_1h=-100.0,
        decision_outcome="BAD",
        direction_1h=1,
    )


def test_a_sell_earns_from_a_fall_and_its_direction_is_still_down():
    frame = label(
        decisions(("d", "A", -1, 1)),
        bars("A", [100, 99]),
        horizons_ns=[HOUR],
        costs=ZERO,
    )
    one(
        frame,
        return_1h=-0.01,
        outperformance_bps_1h=100.0,
        direction_1h=-1,
        max_gain_1h=0.01,
        max_loss_1h=0.0,
        decision_outcome="EXCELLENT",
    )


def test_where_the_data_ends_before_the_due_time_the_row_is_pending_and_null():
    frame = label(
        decisions(("d", "A", 1, 2)), bars("A", [100, 101]), horizons_ns=[HOUR]
    )
    row = frame.row(0, named=True)
    assert row.pop("state") == "pending"
    assert "not there yet" in row.pop("reason")
    assert row.pop("price") == 101.0
    assert row.pop("due_ns_1h") == 3 * HOUR
    del row["decision_id"], row["instrument"], row["decision_ns"]
    assert set(row.values()) == {None}


def test_as_of_a_time_before_the_due_price_the_row_is_pending_though_the_bar_is_there():
    market = bars("A", [100, 101])
    request = decisions(("d", "A", 1, 1))
    before = label(request, market, horizons_ns=[HOUR], as_of_ns=2 * HOUR - 1)
    after = label(request, market, horizons_ns=[HOUR], as_of_ns=2 * HOUR)
    assert before["state"].to_list() == ["pending"]
    assert after["state"].to_list() == ["labelled"]


def test_a_decision_later_than_the_as_of_time_has_not_even_a_price():
    frame = label(
        decisions(("d", "A", 1, 2)),
        bars("A", [1, 2, 3]),
        horizons_ns=[HOUR],
        as_of_ns=HOUR,
    )
    one(frame, state="pending", price=None)


def test_a_later_horizon_may_be_pending_while_the_primary_is_labelled():
    frame = label(
        decisions(("d", "A", 1, 1)), bars("A", [100, 101]), horizons_ns=[HOUR, 5 * HOUR]
    )
    one(frame, state="labelled", return_5h=None, direction_5h=None, end_ns_5h=None)


def test_a_side_of_0_is_censored_but_keeps_what_needs_no_side():
    frame = label(
        decisions(("d", "A", 0, 1)), bars("A", [100, 101]), horizons_ns=[HOUR]
    )
    one(
        frame,
        state="censored",
        reason="decided not to trade",
        decision_outcome=None,
        outperformance_bps_1h=None,
        net_bps_1h=None,
        max_gain_1h=None,
        max_loss_1h=None,
        return_1h=0.01,
        direction_1h=1,
    )


def test_a_gap_longer_than_the_wait_is_censored_once_later_data_is_there():
    late = bars("A", [101], start_ns=100 * HOUR)
    market = pl.concat([bars("A", [100]), late])
    request = decisions(("d", "A", 1, 1))
    frame = label(request, market, horizons_ns=[HOUR], wait_ns=24 * HOUR)
    one(frame, state="censored", return_1h=None, end_ns_1h=None)
    assert "wait" in frame["reason"][0]
    early = label(
        request, market, horizons_ns=[HOUR], wait_ns=24 * HOUR, as_of_ns=100 * HOUR
    )
    one(early, state="pending")


def test_without_a_price_at_the_decision_the_row_is_censored():
    market = pl.concat([bars("A", [1, 2]), bars("B", [1, 2, 3])])
    rows = decisions(("early", "A", 1, 0.5), ("unknown", "C", 1, 1))
    frame = label(rows, market, horizons_ns=[HOUR])
    assert frame["state"].to_list() == ["censored", "censored"]
    assert set(frame["reason"]) == {"no price was known at the decision"}


def test_a_benchmark_without_a_price_at_the_decision_censors_and_leaves_the_return():
    market = pl.concat([bars("A", [1, 2, 3]), bars("B", [5, 6], start_ns=HOUR)])
    frame = label(
        decisions(("d", "A", 1, 1)), market, horizons_ns=[HOUR], benchmark="B"
    )
    one(
        frame,
        state="censored",
        reason="no benchmark price was known at the decision",
        return_1h=1.0,
        outperformance_bps_1h=None,
    )


def test_the_benchmark_itself_is_censored_among_others():
    market = pl.concat([bars("A", [1, 2]), bars("B", [1, 2])])
    rows = decisions(("a", "A", 1, 1), ("b", "B", 1, 1))
    frame = label(rows, market, horizons_ns=[HOUR], benchmark="B")
    assert frame["state"].to_list() == ["labelled", "censored"]
    assert frame["reason"].to_list() == [None, "benchmark is the instrument itself"]
    assert frame["benchmark_return_1h"].to_list() == [1.0, None]


def test_the_benchmark_itself_is_refused_where_it_is_every_decisions_instrument():
    with pytest.raises(InputError, match="every decision"):
        label(
            decisions(("b", "B", 1, 1)),
            bars("B", [1, 2]),
            horizons_ns=[HOUR],
            benchmark="B",
        )


def test_a_benchmark_without_prices_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="Did you mean 'SP500'"):
        label(
            decisions(("d", "A", 1, 1)),
            pl.concat([bars("A", [1, 2]), bars("SP500", [1, 2])]),
            horizons_ns=[HOUR],
            benchmark="SPX500",
        )


def test_quotes_of_an_instrument_go_before_its_bars():
    quotes = pl.DataFrame(
        {
            "instrument": ["A"] * 3,
            "event_ns": [0, HOUR, 3 * HOUR],
            "received_ns": [0, HOUR, 3 * HOUR],
            "bid": [99.0, 100.0, 107.0],
            "ask": [101.0, 102.0, 109.0],
        }
    )
    market = pl.concat([bars("A", [1, 2]), bars("B", [10, 20, 30])])
    rows = decisions(("tick", "A", 1, 0.5), ("bar", "B", 1, 1))
    frame = label(rows, market, quotes, horizons_ns=[HOUR], costs=ZERO)
    assert frame["price"].to_list() == [100.0, 10.0]
    assert frame["return_1h"].to_list() == [0.01, 1.0]
    assert frame["end_ns_1h"].to_list() == [3 * HOUR, 2 * HOUR]


def test_rows_come_back_in_the_order_of_the_decisions():
    market = pl.concat([bars("A", [1, 2, 3]), bars("B", [1, 2, 4])])
    rows = decisions(("x", "B", 1, 2), ("y", "A", 1, 1), ("z", "B", -1, 1))
    frame = label(rows, market, horizons_ns=[HOUR])
    assert frame["decision_id"].to_list() == ["x", "y", "z"]
    assert frame["return_1h"].to_list() == [1.0, 1.0, 1.0]
    backwards = label(rows.reverse(), market.reverse(), horizons_ns=[HOUR])
    assert_frame_equal(backwards.reverse(), frame)


def test_no_decisions_make_an_empty_frame_of_the_same_columns():
    frame = label(decisions(), bars("A", [1, 2]), horizons_ns=[HOUR], benchmark="A")
    assert frame.height == 0
    assert frame.schema == label_schema(LabelPlan([HOUR]))


def test_the_input_frames_are_not_changed():
    market, rows = bars("A", [1, 2]), decisions(("d", "A", 1, 1))
    copies = market.clone(), rows.clone()
    label(rows, market, horizons_ns=[HOUR])
    assert_frame_equal(market, copies[0])
    assert_frame_equal(rows, copies[1])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: f.rename({"side": "sied"}), "Is it 'sied'"),
        (lambda f: f.with_columns(side=pl.lit(2, pl.Int8)), "side must be"),
        (lambda f: pl.concat([f, f]), "must be unique"),
        (lambda f: f.with_columns(received_ns=pl.lit(None, pl.Int64)), "was null"),
    ],
)
def test_decisions_that_break_a_rule_are_refused_with_the_way_out(change, told):
    rows = change(decisions(("d", "A", 1, 1)))
    with pytest.raises(InputError, match=told):
        label(rows, bars("A", [1, 2]), horizons_ns=[HOUR])


@pytest.mark.parametrize("column", ["close", "high", "event_ns", "instrument"])
def test_bars_without_a_column_are_refused_by_its_name(column):
    with pytest.raises(InputError, match=column):
        label(
            decisions(("d", "A", 1, 1)),
            bars("A", [1, 2]).drop(column),
            horizons_ns=[HOUR],
        )


def test_a_rule_with_other_bounds_changes_the_class_and_nothing_else():
    market, rows = bars("A", [100, 100.15]), decisions(("d", "A", 1, 1))
    wide = OutcomeRule(excellent_bps=50, good_bps=30, poor_bps=-30, bad_bps=-50)
    one_way = label(rows, market, horizons_ns=[HOUR])
    other = label(rows, market, horizons_ns=[HOUR], rule=wide)
    assert one_way["decision_outcome"].to_list() == ["GOOD"]
    assert other["decision_outcome"].to_list() == ["NEUTRAL"]
    classes = ("decision_outcome", "outcome_1h", "net_outcome_1h")
    assert_frame_equal(one_way.drop(classes), other.drop(classes))

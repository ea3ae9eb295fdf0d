"""Labels of the way: times of the extremes, barriers, trends; and the meta-label."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.label_market import HOUR, bars, decisions, rows_of
from reference.labels import (
    extreme_time_oracle,
    horizon_return_oracle,
    meta_label_oracle,
    trend_scan_oracle,
    triple_barrier_oracle,
)
from tradeloop.costs import ZERO, CostModel
from tradeloop.labels import (
    Excursion,
    ExtremeTime,
    LabelPlan,
    MetaLabel,
    OutcomeRule,
    PricePath,
    TrendScan,
    TripleBarrier,
    label,
)
from tradeloop.labels.base import MISSING_NS
from tradeloop.labels.extreme_time import first_highest
from tradeloop.labels.scenes import random_scene
from tradeloop.labels.span import span

# Lopsided barriers, so that profit and stop cannot be taken for one another.
RULE = OutcomeRule(volatility_rows=8, profit_barrier=1.2, stop_barrier=0.7)
COSTS = CostModel(1.0, 0.5)


def cut(scene, costs=ZERO):
    plan = LabelPlan([scene.horizon_ns], None, RULE, costs, scene.plan.wait_ns)
    return span(
        scene.decision_ns,
        scene.side,
        scene.path,
        horizon_ns=scene.horizon_ns,
        plan=plan,
    )


def each(scene):
    """Rows of the path, and side, decision and due time of each decision."""
    rows = rows_of(scene.path)
    pairs = zip(scene.decision_ns.tolist(), scene.side.tolist(), strict=True)
    for k, (decision_ns, side) in enumerate(pairs):
        yield k, rows, side, decision_ns, decision_ns + scene.horizon_ns


def scenes(kind):
    return [random_scene(seed, kind, decisions=60) for seed in range(5)]


def none(value):
    return None if np.isnan(value) else float(value)


@pytest.mark.parametrize("kind", ["bar", "tick"])
def test_times_of_the_extremes_equal_the_slow_oracle(kind):
    for scene in scenes(kind):
        found = ExtremeTime().label(cut(scene)).values
        for k, rows, side, start, due in each(scene):
            expected = extreme_time_oracle(rows, side, start, due, scene.plan.wait_ns)
            gain, loss = (
                found["time_to_max_gain_ns"][k],
                found["time_to_max_loss_ns"][k],
            )
            assert (none(gain), none(loss)) == expected


@pytest.mark.parametrize("kind", ["bar", "tick"])
def test_meta_labels_equal_the_slow_oracle(kind):
    known = set()
    for scene in scenes(kind):
        found = MetaLabel().label(cut(scene, COSTS)).values["meta_label"]
        for k, rows, side, start, due in each(scene):
            value = horizon_return_oracle(rows, start, due, scene.plan.wait_ns)
            assert none(found[k]) == meta_label_oracle(side, value, 3.0)
            known.add(none(found[k]))
    assert known == {None, 0.0, 1.0}


@pytest.mark.parametrize("kind", ["bar", "tick"])
def test_barriers_equal_the_slow_oracle(kind):
    seen = set()
    for scene in scenes(kind):
        part = cut(scene, COSTS)
        values, end_ns = TripleBarrier().label(part)
        multiples = (RULE.profit_barrier, RULE.stop_barrier)
        for k, rows, side, start, due in each(scene):
            times = (start, due, scene.plan.wait_ns)
            expected = triple_barrier_oracle(
                rows, side, times, none(part.volatility[k]), multiples
            )
            if expected is None:
                assert end_ns[k] == MISSING_NS
                assert all(np.isnan(column[k]) for column in values.values())
                continue
            way, result, time_ns, flag, known_ns = expected
            assert values["barrier"][k] == way
            assert values["barrier_return"][k] == pytest.approx(result, abs=1e-15)
            assert values["barrier_ns"][k] == time_ns
            assert values["barrier_ambiguous"][k] == flag
            assert end_ns[k] == known_ns
            net = 1e4 * result - 3.0
            assert values["barrier_net_bps"][k] == pytest.approx(net, abs=1e-9)
            assert values["barrier_meta"][k] == (net > 0)
            seen.add((way, flag))
    assert {(1, 0), (-1, 0), (0, 0)} <= seen
    assert ((-1, 1) in seen) == (kind == "bar")  # a tick never reaches both


@pytest.mark.parametrize("kind", ["bar", "tick"])
def test_trends_equal_the_slow_oracle(kind):
    count = 0
    for scene in scenes(kind):
        found = TrendScan().label(cut(scene)).values
        for k, rows, _, start, due in each(scene):
            expected = trend_scan_oracle(rows, start, due, scene.plan.wait_ns)
            if expected is None:
                assert np.isnan(found["trend_t"][k])
                continue
            t_value, time_ns = expected
            assert found["trend_t"][k] == pytest.approx(t_value, rel=1e-6)
            assert found["trend_ns"][k] == time_ns
            assert found["trend"][k] == np.sign(t_value)
            count += 1
    assert count > 50


windows = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=30
)


@given(st.lists(st.integers(-3, 3), min_size=40, max_size=40), windows)
def test_the_first_of_equal_highest_rows_is_found(values, windows):
    first = np.array([min(pair) for pair in windows])
    stop = np.array([max(pair) for pair in windows])
    found = first_highest(np.array(values, dtype=np.float64), first, stop)
    for row, begin, end in zip(found.tolist(), first, stop, strict=True):
        part = values[begin:end]
        assert row == (begin + part.index(max(part)) if part else -1)


def test_an_extreme_comes_at_no_time_exactly_where_it_is_the_decisions_own_price():
    for kind in ("bar", "tick"):
        for scene in scenes(kind):
            part = cut(scene)
            swing = Excursion().label(part).values
            when = ExtremeTime().label(part).values
            for what in ("gain", "loss"):
                size, time = swing[f"max_{what}"], when[f"time_to_max_{what}_ns"]
                assert np.array_equal(np.isnan(size), np.isnan(time))
                assert ((size == 0) == (time == 0)).all()


# --- by hand: 8 quiet hours, then a decision at the end of hour 9 ---

QUIET = [100.0, 101.0] * 4 + [100.0]
TERMS = {
    "horizons_ns": [3 * HOUR],
    "costs": ZERO,
    "rule": OutcomeRule(volatility_rows=8),
}
WIDTH = float(np.std(np.log(1.01) * np.array([1, -1] * 4), ddof=1) * np.sqrt(3))


def after(closes, high=None, low=None, side=1, **terms):
    """Row of a decision at 100, with what comes after it."""
    rest = [np.asarray(closes if x is None else x) for x in (closes, high, low)]
    close, top, bottom = (np.concatenate([QUIET, part]) for part in rest)
    market = bars("A", close, high=top, low=bottom)
    frame = label(decisions(("d", "A", side, 9)), market, **(TERMS | terms))
    return frame.row(0, named=True)


def test_a_touch_of_the_profit_barrier_pays_the_barrier_and_is_known_at_its_bar():
    row = after([100, 100, 100], high=[100, 110, 100])
    assert row["volatility_3h"] == pytest.approx(WIDTH)
    assert row["barrier_3h"] == 1
    assert row["barrier_return_3h"] == pytest.approx(WIDTH)
    assert row["barrier_ns_3h"] == 2 * HOUR
    assert row["barrier_end_ns_3h"] == 11 * HOUR
    assert row["end_ns_3h"] == 12 * HOUR
    assert (row["barrier_meta_3h"], row["meta_label_3h"]) == (1, 0)


def test_a_bar_that_reaches_both_barriers_is_flagged_and_counts_as_the_stop():
    for side in (1, -1):
        row = after([100, 100, 100], [110, 100, 100], [90, 100, 100], side)
        assert (row["barrier_3h"], row["barrier_ambiguous_3h"]) == (-1, 1)
        assert row["barrier_return_3h"] == pytest.approx(-WIDTH)


def test_a_price_that_jumps_over_the_stop_pays_what_was_there_to_be_had():
    row = after([90, 90, 90], high=[91, 90, 90], low=[89, 90, 90])
    assert row["barrier_3h"] == -1
    assert row["barrier_return_3h"] == pytest.approx(-0.09)


def test_where_no_barrier_is_touched_the_end_of_the_horizon_decides():
    row = after([100.1, 100.2, 100.3])
    assert (row["barrier_3h"], row["barrier_ambiguous_3h"]) == (0, 0)
    assert row["barrier_return_3h"] == row["return_3h"]
    assert row["barrier_end_ns_3h"] == row["end_ns_3h"]


def test_a_touch_is_known_while_the_outcome_is_still_pending():
    row = after([110])
    assert (row["state"], row["barrier_3h"]) == ("pending", 1)
    assert row["barrier_end_ns_3h"] == 10 * HOUR
    assert row["end_ns_3h"] == 10 * HOUR  # of what is there; nothing else is
    assert row["return_3h"] is None


def test_a_bar_that_ends_after_the_due_time_touches_nothing():
    row = after([100, 100, 100], high=[100, 110, 100], horizons_ns=[HOUR + 1])
    names = [name for name in row if name.startswith("barrier_") and "end" not in name]
    assert row[next(n for n in names if n.startswith("barrier_ns"))] == 2 * HOUR
    assert {row[n] for n in row if n.startswith(("barrier_meta", "barrier_amb"))} == {0}


def test_without_a_volatility_there_is_no_barrier_but_all_else():
    row = after([100.1, 100.2, 100.3], rule=OutcomeRule())
    assert row["volatility_3h"] is None
    assert {value for name, value in row.items() if name.startswith("barrier")} == {
        None
    }
    assert row["decision_outcome"] == "EXCELLENT"


def test_money_is_made_only_above_the_costs():
    three = CostModel(1.0, 0.5)
    for close, yes in ((100.02, 0), (100.04, 1)):
        row = after([close] * 3, costs=three)
        assert row["meta_label_3h"] == yes
    assert after([100.04] * 3, side=-1, costs=three)["meta_label_3h"] == 0
    assert after([100.04] * 3, side=0, costs=three)["meta_label_3h"] is None


def test_a_straight_line_has_a_finite_t_over_the_longest_window():
    row = after([100.0 + k for k in range(1, 7)], horizons_ns=[6 * HOUR])
    assert row["trend_6h"] == 1
    assert np.isfinite(row["trend_t_6h"])
    assert row["trend_ns_6h"] == 6 * HOUR


def test_a_turn_is_scanned_up_to_where_it_turned():
    up = [100.5, 101.1, 101.4, 102.1, 102.4, 103.0]
    row = after([*up, 99.0, 95.0], horizons_ns=[8 * HOUR])
    assert row["trend_8h"] == 1
    assert row["trend_ns_8h"] == 6 * HOUR
    assert row["end_ns_8h"] == 17 * HOUR  # not before the windows after it were seen


def test_prices_that_do_not_move_have_no_trend_rather_than_none_known():
    row = after([100.0] * 5, horizons_ns=[5 * HOUR])
    assert (row["trend_5h"], row["trend_t_5h"]) == (0, 0.0)


def test_the_columns_have_their_types_and_come_in_order():
    frame = label(decisions(("d", "A", 1, 9)), bars("A", QUIET), **TERMS)
    assert frame.schema["barrier_3h"] == pl.Int8
    assert frame.schema["barrier_ns_3h"] == pl.Int64
    assert frame.schema["net_outcome_3h"] == pl.String
    first = ["due_ns_3h", "end_ns_3h", "volatility_3h", "return_3h"]
    assert frame.columns[7:11] == first


def test_labels_over_ticks_hold_where_no_tick_came_between():
    time = np.array([0, 5 * HOUR], dtype=np.int64)
    price = np.array([100.0, 101.0])
    path = PricePath("tick", time, time, time, price, price, price)
    plan = LabelPlan([HOUR], None, RULE, ZERO, 10 * HOUR)
    part = span(np.array([HOUR]), np.ones(1, np.int8), path, horizon_ns=HOUR, plan=plan)
    assert ExtremeTime().label(part).values["time_to_max_gain_ns"].tolist() == [0]
    assert np.isnan(TrendScan().label(part).values["trend"]).all()
    assert MetaLabel().label(part).values["meta_label"].tolist() == [0]

"""Validation rules: planted faults are caught, clean data raise no alarm."""

import itertools
import json
from collections import Counter
from math import inf
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import faults
from reference.market import bars_frame
from tradeloop.errors import InputError
from tradeloop.features import compute, default_bank
from tradeloop.features.catalogue import standard_bank
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.features.validation import FeatureRule, validate
from tradeloop.features.validation_rules import (
    declared_bounds,
    learned_bounds,
    rules_for,
)

HOUR_NS = 3_600_000_000_000
ROWS = 3_000
NAN = float("nan")


def of_one(values, **rule):
    return validate(pl.DataFrame({"x": values}), [FeatureRule("x", **rule)])


def rows_of(found):
    return {(finding.rule, int(row)) for finding in found for row in finding.rows}


# What a rule says


def test_a_value_outside_its_bounds_is_found_with_the_worst_of_them():
    (found,) = of_one([1.0, -3.0, 2.0, 9.0], low=0.0, high=2.0)
    assert (found.rule, found.rows.tolist()) == ("range", [1, 3])
    assert (found.value, found.limit) == (9.0, 2.0)
    assert "x: range, 9 where 2 is allowed; 2 rows, first 1" in str(found)
    (below,) = of_one([1.0, -30.0, 9.0], low=0.0, high=2.0)
    assert (below.value, below.limit) == (-30.0, 0.0)


def test_an_infinite_value_breaks_a_rule_without_bounds():
    (found,) = of_one([1.0, inf, -inf])
    assert found.rows.tolist() == [1, 2]


def test_a_step_back_is_found_against_the_highest_before():
    (found,) = of_one(
        [1.0, 5.0, NAN, 4.0, 5.0, 6.0], monotone="rising", most_missing_share=1.0
    )
    assert (found.rows.tolist(), found.value) == ([3], 1.0)
    (found,) = of_one([1.0, 5.0, 0.5], monotone="falling")
    assert found.rows.tolist() == [1]
    assert of_one([1.0, 1.0, 2.0], monotone="rising") == ()


def test_missing_values_count_after_the_warm_up_and_in_a_window():
    values = [None] * 5 + [1.0] * 20 + [None] * 2 + [2.0] * 20
    values = [v if v is None else v + k for k, v in enumerate(values)]
    assert of_one(values, most_missing_share=0.2, window_rows=10, warm_up_rows=5) == ()
    (found,) = of_one(values, most_missing_share=0.19, window_rows=10, warm_up_rows=5)
    assert (found.rows.tolist(), found.value) == ([25, 26], 0.2)
    (found,) = of_one(values, most_missing_share=0.2, window_rows=10, warm_up_rows=2)
    assert found.rows.tolist() == [2, 3, 4]


def test_a_column_without_any_value_is_missing():
    (found,) = of_one([None, NAN, None], warm_up_rows=1)
    assert (found.rule, found.rows.tolist(), found.value) == ("missing", [1, 2], 1.0)


def test_a_run_that_is_too_long_is_found_whole():
    (found,) = of_one([1.0, 2.0, 2.0, 2.0, 3.0, 3.0], longest_run=2)
    assert (found.rule, found.rows.tolist(), found.value) == ("stuck", [1, 2, 3], 3.0)
    assert of_one([1.0, NAN, NAN, NAN], longest_run=2, most_missing_share=1.0) == ()


def test_each_instrument_is_looked_at_for_itself():
    frame = pl.DataFrame(
        {"instrument": ["A", "A", "B", "B"], "x": [5.0, 6.0, None, 1.0]}
    )
    rule = FeatureRule("x", monotone="rising", warm_up_rows=1)
    assert validate(frame, [rule]) == ()
    (found,) = validate(frame, [FeatureRule("x", low=2.0, warm_up_rows=1)])
    assert (found.instrument, found.rows.tolist()) == ("B", [3])
    apart = frame.sort("x")[[0, 2, 1, 3]]
    with pytest.raises(InputError, match="stand together"):
        validate(apart, [rule])


@pytest.mark.parametrize(
    "odd",
    [
        {"low": 2.0, "high": 1.0},
        {"low": NAN},
        {"monotone": "sideways"},
        {"most_missing_share": 1.5},
        {"window_rows": 0},
        {"longest_run": -1},
    ],
)
def test_a_rule_that_says_nothing_is_refused(odd):
    with pytest.raises(InputError, match="'x'"):
        FeatureRule("x", **odd)


@given(
    st.lists(st.none() | st.floats(-3, 3), max_size=40),
    st.integers(1, 12),
    st.integers(0, 10),
    st.sampled_from([0.0, 0.3, 0.6]),
)
def test_missing_rows_are_those_of_the_slow_count(values, window, warm_up, most):
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    rule = FeatureRule(
        "x", window_rows=window, warm_up_rows=warm_up, most_missing_share=most
    )
    start = 0
    while start < min(warm_up, len(values)) and values[start] is None:
        start += 1
    rest = values[start:]
    width = min(window, len(rest))
    right = {
        start + at + k
        for at in range(len(rest) - width + 1)
        for k in range(width)
        if rest[at : at + width].count(None) / width > most and rest[at + k] is None
    }
    assert {row for _, row in rows_of(validate(frame, [rule]))} == right


def test_a_rule_is_json():
    told = FeatureRule("x", high=1.0).as_mapping()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert (told["low"], told["high"]) == (None, 1.0)


# Where rules come from


def market(rows=ROWS, instruments=2):
    """Hourly bars with quotes and a counter that only grows."""
    bars = bars_frame(11, [rows] * instruments, interval_ns=HOUR_NS)
    total = pl.col("volume").cum_sum().over("instrument")
    return bars.with_columns(traded_total=total)


@pytest.fixture(scope="module")
def learned():
    """The default bank's features, the mask of training rows, and the rules."""
    bars = market()
    bank = default_bank(HOUR_NS, has_quotes=True, extra=["traded_total"])
    frame = compute(bank, bars)
    training = np.tile(np.arange(ROWS) < ROWS // 2, 2)
    return bank, frame, training, rules_for(bank.outputs, frame, training)


def test_declared_units_give_the_bounds(learned):
    rules = {rule.name: rule for rule in learned[3]}
    for name, low, high in (
        ("rsi_14", 0, 100),
        ("williams_r_14", -100, 0),
        ("linear_regression_20_r2", 0, 1),
        ("day_of_week_sin", -1, 1),
        ("range_position", 0, 1),
        ("order_flow_share_20", -1, 1),
    ):
        rule = rules[name]
        assert rule.bounds_from == "declared", name
        assert (rule.low, rule.high) == pytest.approx((low, high), abs=1e-6), name
    slope = linear_regression(20)["slope"]
    assert declared_bounds(slope, np.zeros(0)) is None
    growing = [(rule.name, rule.high) for rule in learned[3] if rule.monotone]
    assert growing == [("traded_total_level", inf)]
    assert rules["realised_volatility_20_bps"].low > 0
    assert rules["drawdown_60_bps"].high == 0
    assert all(rule.bounds_from != "none" for rule in learned[3])


def test_rules_look_at_training_rows_only(learned):
    bank, frame, training, rules = learned
    spoiled = frame.with_columns(
        pl.when(pl.Series(training)).then(pl.col(name)).otherwise(1e9)
        for name in bank.names
    )
    assert rules_for(bank.outputs, spoiled, training) == rules
    with pytest.raises(InputError, match="mask"):
        rules_for(bank.outputs, frame, np.zeros(frame.height, bool))


@given(st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=60))
def test_learned_bounds_hold_the_middle_of_what_they_were_learned_from(values):
    known = np.array([*values, 1.0])
    low, high = learned_bounds(known)
    assert low <= np.quantile(known, 0.01) + 1e-9
    assert high >= np.quantile(known, 0.99) - 1e-9
    if known.min() >= 0:
        assert low >= 0
    if known.max() <= 0:
        assert high <= 0


def test_too_few_rows_and_zeros_teach_nothing():
    assert learned_bounds(np.arange(19.0)) is None
    assert learned_bounds(np.zeros(500)) is None
    assert learned_bounds(np.append(np.zeros(5_000), 3.0)) == (-6.0, 6.0)


@pytest.mark.parametrize(
    ("unit", "low", "high"),
    [
        ("0 to 100; 50 where nothing moved", 0, 100),
        ("slope: unit of x; value: -1 to 1", -1, 1),
        ("other, value: 0 to 1; rest: bps", 0, 1),
        ("-1, 0 or 1", -1, 1),
        ("+1, 0 or -1", -1, 1),
        ("1 or 0", 0, 1),
        ("100: bullish, -100: bearish, 0: none; 200: confirmed", -100, 200),
        ("share", 0, 1),
    ],
)
def test_a_unit_that_is_bounded_is_understood(unit, low, high):
    outputs = ("value", "other", "slope", "rest")
    kernel = SimpleNamespace(outputs=outputs)
    column = SimpleNamespace(
        output="value",
        feature=SimpleNamespace(family=SimpleNamespace(unit=unit, kernel=kernel)),
    )
    known = np.linspace(max(low, 0), min(high, 1), 50)
    assert declared_bounds(column, known) == pytest.approx((low, high), abs=1e-6)
    assert declared_bounds(column, known + 1e4) is None


@pytest.mark.parametrize("unit", ["bps", "share, or bps where scale is 1e4", "price"])
def test_a_unit_without_bounds_has_none(unit):
    family = SimpleNamespace(unit=unit, kernel=SimpleNamespace(outputs=("value",)))
    column = SimpleNamespace(output="value", feature=SimpleNamespace(family=family))
    assert declared_bounds(column, np.linspace(0, 1, 50)) is None


# What they catch


def series_of(frame, rules):
    one = frame.filter(pl.col("instrument") == frame["instrument"][0])
    return {rule.name: one[rule.name].fill_null(np.nan).to_numpy() for rule in rules}


def caught(columns, rules, made):
    """Count by kind: faults, and those with a finding in a row of theirs."""
    by_name = {rule.name: rule for rule in rules}
    before = {
        name: rows_of(validate(pl.DataFrame({name: values}), [by_name[name]]))
        for name, values in columns.items()
    }
    all_of, hit = Counter(), Counter()
    for fault in made:
        frame = pl.DataFrame({fault.feature: fault.values})
        new = rows_of(validate(frame, [by_name[fault.feature]])) - before[fault.feature]
        inside = range(fault.first, fault.first + fault.length)
        all_of[fault.kind] += 1
        hit[fault.kind] += any(row in inside for _, row in new)
    return all_of, hit


def shares(all_of, hit):
    return {kind: hit[kind] / all_of[kind] for kind in all_of}


def backwards(columns, rules, *, first, seeds):
    """Steps back in columns that only rise: reset, correction, sign."""
    kinds = {
        "reset": lambda x: x - x[0],
        "correction": lambda x: np.where(np.arange(len(x)) == 9, x - (x[9] - x[0]), x),
        "sign": lambda x: -x,
        "lost digits": lambda x: x / 10,
    }
    for rule, (kind, change), seed in itertools.product(
        (rule for rule in rules if rule.monotone), kinds.items(), range(seeds)
    ):
        values = columns[rule.name].copy()
        draw = np.random.default_rng(seed)
        at = int(draw.integers(first, len(values) - 2 * faults.LENGTH))
        values[at : at + faults.LENGTH] = change(values[at : at + faults.LENGTH])
        yield faults.Planted(kind, rule.name, values, at, faults.LENGTH)


def test_99_of_100_planted_faults_are_caught_in_all_default_features(learned):
    _, frame, training, rules = learned
    columns = series_of(frame.filter(~training), rules)
    made = itertools.chain(
        *(
            faults.planted(
                faults.OUT_OF_RANGE + faults.MISSING, columns, first=100, seed=seed
            )
            for seed in range(3)
        ),
        backwards(columns, rules, first=100, seeds=40),
    )
    all_of, hit = caught(columns, rules, made)
    told = shares(all_of, hit)
    assert sum(all_of.values()) > 1_200
    assert sum(hit.values()) / sum(all_of.values()) >= 0.99, told
    assert min(told.values()) >= 0.97, told


def test_stuck_columns_are_caught_too(learned):
    _, frame, training, rules = learned
    columns = series_of(frame.filter(~training), rules)
    made = faults.planted([faults.stuck], columns, first=100, seed=1)
    told = shares(*caught(columns, rules, made))
    assert told["stuck"] > 0.85


def test_what_stays_in_range_is_beyond_these_rules(learned):
    """A time shift looks like clean data: recomputing finds it, no rule of a column."""
    _, frame, training, rules = learned
    columns = series_of(frame.filter(~training), rules)
    made = list(faults.moved(columns, first=100, rows=1))
    made += faults.swapped(columns, first=100, seed=1)
    told = shares(*caught(columns, rules, made))
    assert told["time shift"] < 0.1
    assert 0.15 < told["swapped columns"] < 0.9


def test_clean_rows_raise_hardly_an_alarm(learned):
    _, frame, training, rules = learned
    found = validate(frame.filter(~training), rules)
    values = int((~training).sum()) * len(rules)
    assert sum(len(finding.rows) for finding in found) <= values / 10_000
    assert [f.rule for f in found if f.rule in ("missing", "monotone")] == []


def real_bars(path, hours):
    return (
        pl.read_parquet(path)
        .unique(["symbol", "ts"], keep="first")
        .sort("symbol", "ts")
        .with_columns(
            instrument="symbol",
            event_ns=pl.col("ts").dt.epoch("ns") + hours * HOUR_NS,
            received_ns=pl.col("ts").dt.epoch("ns") + hours * HOUR_NS,
        )
    )


BAR_INPUTS = ("open", "high", "low", "close", "volume")


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "hours", "whole", "most_alarms"),
    [
        ("fx/bars_1h", 1, False, 1 / 20_000),
        ("equity/bars_1d_stocks", 24, False, 1 / 20_000),
        ("crypto/bars_4h", 4, False, 1 / 20_000),
        # All that the catalogue makes of bars; its volume indices drift for ever.
        ("crypto/bars_4h", 4, True, 1 / 2_000),
    ],
)
def test_real_markets_raise_hardly_an_alarm(
    market_data, name, hours, whole, most_alarms
):
    bars = real_bars(market_data / f"{name}.parquet", hours)
    usual = default_bank(hours * HOUR_NS, has_quotes=False)
    bank = standard_bank(BAR_INPUTS) if whole else usual
    frame = compute(bank, bars)
    early = pl.int_range(pl.len()) < 0.6 * pl.len()
    training = frame.select(early.over("instrument")).to_series().to_numpy()
    rules = rules_for(bank.outputs, frame, training)
    unseen = frame.filter(~training)
    found = validate(unseen, rules)
    alarms = sum(len(finding.rows) for finding in found)
    assert alarms <= unseen.height * len(rules) * most_alarms, [str(f) for f in found]
    columns = series_of(unseen, rules)
    kinds = faults.OUT_OF_RANGE + faults.MISSING
    made = faults.planted(kinds, columns, first=100, seed=0)
    all_of, hit = caught(columns, rules, made)
    assert sum(hit.values()) / sum(all_of.values()) >= 0.99, shares(all_of, hit)

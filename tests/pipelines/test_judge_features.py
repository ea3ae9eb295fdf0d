"""Rules of a run's features: learned before anything is tested, told where broken."""

import json
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from reference.market import DAY_NS, bars_frame
from tradeloop.datasets.metadata import utc_text
from tradeloop.features import Bank, compute
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.momentum.rsi import rsi
from tradeloop.pipelines.assemble import Material
from tradeloop.pipelines.judge_features import judged
from tradeloop.quality import measure

BANK = Bank([rsi(14), log_return(1)])
BARS = bars_frame(3, [300, 200])
CLEAN = compute(BANK, BARS)
QUALITY = measure(bars=BARS, interval_ns=DAY_NS)


def dataset(decisions, folds):
    """Decisions a nanosecond after bars of the first instrument."""
    times = CLEAN["received_ns"].gather(decisions) + 1
    frame = pl.DataFrame({"decision_ns": times, "fold": folds})
    return SimpleNamespace(outcome_labels=frame, decision_ns=times.to_numpy())


def told_of(features, made):
    none = pl.DataFrame()
    material = Material(BANK, features, none, none, (DAY_NS,))
    told = judged(QUALITY, material, made)
    json.dumps(told, allow_nan=False)
    return told


def planted(row, value):
    return CLEAN.with_columns(
        pl.when(pl.int_range(pl.len()) == row)
        .then(pl.lit(value))
        .otherwise(column)
        .alias(column)
        for column in BANK.names
    )


FOLDS = dataset([100, 149, 200], [-1, 0, 1])


def test_report_keeps_what_was_measured_and_says_where_bounds_come_from():
    told = told_of(CLEAN, FOLDS)
    assert told | {"validation_results": 0} == QUALITY.as_mapping() | {
        "validation_results": 0
    }
    found = told["validation_results"]["features"]
    assert found["rules"] == 2
    assert found["bounds_from"] == {"declared": 1, "learned": 1}
    assert (found["rows"], found["broken"], found["findings"]) == (500, 0, [])


@pytest.mark.parametrize("value", [1e6, float("inf")])
def test_planted_value_is_told_with_its_feature_place_and_time(value):
    found = told_of(planted(250, value), FOLDS)["validation_results"]["features"]
    assert (found["broken"], found["broken_rows"]) == (2, 1)
    assert {each["feature"] for each in found["findings"]} == set(BANK.names)
    for each in found["findings"]:
        assert (each["rule"], each["instrument"], each["rows"]) == ("range", "I0", 1)
        assert each["first_known"] == utc_text(CLEAN["received_ns"][250])
        assert each["value"] == (None if value == float("inf") else value)


def test_rules_are_learned_from_bars_known_before_the_first_tested_decision():
    found = told_of(CLEAN, FOLDS)["validation_results"]["features"]
    until = CLEAN["received_ns"][149] + 1
    assert found["learned_from_rows"] == (CLEAN["received_ns"] < until).sum()
    assert found["learned_until"] == utc_text(until)
    # What lies after it teaches nothing: the same value before it is taken for usual.
    spread = CLEAN.with_columns(
        pl.when(pl.col("received_ns") >= until)
        .then(pl.col(BANK.names[1]) * 100.0)
        .otherwise(BANK.names[1])
        .alias(BANK.names[1])
    )
    broken = told_of(spread, FOLDS)["validation_results"]["features"]
    assert {each["feature"] for each in broken["findings"]} == {BANK.names[1]}
    assert broken["broken_rows"] > 100


@pytest.mark.parametrize("made", [dataset([100, 200], [-1, -1]), dataset([], [])])
def test_without_folds_the_first_half_teaches(made):
    found = told_of(CLEAN, made)["validation_results"]["features"]
    half = np.median(CLEAN["received_ns"].to_numpy())
    assert found["learned_from_rows"] == (CLEAN["received_ns"] <= half).sum()

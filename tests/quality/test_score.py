import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.quality_market import (
    BARS,
    CLEAN,
    N_BARS,
    START_NS,
    TICKS,
    cell,
    stretch,
    without,
)
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_SECOND
from tradeloop.events import BAR
from tradeloop.quality import ALL, DETECTORS, RowCounts, judge, measure

SIDES = (
    "completeness",
    "consistency",
    "timeliness",
    "validity",
    "accuracy",
    "overall",
)
PRICES = ("open", "high", "low", "close")


def bars(changed):
    return {"bars": changed}


def quotes(changed):
    return {"ticks": {**TICKS, "quote": changed}}


def frozen(first, length):
    return stretch(
        BARS, PRICES, (first, first + length), lambda name: pl.col(name).get(first)
    )


def spike(row, factor=2.0):
    return BARS.with_columns(cell("close", row, pl.col("close") * factor)).with_columns(
        cell("high", row, pl.max_horizontal("high", "close"))
    )


def moved(frame, column, row, by_ns):
    return frame.with_columns(cell(column, row, pl.col(column) + by_ns))


def early(decisions):
    before = pl.lit(START_NS - NS_PER_DAY)
    return decisions.with_columns(
        cell("received_ns", 0, before), cell("event_ns", 0, before)
    )


def late(decisions):
    after = pl.lit(START_NS + 900 * NS_PER_DAY)
    return decisions.with_columns(
        cell("received_ns", 0, after), cell("event_ns", 0, after)
    )


def received(rows, by):
    """Quotes whose receipt is later in some rows."""
    return quotes(stretch(QUOTES, ("received_ns",), rows, lambda n: pl.col(n) + by))


QUOTES = TICKS["quote"]
HALF = (QUOTES.height // 4, QUOTES.height // 2 - 1)  # the second half of A
DRIFTED = ((pl.col("event_ns") - START_NS) * 80e-6).cast(pl.Int64)

DEFECTS = {
    "gap": ("completeness", bars(without(BARS, 300, 20))),
    "blind_decision": ("completeness", {"decisions": early(CLEAN.decisions)}),
    "missing_number": ("completeness", quotes(without(QUOTES, 300, 5))),
    "undelivered_event": (
        "completeness",
        {"delivered": CLEAN.delivered.with_columns(missing=pl.lit(3))},
    ),
    "stale_decision": ("timeliness", {"decisions": late(CLEAN.decisions)}),
    "receive_clock_behind": (
        "timeliness",
        bars(moved(BARS, "received_ns", 9, -2 * 10**9)),
    ),
    "late_bar": ("timeliness", bars(moved(BARS, "received_ns", 9, 2 * NS_PER_HOUR))),
    "late_tick": ("timeliness", received((9, 9), 60 * NS_PER_SECOND)),
    "over_stated_latency": ("timeliness", received((9, 9), 30_000_000)),
    "clock_shift": ("timeliness", received((40, 60), NS_PER_HOUR)),
    "clock_jump": ("timeliness", received(HALF, NS_PER_SECOND)),
    "clock_drift": ("timeliness", received((0, HALF[1]), DRIFTED)),
    "frozen_price": ("validity", bars(frozen(100, 40))),
    "return_outlier": ("validity", bars(spike(77))),
    "sudden_move": ("validity", bars(spike(77))),
    "regime_outlier": ("validity", bars(spike(77))),
    "odd_row": (
        "validity",
        {"features": CLEAN.features.with_columns(cell("step", 50, pl.lit(0.5)))},
    ),
    "frozen_feed": (
        "validity",
        quotes(
            stretch(
                QUOTES,
                ("bid", "ask", "bid_size", "ask_size"),
                (1000, 1500),
                lambda name: pl.col(name).get(1000),
            )
        ),
    ),
    "far_tick": (
        "validity",
        quotes(stretch(QUOTES, ("bid", "ask"), (70, 70), lambda n: pl.col(n) * 2)),
    ),
    "duplicate_row": ("consistency", bars(pl.concat([BARS, BARS[5:6]]))),
    "unsorted_row": ("consistency", bars(pl.concat([BARS[1:], BARS[:1]]))),
    "broken_bar": (
        "consistency",
        bars(stretch(BARS, ("high",), (9, 9), lambda _: pl.lit(1.0))),
    ),
    "fill_outside_bar": ("consistency", {"fills_outside": CLEAN.fills[:2]}),
    "crossed_quote": (
        "consistency",
        quotes(stretch(QUOTES, ("bid",), (9, 9), lambda _: pl.col("ask") * 1.0001)),
    ),
    "duplicate_tick": ("consistency", quotes(pl.concat([QUOTES, QUOTES[-1:]]))),
    "unsorted_tick": (
        "consistency",
        quotes(pl.concat([QUOTES[:8], QUOTES[9:10], QUOTES[8:9], QUOTES[10:]])),
    ),
}


@pytest.fixture(scope="module")
def clean():
    return judge(CLEAN)


def test_clean_data_score_one_and_show_no_anomaly(clean):
    assert clean.anomalies == ()
    assert clean.closures == ()
    assert [getattr(clean, side) for side in SIDES] == [1.0] * len(SIDES)
    assert clean.missing_share == 0.0


def test_every_detector_has_a_planted_defect():
    assert set(DEFECTS) == {detector.name for detector in DETECTORS}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_named_and_lowers_its_measure_and_the_whole(name, clean):
    side, change = DEFECTS[name]
    report = judge(replace(CLEAN, **change))
    assert name in {anomaly.name for anomaly in report.anomalies}
    assert getattr(report, side) < getattr(clean, side)
    assert report.overall < clean.overall


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_that_nobody_looked_for_lowers_nothing(name):
    others = [detector for detector in DETECTORS if detector.name != name]
    found = judge(replace(CLEAN, **DEFECTS[name][1]), others)
    assert name not in {anomaly.name for anomaly in found.anomalies}


def test_a_move_that_is_usual_in_a_wild_market_is_odd_in_a_calm_one():
    """Every tenth bar is wild and moves by 3 %; one calm bar moves as much."""
    place = pl.int_range(pl.len())
    wild = CLEAN.regimes.with_columns(
        regime=pl.when(place % 10 < 2).then(pl.lit("wild")).otherwise(pl.lit("calm"))
    )
    swung = BARS.with_columns(
        close=pl.col("close") * pl.when(place % 10 == 0).then(1.03).otherwise(1.0)
    )
    usual = replace(CLEAN, bars=swung, regimes=wild)
    assert "regime_outlier" not in {a.name for a in judge(usual).anomalies}
    odd = replace(
        usual, bars=swung.with_columns(cell("close", 305, pl.col("close") * 1.03))
    )
    (found,) = [a for a in judge(odd).anomalies if a.name == "regime_outlier"]
    assert found.count == 2  # there and back
    assert {example["regime"] for example in found.examples} == {"calm"}


def test_quarantined_rows_lower_validity(clean):
    report = judge(replace(CLEAN, rows=RowCounts(read=100, quarantined=1)))
    assert report.validity == pytest.approx(1 - 0.01 / 8)
    assert report.overall < clean.overall


def test_rows_whose_event_time_was_cut_lower_timeliness(clean):
    rows = RowCounts(read=20_000, clock_cut=18_000)
    report = judge(replace(CLEAN, rows=rows))
    (anomaly,) = report.anomalies
    assert (anomaly.name, anomaly.count) == ("receive_clock_behind", 18_000)
    assert report.timeliness < 0.95
    assert report.overall < clean.overall


def test_missing_cells_lower_the_whole_but_warm_up_and_absent_columns_do_not(clean):
    assert CLEAN.features["step"].null_count() == 2
    assert BARS["signed_volume"].null_count() == BARS.height
    features = CLEAN.features.with_columns(cell("step", 50, None))
    report = judge(replace(CLEAN, features=features))
    assert report.missing_share > 0
    assert report.overall < clean.overall


def test_accuracy_is_absent_without_a_reference():
    report = judge(replace(CLEAN, reference=None))
    assert report.accuracy is None
    assert "accuracy_score" not in report.as_mapping()["data_quality_metrics"]


def test_accuracy_is_the_share_of_bars_near_the_reference():
    wrong = pl.int_range(pl.len()) < N_BARS // 2
    reference = CLEAN.reference.with_columns(
        pl.when(wrong).then(pl.col("close") * 1.001).otherwise("close").alias("close")
    )
    assert judge(replace(CLEAN, reference=reference)).accuracy == 0.75


@settings(max_examples=15, deadline=None)
@given(first=st.integers(20, 500), length=st.integers(4, 60))
def test_a_gap_of_any_place_and_length_is_counted_to_the_bar(first, length):
    report = measure(bars=without(BARS, first, length), interval_ns=NS_PER_HOUR)
    (gap,) = report.anomalies
    assert (gap.name, gap.count) == ("gap", length)
    assert report.completeness == pytest.approx(1 - length / BARS.height)


@settings(max_examples=15, deadline=None)
@given(
    name=st.sampled_from(sorted({"unsorted_row", "broken_bar", "late_bar"})),
    rows=st.sets(st.integers(1, N_BARS - 2), min_size=1, max_size=8),
)
def test_more_broken_rows_never_raise_the_score(name, rows):
    column, change = {
        "unsorted_row": ("event_ns", -3 * NS_PER_HOUR),
        "broken_bar": ("high", -50.0),
        "late_bar": ("received_ns", 5 * NS_PER_HOUR),
    }[name]
    scores, worse = [1.0], BARS
    for row in sorted(rows):
        worse = worse.with_columns(cell(column, row, pl.col(column) + change))
        scores.append(measure(bars=worse, interval_ns=NS_PER_HOUR).overall)
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 1.0


def test_nights_and_weekends_are_no_gaps():
    hour = BARS["event_ns"] // NS_PER_HOUR
    open_hours = BARS.filter((hour % 24 > 8) & (hour // 24 % 7 != 2))
    assert measure(bars=open_hours, interval_ns=NS_PER_HOUR).anomalies == ()


def test_short_runs_are_usual_where_prices_often_stand_still():
    quiet = BARS.with_columns(
        pl.col(c).gather_every(12).repeat_by(12).explode().alias(c)
        for c in ("open", "high", "low", "close")
    )
    names = [a.name for a in measure(bars=quiet, interval_ns=NS_PER_HOUR).anomalies]
    assert "frozen_price" not in names


def test_prices_that_never_move_are_frozen_but_no_outliers():
    still = BARS.with_columns(pl.lit(1.0).alias(c) for c in ("open", "high", "low"))
    still = still.with_columns(close=pl.lit(1.0), bid=None, ask=None)
    report = measure(bars=still, interval_ns=NS_PER_HOUR)
    assert [a.name for a in report.anomalies] == ["frozen_price"]
    assert report.validity < 0.7


def test_nothing_to_judge_scores_nothing():
    report = measure(bars=BARS.clear(), interval_ns=NS_PER_HOUR)
    assert report.overall == 0.0
    assert report.as_mapping()["data_quality_metrics"] == {}


def test_the_whole_is_the_geometric_mean_of_the_measures():
    worse = replace(CLEAN, bars=without(BARS, 300, 60), rows=RowCounts(10, 4))
    report = judge(worse)
    sides = [getattr(report, side) for side in SIDES if side != "overall"]
    sides.append(1 - report.missing_share)
    assert report.overall == pytest.approx(np.exp(np.mean(np.log(sides))))


def test_every_measure_publishes_a_formula():
    assert all(each.formula and each.name for each in ALL)


def test_the_mapping_has_the_names_of_the_contract_and_is_plain_data(clean):
    mapping = judge(replace(CLEAN, **DEFECTS["gap"][1])).as_mapping()
    assert json.loads(json.dumps(mapping)) == mapping
    assert set(mapping["data_quality_metrics"]) == {
        "completeness_score",
        "accuracy_score",
        "consistency_score",
        "timeliness_score",
        "validity_score",
        "missing_data_percentage",
    }


@pytest.mark.realdata
def test_hourly_fx_scores_high_and_its_known_jumps_are_found(market_data):
    start = pl.col("ts").cast(pl.Int64)
    raw = pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
    real = BAR.conform(
        raw.filter(pl.col("symbol") == "USDCHF").with_columns(
            instrument=pl.col("symbol"),
            open_ns=start,
            event_ns=start + NS_PER_HOUR,
            received_ns=start + NS_PER_HOUR,
        )
    )
    report = measure(bars=real, interval_ns=NS_PER_HOUR)
    assert 0.99 < report.overall < 1.0
    (jumps,) = [a for a in report.anomalies if a.name == "return_outlier"]
    assert any(example["return"] < -0.1 for example in jumps.examples)

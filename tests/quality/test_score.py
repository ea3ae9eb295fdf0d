import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.events import BAR, DECISION, FILL
from tradeloop.quality import ALL, DETECTORS, RowCounts, measure

N_BARS = 600
START_NS = 20_000 * NS_PER_DAY


def bars_of(seed=0, names=("A", "B")):
    """Hourly bars of a random walk, all day, received a second after the end."""
    draw = np.random.default_rng(seed)
    frames = []
    for name in names:
        close = 100 * np.exp(np.cumsum(draw.normal(0, 1e-3, N_BARS)))
        opened = np.concatenate([[100.0], close[:-1]])
        end = START_NS + NS_PER_HOUR * np.arange(1, N_BARS + 1)
        frame = pl.DataFrame(
            {
                "instrument": [name] * N_BARS,
                "open_ns": end - NS_PER_HOUR,
                "event_ns": end,
                "received_ns": end + 10**9,
                "open": opened,
                "high": np.maximum(opened, close) * 1.0001,
                "low": np.minimum(opened, close) * 0.9999,
                "close": close,
                "volume": draw.uniform(1, 2, N_BARS),
                "bid": close * 0.9999,
                "ask": close * 1.0001,
            }
        )
        frames.append(BAR.conform(frame))
    return pl.concat(frames)


def decisions_on(bars, every=50):
    chosen = bars.gather_every(every).with_row_index("n")
    return DECISION.conform(
        chosen.with_columns(
            pl.format("d{}", "n").alias("decision_id"),
            pl.lit("rule").alias("strategy"),
            pl.lit(1).alias("side"),
            (pl.col("received_ns") + 1).alias("received_ns"),
        )
    )


def fills_on(bars, every=50):
    chosen = bars.gather_every(every).with_row_index("n")
    return FILL.conform(
        chosen.with_columns(
            pl.format("f{}", "n").alias("fill_id"),
            pl.lit(1).alias("side"),
            pl.col("close").alias("price"),
            pl.lit(1.0).alias("quantity"),
        )
    )


def features_on(bars):
    step = pl.col("close").log().diff().over("instrument")
    return bars.select("instrument", "event_ns", "received_ns", step.alias("step"))


BARS = bars_of()
CLEAN = {
    "bars": BARS,
    "interval_ns": NS_PER_HOUR,
    "decisions": decisions_on(BARS),
    "fills": fills_on(BARS),
    "fills_outside": fills_on(BARS).clear(),
    "rows": RowCounts(read=2 * N_BARS, quarantined=0),
    "features": features_on(BARS),
    "reference": BARS.select("instrument", "event_ns", "close"),
}
SIDES = (
    "completeness",
    "consistency",
    "timeliness",
    "validity",
    "accuracy",
    "overall",
)


def cell(column, row, value):
    here = pl.int_range(pl.len()) == row
    return pl.when(here).then(value).otherwise(pl.col(column)).alias(column)


def replaced(column, rows, value):
    inside = pl.int_range(pl.len()).is_between(rows[0], rows[-1])
    return BARS.with_columns(
        pl.when(inside).then(value).otherwise(pl.col(column)).alias(column)
    )


def frozen(first, length):
    held = pl.int_range(pl.len()).is_between(first, first + length)
    return BARS.with_columns(
        pl.when(held).then(pl.col(c).get(first)).otherwise(pl.col(c)).alias(c)
        for c in ("open", "high", "low", "close")
    )


def spike(row):
    return BARS.with_columns(cell("close", row, pl.col("close") * 2)).with_columns(
        cell("high", row, pl.col("close"))
    )


def moved(column, row, by_ns):
    return BARS.with_columns(cell(column, row, pl.col(column) + by_ns))


def without(first, length):
    inside = pl.int_range(pl.len()).is_between(first, first + length - 1)
    return BARS.filter(~inside)


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


DEFECTS = {
    "gap": ("completeness", {"bars": without(300, 20)}),
    "blind_decision": ("completeness", {"decisions": early(CLEAN["decisions"])}),
    "stale_decision": ("timeliness", {"decisions": late(CLEAN["decisions"])}),
    "frozen_price": ("validity", {"bars": frozen(100, 40)}),
    "return_outlier": ("validity", {"bars": spike(77)}),
    "duplicate_row": ("consistency", {"bars": pl.concat([BARS, BARS[5:6]])}),
    "unsorted_row": (
        "consistency",
        {"bars": pl.concat([BARS[1:], BARS[:1]])},
    ),
    "fill_outside_bar": ("consistency", {"fills_outside": CLEAN["fills"][:2]}),
    "receive_clock_behind": (
        "timeliness",
        {"bars": moved("received_ns", 9, -2 * 10**9)},
    ),
    "late_bar": ("timeliness", {"bars": moved("received_ns", 9, 2 * NS_PER_HOUR)}),
    "broken_bar": ("consistency", {"bars": replaced("high", (9, 9), 1.0)}),
}


@pytest.fixture(scope="module")
def clean():
    return measure(**CLEAN)


def test_clean_data_score_one_and_show_no_anomaly(clean):
    assert clean.anomalies == ()
    assert [getattr(clean, side) for side in SIDES] == [1.0] * len(SIDES)
    assert clean.missing_share == 0.0


def test_every_detector_has_a_planted_defect():
    assert set(DEFECTS) == {detector.name for detector in DETECTORS}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_named_and_lowers_its_measure_and_the_whole(name, clean):
    side, change = DEFECTS[name]
    report = measure(**{**CLEAN, **change})
    assert name in {anomaly.name for anomaly in report.anomalies}
    assert getattr(report, side) < getattr(clean, side)
    assert report.overall < clean.overall


def test_quarantined_rows_lower_validity(clean):
    report = measure(**{**CLEAN, "rows": RowCounts(read=100, quarantined=1)})
    assert report.validity == pytest.approx(1 - 0.01 / 3)
    assert report.overall < clean.overall


def test_rows_whose_event_time_was_cut_lower_timeliness(clean):
    rows = RowCounts(read=1_000, clock_cut=900)
    report = measure(**{**CLEAN, "rows": rows})
    (anomaly,) = report.anomalies
    assert (anomaly.name, anomaly.count) == ("receive_clock_behind", 900)
    assert report.timeliness < 0.9
    assert report.overall < clean.overall


def test_missing_cells_lower_the_whole_but_warm_up_and_absent_columns_do_not(clean):
    assert CLEAN["features"]["step"].null_count() == 2
    assert BARS["signed_volume"].null_count() == BARS.height
    features = CLEAN["features"].with_columns(cell("step", 50, None))
    report = measure(**{**CLEAN, "features": features})
    assert report.missing_share > 0
    assert report.overall < clean.overall


def test_accuracy_is_absent_without_a_reference():
    report = measure(**{**CLEAN, "reference": None})
    assert report.accuracy is None
    assert "accuracy_score" not in report.as_mapping()["data_quality_metrics"]


def test_accuracy_is_the_share_of_bars_near_the_reference():
    wrong = pl.int_range(pl.len()) < N_BARS // 2
    reference = CLEAN["reference"].with_columns(
        pl.when(wrong).then(pl.col("close") * 1.001).otherwise("close").alias("close")
    )
    assert measure(**{**CLEAN, "reference": reference}).accuracy == 0.75


@settings(max_examples=15, deadline=None)
@given(first=st.integers(20, 500), length=st.integers(4, 60))
def test_a_gap_of_any_place_and_length_is_counted_to_the_bar(first, length):
    report = measure(bars=without(first, length), interval_ns=NS_PER_HOUR)
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
    scores, bars = [1.0], BARS
    for row in sorted(rows):
        bars = bars.with_columns(cell(column, row, pl.col(column) + change))
        scores.append(measure(bars=bars, interval_ns=NS_PER_HOUR).overall)
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
    report = measure(**{**CLEAN, "bars": without(300, 60), "rows": RowCounts(10, 4)})
    sides = [getattr(report, side) for side in SIDES if side != "overall"]
    sides.append(1 - report.missing_share)
    assert report.overall == pytest.approx(np.exp(np.mean(np.log(sides))))


def test_every_measure_publishes_a_formula():
    assert all(each.formula and each.name for each in ALL)


def test_the_mapping_has_the_names_of_the_contract_and_is_plain_data(clean):
    mapping = measure(**{**CLEAN, **DEFECTS["gap"][1]}).as_mapping()
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
    bars = BAR.conform(
        raw.filter(pl.col("symbol") == "USDCHF").with_columns(
            instrument=pl.col("symbol"),
            open_ns=start,
            event_ns=start + NS_PER_HOUR,
            received_ns=start + NS_PER_HOUR,
        )
    )
    report = measure(bars=bars, interval_ns=NS_PER_HOUR)
    assert 0.99 < report.overall < 1.0
    (jumps,) = [a for a in report.anomalies if a.name == "return_outlier"]
    assert any(example["return"] < -0.1 for example in jumps.examples)

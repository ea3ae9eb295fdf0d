"""What is expected of a market is learned: weeks, weekends, holidays."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.quality_market import BARS, CLEAN
from reference.robust_z import robust_z as slow_z
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.events import BAR
from tradeloop.quality import Evidence, judge
from tradeloop.quality.anomalies.sudden_move import WIDTH, robust_z
from tradeloop.quality.calendar import learn_calendar
from tradeloop.quality.holidays import noons_between

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def fx_bars(days, begin=MONDAY, interval_ns=NS_PER_HOUR):
    """Bars from Sunday 22:00 to Friday 22:00 UTC."""
    first = int(begin.timestamp()) * 10**9
    end = first + interval_ns * np.arange(1, days * NS_PER_DAY // interval_ns + 1)
    hour = (end - 1) // NS_PER_HOUR % (7 * 24) + 3 * 24  # 1970-01-01 was a Thursday
    hour %= 7 * 24
    end = end[(hour < 4 * 24 + 22) | (hour >= 6 * 24 + 22)]
    walk = np.random.default_rng(1).normal(0, 1e-3, end.size)
    close = np.exp(np.cumsum(walk))
    return BAR.conform(
        pl.DataFrame(
            {
                "instrument": ["EURUSD"] * end.size,
                "open_ns": end - interval_ns,
                "event_ns": end,
                "received_ns": end,
                "open": close,
                "high": close * 1.001,
                "low": close * 0.999,
                "close": close,
            }
        )
    )


def between(first, last):
    at = [int(each.timestamp()) * 10**9 for each in (first, last)]
    return (pl.col("event_ns") > at[0]) & (pl.col("event_ns") <= at[1])


@pytest.mark.parametrize("days", [5, 8, 12, 16, 40])
@pytest.mark.parametrize("interval_ns", [NS_PER_HOUR, 5 * NS_PER_MINUTE])
def test_weekends_are_no_gaps_whether_the_data_hold_one_or_many(days, interval_ns):
    report = judge(Evidence(fx_bars(days, interval_ns=interval_ns), interval_ns))
    assert report.anomalies == ()
    assert report.closures == ()
    assert report.completeness == 1.0


def test_an_outage_before_a_weekend_misses_its_bars_and_not_those_of_the_weekend():
    friday = MONDAY + timedelta(days=18)
    bars = fx_bars(40).filter(~between(friday, friday + timedelta(days=2)))
    report = judge(Evidence(bars, NS_PER_HOUR))
    (gap,) = report.anomalies
    assert (gap.name, gap.count) == ("gap", 22)


def test_the_calendar_expects_the_hours_of_the_week_that_have_bars():
    calendar = learn_calendar(fx_bars(40), NS_PER_HOUR)
    assert calendar["slot"].to_list() == [*range(118), *range(166, 168)]
    assert calendar["total"].unique().to_list() == [120]


def test_a_named_holiday_is_reported_apart_and_costs_nothing():
    day = MONDAY + timedelta(days=16)
    bars = fx_bars(40).filter(~between(day, day + timedelta(days=1)))
    holiday = Evidence(bars, NS_PER_HOUR, holidays=(day.date(),))
    report = judge(holiday)
    (closed,) = report.closures
    assert (closed.name, closed.count, closed.severity) == ("holiday", 24, "expected")
    assert report.anomalies == ()
    assert report.completeness == 1.0
    (gap,) = judge(replace(holiday, holidays=())).anomalies
    assert (gap.name, gap.count) == ("gap", 24)


def years_without(*days):
    bars = fx_bars(3 * 365 + 1)
    for day in days:
        bars = bars.filter(~between(day, day + timedelta(days=1)))
    return judge(Evidence(bars, NS_PER_HOUR))


def test_a_day_that_is_closed_every_year_is_learned_to_be_a_holiday():
    christmas = [datetime(year, 12, 25, tzinfo=UTC) for year in (2024, 2025, 2026)]
    report = years_without(*christmas)
    assert report.anomalies == ()
    assert [closed.count for closed in report.closures] == [24 + 24 + 22]  # a Friday


def test_a_day_that_is_open_in_one_year_is_no_holiday():
    christmas = [datetime(year, 12, 25, tzinfo=UTC) for year in (2024, 2025)]
    (gap,) = years_without(*christmas).anomalies
    assert (gap.name, gap.count) == ("gap", 48)


def test_a_fortnight_without_bars_is_no_holiday_though_it_holds_one():
    holidays = (date(2024, 1, 17),)
    day = MONDAY + timedelta(days=14)
    bars = fx_bars(60).filter(~between(day, day + timedelta(days=14)))
    report = judge(Evidence(bars, NS_PER_HOUR, holidays=holidays))
    (gap,) = report.anomalies
    assert (gap.name, gap.count) == ("gap", 240)


def test_noons_lie_strictly_between():
    noon = int(datetime(2024, 1, 1, 12, tzinfo=UTC).timestamp()) * 10**9
    assert noons_between(noon - 1, noon + 1) == (date(2024, 1, 1),)
    assert noons_between(noon + 1, noon + NS_PER_DAY) == ()


@pytest.mark.realdata
def test_fx_has_its_holidays_and_one_true_gap_in_nine_years(market_data):
    start = pl.col("ts").cast(pl.Int64)
    raw = pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
    bars = BAR.conform(
        raw.with_columns(
            instrument=pl.col("symbol"),
            open_ns=start,
            event_ns=start + NS_PER_HOUR,
            received_ns=start + NS_PER_HOUR,
        )
    )
    report = judge(Evidence(bars, NS_PER_HOUR))
    (gap,) = [a for a in report.anomalies if a.name == "gap"]
    # USDCHF stops three hours after the franc was let go, until the Sunday after.
    assert [e["instrument"] for e in gap.examples] == ["USDCHF"]
    assert gap.count == 27
    (closed,) = report.closures
    assert closed.count > 2_000
    assert report.completeness > 0.9999


@settings(max_examples=40, deadline=None)
@given(
    returns=st.lists(
        st.one_of(st.floats(-1, 1), st.sampled_from([0.0, 0.01, float("nan")])),
        min_size=1,
        max_size=150,
    ),
    cut=st.integers(0, 150),
)
def test_the_robust_z_is_that_of_the_formula_and_goes_on_from_call_to_call(
    returns, cut
):
    expected = slow_z(returns)
    ring, state = np.empty(WIDTH), np.zeros(1, np.int64)
    parts = [
        robust_z(np.array(part, np.float64), ring, state)
        for part in (returns[:cut], returns[cut:])
    ]
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-9, atol=1e-9)


def test_a_sudden_move_is_found_by_the_past_alone():
    """What comes later changes nothing: the same rows are found in every prefix."""
    place = pl.int_range(pl.len())
    spiky = BARS.with_columns(
        close=pl.when(place.is_in([100, 300, 450]))
        .then(pl.col("close") * 1.1)
        .otherwise("close")
    )

    def found(upto):
        report = judge(Evidence(spiky[:upto], NS_PER_HOUR))
        return {a.name: a.count for a in report.anomalies}.get("sudden_move", 0)

    assert [found(n) for n in (100, 101, 102, 200, 310, 600)] == [0, 1, 2, 2, 4, 6]
    assert "sudden_move" not in {a.name for a in judge(CLEAN).anomalies}

from datetime import UTC, datetime

import polars as pl
import pytest

from tradeloop.capture import RELEASES, packaged_market
from tradeloop.clock import NS_PER_DAY
from tradeloop.events import SERIES


def ns(*date):
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 10**9


def released(series, name, *date):
    row = series.filter((pl.col("series") == name) & (pl.col("event_ns") == ns(*date)))
    return row["received_ns"].item()


def test_both_indices_come_as_daily_bars_that_are_known_at_the_end_of_their_day():
    market, _ = packaged_market()
    counts = market.bars.group_by("instrument").len().sort("instrument").rows()
    assert counts == [("NASDAQ_COMP", 5031), ("SP500", 5031)]
    assert market.interval_ns == NS_PER_DAY
    first = market.bars.filter(pl.col("instrument") == "SP500").row(0, named=True)
    assert first["open_ns"] == ns(1999, 1, 4)
    assert first["event_ns"] == first["received_ns"] == ns(1999, 1, 5)
    assert first["close"] == 1228.099976
    assert all(i.read == i.rows.height for i in market.intakes)


def test_no_value_of_a_series_is_known_before_its_period_is_over():
    _, series = packaged_market()
    assert series.schema == dict(SERIES.schema)
    assert series["series"].unique().sort().to_list() == sorted(
        release.name for release in RELEASES
    )
    assert (series["received_ns"] > series["event_ns"]).all()
    assert series.null_count().sum_horizontal().item() == 0


def test_each_series_is_known_at_the_end_of_its_stated_lag():
    _, series = packaged_market()
    assert released(series, "WTI_USD_BBL", 2018, 1, 9) == ns(2018, 1, 19)
    assert released(series, "VIX_INDEX", 2018, 1, 9) == ns(2018, 1, 11)
    assert released(series, "BAA_YIELD_PCT", 2015, 8, 1) == ns(2015, 9, 9)
    assert released(series, "US_CORE_CPI_YOY_PCT", 2013, 9, 1) == ns(2013, 11, 1)


def test_core_cpi_of_january_2015_is_not_known_before_its_late_release():
    _, series = packaged_market()
    # BLS, USDL-15-0281: embargoed until Thursday, February 26, 2015.
    assert released(series, "US_CORE_CPI_YOY_PCT", 2015, 1, 1) > ns(2015, 2, 26)


def test_days_without_a_value_are_absent():
    _, series = packaged_market()
    wti = series.filter(pl.col("series") == "WTI_USD_BBL")
    assert ns(2019, 1, 1) not in wti["event_ns"]
    assert wti.height == 8321


def test_core_inflation_is_a_change_over_a_year_and_not_an_index_that_tells_the_date():
    _, series = packaged_market()
    found = series.filter(pl.col("series") == "US_CORE_CPI_YOY_PCT")
    # CPILFESL 254.0 in November 2017 and 259.6 a year later: 2.2 %, as BLS printed.
    assert found["value"][-1] == pytest.approx(2.2, abs=0.05)
    assert found["value"].min() > 0
    assert found["value"].max() < 15

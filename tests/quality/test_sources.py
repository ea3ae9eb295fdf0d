"""Two sources of one price: agreement, crossed quotes, opening hours, clock, level."""

import numpy as np
import polars as pl
import pytest

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import InputError
from tradeloop.quality import compare_sources


def quotes(seed=0, n=40_000, level=1.0):
    """Quotes of one price about every second, each source at times of its own."""
    walk = np.cumsum(np.random.default_rng(5).normal(0, 2e-5, 2 * n))
    draw = np.random.default_rng(seed)
    event = np.sort(draw.integers(0, n * NS_PER_SECOND, n))
    mid = level * np.exp(walk[event // (NS_PER_SECOND // 2)])
    return pl.DataFrame({"event_ns": event, "bid": mid * 0.9999, "ask": mid * 1.0001})


def test_two_sources_of_one_price_agree():
    found = compare_sources(quotes(1), quotes(2))
    assert found.alignment.best.value > 0.97
    assert found.alignment.lined_up
    assert found.offset_ns == 0
    assert abs(found.level_bps) < 1.0
    assert found.one.crossed_share == found.other.crossed_share == 0.0


def test_another_price_level_is_told_in_bps():
    assert compare_sources(
        quotes(1), quotes(2, level=1.001)
    ).level_bps == pytest.approx(10.0, abs=0.5)


@pytest.mark.parametrize("late_s", [-125, -7, 7, 60, 187])
def test_a_clock_that_is_off_is_told_to_the_second(late_s):
    moved = quotes(2).with_columns(pl.col("event_ns") + late_s * NS_PER_SECOND)
    found = compare_sources(quotes(1), moved)
    assert found.offset_ns == late_s * NS_PER_SECOND
    assert found.resolution_ns == NS_PER_SECOND


def test_crossed_locked_and_repeated_quotes_are_counted():
    one = quotes(1)
    row = pl.int_range(pl.len())
    odd = one.with_columns(
        bid=pl.when(row < 10).then(pl.col("ask") * 1.1).otherwise("bid")
    ).with_columns(bid=pl.when(row.is_between(20, 24)).then("ask").otherwise("bid"))
    found = compare_sources(one, pl.concat([odd, odd[:3]]).sort("event_ns")).other
    assert (found.rows, found.crossed, found.locked, found.repeated) == (
        40_003,
        13,
        5,
        3,
    )


def hourly(seed, level=1.0):
    close = level * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 1e-3, 500)))
    noise = np.random.default_rng(seed).normal(0, 1e-5, 500)
    end = NS_PER_HOUR * np.arange(1, 501)
    return pl.DataFrame({"event_ns": end, "close": close * (1 + noise)})


def test_bars_are_compared_on_their_own_grid():
    moved = hourly(2).with_columns(pl.col("event_ns") + 2 * NS_PER_HOUR)
    found = compare_sources(hourly(1), moved, step_ns=NS_PER_HOUR)
    assert (found.offset_ns, found.resolution_ns) == (2 * NS_PER_HOUR, NS_PER_HOUR)
    assert found.one.crossed == 0


def test_who_opens_earlier_is_told_by_week():
    week = np.arange(5) * 7 * NS_PER_DAY + 3 * NS_PER_DAY + 22 * NS_PER_HOUR
    opened = np.concatenate([np.arange(2_000) * NS_PER_MINUTE + each for each in week])
    price = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 1e-4, opened.size)))
    one = pl.DataFrame({"event_ns": opened, "close": price})
    sooner = one.with_columns(pl.col("event_ns") - 90 * NS_PER_MINUTE)
    both = pl.concat([sooner.filter(pl.col("event_ns") < opened[0]), one, sooner])
    other = both.unique("event_ns", keep="first").sort("event_ns")
    found = compare_sources(one, other)
    assert found.opens_earlier_ns == 90 * NS_PER_MINUTE
    assert found.weeks["opens_earlier_ns"].to_list() == [
        None,
        *[90 * NS_PER_MINUTE] * 4,
    ]


def test_sources_without_a_price_are_refused():
    with pytest.raises(InputError, match="bid and ask, or close"):
        compare_sources(quotes(1), quotes(1).drop("bid"))


@pytest.mark.realdata
def test_fxcm_against_oanda_is_as_it_was_found_by_hand(market_data):
    one, other = (
        pl.read_parquet(market_data / "fx" / f"ticks_{name}_eurusd.parquet").select(
            "bid", "ask", event_ns=pl.col("ts").cast(pl.Int64)
        )
        for name in ("oanda", "fxcm")
    )
    found = compare_sources(one, other)
    assert found.alignment.at_zero.value == pytest.approx(0.992, abs=5e-4)
    assert found.alignment.lined_up
    assert found.offset_ns == 0
    assert (found.one.crossed, found.other.crossed) == (0, 116_871)
    assert found.other.crossed_share == pytest.approx(0.102, abs=5e-4)
    assert found.other.locked == 142_462
    assert found.one.repeated == 12  # 24 rows in 12 pairs
    assert found.opens_earlier_ns == pytest.approx(2 * NS_PER_HOUR, rel=0.01)
    assert abs(found.level_bps) < 0.05
    assert -0.2 < found.level_low_bps < found.level_high_bps < 0.2

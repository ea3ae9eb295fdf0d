"""Fills that nobody could have had; on real decisions too."""

import polars as pl
import pytest

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets import fills_possible

BARS = pl.DataFrame(
    {
        "instrument": ["A"] * 3,
        "open_ns": [0, 10, 30],
        "event_ns": [10, 20, 40],
        "open": [5.0, 6.0, 7.0],
        "high": [6.0, 7.0, 8.0],
        "low": [4.0, 5.5, 6.5],
        "close": [6.0, 6.5, 7.5],
    }
)
QUOTES = pl.DataFrame(
    {"instrument": ["A"] * 2, "event_ns": [0, 12], "bid": [4.9, 6.0], "ask": [5.1, 6.2]}
)
KNOWN_SINCE = pl.datetime(2025, 11, 3, time_zone="UTC")


def fill(at, price, side=1, decision_id="d"):
    return pl.DataFrame(
        {
            "decision_id": [decision_id],
            "instrument": ["A"],
            "side": [side],
            "event_ns": [at],
            "price": [price],
        }
    )


@pytest.mark.parametrize(
    ("at", "price", "possible"),
    [
        (0, 5.0, True),
        (0, 4.0, True),
        (9, 6.5, False),
        (10, 6.5, True),
        (15, 5.0, False),
        (30, 8.0, True),
        (30, 8.1, False),
    ],
)
def test_a_fill_has_a_price_of_the_bar_in_which_it_happened(at, price, possible):
    assert fills_possible(fill(at, price), BARS).passed is possible


def test_fills_that_no_bar_can_judge_are_not_passed():
    assert "none of 1 fills" in fills_possible(fill(25, 6.0), BARS).detail
    assert not fills_possible(fill(25, 6.0), BARS).passed
    mixed = pl.concat([fill(25, 6.0), fill(15, 6.0)])
    assert "1 of them beside a bar" in fills_possible(mixed, BARS).detail


def test_a_fill_before_its_decision_is_found():
    decided = pl.DataFrame({"decision_id": ["d"], "decision_ns": [5]})
    assert fills_possible(fill(5, 5.0), BARS, decisions=decided).passed
    early = fills_possible(fill(4, 5.0), BARS, decisions=decided)
    assert "before their decision, first d" in early.detail


@pytest.mark.parametrize(
    ("side", "price", "possible"),
    [(1, 6.2, True), (1, 5.9, False), (-1, 6.0, True), (-1, 6.3, False)],
)
def test_nobody_buys_below_the_bid_or_sells_above_the_ask(side, price, possible):
    check = fills_possible(fill(15, price, side), BARS, quotes=QUOTES)
    assert check.passed is possible


@pytest.fixture(scope="module")
def agents(market_data):
    """Fills of language-model agents, and the hourly bars of their instruments."""
    bars = pl.read_parquet(market_data / "equity" / "bars_1h_us.parquet").select(
        "open",
        "high",
        "low",
        "close",
        instrument="symbol",
        open_ns=pl.col("ts").cast(pl.Int64),
        event_ns=pl.col("ts").cast(pl.Int64) + NS_PER_HOUR,
    )
    table = pl.read_parquet(market_data / "decisions" / "agent_decisions_us.parquet")
    fills = table.filter(pl.col("fill_price_implied").is_finite()).select(
        "ts",
        decision_id=pl.format("{}-{}", "agent", "seq"),
        instrument="symbol",
        side=pl.when(pl.col("action") == "buy").then(1).otherwise(-1),
        event_ns=pl.col("ts").cast(pl.Int64),
        price="fill_price_implied",
    )
    return fills, bars


@pytest.mark.realdata
def test_real_fills_at_stale_prices_are_found(agents):
    """Until 2025-10-30 the agents' simulator filled at one price per day.

    Source: the data's own README, known defects of decisions/agent_decisions_us. It
    counts 57 of 179 inside of their bar; 56 are when a price must fit to a millionth.
    """
    fills, bars = agents
    stale = fills.filter(pl.col("ts") < KNOWN_SINCE)
    check = fills_possible(stale, bars)
    assert not check.passed
    assert check.detail.startswith("123 of 179 fills lie outside of their bar")


@pytest.mark.realdata
def test_real_fills_of_the_mended_simulator_raise_no_alarm(agents):
    """From 2025-11-03 the fills are the bars' opens: the clean twin of real data."""
    fills, bars = agents
    mended = fills.filter(pl.col("ts") >= KNOWN_SINCE)
    check = fills_possible(mended, bars)
    assert check.passed
    assert check.detail == "120 fills, 120 of them beside a bar: all possible"


@pytest.mark.realdata
def test_every_real_day_is_judged_as_it_was(agents):
    """Each of the 21 trading days with stale prices is found by itself."""
    fills, bars = agents
    days = fills.group_by(pl.col("ts").dt.date().alias("day"), maintain_order=True)
    found = {key[0]: fills_possible(day, bars).passed for key, day in days}
    passed = sorted(day.isoformat() for day, good in found.items() if good)
    assert len(found) == 26
    assert passed == [f"2025-11-0{day}" for day in (3, 4, 5, 6, 7)]

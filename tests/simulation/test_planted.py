"""What was planted is found again by its estimator."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from simulation.made import slope_and_error, windows
from tradeloop.simulation import shipped
from tradeloop.simulation.impact import response
from tradeloop.simulation.takers import expected_sides
from tradeloop.simulation.ticks import Takers, ticks_of
from tradeloop.statistics import wilson

SURE = 0.999


def test_the_planted_edge_is_found_by_regression(edge):
    seen = windows(edge)
    expected, moved = (seen[c].to_numpy() for c in ("expected_bps", "moved"))
    slope, error = slope_and_error(expected, moved)
    assert error < 0.1
    assert abs(slope - 1) < 3 * error
    # The regression on the raw signal gives bps for one standard deviation.
    slope, error = slope_and_error(seen["signal"].to_numpy(), moved)
    assert abs(slope - 1.0) < 3 * error
    # A truth that is off by a fifth would be seen.
    assert abs(0.8 - 1) > 2 * error


def test_the_edge_shows_in_the_quotes_that_anyone_sees(edge):
    quotes = edge.frames["quotes"].sort("instrument", "event_ns", "sequence")
    mids = quotes.select(
        "instrument",
        "event_ns",
        mid_bps=((pl.col("bid") + pl.col("ask")) / 2).log() * 1e4,
    )
    market = type(edge)(edge.frames, {**edge.truth, "prices": mids}, edge.about)
    seen = windows(market, "mid_bps")
    slope, error = slope_and_error(
        seen["expected_bps"].to_numpy(), seen["moved"].to_numpy()
    )
    assert abs(slope - 1) < 3 * error


@pytest.mark.parametrize("name", ["edge", "honest"])
def test_the_best_forecast_is_right_as_often_as_the_truth_says(name, request):
    seen = windows(request.getfixturevalue(name))
    up = seen["probability_up"].to_numpy()
    moved = seen["moved"].to_numpy()
    right = np.sign(moved) == np.where(up >= 0.5, 1, -1)
    said = np.maximum(up, 1 - up).mean()
    interval = wilson(int(right.sum()), right.size, level=SURE)
    assert interval.low < said < interval.high
    if name == "honest":
        assert 0.515 < said < 0.535


def test_the_stated_chances_are_calibrated(edge):
    seen = windows(edge)
    up, rose = seen["probability_up"].to_numpy(), seen["moved"].to_numpy() > 0
    edges = np.quantile(up, np.linspace(0, 1, 6))
    for low, high in pairwise(edges):
        inside = (up >= low) & (up <= high)
        interval = wilson(int(rose[inside].sum()), int(inside.sum()), level=SURE)
        assert interval.low < up[inside].mean() < interval.high


def test_without_an_edge_the_signal_is_right_in_half_of_the_cases(edgeless):
    seen = windows(edgeless)
    assert (seen["probability_up"] == 0.5).all()
    assert (seen["expected_bps"] == 0).all()
    right = np.sign(seen["moved"].to_numpy()) == np.sign(seen["signal"].to_numpy())
    interval = wilson(int(right.sum()), right.size, level=0.99)
    assert interval.low < 0.5 < interval.high
    slope, error = slope_and_error(seen["signal"].to_numpy(), seen["moved"].to_numpy())
    assert abs(slope) < 3 * error
    assert edgeless.about["optimal_accuracy"] == 0.5


def test_strategies_are_right_as_often_as_their_truth_says(edge):
    both = edge.frames["decisions"].join(
        edge.truth["decisions"].drop_nulls(), on="decision_id"
    )
    for (name,), rows in both.group_by("strategy"):
        right = np.sign(rows["return_bps"]) == rows["side"]
        interval = wilson(int(right.sum()), rows.height, level=SURE)
        assert interval.low < rows["probability_right"].mean() < interval.high
        gap = rows["confidence_score"].mean() - rows["probability_right"].mean()
        assert (abs(gap) < 1e-12) == (name == "informed")
        assert gap > -1e-12


def test_impact_is_found_again_by_its_regression(crypto):
    fitted = shipped("crypto").fitted
    name = "BTCUSDT.SIM"
    takers = crypto.truth["takers"].filter(instrument=name)
    prices = crypto.truth["prices"].filter(instrument=name)
    at = prices.join(takers, on="sequence", how="inner")["event_ns"].to_numpy()
    side = takers["side"].to_numpy().astype(float)
    surprise = side - expected_sides(side, fitted.follow, fitted.turn)
    np.testing.assert_allclose(
        surprise, side - takers["expected_side"].to_numpy(), atol=1e-12
    )
    scaled = takers["size"].to_numpy() / (fitted.typical * fitted.lot)
    weight = surprise * scaled**fitted.exponent
    ticks = ticks_of(crypto.frames["quotes"].filter(instrument=name), fitted.tick)
    sent = type(ticks)(
        prices["event_ns"].to_numpy(),
        prices["efficient_bps"].to_numpy(),
        ticks.spread,
        ticks.changed,
        ticks.tick,
    )
    found = response(sent, Takers(at, side, scaled), weight, np.array([0.001]))[0]
    assert found == pytest.approx(fitted.permanent_bps, rel=0.1)


def test_the_spread_is_the_one_asked_for(fx):
    fitted = shipped("fx").fitted
    quotes = fx.frames["quotes"].filter(instrument="EURUSD.SIM")
    ticks = np.rint((quotes["ask"] - quotes["bid"]).to_numpy() / fitted.tick)
    hour = (quotes["event_ns"].to_numpy() // (3600 * 10**9)) % 24
    above = np.log(np.maximum(ticks - fitted.width_floor, 0.5))
    centre = above - np.asarray(fitted.hour_width)[hour]
    assert centre.mean() == pytest.approx(fitted.log_width, abs=0.1)
    assert ticks.min() >= fitted.width_floor - 1


def test_regimes_differ_in_volatility_as_planted(edge):
    spells = edge.truth["regimes"]
    assert set(spells["regime"]) == {"calm", "stressed"}
    assert (spells["end_ns"] > spells["begin_ns"]).all()
    marks = edge.truth["signals"].filter(pl.col("horizon_ns") == HORIZON_NS)
    joined = marks.sort("event_ns").join_asof(
        spells.sort("begin_ns"),
        left_on="event_ns",
        right_on="begin_ns",
        by="instrument",
    )
    by = dict(joined.group_by("regime").agg(pl.col("log_vol").mean()).rows())
    fitted = shipped("fx").fitted
    gap = by["stressed"] - by["calm"]
    assert gap == pytest.approx(2 * fitted.regime_sd, abs=0.15)


HORIZON_NS = 300 * 10**9


def test_busy_hours_are_busy_and_instruments_move_together(edge):
    quotes = edge.frames["quotes"].filter(instrument="EURUSD.SIM")
    hour = (quotes["event_ns"] // (3600 * 10**9)) % 24
    counts = np.bincount(hour.to_numpy(), minlength=24)
    season = np.asarray(shipped("fx").fitted.hour_rate)
    assert np.corrcoef(np.log(counts), np.log(season))[0, 1] > 0.9
    seen = windows(edge).select("instrument", "event_ns", "moved")
    wide = seen.pivot("instrument", index="event_ns", values="moved").drop_nulls()
    both = np.corrcoef(wide["EURUSD.SIM"], wide["GBPUSD.SIM"])[0, 1]
    assert 0.3 < both < 0.7


def test_latency_is_the_one_asked_for_and_no_message_overtakes(crypto):
    fitted = shipped("crypto").fitted
    for (_,), quotes in crypto.frames["quotes"].group_by("instrument"):
        late = (quotes["received_ns"] - quotes["event_ns"]).to_numpy() / 1e9
        assert late.min() >= fitted.latency_s
        middle = fitted.latency_s + np.exp(fitted.latency_log)
        assert np.median(late) == pytest.approx(middle, rel=0.5)
        assert (quotes.sort("sequence")["received_ns"].diff().drop_nulls() >= 0).all()

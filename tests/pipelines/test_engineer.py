"""Features of bars that came along: normalised by what the decision could know."""

from statistics import NormalDist

import numpy as np
import polars as pl
import pytest

from reference.market import DAY_NS, bars_frame
from tradeloop.features.normalise import METHODS
from tradeloop.features.rank_gauss import KNOTS
from tradeloop.pipelines.engineer import engineer

BARS = bars_frame(5, [200])
ENDS = BARS["event_ns"].to_list()


def engineered(method, *, bars=BARS, last=199, categories=()):
    return engineer(
        bars,
        DAY_NS,
        decision_ns=ENDS[last],
        categories=categories,
        normalization=method,
    )


@pytest.mark.parametrize("method", METHODS)
def test_bars_after_the_decision_change_nothing(method):
    known = engineered(method, bars=BARS.head(150), last=149)
    more = engineered(method, last=149)
    assert known.vector == more.vector
    assert known.statistics == more.statistics
    assert known.correlation == more.correlation


@pytest.mark.parametrize("method", ["z_score", "robust", "min_max"])
def test_centre_and_scale_say_how_the_row_came_about(method):
    plain, found = engineered("none"), engineered(method)
    assert plain.statistics == {}
    assert len(found.statistics) > 40
    for name, by in found.statistics.items():
        right = (plain.vector[name] - by["centre"]) / by["scale"]
        assert found.vector[name] == pytest.approx(right, rel=1e-12, abs=1e-12), name


def test_knots_say_how_the_row_came_about():
    plain, found = engineered("none").vector, engineered("rank_gauss")
    assert len(found.statistics) > 40
    for name, by in found.statistics.items():
        end = NormalDist().inv_cdf(1 - 0.5 / by["count"])
        knots = [by[f"knot_{k:02d}"] for k in range(KNOTS)]
        distinct = sorted(set(knots))
        scores = np.linspace(-end, end, KNOTS)
        middle = [
            np.mean([s for s, knot in zip(scores, knots, strict=True) if knot == place])
            for place in distinct
        ]
        right = np.interp(plain[name], distinct, middle)
        assert found.vector[name] == pytest.approx(right, abs=1e-9), name


@pytest.mark.parametrize("method", METHODS)
def test_a_category_without_data_is_an_empty_row(method):
    found = engineered(method, categories=["sentiment"])
    assert (found.vector, found.statistics, found.correlation) == ({}, {}, {})


@pytest.mark.parametrize("method", METHODS)
def test_what_the_history_is_too_short_for_is_unknown(method):
    found = engineered(method, last=10)
    assert found.vector["log_return_60_bps"] is None
    assert found.vector["log_return_1_bps"] is not None


def test_a_flat_market_is_answered_in_finite_figures():
    flat = BARS.with_columns(pl.col("open", "high", "low", "close").first())
    for method in METHODS:
        found = engineered(method, bars=flat)
        values = [value for value in found.vector.values() if value is not None]
        assert np.isfinite(values).all()

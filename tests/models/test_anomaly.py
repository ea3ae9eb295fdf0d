"""An isolation forest finds planted rows, and is silent on a clean twin."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tradeloop.clock import NS_PER_HOUR
from tradeloop.errors import InputError
from tradeloop.events import BAR
from tradeloop.models.anomaly import fit_odd_rows
from tradeloop.quality import Evidence, Scorer, judge

COLUMNS = ("a", "b", "c")


def rows(seed, n=500):
    """Rows in which c is close to a + b: no column alone shows a broken one."""
    draw = np.random.default_rng(seed)
    a, b = draw.normal(0, 1, (2, n))
    return np.stack([a, b, a + b + draw.normal(0, 0.1, n)], axis=1)


def evidence(values):
    end = NS_PER_HOUR * np.arange(1, len(values) + 1)
    keys = pl.DataFrame(
        {"instrument": ["X"] * len(values), "event_ns": end, "received_ns": end}
    )
    return Evidence(
        bars=BAR.empty(),
        interval_ns=NS_PER_HOUR,
        features=keys.hstack(pl.DataFrame(values, schema=list(COLUMNS))),
        scorer=fit_odd_rows(rows(0), COLUMNS, seed=7),
    )


def odd(values):
    return {a.name: a.count for a in judge(evidence(values)).anomalies}.get(
        "odd_row", 0
    )


def test_planted_rows_are_found_and_lower_validity():
    spoilt = rows(1)
    spoilt[[10, 200]] = [[9.0, -9.0, 9.0], [-8.0, -8.0, 30.0]]
    assert odd(spoilt) == 2
    assert judge(evidence(spoilt)).validity == pytest.approx(1 - 2 / 500)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_clean_twin_raises_no_alarm(seed):
    assert odd(rows(seed)) == 0
    assert judge(evidence(rows(seed))).overall == 1.0


def test_rows_that_lack_a_value_are_not_scored():
    spoilt = rows(1)
    spoilt[10] = [9.0, np.nan, 9.0]
    report = judge(evidence(spoilt))
    assert report.validity == 1.0


def test_the_same_seed_scores_the_same_and_another_forest_differs():
    one, same, other = (fit_odd_rows(rows(0), COLUMNS, seed=s) for s in (7, 7, 8))
    np.testing.assert_array_equal(one.score(rows(1)), same.score(rows(1)))
    assert (one.score(rows(1)) != other.score(rows(1))).any()
    assert one.score(rows(1)[:0]).shape == (0,)


def test_a_fitted_forest_is_a_scorer():
    scorer: Scorer = fit_odd_rows(rows(0), COLUMNS, seed=7)
    assert replace(evidence(rows(0)), scorer=scorer).scorer.columns == COLUMNS


def test_a_forest_needs_rows_and_names():
    with pytest.raises(InputError, match="at least 50"):
        fit_odd_rows(rows(0, 49), COLUMNS, seed=7)
    with pytest.raises(InputError, match="2 names"):
        fit_odd_rows(rows(0), COLUMNS[:2], seed=7)

"""The stability index: bins of the reference, empty bins, t(3) figures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.statistics import student3_psi
from tradeloop.errors import InputError
from tradeloop.statistics import population_stability

SHIFT, WIDER = (lambda edge: edge - 0.5), (lambda edge: edge / 1.5)


@pytest.mark.parametrize(
    ("change", "back"),
    [(lambda x: x + 0.5, SHIFT), (lambda x: 1.5 * x, WIDER)],
    ids=["shift", "wider"],
)
def test_large_samples_of_t3_come_to_the_closed_form(change, back):
    generator = np.random.default_rng(1)
    reference, current = generator.standard_t(3, (2, 400_000))
    found = population_stability(reference, change(current))
    assert found == pytest.approx(student3_psi(back), abs=0.003)


@pytest.mark.parametrize(
    ("change", "figure"),
    # One draw each, noted when the rule was chosen; the closed forms are 0.160 and
    # 0.142, and small samples lie a little above.
    [(lambda x: x + 0.5, 0.186), (lambda x: 1.5 * x, 0.151)],
    ids=["shift", "wider"],
)
def test_the_noted_figures_of_t3_are_likely_draws_of_two_thousand_rows(change, figure):
    found = []
    for seed in range(60):
        reference, current = np.random.default_rng(seed).standard_t(3, (2, 2000))
        found.append(population_stability(reference, change(current)))
    assert abs(figure - np.mean(found)) < 1.5 * np.std(found)
    assert np.mean(np.array(found) > 0.1) > 0.9  # the usual alarm rings


def test_the_index_of_two_bins_by_hand():
    reference = [1, 1, 2, 2]
    found = population_stability(reference, [1, 2, 2, 2], bins=2)
    assert found == pytest.approx((0.25 - 0.5) * np.log(0.5) + 0.25 * np.log(1.5))


def test_an_empty_bin_counts_as_half_a_row():
    reference = [1, 1, 2, 2]
    found = population_stability(reference, [2, 2, 2, 2], bins=2)
    expected = (0.125 - 0.5) * np.log(0.125 / 0.5) + 0.5 * np.log(2)
    assert found == pytest.approx(expected)


rows = st.lists(st.floats(-100, 100), min_size=10, max_size=80)


@given(rows, rows)
@settings(max_examples=80, deadline=None)
def test_the_index_is_finite_never_negative_and_0_against_itself(one, other):
    if max(one) > np.quantile(one, 0.1):
        found = population_stability(one, other)
        assert np.isfinite(found)
        assert found >= 0
        assert population_stability(one, one) == 0


@given(st.integers(0, 1000))
def test_the_bins_follow_the_reference_so_that_a_common_scale_has_no_effect(seed):
    one, other = np.random.default_rng(seed).normal(size=(2, 200))
    found = population_stability(one, other)
    assert population_stability(one * 8 - 3, other * 8 - 3) == pytest.approx(found)


@pytest.mark.parametrize(
    ("reference", "current", "told"),
    [
        ([1.0] * 20, [1.0], "at least 2 bins"),
        (range(9), [1.0], "at least 10 rows"),
        (range(20), [], "at least 1 rows"),
        (range(20), [np.nan], "current: row 0|row 0"),
        ([np.inf, *range(20)], [1.0], "must be finite"),
    ],
)
def test_samples_that_cannot_be_compared_are_refused(reference, current, told):
    with pytest.raises(InputError, match=told):
        population_stability(list(reference), current)


def test_one_bin_is_too_few():
    with pytest.raises(InputError, match="bins"):
        population_stability(range(20), [1.0], bins=1)

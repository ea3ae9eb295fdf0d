"""Sums that are exact: the same bits in every order, as rational numbers have them."""

from fractions import Fraction

import numpy as np
import pytest

from tradeloop.models.exact import STEP, factors, scaled, softmax
from tradeloop.models.scaling import Scaling

WIDTH = 250


def rows_and_coefficients(seed=1):
    draw = np.random.default_rng(seed)
    scaling = Scaling(np.zeros(WIDTH, "f4"), np.full(WIDTH, 0.7, "f4"))
    rows = scaled(scaling, draw.normal(size=(40, WIDTH)).astype("f4"))
    return rows, factors(draw.normal(size=(3, WIDTH)) * 100, terms=WIDTH)


def test_products_summed_in_any_order_have_the_same_bits():
    rows, slopes = rows_and_coefficients()
    plain = rows @ slopes.T
    order = np.random.default_rng(2).permutation(WIDTH)
    assert np.array_equal(plain, rows[:, order] @ slopes[:, order].T)
    assert np.array_equal(plain[:1], rows[:1] @ slopes.T)
    assert np.array_equal(plain, np.einsum("ij,kj->ik", rows, slopes))


def test_the_sums_are_those_of_rational_numbers():
    rows, slopes = rows_and_coefficients(3)
    exact = sum(
        Fraction(float(value)) * Fraction(float(slope))
        for value, slope in zip(rows[0], slopes[0], strict=True)
    )
    assert Fraction(float((rows @ slopes.T)[0, 0])) == exact


def test_plain_sums_would_differ():
    draw = np.random.default_rng(4)
    rows, slopes = draw.normal(size=(40, WIDTH)), draw.normal(size=(3, WIDTH))
    order = draw.permutation(WIDTH)
    assert not np.array_equal(rows @ slopes.T, rows[:, order] @ slopes[:, order].T)


def test_scaled_values_lie_on_the_grid_and_missing_ones_at_0():
    scaling = Scaling(np.array([1.0], "f4"), np.array([2.0], "f4"))
    found = scaled(scaling, np.array([[1.3], [np.nan], [3e38], [-3e38]], "f4"))
    assert np.array_equal(found[1:, 0], [0.0, 8.0, -8.0])
    assert found[0, 0] / STEP == round(0.15 / STEP)


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_factors_are_near_whatever_their_size(size):
    given = np.random.default_rng(5).normal(size=(3, WIDTH)) * size
    off = np.abs(factors(given, terms=WIDTH) - given).max()
    assert off <= np.abs(given).max() * 2**-25
    assert np.array_equal(factors(np.zeros(3), terms=3), np.zeros(3))


def test_softmax_sums_to_1_and_a_row_alone_has_the_same_bits():
    logits = np.random.default_rng(6).normal(size=(500, 3)) * 50
    found = softmax(logits)
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-15
    assert np.array_equal(found[7:8], softmax(logits[7:8]))
    assert np.array_equal(softmax(np.array([[1e5, 0, -1e5]])), [[1, 0, 0]])

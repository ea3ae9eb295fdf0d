import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Columns
from tradeloop.models.matrix import (
    as_float32,
    checked_weight,
    class_numbers,
    class_shares,
    refuse_unlearnable,
)


@given(
    arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2),
        elements=st.floats(-1e30, 1e30) | st.just(float("nan")),
    )
)
def test_the_cast_rounds_to_nearest_and_keeps_nan(values):
    narrow = as_float32(values)
    assert narrow.dtype == np.float32
    assert np.array_equal(np.isnan(narrow), np.isnan(values))
    below = np.nextafter(narrow, np.float32(-np.inf)).astype(np.float64)
    above = np.nextafter(narrow, np.float32(np.inf)).astype(np.float64)
    off = np.abs(narrow.astype(np.float64) - values)
    known = ~np.isnan(values)
    assert (off <= np.minimum(abs(below - values), abs(above - values)))[known].all()


def test_any_memory_order_gives_the_same_matrix():
    values = np.arange(12.0).reshape(3, 4)
    for same in (np.asfortranarray(values), values.astype(int), values.tolist()):
        assert np.array_equal(as_float32(same), values)
        assert as_float32(same).flags.c_contiguous


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39, -1e300])
def test_what_float32_cannot_hold_is_refused_by_column_and_row(value):
    values = np.zeros((3, 2))
    values[2, 1] = value
    with pytest.raises(InputError, match=r"column 'b', row 2: .* finite in float32"):
        as_float32(values, Columns(("a", "b")))
    with pytest.raises(InputError, match="column '1', row 2"):
        as_float32(values)


@pytest.mark.parametrize("shape", [(3,), (3, 3), (3, 1), (3, 2, 1), ()])
def test_another_shape_is_refused(shape):
    with pytest.raises(InputError, match=r"shape \(n_rows, 2\)"):
        as_float32(np.zeros(shape), Columns(("a", "b")))


def test_directions_are_numbered_from_down_to_up():
    assert class_numbers([-1, 0, 1, -1], 4).tolist() == [0, 1, 2, 0]
    assert class_numbers(np.array([-1, 1], dtype=np.int8), 2).tolist() == [0, 2]


@pytest.mark.parametrize("strange", [2, -2, 0.5, np.nan])
def test_a_value_that_is_no_direction_is_refused_by_row(strange):
    with pytest.raises(InputError, match="row 1: A direction must be one of"):
        class_numbers([0, strange], 2)


def test_directions_of_another_length_are_refused():
    with pytest.raises(InputError, match=r"shape \(3,\), had \(2,\)"):
        class_numbers([0, 1], 3)


def test_weights_get_the_mean_one():
    assert checked_weight([1, 2, 3], 3).tolist() == [0.5, 1, 1.5]
    assert checked_weight(None, 2).tolist() == [1, 1]


@pytest.mark.parametrize("weight", [[1], [-1, 1], [0, 0], [np.nan, 1], [np.inf, 1]])
def test_impossible_weights_are_refused(weight):
    with pytest.raises(InputError, match="Weights must be 2 finite numbers"):
        checked_weight(weight, 2)


def test_a_missing_class_is_named():
    with pytest.raises(InputError, match=r"missing: \[0\]"):
        refuse_unlearnable(np.eye(4, dtype="f4"), np.array([0, 2, 2, 0]))


def test_one_column_that_varies_is_enough_and_none_is_not():
    classes = np.array([0, 1, 2])
    nan = float("nan")
    refuse_unlearnable(np.array([[1, 1], [1, 2], [1, 1]], dtype="f4"), classes)
    refuse_unlearnable(np.array([[1], [nan], [1]], dtype="f4"), classes)
    with pytest.raises(InputError, match="All 2 features are constant over the 3"):
        refuse_unlearnable(np.array([[1, nan]] * 3, dtype="f4"), classes)


def test_class_shares_are_exact_and_never_zero():
    assert class_shares(np.array([0, 1, 2, 2])).tolist() == [0.25, 0.25, 0.5]
    assert class_shares(np.array([2, 2])).tolist() == pytest.approx(
        [1 / 6, 1 / 6, 4 / 6]
    )


def test_columns_name_the_first_difference():
    ours = Columns(("a", "b"), "bank")
    ours.refuse_other(Columns(("a", "b"), "bank"))
    for other, said in (
        (Columns(("a", "b"), "else"), "bank 'bank', the row comes from 'else'"),
        (Columns(("a",), "bank"), "2 columns, the row has 1"),
        (Columns(("a", "c"), "bank"), "Column 1 of the model is 'b', of the row 'c'"),
    ):
        with pytest.raises(ArtefactError, match=said):
            ours.refuse_other(other)
    with pytest.raises(InputError, match="is empty"):
        Columns(())

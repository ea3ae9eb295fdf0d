"""Normalisation: fitted on training rows, the same bits for one row and for many."""

import json
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from polars.testing import assert_frame_equal

from tradeloop.errors import InputError
from tradeloop.features.normalise import METHODS, Normalisation, fit
from tradeloop.features.rank_gauss import KNOTS

NAMES = ("wide", "tied", "constant", "gappy", "empty")
INVERTIBLE = [method for method in METHODS if method != "rank_gauss"]
ROWS = 400


def market(seed=1, rows=ROWS):
    """Columns of many shapes, one of them without any value."""
    draw = np.random.default_rng(seed)
    gappy = draw.normal(50, 10, rows)
    gappy[draw.random(rows) < 0.2] = np.nan
    return pl.DataFrame(
        {
            "kept": [f"row {k}" for k in range(rows)],
            "wide": draw.standard_t(2, rows) * 1e3,
            "tied": draw.integers(-1, 2, rows).astype(float),
            "constant": np.full(rows, 7.25),
            "gappy": pl.Series(gappy, nan_to_null=True),
            "empty": pl.Series([None] * rows, dtype=pl.Float64),
        }
    )


def bits(frame, names=NAMES):
    return {name: frame[name].to_numpy().view(np.uint64).tolist() for name in names}


def by_hand(method, values, x):
    """The definition, slowly, for columns that vary."""
    values = [v for v in values if v == v]
    mean = sum(values) / len(values)
    if method == "none":
        return x
    if method == "z_score":
        spread = sum((v - mean) ** 2 for v in values) / (len(values) - 1)
        return (x - mean) / spread**0.5
    if method == "min_max":
        return (x - min(values)) / (max(values) - min(values))
    ordered = sorted(values)

    def quantile(share):
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (place - low) * (ordered[high] - ordered[low])

    return (x - quantile(0.5)) / (quantile(0.75) - quantile(0.25))


@pytest.mark.parametrize("method", INVERTIBLE)
@pytest.mark.parametrize("name", ["wide", "tied", "gappy"])
def test_a_value_is_scaled_as_its_method_is_defined(method, name):
    frame = market()
    values = frame[name].cast(pl.Float64).fill_null(np.nan).to_list()
    found = fit(frame, NAMES, method).apply(frame)[name]
    for x, got in zip(values, found, strict=True):
        if x != x:
            assert got is None or got != got
        else:
            assert got == pytest.approx(by_hand(method, values, x), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_one_row_and_a_whole_history_give_the_same_bits(method):
    frame = market()
    fitted = fit(frame, NAMES, method, rows=np.arange(ROWS) < 250)
    whole = fitted.apply(frame)
    matrix = frame.select(NAMES).cast(pl.Float64).fill_null(np.nan).to_numpy()
    history = fitted.apply_values(matrix)
    single = np.array([fitted.apply_values(row) for row in matrix])
    framed = pl.concat([fitted.apply(frame.slice(k, 1)) for k in range(ROWS)])
    assert history.tobytes() == single.tobytes()
    assert_frame_equal(whole, framed, check_exact=True)
    again = whole.select(NAMES).fill_null(np.nan).to_numpy()
    same = (again == history) | (np.isnan(again) & np.isnan(history))
    assert same.all()
    assert whole["kept"].equals(frame["kept"])


@pytest.mark.parametrize("method", METHODS)
def test_other_rows_than_those_of_training_change_nothing(method):
    frame, training = market(), np.arange(ROWS) < 250
    spoiled = pl.concat([frame[:250], market(9)[250:].with_columns(wide=pl.lit(1e9))])
    one, two = (fit(f, NAMES, method, rows=training) for f in (frame, spoiled))
    assert one == two
    assert one.fingerprint == two.fingerprint
    assert one.rows == 250
    other = fit(frame, NAMES, method, rows=np.arange(ROWS) < 251)
    assert other.fingerprint != one.fingerprint


@pytest.mark.parametrize("method", METHODS)
def test_what_is_kept_as_json_normalises_to_the_same_bits(method):
    frame = market()
    fitted = fit(frame, NAMES, method)
    told = json.loads(json.dumps(fitted.as_mapping(), allow_nan=False))
    again = Normalisation.from_mapping(told)
    assert again == fitted
    assert_frame_equal(again.apply(frame), fitted.apply(frame), check_exact=True)
    told["counts"][0] += 1
    with pytest.raises(InputError, match="fingerprint"):
        Normalisation.from_mapping(told)


@pytest.mark.parametrize("method", INVERTIBLE)
def test_what_was_normalised_can_be_undone(method):
    frame = market()
    fitted = fit(frame, NAMES, method)
    back = fitted.invert(fitted.apply(frame))
    assert_frame_equal(back, frame, rel_tol=1e-12, abs_tol=1e-9)


def test_ranks_cannot_be_undone():
    frame = market()
    with pytest.raises(InputError, match="cannot be undone"):
        fit(frame, NAMES, "rank_gauss").invert(frame)


@pytest.mark.parametrize("method", ["z_score", "robust", "min_max", "rank_gauss"])
def test_a_constant_column_becomes_zero(method):
    frame = market()
    fitted = fit(frame, NAMES, method)
    assert fitted.apply(frame)["constant"].unique().to_list() == [0.0]
    assert fitted.apply(frame)["empty"].null_count() == ROWS
    seen = frame[:1].with_columns(empty=pl.lit(3.0), constant=pl.lit(9.25))
    later = fitted.apply(seen)
    assert later["empty"].to_list() == [None]
    assert later["constant"].to_list() == [0.0 if method == "rank_gauss" else 2.0]


def test_mostly_equal_values_are_scaled_by_their_deviation():
    x = [0.0] * 90 + [10.0] * 10
    frame = pl.DataFrame({"x": x})
    told = fit(frame, ["x"], "robust").statistics["x"]
    assert told["scale"] == pytest.approx(np.std(x, ddof=1))


@pytest.mark.parametrize("method", ["z_score", "robust", "min_max", "rank_gauss"])
def test_an_infinite_value_counts_nowhere_and_comes_out_missing(method):
    frame = market()
    odd = frame.with_columns(
        wide=pl.when(pl.int_range(pl.len()) == 3).then(np.inf).otherwise("wide")
    )
    without = frame.with_columns(
        wide=pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise("wide")
    )
    assert fit(odd, NAMES, method) == fit(without, NAMES, method)
    assert fit(odd, NAMES, method).apply(odd)["wide"][3] is None


@pytest.mark.parametrize("rows", [KNOTS, 500, 5_000])
def test_normal_scores_are_those_of_the_ranks(rows):
    """The oracle sorts: the score of rank r of n is z((r - 1/2) / n)."""
    x = np.random.default_rng(rows).standard_t(3, rows)
    found = fit(pl.DataFrame({"x": x}), ["x"], "rank_gauss").apply_values(x[:, None])
    ranks = np.argsort(np.argsort(x))
    right = [NormalDist().inv_cdf((r + 0.5) / rows) for r in ranks]
    assert np.abs(found[:, 0] - right).max() < 0.2
    assert np.abs(found[:, 0] - right).mean() < 0.02
    assert found.min() == pytest.approx(min(right), abs=1e-12)
    assert found.max() == pytest.approx(max(right), abs=1e-12)


def test_training_ranks_have_the_moments_of_a_normal():
    x = np.exp(np.random.default_rng(2).normal(0, 2, 20_000))
    found = fit(pl.DataFrame({"x": x}), ["x"], "rank_gauss").apply_values(x[:, None])
    assert abs(found.mean()) < 0.01
    assert found.std() == pytest.approx(1, abs=0.01)
    assert abs((found**3).mean()) < 0.05


FLOATS = st.floats(-1e12, 1e12, allow_subnormal=False)


@given(
    training=arrays(np.float64, st.integers(1, 60), elements=FLOATS),
    asked=arrays(np.float64, 30, elements=st.floats(allow_nan=False)),
    method=st.sampled_from(METHODS),
)
def test_no_method_turns_the_order_of_two_values(training, asked, method):
    fitted = fit(pl.DataFrame({"x": training}), ["x"], method)
    finite = np.sort(asked[np.abs(asked) < 1e100])
    found = fitted.apply_values(finite[:, None])[:, 0]
    assert np.isfinite(found).all()
    assert (np.diff(found) >= 0).all()


@given(arrays(np.float64, st.integers(1, 40), elements=FLOATS))
def test_ranks_of_the_mirrored_column_are_mirrored(x):
    there = fit(pl.DataFrame({"x": x}), ["x"], "rank_gauss").apply_values(x[:, None])
    back = fit(pl.DataFrame({"x": -x}), ["x"], "rank_gauss").apply_values(-x[:, None])
    np.testing.assert_allclose(there, -back, atol=1e-6)


def test_what_cannot_be_fitted_is_named():
    frame = market()
    with pytest.raises(InputError, match="'absent'"):
        fit(frame, ["absent"], "z_score")
    with pytest.raises(InputError, match="'kept'"):
        fit(frame, ["kept"], "z_score")
    with pytest.raises(InputError, match="'cubic'"):
        fit(frame, ["wide"], "cubic")
    for mask in (np.zeros(ROWS, bool), np.ones(3, bool), np.ones(ROWS)):
        with pytest.raises(InputError, match="mask"):
            fit(frame, ["wide"], "z_score", rows=mask)
    with pytest.raises(InputError, match="5 values"):
        fit(frame, NAMES, "z_score").apply_values(np.zeros(4))

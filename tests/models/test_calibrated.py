import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.models import Boosting, Recipe, cut_in_time, fit_calibrated
from tradeloop.models.checks import training_rows

TINY = Boosting(n_estimators=3, max_depth=2)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 30)), max_size=60),
    st.floats(0.05, 0.95),
    st.data(),
)
def test_no_label_of_the_first_part_meets_a_label_of_the_second(spans, share, data):
    decided = np.array([start for start, _ in spans], dtype=np.int64)
    ended = decided + np.array([length for _, length in spans], dtype=np.int64)
    chosen = data.draw(
        st.sets(st.sampled_from(range(len(spans)))) if spans else st.just(set())
    )
    rows = np.array(sorted(chosen), dtype=np.int64)
    first, second = cut_in_time(decided, ended, rows, share)
    for a in first:
        for b in second:
            assert ended[a] < decided[b]
    assert set(first) | set(second) <= chosen
    assert not set(first) & set(second)
    assert first.tolist() == sorted(first)
    assert second.tolist() == sorted(second)
    dropped = chosen - set(first) - set(second)
    cut_ns = min((decided[b] for b in second), default=0)
    assert all(decided[row] < cut_ns <= ended[row] for row in dropped)


def test_the_cut_leaves_about_the_share_and_order_of_rows_does_not_matter():
    decided = np.arange(1000, dtype=np.int64)
    shuffled = np.random.default_rng(0).permutation(1000)
    first, second = cut_in_time(decided, decided + 9, shuffled, 0.8)
    assert (len(first), len(second)) == (791, 200)
    assert second.tolist() == list(range(800, 1000))


def fitted(features, direction, recipe=None, span=5, **more):
    decided = np.arange(len(direction), dtype=np.int64) * 10
    recipe = recipe or Recipe(TINY)
    return fit_calibrated(
        features, direction, decided, decided + span, recipe=recipe, **more
    )


def test_what_lies_after_the_cut_does_not_reach_the_trees():
    features, direction = training_rows(41)
    model = fitted(features, direction, span=25)
    late = model.calibration_rows
    assert model.model_rows[-1] < late[0] - 2, "labels of 2.5 rows are purged"
    other = direction.copy()
    other[model.model_rows[-1] + 1 :] *= -1
    again = fitted(features, other, span=25)
    assert again.fitted == model.fitted
    assert again.calibration != model.calibration


def test_base_rates_are_those_of_both_parts():
    features, direction = training_rows(42)
    model = fitted(features, direction, span=25)
    used = np.union1d(model.model_rows, model.calibration_rows)
    assert len(used) < len(direction)
    expected = [np.mean(direction[used] == name) for name in (-1, 0, 1)]
    assert model.base_rates.tolist() == pytest.approx(expected)
    assert model.calibration.base_rates == pytest.approx(expected)


def test_a_model_of_noise_forecasts_about_the_base_rates():
    draw = np.random.default_rng(43)
    features = draw.normal(size=(2000, 8))
    direction = draw.choice([-1, 0, 1], 2000, p=[0.4, 0.15, 0.45])
    model = fitted(features, direction, Recipe(Boosting(n_estimators=30)))
    found = model.predict_proba(draw.normal(size=(500, 8)))
    assert np.abs(found.mean(axis=0) - model.base_rates).max() < 0.03
    assert found.std(axis=0).max() < 0.05


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda x, y: (x[:30], y[:30]), "24 are left to fit and 6 to calibrate"),
        (lambda x, y: (x, np.where(y == 1, 0, y)), r"missing: \[1\]"),
        (lambda x, y: (np.ones_like(x), y), "features are constant"),
    ],
)
def test_unlearnable_rows_are_an_error_that_names_them(spoil, said):
    with pytest.raises(InputError, match=f"^all rows.*{said}"):
        fitted(*spoil(*training_rows(44)))


def test_a_label_that_ends_before_its_decision_is_refused():
    features, direction = training_rows(45)
    with pytest.raises(InputError, match="column 'end_ns', row 0"):
        fitted(features, direction, span=-1)


def test_times_of_another_length_are_refused():
    features, direction = training_rows(45)
    with pytest.raises(InputError, match=r"must have the shape \(300,\)"):
        fit_calibrated(features, direction, [1, 2], [3, 4])


@pytest.mark.parametrize("bad", [{"fit_share": 1.0}, {"min_rows": 0}, {"ridge": 0.0}])
def test_a_recipe_out_of_range_is_refused(bad):
    with pytest.raises(InputError, match="Recipe needs"):
        Recipe(**bad)

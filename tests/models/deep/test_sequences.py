"""What networks of several rows learn from, and what they never see."""

import numpy as np
import pytest

from models.deep.histories import FAST, STEPS, echo, log_loss, sequences
from tradeloop.errors import InputError
from tradeloop.models.deep import Lstm, Perceptron, Transformer
from tradeloop.models.sequences import ABSENT, Sequences, places_of

SMALL = (
    Lstm(sequence=STEPS, hidden=8, **FAST),
    Transformer(sequence=STEPS, hidden=8, heads=2, layers=1, **FAST),
)


@pytest.fixture(scope="module", params=SMALL, ids=lambda model: model.name)
def fitted(request):
    values, direction = echo(1, 600)
    return request.param.fit(sequences(values), direction)


def test_what_only_the_order_of_rows_tells_is_learned(fitted):
    values, direction = echo(2)
    ours = log_loss(fitted.predict_proba(sequences(values))[3:], direction[3:])
    assert ours < 0.75, "the base rates have 1.09"


def test_a_model_of_single_rows_cannot_learn_it():
    values, direction = echo(1)
    fresh, truth = echo(2)
    fitted = Perceptron(hidden=8, **FAST).fit(values, direction)
    assert log_loss(fitted.predict_proba(fresh), truth) > 1.05


def test_rows_that_come_later_change_no_earlier_forecast(fitted):
    values, _ = echo(2, 100)
    before = fitted.predict_proba(sequences(values))
    values[60:] = np.random.default_rng(3).normal(size=(40, 6)) * 50
    after = fitted.predict_proba(sequences(values))
    np.testing.assert_array_equal(after[:60], before[:60])
    assert (after[60:] != before[60:]).any()


def test_a_step_before_the_first_row_is_a_row_in_which_all_is_missing(fitted):
    values, _ = echo(2, 20)
    absent = fitted.predict_proba(sequences(values))
    told = np.vstack([np.full((STEPS - 1, 6), np.nan), values])
    np.testing.assert_array_equal(
        absent, fitted.predict_proba(sequences(told))[STEPS - 1 :]
    )


def test_rows_of_another_group_change_nothing(fitted):
    values, _ = echo(2, 40)
    alone = fitted.predict_proba(sequences(values[:20]))
    group = np.repeat([0, 1], 20)
    both = Sequences(values, places_of(group, np.arange(40), STEPS))
    np.testing.assert_array_equal(fitted.predict_proba(both)[:20], alone)


def test_an_array_of_sequences_is_as_good_as_places(fitted):
    given = sequences(echo(2, 30)[0])
    np.testing.assert_array_equal(
        fitted.predict_proba(given.gather()), fitted.predict_proba(given)
    )


def test_the_scale_is_that_of_the_training_rows_alone():
    values, direction = echo(1, 300)
    later = np.vstack([values, 1e4 * values])
    few = sequences(later).take(np.arange(300))
    one = SMALL[0].fit(sequences(values), direction)
    same = SMALL[0].fit(few, direction)
    assert one.to_bytes() == same.to_bytes()


def test_a_column_that_did_not_vary_in_training_has_no_say():
    values, direction = echo(1, 300)
    values[:, 2] = 7.0
    fitted = SMALL[0].fit(sequences(values), direction)
    assert fitted.importance()["f2"] == 0
    moved = values.copy()
    moved[:, 2] = np.arange(300)
    np.testing.assert_array_equal(
        fitted.predict_proba(sequences(moved)), fitted.predict_proba(sequences(values))
    )


def test_a_step_missing_amid_a_sequence_is_missing(fitted):
    given = sequences(echo(2, 30)[0])
    places = given.places.copy()
    places[:, 2] = ABSENT
    holed = given.gather()
    holed[:, 2] = np.nan
    np.testing.assert_array_equal(
        fitted.predict_proba(Sequences(given.values, places)),
        fitted.predict_proba(holed),
    )


@pytest.mark.parametrize("kind", [Lstm, Transformer])
def test_a_sequence_of_one_row_is_refused(kind):
    with pytest.raises(InputError, match="sequence must be at least 2"):
        kind(sequence=1)


def test_heads_must_divide_the_width():
    with pytest.raises(InputError, match="heads must divide hidden"):
        Transformer(hidden=8, heads=3)

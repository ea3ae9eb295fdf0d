import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.models import Boosting, Columns, Logistic
from tradeloop.models.base import Held
from tradeloop.models.sequences import Sequences
from tradeloop.models.training_rows import TrainingRows, same_start

FEATURES = np.array([[1.0, np.nan], [2.0, 0.0], [3.0, 1.0], [4.0, 5.0]])
DIRECTION = np.array([-1, 0, 1, 1])


def test_rows_of_weight_zero_are_left_out_and_the_others_weigh_1_on_average():
    rows = TrainingRows.of(FEATURES, DIRECTION, [1.0, 2.0, 0.0, 3.0], None)
    assert rows.values[:, 0].tolist() == [1, 2, 4]
    assert rows.classes.tolist() == [0, 1, 2]
    assert rows.weight.tolist() == [0.5, 1.0, 1.5]
    assert rows.counts.tolist() == [1, 1, 1]


def test_a_class_of_which_all_rows_weigh_nothing_is_missing():
    with pytest.raises(InputError, match=r"missing: \[-1\]"):
        TrainingRows.of(FEATURES, DIRECTION, [0.0, 1.0, 1.0, 1.0], None)


def test_of_sequences_the_last_step_is_the_row():
    steps = Sequences(FEATURES, np.array([[-1, 0], [0, 1], [1, 2], [2, 3]]))
    rows = TrainingRows.of(steps, DIRECTION, None, None)
    assert np.array_equal(rows.values, FEATURES, equal_nan=True)


def test_held_rows_may_lack_a_class_but_not_be_none():
    columns = Columns.unnamed(2)
    held = TrainingRows.held(Held(FEATURES[:1], DIRECTION[:1]), columns)
    assert held.classes.tolist() == [0]
    with pytest.raises(InputError, match="if there are none"):
        TrainingRows.held(Held(FEATURES[:0], DIRECTION[:0]), columns)
    with pytest.raises(InputError, match=r"shape \(n_rows, 2\), had \(4, 1\)"):
        TrainingRows.held(Held(FEATURES[:, :1], DIRECTION), columns)


def test_a_start_of_the_same_kind_and_columns_is_returned():
    fitted = Logistic().fit(FEATURES, DIRECTION)
    kind = type(fitted)
    assert same_start(fitted, kind, fitted.columns) is fitted
    assert same_start(None, kind, fitted.columns) is None


def test_a_start_of_other_columns_names_the_difference():
    fitted = Logistic().fit(FEATURES, DIRECTION)
    with pytest.raises(InputError, match="Column 1 of the model is 'f1', of the row"):
        same_start(fitted, type(fitted), Columns(("f0", "x")))
    other = Boosting(n_estimators=1).fit(FEATURES, DIRECTION)
    with pytest.raises(InputError, match="a fitted logistic only, was boosting"):
        same_start(other, type(fitted), fitted.columns)

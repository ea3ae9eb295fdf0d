import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.models import explain


def test_contributions_add_up_to_the_forecast(model, rows):
    found = explain(model.fitted, rows[0])
    logits = found.bias + found.values.sum(axis=2)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    ours = raised / raised.sum(axis=1, keepdims=True)
    assert found.values.shape == (400, 3, 6)
    assert np.abs(ours - model.fitted.predict_proba(rows[0])).max() < 1e-5


def test_the_column_that_tells_speaks_for_the_side_it_tells(model):
    found = explain(model.fitted, np.array([[2.0] + [0.0] * 5, [-2.0] + [0.0] * 5]))
    assert found.top(1, row=0)[0][0] == "a"
    assert found.top(1, row=0)[0][1] > 0
    assert found.top(1, row=1)[0][1] < 0
    assert np.array_equal(found.towards(1), -found.towards(-1))
    assert np.array_equal(found.towards(0), found.values[0, 1])


def test_top_is_sorted_by_size_and_bounded(model, rows):
    found = explain(model.fitted, rows[0][:1])
    sizes = [abs(added) for _, added in found.top(-1, count=4)]
    assert len(sizes) == 4
    assert sizes == sorted(sizes, reverse=True)


def test_strange_rows_are_refused(model):
    with pytest.raises(InputError, match="shape"):
        explain(model.fitted, np.zeros((1, 5)))

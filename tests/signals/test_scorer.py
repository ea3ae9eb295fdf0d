import numpy as np
import pytest

from tradeloop.errors import ArtefactError, InputError


def test_score_is_the_calibrated_forecast_of_the_original(scorer, model, columns, rows):
    found = scorer.score(rows, "bank-1", columns.names)
    assert np.abs(found - model.predict_proba(rows)).max() < 1e-5
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-12


def test_one_row_equals_many_rows_to_the_bit(scorer, columns, rows):
    many = scorer.score(rows, "bank-1", columns.names)
    single = [scorer.score(row[None], "bank-1", columns.names)[0] for row in rows]
    assert np.array_equal(many, np.array(single))


def test_names_may_be_a_list(scorer, columns, rows):
    named = scorer.score(rows, "bank-1", list(columns.names))
    assert np.array_equal(named, scorer.score(rows, "bank-1", columns.names))


def test_rows_of_another_bank_or_other_columns_are_refused(scorer, columns, rows):
    with pytest.raises(ArtefactError, match="bank 'bank-1'"):
        scorer.score(rows, "bank-2", columns.names)
    with pytest.raises(ArtefactError, match="Column 0"):
        scorer.score(rows, "bank-1", columns.names[::-1])
    with pytest.raises(InputError, match="shape"):
        scorer.score(rows[:, :5], "bank-1", columns.names)

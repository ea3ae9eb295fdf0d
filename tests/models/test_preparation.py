"""Columns are chosen on the rows that are learned from, each with its reason."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Columns
from tradeloop.models.preparation import Preparation, Prepared, prepare

NAMES = Columns(("tells", "twin", "noise", "constant", "rare", "flag"), "bank")
ROWS = 600


@pytest.fixture(scope="module")
def rows():
    draw = np.random.default_rng(1)
    classes = draw.integers(0, 3, ROWS)
    tells = classes + draw.normal(size=ROWS)
    values = np.column_stack(
        [
            tells,
            -2 * tells + 0.05 * draw.normal(size=ROWS),
            draw.normal(size=ROWS),
            np.full(ROWS, 3.0),
            np.where(np.arange(ROWS) % 50 == 0, draw.normal(size=ROWS), np.nan),
            np.where(np.arange(ROWS) % 3 == 0, 1.0, np.nan),
        ]
    ).astype(np.float32)
    return values, classes


def kept(rows, **limits):
    found = prepare(*rows, np.ones(ROWS), NAMES, Preparation(**limits))
    assert set(found.inner.names) | set(found.dropped) == set(NAMES.names)
    assert found.inner.fingerprint == "bank"
    return found


def test_by_default_only_what_can_teach_nothing_is_left_out(rows):
    found = kept(rows)
    assert found.inner.names == ("tells", "twin", "noise", "flag")
    assert found.dropped["constant"] == "constant: does not vary"
    assert found.dropped["rare"] == "missing: known in 0.0200 of the rows"


def test_of_two_columns_that_say_the_same_the_better_one_stays(rows):
    found = kept(rows, most_correlation=0.95)
    assert {"tells", "twin"} & set(found.inner.names) != {"tells", "twin"}
    (lost,) = {"tells", "twin"} - set(found.inner.names)
    other = ({"tells", "twin"} - {lost}).pop()
    assert found.dropped[lost].endswith(f"with {other}")
    noisy = rows[0].copy()
    noisy[:, 1] += np.random.default_rng(2).normal(size=ROWS).astype(np.float32) * 1.5
    assert "tells" in kept((noisy, rows[1]), most_correlation=0.6).inner.names


@pytest.mark.parametrize("by", ["information", "importance"])
def test_the_most_relevant_columns_stay_in_their_order(rows, by):
    found = kept(rows, most_columns=2, by=by)
    assert found.inner.names == ("tells", "twin")
    assert found.dropped["noise"].startswith("count: number ")


def test_a_common_value_is_as_good_as_a_constant_where_the_limit_says_so(rows):
    values = rows[0].copy()
    values[:590, 2] = 0.0
    assert "noise" in kept((values, rows[1])).inner.names
    found = kept((values, rows[1]), most_common_share=0.95)
    assert "0.9833" in found.dropped["noise"]


def test_what_is_written_is_read_back_and_foreign_text_is_refused(rows):
    found = kept(rows, most_columns=2)
    again = Prepared.from_json(found.to_json())
    assert again.to_json() == found.to_json()
    assert again.inner == found.inner
    for text in ("", "[]", "{}", found.to_json().replace("preparation-1", "other-1")):
        with pytest.raises(ArtefactError, match="preparation"):
            Prepared.from_json(text)
    with pytest.raises(ArtefactError):
        Prepared.from_json(found.to_json().replace('"kept": [', '"kept": [99,'))


def test_nothing_left_is_an_error_that_names_the_first_column(rows):
    with pytest.raises(InputError, match=r"none of 6 columns; the first, 'tells'"):
        kept((np.ones_like(rows[0]), rows[1]))


@given(
    st.integers(0, 2**31),
    st.floats(0, 1),
    st.floats(0.5, 1),
    st.one_of(st.none(), st.integers(1, 8)),
)
def test_no_limit_is_ever_broken(seed, known, common, most):
    draw = np.random.default_rng(seed)
    values = np.round(draw.normal(size=(60, 6)), 1).astype(np.float32)
    values[draw.random(values.shape) < draw.random(6)] = np.nan
    values[:, 0] = np.arange(60)
    rule = Preparation(known, common, most_columns=most)
    found = prepare(values, draw.integers(0, 3, 60), np.ones(60), NAMES, rule)
    assert len(found.kept) <= (most or 6)
    for at in found.kept:
        column = values[:, at]
        there = column[~np.isnan(column)]
        assert len(there) >= known * 60 - 1e-9
        assert len(set(there.tolist())) > 1 or len(there) < 60
        if len(set(there.tolist())) > 1:
            top = np.unique(there, return_counts=True)[1].max()
            assert top <= common * len(there) + 1e-9


@pytest.mark.parametrize(
    "bad",
    [
        {"least_known_share": 2.0},
        {"most_columns": 0},
        {"most_columns": 2.5},
        {"most_rows": 0},
        {"by": "luck"},
    ],
)
def test_limits_out_of_range_are_refused(bad):
    with pytest.raises(InputError, match="preparation"):
        Preparation(**bad)

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradeloop.errors import ArtefactError
from tradeloop.signals import Abstention, Gate, Policy

NAMES = tuple("abcdef")


class Raising:
    def predict_proba(self, *_):
        raise ArtefactError("The weights are gone.")


class Blank:
    def predict_proba(self, features, *_):
        found = np.full((len(features), 3), 1 / 3)
        found[1:] = np.nan
        return found


def reasons(verdicts):
    return [Abstention(int(reason)) for reason in verdicts.reason]


def test_good_rows_are_scored_and_only_a_small_edge_abstains(gate, scorer, rows):
    found = gate.judge(rows, "bank-1", NAMES)
    assert np.array_equal(found.probabilities, scorer.score(rows, "bank-1", NAMES))
    assert set(reasons(found)) == {Abstention.NONE, Abstention.BELOW_THRESHOLD}
    traded = found.reason == Abstention.NONE
    assert np.array_equal(traded, found.choices.side != 0)
    assert np.array_equal(traded, np.abs(found.choices.edge) >= 0.05)
    assert found.fault == ""


def test_back_test_and_live_say_the_same_to_the_bit(gate, rows):
    mixed = rows.copy()
    mixed[3, 1], mixed[5, :4] = np.inf, np.nan
    many = gate.judge(mixed, "bank-1", NAMES)
    for at, row in enumerate(mixed):
        one = gate.judge(row[None], "bank-1", NAMES)
        for ours, theirs in (
            (one.probabilities, many.probabilities),
            (one.choices.side, many.choices.side),
            (one.choices.confidence, many.choices.confidence),
            (one.reason, many.reason),
        ):
            assert np.array_equal(ours[0], theirs[at], equal_nan=True)


def test_each_bad_row_abstains_for_its_own_reason_and_the_others_go_on(gate, rows):
    mixed = rows[:5].copy()
    mixed[1, 2] = -np.inf
    mixed[2, :4] = np.nan
    mixed[3, 0] = 1e39
    mixed[4, :3] = np.nan
    found = gate.judge(mixed, "bank-1", NAMES)
    assert reasons(found)[1:4] == [
        Abstention.INFINITE_INPUT,
        Abstention.NOT_WARM,
        Abstention.INFINITE_INPUT,
    ]
    scored = np.isfinite(found.probabilities).all(axis=1)
    assert scored.tolist() == [True, False, False, False, True]
    assert (found.choices.side[1:4] == 0).all()


@pytest.mark.parametrize(
    ("fingerprint", "names", "reason"),
    [
        ("bank-2", NAMES, Abstention.FINGERPRINT_DIFFERS),
        (None, NAMES, Abstention.FINGERPRINT_DIFFERS),
        ("bank-1", NAMES[::-1], Abstention.COLUMNS_DIFFER),
        ("bank-1", NAMES[:5], Abstention.COLUMNS_DIFFER),
        ("bank-1", None, Abstention.COLUMNS_DIFFER),
    ],
)
def test_another_bank_or_other_columns_stop_all_rows(
    gate, rows, fingerprint, names, reason
):
    found = gate.judge(rows, fingerprint, names)
    assert set(reasons(found)) == {reason}
    assert np.isnan(found.probabilities).all()
    assert len(found.reason) == len(rows)


ANYTHING = st.recursive(
    st.none() | st.floats() | st.text(max_size=3) | st.integers(),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANYTHING, ANYTHING, ANYTHING)
def test_nothing_raises_whatever_comes(gate, features, fingerprint, names):
    found = gate.judge(features, fingerprint, names)
    assert (found.choices.side == 0).all()
    assert Abstention.NONE not in reasons(found)


@pytest.mark.parametrize(
    "features",
    [np.zeros((3, 5)), np.zeros(6), np.zeros((2, 6, 1)), np.array("x"), object()],
)
def test_what_is_no_matrix_of_the_width_abstains(gate, features):
    assert set(reasons(gate.judge(features, "bank-1", NAMES))) == {
        Abstention.COLUMNS_DIFFER
    }


def test_no_rows_give_no_verdicts(gate):
    found = gate.judge(np.empty((0, 6)), "bank-1", NAMES)
    assert len(found.reason) == len(found.choices.side) == 0


def test_a_scorer_that_fails_abstains_and_says_so(scorer, rows):
    gate = Gate(replace(scorer, runtime=Raising()), Policy())
    found = gate.judge(rows, "bank-1", NAMES)
    assert set(reasons(found)) == {Abstention.SCORER_FAILED}
    assert found.fault == "ArtefactError: The weights are gone."


def test_a_forecast_that_is_no_number_abstains(scorer, rows):
    gate = Gate(replace(scorer, runtime=Blank()), Policy(min_edge=0))
    found = gate.judge(rows[:3], "bank-1", NAMES)
    assert reasons(found)[1:] == [Abstention.SCORER_FAILED] * 2
    assert reasons(found)[0] is not Abstention.SCORER_FAILED


def test_the_share_of_inputs_is_a_rule_of_the_policy(scorer, rows):
    row = rows[:1].copy()
    row[0] = [1, 1, np.nan, np.nan, np.nan, np.nan]
    strict, lax = (
        Gate(scorer, Policy(min_finite_share=share)).judge(row, "bank-1", NAMES)
        for share in (0.5, 0.3)
    )
    assert reasons(strict) == [Abstention.NOT_WARM]
    assert reasons(lax) != [Abstention.NOT_WARM]


def test_inputs_are_not_changed(gate, rows):
    before = rows.copy()
    gate.judge(rows, "bank-1", NAMES)
    assert np.array_equal(rows, before, equal_nan=True)


def test_every_reason_has_its_words():
    assert Abstention.NONE.text == ""
    assert Abstention.FINGERPRINT_DIFFERS.text == "fingerprint differs"

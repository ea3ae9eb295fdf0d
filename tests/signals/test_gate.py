from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals.members import Raising, changed
from tradeloop.models.sequences import Sequences
from tradeloop.signals import Abstention, Bounds, Gate, Policy, RowFacts, Voice

NAMES = tuple("abcdef")


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
    gate = Gate(replace(scorer, voices=(Voice("boosting", 1.0, Raising()),)), Policy())
    found = gate.judge(rows, "bank-1", NAMES)
    assert set(reasons(found)) == {Abstention.SCORER_FAILED}
    assert found.fault == "boosting raised ArtefactError: The weights are gone."


def test_a_forecast_that_is_no_number_abstains(scorer, rows):
    gate = Gate(
        replace(scorer, voices=(Voice("boosting", 1.0, Blank()),)), Policy(min_edge=0)
    )
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


def test_every_reason_has_its_words_and_keeps_its_number():
    assert Abstention.NONE.text == ""
    assert Abstention.FINGERPRINT_DIFFERS.text == "fingerprint differs"
    assert [(reason.name, reason.value) for reason in Abstention] == [
        ("NONE", 0),
        ("FINGERPRINT_DIFFERS", 1),
        ("COLUMNS_DIFFER", 2),
        ("INFINITE_INPUT", 3),
        ("NOT_WARM", 4),
        ("SCORER_FAILED", 5),
        ("BELOW_THRESHOLD", 6),
        ("STALE", 7),
        ("OUT_OF_RANGE", 8),
        ("LOW_QUALITY", 9),
        ("AMBIGUOUS", 10),
        ("LOW_CONFIDENCE", 11),
        ("OUT_OF_ORDER", 12),
        ("OVERLOADED", 13),
    ]


def judged(gate, rows, **more):
    return reasons(gate.judge(rows, "bank-1", NAMES, **more))


def test_a_row_is_stale_beyond_the_limit_and_not_at_it(scorer, rows):
    gate = Gate(scorer, Policy(max_age_ns=10))
    found = judged(gate, rows[:3], facts=RowFacts(age_ns=[10, 11, np.nan]))
    assert found[0] is not Abstention.STALE
    assert found[1:] == [Abstention.STALE] * 2
    none_known = judged(gate, rows[:1], facts=RowFacts(quality=1.0))
    assert none_known == [Abstention.STALE]
    assert Abstention.STALE not in judged(gate, rows[:3])


def test_a_limit_of_a_row_stands_above_that_of_the_policy(scorer, rows):
    gate = Gate(scorer, Policy(max_age_ns=10))
    facts = RowFacts(age_ns=50, age_limit_ns=[60, 50, 49])
    assert [r is Abstention.STALE for r in judged(gate, rows[:3], facts=facts)] == [
        False,
        False,
        True,
    ]


def test_a_quality_below_the_least_abstains(scorer, rows):
    gate = Gate(scorer, Policy(min_quality=0.9))
    facts = RowFacts(quality=[0.9, 0.89, np.nan])
    found = judged(gate, rows[:3], facts=facts)
    assert found[0] is not Abstention.LOW_QUALITY
    assert found[1:] == [Abstention.LOW_QUALITY] * 2
    free = Gate(scorer, Policy())
    assert Abstention.LOW_QUALITY not in judged(free, rows[:3], facts=facts)


def test_a_row_unlike_those_of_training_abstains(scorer):
    ends = np.full(6, 2, dtype=np.float32)
    ends[5] = np.nan  # a column without a range is not asked
    gate = Gate(replace(scorer, bounds=Bounds(-ends, ends)), Policy())
    rows = np.zeros((4, 6))
    rows[1, :3], rows[2, :2], rows[3, 3:] = 9, -9, 9
    found = [reason is Abstention.OUT_OF_RANGE for reason in judged(gate, rows)]
    assert found == [False, True, False, False]
    lax = Gate(gate.scorer, Policy(max_outside_share=1.0))
    assert Abstention.OUT_OF_RANGE not in judged(lax, rows)


def test_the_ranges_of_an_artefact_reach_the_gate(vote, sequences):
    gate = Gate(vote, Policy())
    far = Sequences(sequences.values + 100, sequences.places)
    warm = np.arange(20, 40)
    assert set(judged(gate, far.take(warm))) == {Abstention.OUT_OF_RANGE}
    assert Abstention.OUT_OF_RANGE not in judged(gate, sequences.take(warm))


def test_a_vote_is_held_below_its_confidence_and_a_single_model_is_not(
    vote, scorer, rows, sequences
):
    free = Gate(vote, Policy(min_confidence=0.0)).judge(sequences, "bank-1", NAMES)
    strict = Gate(vote, Policy()).judge(sequences, "bank-1", NAMES)
    weak = (free.choices.side != 0) & (free.choices.confidence < 0.6)
    assert weak.any()
    assert (strict.reason[weak] == Abstention.LOW_CONFIDENCE).all()
    assert (strict.choices.side[weak] == 0).all()
    flat = strict.probabilities[weak, 1]
    assert np.array_equal(strict.choices.confidence[weak], flat)
    assert np.array_equal(strict.reason[~weak], free.reason[~weak])
    assert Abstention.LOW_CONFIDENCE not in judged(Gate(scorer, Policy()), rows)


def test_a_conformal_set_that_is_not_the_side_alone_is_ambiguous(vote, sequences):
    free = Policy(min_confidence=0.0)
    careful = replace(free, refuse_ambiguous=True)
    plain = Gate(vote, free).judge(sequences, "bank-1", NAMES)
    found = Gate(vote, careful).judge(sequences, "bank-1", NAMES)
    scored = ~np.isnan(plain.probabilities[:, 0])
    sets = vote.conformal.sets(plain.probabilities[scored])
    own = sets[np.arange(scored.sum()), plain.choices.side[scored] + 1]
    alone = np.zeros(len(scored), dtype=bool)
    alone[scored] = (sets.sum(axis=1) == 1) & own
    traded = plain.choices.side != 0
    assert (traded & alone).any()
    assert (found.reason[traded & ~alone] == Abstention.AMBIGUOUS).all()
    assert np.array_equal(found.choices.side != 0, traded & alone)


class Broken:
    def sets(self, _):
        raise RuntimeError


def test_sets_that_cannot_be_told_count_as_ambiguous(scorer, rows):
    policy = Policy(refuse_ambiguous=True)
    found = judged(Gate(scorer, policy, Broken()), rows)
    assert set(found) == {Abstention.AMBIGUOUS, Abstention.BELOW_THRESHOLD}
    assert Abstention.AMBIGUOUS not in judged(Gate(scorer, policy), rows)


def test_a_vote_goes_on_without_a_member_and_the_gate_says_who(vote, sequences):
    gate = Gate(changed(vote, forest=Raising()), Policy(min_confidence=0.0))
    found = gate.judge(sequences, "bank-1", NAMES, at_ns=9)
    assert [(fault.member, fault.at_ns) for fault in found.members] == [("forest", 9)]
    assert found.fault.startswith("forest raised ArtefactError")
    assert Abstention.SCORER_FAILED not in reasons(found)


def test_a_vote_with_no_member_left_abstains(vote, sequences):
    broken = changed(vote, boosting=Raising(), forest=Raising(), lstm=Raising())
    found = Gate(broken, Policy()).judge(sequences.take([30]), "bank-1", NAMES)
    assert reasons(found) == [Abstention.SCORER_FAILED]


def test_a_sequence_with_too_few_steps_is_not_warm(vote, sequences):
    gate = Gate(vote, Policy(min_confidence=0.0))
    cold = [r is Abstention.NOT_WARM for r in judged(gate, sequences.take([0, 3, 6]))]
    assert cold == [True, True, False]  # the first, second and third row of A
    steps = sequences.take([0, 3, 6]).gather()
    assert judged(gate, steps) == judged(gate, sequences.take([0, 3, 6]))


def test_an_infinity_in_the_past_of_a_row_stops_that_row_alone(vote, sequences):
    values = sequences.values.copy()
    values[30, 0] = np.inf  # row 30 is of A: the steps of A that follow see it
    mixed = Sequences(values, sequences.places)
    gate = Gate(vote, Policy(min_confidence=0.0))
    for given_rows in (mixed, mixed.gather()):
        found = np.array(judged(gate, given_rows)) == Abstention.INFINITE_INPUT
        assert np.flatnonzero(found).tolist() == [30, 33, 36, 39, 42]


def test_one_sequence_is_judged_as_among_many(vote, sequences):
    gate = Gate(vote, Policy(min_confidence=0.0))
    many = gate.judge(sequences, "bank-1", NAMES)
    for at in range(60):
        steps = sequences.take([at]).gather().astype(np.float32)
        one = gate.judge(steps, "bank-1", NAMES)
        ours = one.probabilities[0], one.reason[0], one.choices.side[0]
        theirs = many.probabilities[at], many.reason[at], many.choices.side[at]
        assert all(
            np.array_equal(a, b, equal_nan=True)
            for a, b in zip(ours, theirs, strict=True)
        )


FACTS = st.builds(RowFacts, ANYTHING, ANYTHING, ANYTHING) | ANYTHING


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FACTS)
def test_no_fact_raises_and_what_cannot_be_read_abstains(scorer, rows, facts):
    gate = Gate(scorer, Policy(min_edge=0, max_age_ns=5, min_quality=0.5))
    found = gate.judge(rows[:2], "bank-1", NAMES, facts=facts)
    if facts is not None and not isinstance(facts, RowFacts):
        assert set(reasons(found)) == {Abstention.STALE}


ODD_ARRAYS = [
    np.full((2, 3, 6), None),
    np.full((2, 5, 6), 1.0, dtype=object),
    np.full((2, 0, 6), 1.0),
    np.full((2, 5, 6), "x"),
    np.full((2, 5, 4), 1.0),
    np.full((2, 5, 6, 1), 1.0),
    np.empty((0, 5, 6)),
    Sequences(np.full((4, 6), None), np.array([[0, 1], [2, 3]])),
    Sequences(np.full((4, 6), 1.0), np.array([[0, 1], [2, 3]])),
    Sequences(np.full((4, 2), 1.0), np.array([[0, 1], [2, 3]])),
]


@pytest.mark.parametrize("features", ODD_ARRAYS, ids=range(len(ODD_ARRAYS)))
def test_no_array_raises_whatever_its_shape_and_kind(vote, scorer, features):
    for each in (vote, scorer):
        found = Gate(each, Policy()).judge(features, "bank-1", NAMES)
        assert len(found.reason) == len(found.choices.side)


def test_whole_numbers_are_judged_as_numbers(vote):
    whole = np.ones((1, 5, 6), dtype=np.int64)
    gate = Gate(vote, Policy())
    ours = gate.judge(whole, "bank-1", NAMES)
    theirs = gate.judge(whole.astype(float), "bank-1", NAMES)
    assert np.array_equal(ours.probabilities, theirs.probabilities)

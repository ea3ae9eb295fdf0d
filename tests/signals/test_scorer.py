from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.members import Clock, Raising, Saying, Slow, changed, only
from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.blending import blend
from tradeloop.models.sequences import Sequences
from tradeloop.signals import (
    Answers,
    Breaker,
    BreakerRule,
    Fault,
    MemberFault,
    Voice,
    Watch,
)

NOT = [
    (Saying(np.nan, 0.5, 0.5), "gave no probabilities for 300 of 300 rows"),
    (Saying(0.5, 0.5, 0.5), "gave no probabilities for 300 of 300 rows"),
    (Saying(-0.5, 1.0, 0.5), "gave no probabilities for 300 of 300 rows"),
    (Saying(np.inf, 0.0, 0.0), "gave no probabilities for 300 of 300 rows"),
    (Saying(0.5, 0.5), "gave the shape (300, 2)"),
]


def test_score_is_the_calibrated_forecast_of_the_original(scorer, model, columns, rows):
    found = scorer.score(rows, "bank-1", columns.names)
    assert np.abs(found - model.predict_proba(rows)).max() < 1e-6
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-12


def test_a_vote_is_the_calibrated_vote_of_the_originals(vote, vote_model, sequences):
    ballot = vote.vote(sequences)
    expected = vote_model.predict_proba(sequences)
    assert np.abs(ballot.probabilities - expected).max() < 1e-6
    assert ballot.there.all()
    assert ballot.faults == ()


def test_one_row_equals_many_rows_to_the_bit(vote, sequences):
    many = vote.vote(sequences).probabilities
    for at in range(len(sequences)):
        one = sequences.take([at])
        steps = one.gather()
        for given_row in (one, steps, steps.astype(np.float32)):
            found = vote.vote(given_row).probabilities
            assert np.array_equal(found[0], many[at])
    assert np.array_equal(vote.vote(sequences.gather()).probabilities, many)


def test_one_plain_row_equals_many_to_the_bit(scorer, columns, rows):
    many = scorer.score(rows, "bank-1", columns.names)
    single = [scorer.score(row[None], "bank-1", columns.names)[0] for row in rows]
    assert np.array_equal(many, np.array(single))


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1), st.booleans(), st.tuples(*[st.floats(0.001, 1)] * 3)
        ),
        min_size=1,
        max_size=5,
    )
)
def test_the_short_way_of_one_row_is_the_arithmetic_of_training(members):
    from tradeloop.signals import Scorer  # noqa: PLC0415 - a name of the test alone

    raw = np.array([said for *_, said in members])[:, None]
    raw = raw / raw.sum(axis=2, keepdims=True)
    weights = [weight for weight, *_ in members]
    there = np.array([[is_there] for _, is_there, _ in members])
    voices = tuple(Voice(str(at), w, None) for at, w in enumerate(weights))
    told = Answers(np.where(there[..., None], raw, np.nan), there, ())
    short = Scorer(voices, None, None)._blended(told)
    assert np.array_equal(short, blend(raw, weights, there), equal_nan=True)


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
    with pytest.raises(InputError, match="finite"):
        scorer.score(np.full((1, 6), np.inf), "bank-1", columns.names)
    assert scorer.score(rows[:0], "bank-1", columns.names).shape == (0, 3)


def expected_without(vote, sequences, absent):
    """Renormalise by hand, with NumPy's own average."""
    kept = [v for v in vote.voices if v.name != absent]
    raw = [v.scores.predict_proba(sequences) for v in kept]
    shares = [v.weight for v in kept]
    return vote.calibration.apply(np.average(raw, axis=0, weights=shares))


@pytest.mark.parametrize("absent", ["boosting", "forest", "lstm"])
def test_a_member_that_raises_is_left_out_and_the_weights_renormalised(
    vote, sequences, absent
):
    ballot = changed(vote, **{absent: Raising()}).vote(sequences, at_ns=7)
    close = expected_without(vote, sequences, absent)
    assert np.abs(ballot.probabilities - close).max() < 1e-12
    reason = "raised ArtefactError: The weights are gone."
    assert ballot.faults == (MemberFault(absent, reason, 7, Fault.RAISED),)


@pytest.mark.parametrize(("scores", "reason"), NOT, ids=range(len(NOT)))
def test_a_member_that_gives_no_probabilities_is_left_out(
    vote, sequences, scores, reason
):
    ballot = changed(vote, forest=scores).vote(sequences)
    close = expected_without(vote, sequences, "forest")
    assert np.abs(ballot.probabilities - close).max() < 1e-12
    assert [(f.member, f.reason, f.fault) for f in ballot.faults] == [
        ("forest", reason, Fault.NO_NUMBER)
    ]
    single = changed(vote, forest=scores).vote(sequences.take([3]))
    assert np.abs(single.probabilities - close[3]).max() < 1e-12
    assert len(single.faults) == 1


def test_a_member_may_fail_for_some_rows_only(vote, sequences):
    class Patchy(Saying):
        def predict_proba(self, features, *_):
            found = super().predict_proba(features)
            found[::2] = np.nan
            return found

    ballot = changed(vote, forest=Patchy(0.2, 0.3, 0.5)).vote(sequences)
    close = expected_without(vote, sequences, "forest")
    assert np.abs(ballot.probabilities[::2] - close[::2]).max() < 1e-12
    assert ballot.there[1].tolist() == [False, True] * 150
    assert np.isfinite(ballot.probabilities).all()


def test_where_no_member_is_left_there_is_no_forecast(vote, sequences):
    broken = changed(vote, boosting=Raising(), forest=Raising(), lstm=Raising())
    for given_rows in (sequences, sequences.take([0])):
        ballot = broken.vote(given_rows)
        assert np.isnan(ballot.probabilities).all()
        assert len(ballot.faults) == 3


def test_a_sequence_model_given_rows_without_their_past_is_left_out(vote, rows):
    ballot = vote.vote(rows)
    assert [fault.member for fault in ballot.faults] == ["lstm"]
    alone = only(vote, "boosting", "forest").vote(rows)
    assert np.array_equal(ballot.probabilities, alone.probabilities)


def test_a_member_of_weight_zero_is_never_asked(vote, sequences):
    voices = tuple(
        replace(v, weight=0.0, scores=Raising()) if v.name == "lstm" else v
        for v in vote.voices
    )
    silent = replace(vote, voices=voices)
    assert silent.steps == 1
    ballot = silent.vote(sequences)
    assert ballot.faults == ()
    assert not ballot.there[2].any()


def test_a_late_member_is_left_out_and_rests_and_comes_back(vote, sequences):
    clock = Clock()
    inner = vote.voices[2].scores
    slow = Slow(inner, clock, 9_000)
    watch = Watch(clock, budget_ns=5_000, breaker=Breaker(BreakerRule(rest=2)))
    live = changed(vote, lstm=slow).asking(watch)
    row = sequences.take([40])
    first = live.vote(row, at_ns=11)
    assert first.faults == (
        MemberFault("lstm", "took 9,000 ns of 5,000 ns", 11, Fault.LATE),
    )
    close = expected_without(vote, row, "lstm")
    assert np.abs(first.probabilities - close).max() < 1e-12
    slow.takes_ns = 1_000
    rested = [live.vote(row) for _ in range(2)]
    assert all(not ballot.there[2, 0] and not ballot.faults for ballot in rested)
    back = live.vote(row)
    assert back.there.all()
    assert np.array_equal(back.probabilities, vote.vote(row).probabilities)


def test_the_budget_is_for_a_row_so_many_rows_may_take_longer(vote, sequences):
    clock = Clock()
    slow = changed(vote, lstm=Slow(vote.voices[2].scores, clock, 9_000))
    live = slow.asking(Watch(clock, budget_ns=5_000))
    assert live.vote(sequences.take([1, 2])).there.all()


def test_a_watched_vote_is_the_plain_vote_to_the_bit(vote, sequences):
    watched = vote.asking(Watch(Clock()))
    ours, plain = watched.vote(sequences), vote.vote(sequences)
    assert np.array_equal(ours.probabilities, plain.probabilities)


def test_a_budget_of_nothing_is_refused():
    with pytest.raises(InputError, match="above 0"):
        Watch(Clock(), budget_ns=0)


def test_steps_are_those_of_the_longest_member(vote, scorer, sequences):
    assert vote.steps == sequences.steps
    assert scorer.steps == 1


def test_longer_sequences_give_the_same_forecast(vote, sequences):
    longer = np.pad(
        sequences.gather(), ((0, 0), (3, 0), (0, 0)), constant_values=np.nan
    )
    found = vote.vote(Sequences.of(longer)).probabilities
    assert np.array_equal(found, vote.vote(sequences).probabilities)

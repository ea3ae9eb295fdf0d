from threading import Event

import numpy as np
import pytest

from signals.members import Hanging, Raising, changed
from tradeloop.clock import LiveClock
from tradeloop.errors import InputError
from tradeloop.signals import Breaker, BreakerRule, Fault, Workers

CLOCK = LiveClock().now_ns
PATIENT_NS = 20 * 10**9
HASTY_NS = 100_000_000


def test_a_vote_in_threads_is_the_plain_vote_to_the_bit(vote, sequences):
    with Workers(vote.voices, CLOCK, PATIENT_NS) as workers:
        live = vote.asking(workers)
        for rows in (sequences, sequences.take([7])):
            ballot = live.vote(rows)
            assert np.array_equal(ballot.probabilities, vote.vote(rows).probabilities)
            assert ballot.faults == ()


def test_a_vote_does_not_wait_for_a_member_that_hangs(vote, sequences):
    let_go = Event()
    broken = changed(vote, lstm=Hanging(vote.voices[2].scores, let_go))
    breaker = Breaker(BreakerRule(rest=1))
    row = sequences.take([50])
    with Workers(broken.voices, CLOCK, HASTY_NS, breaker) as workers:
        live = broken.asking(workers)
        began_ns = CLOCK()
        ballot = live.vote(row, at_ns=3)
        assert CLOCK() - began_ns < PATIENT_NS
        assert ballot.there[:, 0].tolist() == [True, True, False]
        assert [(f.member, f.fault) for f in ballot.faults] == [("lstm", Fault.HANGING)]
        assert ballot.faults[0].reason == "gave no answer within 100,000,000 ns"
        for _ in range(3):  # it hangs on: left out, and no new fault
            assert live.vote(row).faults == ()
        let_go.set()
        back = [live.vote(row).there[2, 0] for _ in range(200)]
        assert True in back


def test_a_late_answer_is_thrown_away(vote, sequences):
    let_go = Event()
    broken = changed(vote, lstm=Hanging(vote.voices[2].scores, let_go))
    with Workers(
        broken.voices, CLOCK, HASTY_NS, Breaker(BreakerRule(rest=1))
    ) as workers:
        live = broken.asking(workers)
        live.vote(sequences.take([50]))
        let_go.set()
        other = sequences.take([90])
        for _ in range(50):
            ballot = live.vote(other)
            if ballot.there.all():
                break
        expected = vote.vote(other).probabilities
        assert np.array_equal(ballot.probabilities, expected)


def test_a_member_that_raises_in_its_thread_is_left_out(vote, sequences):
    broken = changed(vote, forest=Raising())
    with Workers(broken.voices, CLOCK, PATIENT_NS) as workers:
        ballot = broken.asking(workers).vote(sequences, at_ns=5)
    assert [(f.member, f.fault, f.at_ns) for f in ballot.faults] == [
        ("forest", Fault.RAISED, 5)
    ]
    plain = broken.vote(sequences).probabilities
    assert np.array_equal(ballot.probabilities, plain)


def test_a_deadline_of_nothing_is_refused(vote):
    with pytest.raises(InputError, match="above 0"):
        Workers(vote.voices, CLOCK, 0)

"""What came twice, and what never came, told from the numbers of the stream."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tradeloop.capture.polygon import Follower
from tradeloop.capture.polygon.following import LEAST
from tradeloop.clock import NS_PER_HOUR


def message(q, p=1.0, ev="T", t=1_767_623_400_000, sym="A"):
    return {"ev": ev, "sym": sym, "p": p, "q": q, "t": t}


def bar(s, c=1.0):
    return {"ev": "AM", "sym": "A", "s": s, "e": s + 60_000, "c": c}


def follow(follower, numbers, connection=1, symbol="A", at=0):
    return [follower.follow("T", symbol, n, at + n, connection) for n in numbers]


def test_a_message_that_comes_again_is_a_copy_and_another_one_is_a_conflict():
    follower = Follower()
    said = [
        follower.judge(m) for m in (message(1), message(2), message(1), message(1, 2.0))
    ]
    assert said == ["new", "new", "duplicate", "conflict"]
    # The first one stays what the number stands for.
    assert follower.judge(message(1)) == "duplicate"
    # Another ticker, channel or session has numbers of its own.
    others = (message(1, sym="B"), message(1, ev="Q"), message(1, t=1_767_700_000_000))
    assert [follower.judge(m) for m in others] == ["new"] * 3


def test_a_bar_that_is_sent_again_with_other_values_is_a_correction():
    follower = Follower()
    bars = (bar(0), bar(0), bar(0, 2.0), bar(0, 2.0), bar(0), bar(60_000))
    assert [follower.judge(b) for b in bars] == [
        *("new", "duplicate", "corrected", "duplicate", "corrected", "new"),
    ]


def test_a_message_without_a_number_is_always_new():
    follower = Follower()
    assert [follower.judge(message(None)) for _ in range(3)] == ["new"] * 3


def test_memory_is_bounded():
    follower = Follower(remembered=3)
    for number in range(10):
        follower.judge(message(number))
    assert len(follower._seen) == 3
    assert follower.judge(message(9)) == "duplicate"
    assert follower.judge(message(0)) == "new"


def test_numbers_left_out_over_a_lost_connection_are_a_gap():
    follower = Follower()
    assert follow(follower, [5, 9, 12]) == [None] * 3
    (gap,) = follow(follower, [20], connection=2)
    assert (gap.cause, gap.after, gap.before) == ("interruption", 12, 20)
    assert (gap.from_ns, gap.to_ns, gap.instrument) == (12, 20, "A")
    assert follow(follower, [21], connection=3) == [None]  # nothing was left out


def test_numbers_left_out_by_a_feed_that_does_not_count_by_one_prove_nothing():
    follower = Follower()
    assert follow(follower, range(0, 300, 3)) == [None] * 100
    assert follower.skipped == 2 * 99


def test_numbers_left_out_by_a_feed_that_counts_by_one_are_a_gap():
    follower = Follower()
    assert follow(follower, range(LEAST + 1)) == [None] * (LEAST + 1)
    (gap,) = follow(follower, [LEAST + 5])
    assert (gap.cause, gap.after, gap.before) == ("step", LEAST, LEAST + 5)
    assert follower.skipped == 0


def test_numbers_begin_again_with_a_session_and_otherwise_went_backwards():
    follower = Follower()
    follow(follower, [100, 101])
    assert follow(follower, [99]) == [None]
    assert follower.backwards == 1
    assert follow(follower, [1], at=12 * NS_PER_HOUR) == [None]
    assert follow(follower, [3], connection=2, at=12 * NS_PER_HOUR)[0].after == 1
    assert follower.backwards == 1


@given(
    st.lists(st.sets(st.integers(0, 60), min_size=1), min_size=1, max_size=4),
)
def test_gaps_and_what_came_cover_all_numbers_between(sent):
    """Oracle: of rising numbers over several connections, a set of what is missing."""
    follower, gaps, came, last = Follower(), [], [], -1
    for connection, numbers in enumerate(sent, 1):
        rising = sorted(n + last + 1 for n in numbers)
        gaps += [g for g in follow(follower, rising, connection) if g]
        came.append(rising)
        last = rising[-1]
    missing = {n for g in gaps for n in range(g.after + 1, g.before)}
    every = set().union(*came)
    assert not missing & every
    between = {n for a, b in pairwise(came) for n in range(a[-1] + 1, b[0])}
    assert between <= missing
    whole = set(range(min(every), max(every) + 1))
    assert len(whole - every) == len(missing) + follower.skipped

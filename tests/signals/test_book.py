import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.test_conflicts import signal
from tradeloop.errors import InputError, NotFoundError
from tradeloop.signals import SignalStatus
from tradeloop.signals.book import SignalBook


def held(at, expires_ns=1_000, **more):
    return signal(created_ns=at, expires_ns=expires_ns, **more)


def test_a_signal_leaves_at_its_expiry_and_not_a_nanosecond_before():
    book = SignalBook()
    book.add(held(1, 1_000), 1)
    assert book.expire(999) == ()
    assert len(book.active(999)) == 1
    assert book.active(1_000) == ()
    (over,) = book.expire(1_000)
    assert over.status is SignalStatus.EXPIRED
    assert len(book) == 0


def test_signals_are_found_by_key_and_by_symbol():
    book = SignalBook()
    one, two = held(1), held(2, symbol="BTCUSD")
    book.add(one, 1)
    book.add(two, 2)
    assert book.get(one.key) == one
    assert book.active(5, "BTCUSD") == (two,)
    assert book.active(5) == (one, two)
    assert book.active(5, "GBPUSD") == ()
    assert two.key in book
    with pytest.raises(NotFoundError, match="No active signal"):
        book.get("other")


def test_the_same_signal_twice_is_one():
    book = SignalBook()
    assert book.add(held(1), 1) == book.add(held(1), 2) == ()
    assert len(book) == 1


def test_what_does_not_hold_goes_straight_out():
    book = SignalBook()
    (over,) = book.add(held(1, 10), 10)
    assert over.status is SignalStatus.EXPIRED
    still = held(1, side=0)
    assert book.add(still, 5) == (still,)
    assert len(book) == 0


def test_a_settled_signal_leaves_with_its_status():
    book = SignalBook()
    one = held(1)
    book.add(one, 1)
    done = book.settle(one.key, SignalStatus.EXECUTED, "filled")
    assert (done.status, done.status_reason) == (SignalStatus.EXECUTED, "filled")
    assert book.expire(2_000) == ()
    with pytest.raises(NotFoundError):
        book.settle(one.key, SignalStatus.EXECUTED)
    book.add(held(2), 2)
    with pytest.raises(InputError, match="cannot become"):
        book.settle(held(2).key, SignalStatus.ACTIVE)
    assert held(2).key in book


def test_a_full_book_cancels_what_expires_first():
    book = SignalBook(most=2)
    book.add(held(1, 900), 1)
    book.add(held(2, 800), 2)
    (out,) = book.add(held(3, 950), 3)
    assert (out.created_ns, out.status) == (2, SignalStatus.CANCELLED)
    assert out.status_reason == "the book holds 2 signals and this one expires first"
    assert [s.created_ns for s in book.active(5)] == [1, 3]
    with pytest.raises(InputError, match="at least one"):
        SignalBook(0)


ACTS = st.lists(
    st.tuples(st.sampled_from("asx"), st.integers(0, 30), st.integers(1, 20)),
    max_size=80,
)


@given(ACTS, st.integers(1, 5))
def test_every_signal_leaves_once_and_the_book_stays_small(acts, most):
    book, now, added, left = SignalBook(most), 0, [], []
    for act, number, later in acts:
        now += number % 3
        if act == "a":
            new = held(len(added), now + later, symbol="AB"[number % 2])
            added.append(new.key)
            left += book.add(new, now)
        elif act == "x":
            left += book.expire(now)
        elif added and added[number % len(added)] in book:
            key = added[number % len(added)]
            left.append(book.settle(key, SignalStatus.CANCELLED))
        assert len(book) <= most
        assert len(book._ends) <= 4 * most + 17
        assert sum(len(book.active(0, s)) for s in "AB") == len(book)
    left += book.expire(10**9)
    assert sorted(s.key for s in left) == sorted(added)
    assert len(book) == 0
    assert all(s.status is not SignalStatus.ACTIVE for s in left)

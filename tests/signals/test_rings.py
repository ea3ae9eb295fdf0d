import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tradeloop.errors import InputError, OverloadedError
from tradeloop.models.sequences import Sequences, places_of
from tradeloop.signals import Rings, RowRing

VALUES = st.floats(-1e6, 1e6, width=64) | st.just(np.nan)
TABLES = arrays(np.float64, st.tuples(st.integers(1, 40), st.just(3)), elements=VALUES)


@given(TABLES, st.integers(1, 9), st.data())
def test_a_ring_holds_the_sequences_of_history_to_the_bit(values, steps, data):
    names = data.draw(
        st.lists(st.sampled_from("AB"), min_size=len(values), max_size=len(values))
    )
    times = np.arange(len(values), dtype=np.int64)
    history = Sequences(values, places_of(names, times, steps)).gather()
    rings = Rings(steps, 3)
    for row, symbol in enumerate(names):
        ring = rings.of(symbol)
        ring.push(values[row], row)
        window = ring.window()
        expected = history[row].astype(np.float32)
        assert window.dtype == np.float32
        assert window.tobytes() == expected.tobytes()
        assert window.flags.c_contiguous


@given(TABLES, st.integers(1, 9), st.integers(0, 40))
def test_a_restored_ring_goes_on_as_if_it_had_never_stopped(values, steps, cut):
    times = np.arange(len(values), dtype=np.int64)
    whole, restored = RowRing(steps, 3), RowRing(steps, 3)
    for row, at_ns in zip(values, times.tolist(), strict=True):
        whole.push(row, at_ns)
    restored.push([9, 9, 9], 10**6)  # forgotten by restoring
    restored.restore(values[:cut], times[:cut])
    for row, at_ns in zip(values[cut:], times[cut:].tolist(), strict=True):
        restored.push(row, at_ns)
    assert restored.window().tobytes() == whole.window().tobytes()
    assert (restored.rows, restored.last_ns) == (whole.rows, whole.last_ns)


def test_a_window_of_fewer_steps_is_the_end_of_the_whole():
    ring = RowRing(4, 2)
    for at in range(7):
        ring.push([at, -at], at)
    assert np.array_equal(ring.window(2), ring.window()[-2:])
    assert ring.window(1)[0].tolist() == [6, -6]
    assert not ring.window().flags.owndata


def test_bad_rows_leave_the_ring_as_it_was():
    ring = RowRing(3, 2)
    ring.push([1, 2], 10)
    before = ring.window().tobytes()
    for values, at_ns in (
        ([1, 2], 10),
        ([1, 2], 9),
        ([1, 2, 3], 11),
        ([np.inf, 1], 11),
    ):
        with pytest.raises(InputError):
            ring.push(values, at_ns)
    assert ring.window().tobytes() == before
    assert (ring.rows, ring.last_ns) == (1, 10)


def test_sizes_below_one_and_strange_rows_are_refused():
    with pytest.raises(InputError, match="at least one step"):
        RowRing(0, 2)
    with pytest.raises(InputError, match="rows of shape"):
        RowRing(2, 2).restore(np.zeros((3, 2)), [1, 2])


def test_there_are_as_many_symbols_as_there_may_be():
    rings = Rings(2, 1, most=2)
    for symbol in "AB":
        rings.of(symbol).push([1.0], 1)
    with pytest.raises(OverloadedError, match="2 symbols are followed"):
        rings.of("C")
    rings.drop("A")
    assert rings.of("C").rows == 0
    assert sorted(rings) == ["B", "C"]
    assert len(rings) == 2

"""Windows by time, for steps: the events of the last w nanoseconds, exactly.

A window holds the events in ``(now - w, now]``. It is cut in two: what came since the
last cut is a running sum, what is older holds suffix sums made at the cut. The oldest
event leaves by moving on to the next suffix sum, and when none is left the cut is made
anew. So nothing is ever subtracted, nothing drifts, and what has left leaves no trace;
an event costs two additions on the average.

The window holds at most ``most`` events. Where more fall in, the oldest leave early:
the window is then the last ``most`` events, and their count says so.
"""

from numpy import uint64

from tradeloop.errors import InputError
from tradeloop.features.base import positive_rows
from tradeloop.fold import Float, inline

DAY = 86_400e9
"""Nanoseconds of a day, a float."""
FIELDS = 4
"""Floats of an event in the ring: day, nanoseconds of the day and two amounts."""


@inline
def _cut(ring: Float, first: float, held: float, most: float) -> None:
    """Turn the amounts of all events into suffix sums, from the newest back."""
    a = b = 0.0
    for k in range(uint64(held)):
        place = first + held - 1.0 - k
        place -= most if place >= most else 0.0
        here = uint64(4.0 * place)
        a, b = a + ring[here + uint64(2)], b + ring[here + uint64(3)]
        ring[here + uint64(2)], ring[here + uint64(3)] = a, b


@inline
def push_recent(
    state: Float,
    ring: Float,
    limits: tuple[float, float],
    now: tuple[float, float],
    amounts: tuple[float, float],
) -> tuple[float, float, float]:
    """Return the sums of two amounts over the last w nanoseconds, and their count.

    ``state[0:5]`` is (place of the oldest event, events, of them with suffix sums, sums
    of the others); ``limits`` w and ``most``, ``now`` day and nanoseconds of the day;
    ``ring`` holds 4 * most floats.
    """
    window, most = limits
    day, ns = now
    first, held, old, recent_a, recent_b = (
        state[0],
        state[1],
        state[2],
        state[3],
        state[4],
    )
    while held > 0.0:
        at = uint64(4.0 * first)
        age = (day - ring[at]) * DAY + (ns - ring[at + uint64(1)])
        if age < window and held < most:
            break
        if old == 0.0:
            _cut(ring, first, held, most)
            recent_a, recent_b, old = 0.0, 0.0, held
        first += 1.0
        first -= most if first == most else 0.0
        held -= 1.0
        old -= 1.0
    last = first + held
    last -= most if last >= most else 0.0
    at = uint64(4.0 * last)
    ring[at], ring[at + uint64(1)] = day, ns
    ring[at + uint64(2)], ring[at + uint64(3)] = amounts
    recent_a, recent_b = recent_a + amounts[0], recent_b + amounts[1]
    held += 1.0
    state[0], state[1], state[2] = first, held, old
    state[3], state[4] = recent_a, recent_b
    if old == 0.0:
        return recent_a, recent_b, held
    at = uint64(4.0 * first)
    return recent_a + ring[at + uint64(2)], recent_b + ring[at + uint64(3)], held


def checked(window_ns: int, most: int, name: str) -> tuple[int, int]:
    """Return the length of a window and the most events in it, if they are ones.

    Raises
    ------
    InputError
        The window is not longer than nothing, or cannot hold two events.
    """
    if int(window_ns) != window_ns or window_ns < 1:
        raise InputError(
            f"A window must be a whole number of nanoseconds, was {window_ns}.",
            way_out="Give at least 1 ns.",
            source=name,
        )
    return int(window_ns), positive_rows(most, f"{name}.most", 2)

"""Aroon: how lately a window had its highest high and its lowest low."""

from math import nan

from numpy import uint64

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.fold import Float, inline, kernel


@inline
def _look_back(ring: Float, last: int, n: float) -> None:
    """Turn a full block into the extremes of its ends, each with its place.

    Four floats a row: highest, lowest and their places; of equals the latest one.
    """
    base = uint64(4) * last
    high, low = ring[base], ring[base + uint64(1)]
    top_at, low_at = n - 1.0, n - 1.0
    for k in range(uint64(n)):
        j = base - uint64(4) * k
        if ring[j] > high:
            high, top_at = ring[j], n - 1.0 - k
        if ring[j + uint64(1)] < low:
            low, low_at = ring[j + uint64(1)], n - 1.0 - k
        ring[j], ring[j + uint64(1)] = high, low
        ring[j + uint64(2)], ring[j + uint64(3)] = top_at, low_at


@kernel("up", "down", "oscillator", state=6, params=2)
def _aroon(
    state: Float, ring: Float, params: tuple[float, float], high: float, low: float
) -> tuple[float, float, float]:
    # van Herk, as in rolling/extremes.py, with the place of each extreme beside it
    n, scale = params
    pos = state[0]
    if pos == 0.0 or high >= state[2]:
        state[2], state[3] = high, pos
    if pos == 0.0 or low <= state[4]:
        state[4], state[5] = low, pos
    up_at, down_at, here = state[3], state[5], uint64(pos)
    ring[uint64(4) * here], ring[uint64(4) * here + uint64(1)] = high, low
    if pos + 1.0 == n:
        _look_back(ring, here, n)
        state[0], state[1] = 0.0, 1.0
    else:
        state[0] = pos + 1.0
        if state[1] == 0.0:
            return nan, nan, nan
        late = uint64(4) * (here + uint64(1))
        if ring[late] > state[2]:
            up_at = ring[late + uint64(2)] - n
        if ring[late + uint64(1)] < state[4]:
            down_at = ring[late + uint64(3)] - n
    first = pos + 1.0 - n  # place of the oldest row
    up, down = scale * (up_at - first), scale * (down_at - first)
    return up, down, scale * (up_at - down_at)


def aroon(n: int) -> Feature:
    """Columns ``up`` and ``down`` (0 to 100) and ``oscillator`` over n + 1 rows.

    100: the extreme is of this row; 0: of n rows ago; of equals the latest counts.
    """
    n = positive_rows(n, "aroon", 2)
    return Feature(
        f"aroon_{n}",
        FAMILY,
        ("high", "low"),
        (n + 1, 100 / n),
        ring=4 * (n + 1),
        warm_up=(n, n, n),
        look_back=n,
    )


FAMILY = Family(
    name="aroon",
    category="technical",
    kernel=_aroon,
    formula="up = 100 * (n - rows since the highest high of n + 1 rows) / n, down = of "
    "the lowest low, oscillator = up - down",
    unit="up, down: 0 to 100; oscillator: -100 to 100; all new at once where flat",
    reference="Chande 1995; TA-Lib AROON, AROONOSC",
    build=aroon,
    examples=((25,), (4,)),
)

"""Ulcer index: how deep and how long the price stood below its high."""

from math import nan, sqrt

from numpy import uint64

from tradeloop.features.base import Family, Feature, Source, positive_rows, suffix
from tradeloop.fold import Float, kernel


@kernel("value", state=2, params=2)
def _ulcer(state: Float, ring: Float, params: tuple[float, float], x: float) -> float:
    # ring: the window twice, so that the last n values always stand in one piece
    n, scale = params
    here, far = uint64(state[0]), uint64(n)
    ring[here] = ring[here + far] = x
    pos = state[0] + 1.0
    if pos == n:
        pos, state[1] = 0.0, 1.0
    state[0] = pos
    if state[1] == 0.0:
        return nan
    first = uint64(pos)
    top, square = ring[first], 0.0
    for k in range(far):
        value = ring[first + k]
        top = max(top, value)
        fall = (value - top) / top if top > 0.0 else 0.0
        square += fall * fall
    return 100.0 * sqrt(square * scale)


def ulcer(n: int = 14, x: Source = "close") -> Feature:
    """Root mean square of the fall from the high so far in the window, in percent.

    The high is that of the window up to each of its rows.
    """
    n = positive_rows(n, "ulcer")
    return Feature(
        f"ulcer_{n}{suffix(x, 'close')}_pct",
        FAMILY,
        (x,),
        (n, 1 / n),
        ring=2 * n,
        warm_up=(n - 1,),
        look_back=n - 1,
    )


FAMILY = Family(
    name="ulcer",
    category="risk",
    kernel=_ulcer,
    formula="100 * sqrt(mean(((x[i] - high[i]) / high[i])^2)), high[i] the largest x "
    "of the window up to row i",
    unit="percent; 0 where nothing fell",
    reference="Martin 1987",
    build=ulcer,
    examples=((14,), (5,)),
)

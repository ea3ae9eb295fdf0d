"""Maximum drawdown of a window, in constant time."""

from math import nan

from numpy import uint64

from tradeloop.features.base import Family, Feature, Source, positive_rows, suffix
from tradeloop.fold import Float, inline, kernel


@inline
def _suffixes(ring: Float, here: int, far: int, count: float) -> None:
    """Turn the values of a full block into what holds from each of them to its end."""
    top = low = ring[here]
    place, deepest = count, 0.0
    for k in range(uint64(0), far):
        j = here - k
        x = ring[j]
        if x > top:
            top, place = x, count - float(k)
        low = min(low, x)
        deepest = max(deepest, (x - low) / x)
        ring[j], ring[j + far] = top, place
        ring[j + far + far], ring[j + uint64(3) * far] = low, deepest


@kernel("depth_bps", "deepest_bps", "rows", state=7, params=1)
def _max_drawdown(
    state: Float, ring: Float, params: tuple[float], x: float
) -> tuple[float, float, float]:
    # A window is the end of the last block and the start of this one (van Herk); the
    # deepest fall lies in one of them, or from the top of one to the low of the other.
    # state: place in the block, its top, where that was, its low, its deepest fall,
    # count of rows, full
    if x <= 0.0:
        return nan, nan, nan
    (n,) = params
    pos, count = state[0], state[5] + 1.0
    top, place, low, deepest = state[1], state[2], state[3], state[4]
    if pos == 0.0 or x >= top:
        top, place = x, count
    low = x if pos == 0.0 else min(low, x)
    deepest = 0.0 if pos == 0.0 else max(deepest, (top - x) / top)
    here, far = uint64(pos), uint64(n)
    ring[here] = x
    state[0], state[1], state[2] = pos + 1.0, top, place
    state[3], state[4], state[5] = low, deepest, count
    if pos + 1.0 == n:
        _suffixes(ring, here, far, count)
        state[0], state[6] = 0.0, 1.0
    elif state[6] == 0.0:
        return nan, nan, nan
    else:
        late = here + uint64(1)
        early = ring[late]
        across = max(ring[late + uint64(3) * far], (early - low) / early)
        deepest = max(deepest, across)
        if early > top:
            top, place = early, ring[late + far]
    return 1e4 * ((top - x) / top), 1e4 * deepest, count - place


def max_drawdown(n: int, x: Source = "close", *, name: str = "") -> Feature:
    """Columns ``depth_bps`` below the high of n rows, ``deepest_bps``, ``rows``.

    ``deepest_bps`` is the largest fall from a row to a later one of the window, a loss
    is positive; ``rows`` have passed since the window's high, the last of equal ones.
    Missing where ``x`` is not above 0.
    """
    n = positive_rows(n, "max_drawdown")
    return Feature(
        name or f"max_drawdown_{n}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (n,),
        ring=4 * n,
        warm_up=(n - 1,) * 3,
        look_back=n - 1,
    )


FAMILY = Family(
    name="max_drawdown",
    category="risk",
    kernel=_max_drawdown,
    formula="deepest = 1e4 * max over i <= j of (1 - x[j] / x[i]) in n rows",
    unit="bps of the high, a loss is positive; rows since the high",
    reference="definition",
    build=max_drawdown,
    examples=((60,), (7, "bid"), (1,)),
)

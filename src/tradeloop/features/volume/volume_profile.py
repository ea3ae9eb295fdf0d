"""Volume profile: where in the range of the last bars the volume was traded."""

from math import nan

from numpy import uint64

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.fold import Float, inline, kernel

_EQUAL = 1e-9  # of all volume: shares this near to each other are a tie
_AREA = 0.7


@inline
def _spread(
    ring: Float, n: uint64, first: uint64, bins: uint64, low: float, span: float
) -> float:
    """Spread each bar's volume evenly over its range into bins; return all volume."""
    one, last, total = uint64(1), bins - uint64(1), 0.0
    full = first + bins  # by how much what whole bins hold changes from bin to bin
    for k in range(bins):
        ring[first + k] = 0.0
        ring[full + k] = 0.0
    for j in range(n):
        top, bottom, volume = ring[j], ring[n + j], ring[n + n + j]
        a, b = (bottom - low) * bins / span, (top - low) * bins / span
        i, m = min(uint64(a), last), min(uint64(b), last)
        total += volume
        if i == m:
            ring[first + i] += volume
            continue
        each = volume / (b - a)
        ring[first + i] += each * (i + one - a)
        ring[first + m] += each * (b - m)
        if i + one < m:
            ring[full + i + one] += each
            ring[full + m] -= each
    return total


@inline
def _control(ring: Float, first: uint64, bins: uint64, slack: float) -> uint64:
    """Add up what whole bins hold; return the fullest, of equals nearest the middle."""
    best, most, near, run = uint64(0), 0.0, 2.0 * bins, 0.0
    for k in range(bins):
        run += ring[first + bins + k]
        held = ring[first + k] + max(run, 0.0)  # a rounding below 0 is none
        ring[first + k] = held
        off = abs(2.0 * k + 1.0 - bins)
        if held > most + slack or (held >= most - slack and off < near):
            best, most, near = uint64(k), held, off
    return best


@inline
def _area(
    ring: Float, first: uint64, bins: uint64, best: uint64, enough: float, slack: float
) -> tuple[uint64, uint64]:
    """Widen the point of control by the fuller neighbour until enough is held."""
    one, low, high, held = uint64(1), best, best, ring[first + best]
    for _ in range(bins):
        if held >= enough - slack:
            break
        up = ring[first + high + one] if high + one < bins else -1.0
        down = ring[first + low - one] if low > uint64(0) else -1.0
        fuller = up > down
        if abs(up - down) <= slack and down >= 0.0:
            fuller = high - best <= best - low
        if up >= 0.0 and fuller:
            high += one
            held += up
        elif down >= 0.0:
            low -= one
            held += down
    return low, high


@kernel("point", "high", "low", state=2, params=2)
def _volume_profile(
    state: Float,
    ring: Float,
    params: tuple[float, float],
    high: float,
    low: float,
    close: float,
    volume: float,
) -> tuple[float, float, float]:
    n, bins = uint64(params[0]), uint64(params[1])
    here = uint64(state[0])
    ring[here], ring[n + here], ring[n + n + here] = high, low, volume
    state[0] = state[0] + 1.0 if here + uint64(1) < n else 0.0
    state[1] = min(state[1] + 1.0, params[0])
    if state[1] < params[0] or close == 0.0:
        return (nan, nan, nan) if state[1] < params[0] else (0.0, 0.0, 0.0)
    top, bottom = high, low
    for j in range(n):
        top, bottom = max(top, ring[j]), min(bottom, ring[n + j])
    scale, first, span = 1e4 / close, n + n + n, top - bottom
    if span <= 0.0:
        flat = scale * (bottom - close)
        return flat, flat, flat
    total = _spread(ring, n, first, bins, bottom, span)
    slack = _EQUAL * total
    best = _control(ring, first, bins, slack)
    under, over = _area(ring, first, bins, best, _AREA * total, slack)
    width = span / params[1]
    return (
        scale * (bottom + width * (best + 0.5) - close),
        scale * (bottom + width * (over + 1.0) - close),
        scale * (bottom + width * under - close),
    )


def volume_profile(n: int, bins: int = 24) -> Feature:
    """Columns ``point`` (of control), ``high`` and ``low`` (of the value area), in bps.

    The range from the lowest low to the highest high of n rows is cut into equal bins;
    a bar's volume lies evenly over its own range. The point of control is the middle of
    the fullest bin; of equally full ones that nearest to the middle of the range, and
    of two of these the lower. The value area grows from it by the fuller of the two
    bins beside it until it holds 70 % of all volume; of equally full ones by that on
    the side where it has grown less, and then by the upper one.
    """
    n = positive_rows(n, "volume_profile")
    if int(bins) != bins or bins < 1:
        raise InputError(
            f"volume_profile.bins must be a whole number of at least 1, was {bins}.",
            way_out="Cut the range into more bins.",
            source="volume_profile",
        )
    return Feature(
        f"volume_profile_{n}_{bins}_bps",
        FAMILY,
        ("high", "low", "close", "volume"),
        (n, bins),
        ring=3 * n + 2 * int(bins),
        warm_up=(n - 1,) * 3,
        look_back=n - 1,
    )


FAMILY = Family(
    name="volume_profile",
    category="technical",
    kernel=_volume_profile,
    formula="1e4 * (level / close - 1) of the middle of the fullest bin of n rows, and "
    "of the edges of the bins around it that hold 70 % of the volume",
    unit="bps of the close; without volume the middle bin, 0 where the close is 0",
    reference="Steidlmayer, market profile",
    build=volume_profile,
    examples=((30,), (5, 7)),
)

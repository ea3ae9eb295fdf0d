"""Windows for steps: exact from the first full one, right again once a gap has left.

A window of n rows is cut where blocks of n rows meet: what it holds of the block at
hand is a running sum, what it holds of the block before is a suffix sum made when that
block was full (van Herk's scheme, for sums). Nothing is ever subtracted, so nothing
drifts and an outlier leaves no trace. It costs two additions a row.
"""

from math import nan

from numpy import uint64

from tradeloop.fold import Float, inline


@inline
def push_sum(
    state: Float, ring: Float, at: int, base: float, n: float, x: float
) -> float:
    """Return the sum of the last n values; NaN before there are n.

    ``state[at:at + 3]`` is (place in the block, sum of the block, full), ``ring`` from
    ``base`` holds n floats: values of this block, then suffix sums of the last one.
    """
    pos = state[at]
    total = state[at + 1] + x
    here = uint64(base) + uint64(pos)
    ring[here] = x
    pos += 1.0
    if pos == n:
        late = x
        for k in range(uint64(1), uint64(n)):
            late += ring[here - k]
            ring[here - k] = late
        state[at], state[at + 1], state[at + 2] = 0.0, 0.0, 1.0
        return total  # type: ignore[no-any-return]
    state[at], state[at + 1] = pos, total
    if state[at + 2] == 0.0:
        return nan
    return total + ring[here + uint64(1)]  # type: ignore[no-any-return]


@inline
def push_moments(
    state: Float, ring: Float, n: float, x: float
) -> tuple[float, float, float]:
    """Return sums of (x - anchor) and of its square over n values, and the anchor.

    The sums are NaN before there are n. ``state[0:5]`` is (place in the block, sum, sum
    of squares, full, anchor); ``ring`` holds 2 n floats. The anchor is the last value
    of the block before: near to the window, so that the squares keep their digits.
    """
    pos, anchor = state[0], state[4]
    d = x - anchor
    total, square = state[1] + d, state[2] + d * d
    here, far = uint64(pos), uint64(n)
    ring[here] = x
    pos += 1.0
    if pos == n:
        total, square = 0.0, 0.0
        ring[here], ring[here + far] = 0.0, 0.0
        for k in range(uint64(1), far):
            d = ring[here - k] - x
            total += d
            square += d * d
            ring[here - k], ring[here - k + far] = total, square
        state[0], state[1], state[2], state[3], state[4] = 0.0, 0.0, 0.0, 1.0, x
        return total, square, x
    state[0], state[1], state[2] = pos, total, square
    if state[3] == 0.0:
        return nan, nan, anchor
    late = here + uint64(1)
    return total + ring[late], square + ring[late + far], anchor


@inline
def push_old(
    state: Float, ring: Float, at: int, base: float, n: float, x: float
) -> float:
    """Return the value n rows ago; NaN before there is one.

    ``state[at:at + 2]`` is (place, full), ``ring`` from ``base`` holds n floats.
    """
    here = uint64(base) + uint64(state[at])
    old, full = ring[here], state[at + 1]
    ring[here] = x
    pos = state[at] + 1.0
    if pos == n:
        pos, state[at + 1] = 0.0, 1.0
    state[at] = pos
    return old if full == 1.0 else nan


@inline
def _suffixes(ring: Float, last: int, far: int, x: float, y: float) -> None:
    """Turn the pairs of a full block into suffix sums about its last pair."""
    a = b = aa = bb = ab = 0.0
    for k in range(uint64(1), far):
        j = last - k
        d, e = ring[j] - x, ring[j + far] - y
        a, b = a + d, b + e
        aa, bb, ab = aa + d * d, bb + e * e, ab + d * e
        ring[j], ring[j + far], ring[j + uint64(2) * far] = a, b, aa
        ring[j + uint64(3) * far], ring[j + uint64(4) * far] = bb, ab
    for k in range(uint64(5)):
        ring[last + k * far] = 0.0


@inline
def push_pairs(
    state: Float, ring: Float, n: float, x: float, y: float
) -> tuple[float, float, float, float, float]:
    """Return the sums of d, e, d^2, e^2 and d e over n pairs; NaN before there are n.

    d and e are x and y less an anchor near the window, so that products keep their
    digits. ``state[0:9]`` is (place in the block, five sums, full, anchors), ``ring``
    holds 5 n floats.
    """
    pos, d, e = state[0], x - state[7], y - state[8]
    a, b = state[1] + d, state[2] + e
    aa, bb, ab = state[3] + d * d, state[4] + e * e, state[5] + d * e
    here, far = uint64(pos), uint64(n)
    ring[here], ring[here + far] = x, y
    pos += 1.0
    late = here + uint64(1)
    if pos == n:
        _suffixes(ring, here, far, x, y)
        state[6], state[7], state[8] = 1.0, x, y
        pos = a = b = aa = bb = ab = 0.0
        late = uint64(0)
    state[0], state[1], state[2] = pos, a, b
    state[3], state[4], state[5] = aa, bb, ab
    if state[6] == 0.0:
        return nan, nan, nan, nan, nan
    a, b, aa = a + ring[late], b + ring[late + far], aa + ring[late + far + far]
    bb, ab = bb + ring[late + uint64(3) * far], ab + ring[late + uint64(4) * far]
    return a, b, aa, bb, ab

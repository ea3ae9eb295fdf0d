"""Sums of many columns over one window, for steps: exact, nothing is ever subtracted.

The scheme is that of `tradeloop.features.window.push_sum`, with one place for all.
"""

from numpy import uint64

from tradeloop.fold import Float, inline


@inline
def push_sums(state: Float, ring: Float, n: float, width: float) -> float:
    """Take a row of values and leave their sums over n rows; return 1 once there are n.

    ``state[0:2]`` is (place in the block, full). The ring holds ``width`` values of the
    row, which the step writes before, then as many sums of the window, which it reads
    after, sums of the block, and ``width`` columns of n rows. Before there are n rows
    the sums are those of all rows so far.
    """
    far, rows, pos = uint64(width), uint64(n), state[0]
    here, last = uint64(pos), pos + 1.0 == n
    for j in range(uint64(0), far):
        base = uint64(3) * far + j * rows + here
        x = ring[j]
        total = ring[far + far + j] + x
        ring[base] = x
        if last:
            late = x
            for k in range(uint64(1), rows):
                late += ring[base - k]
                ring[base - k] = late
            ring[far + far + j] = 0.0
            ring[far + j] = total
        else:
            ring[far + far + j] = total
            ring[far + j] = total + ring[base + uint64(1)]
    if last:
        state[0], state[1] = 0.0, 1.0
    else:
        state[0] = pos + 1.0
    return state[1]  # type: ignore[no-any-return]


def floats(n: int, width: int) -> int:
    """Size of the ring that `push_sums` needs."""
    return 3 * width + width * n

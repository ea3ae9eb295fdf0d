"""Price levels of one side of a book, best first, as two integer arrays.

A side is ``prices`` and ``lots`` of shape (levels,), both whole numbers: ticks and
lots. ``way`` is +1 for bids (best is highest) and -1 for asks, so that ``way * price``
always falls from the best level on. Each change is written down as a delta: the new
size of a price, 0 where it is gone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import compiled

Int = NDArray[np.int64]


@compiled
def tell(deltas: Int, at: int, stamp: Any, way: int, price: int, lots: int) -> int:
    """Write one delta; ``stamp`` is (time in ns, sequence, 1 in a snapshot)."""
    deltas[at, 0] = stamp[0]
    deltas[at, 1] = stamp[1]
    deltas[at, 2] = way
    deltas[at, 3] = price
    deltas[at, 4] = lots
    deltas[at, 5] = stamp[2]
    return at + 1


@compiled
def once_each(deltas: Int, first: int, at: int) -> int:
    """Keep the last word on each price among the deltas of one message."""
    kept = first
    for k in range(first, at):
        last = True
        for j in range(k + 1, at):
            same = deltas[j, 2] == deltas[k, 2] and deltas[j, 3] == deltas[k, 3]
            last = last and not same
        if last:
            for column in range(deltas.shape[1]):
                deltas[kept, column] = deltas[k, column]
            kept += 1
    return kept


@compiled
def drawn_lots(rng: Any, centre: float, spread: float) -> int:
    """Draw a whole log-normal number of lots, at least 1."""
    drawn = np.exp(min(centre + spread * rng.standard_normal(), 30.0))
    return int(max(1.0, np.rint(drawn)))


@compiled
def fill_up(
    rng: Any,
    side: Any,
    way: int,
    missing: int,
    depth: Any,
    deltas: Int,
    at: int,
    stamp: Any,
) -> int:
    """Give the worst ``missing`` levels new prices and sizes.

    ``depth`` is (mean gap in ticks, log of lots, its standard deviation).
    """
    prices, lots = side
    n = prices.shape[0]
    for k in range(n - missing, n):
        gap = 1 + int(rng.standard_exponential() * (depth[0] - 1.0))
        prices[k] = prices[k - 1] - way * gap
        lots[k] = drawn_lots(rng, depth[1], depth[2])
        at = tell(deltas, at, stamp, way, prices[k], lots[k])
    return at


@compiled
def set_best(
    rng: Any,
    side: Any,
    way: int,
    best: Any,
    depth: Any,
    deltas: Int,
    at: int,
    stamp: Any,
) -> int:
    """Make ``best`` (price, lots) the best level; the rest keeps its order.

    Levels better than it are taken away, the worst one leaves when a new one comes in,
    and new ones come in behind the worst where some are missing.
    """
    prices, lots = side
    n = prices.shape[0]
    gone = 0
    while gone < n and way * prices[gone] > way * best[0]:
        at = tell(deltas, at, stamp, way, prices[gone], 0)
        gone += 1
    if gone < n and prices[gone] == best[0]:
        for k in range(n - gone):
            prices[k], lots[k] = prices[k + gone], lots[k + gone]
        missing = gone
    elif gone == 0:
        at = tell(deltas, at, stamp, way, prices[n - 1], 0)
        for k in range(n - 1, 0, -1):
            prices[k], lots[k] = prices[k - 1], lots[k - 1]
        missing = 0
    else:
        kept = n - gone
        for k in range(1, kept + 1):
            prices[k], lots[k] = prices[k + gone - 1], lots[k + gone - 1]
        missing = gone - 1
    prices[0], lots[0] = best
    at = tell(deltas, at, stamp, way, best[0], best[1])
    return fill_up(rng, side, way, missing, depth, deltas, at, stamp)  # type: ignore[no-any-return]


@compiled
def take(
    side: Any,
    wanted: int,
    trades: Int,
    n_trades: int,
    stamp: Any,
    taker: int,
    first_id: int,
) -> int:
    """Match a taker against the levels; print a trade for each level it reaches.

    The last level always keeps a lot, so that a side is never empty.
    """
    prices, lots = side
    n, level, before = prices.shape[0], 0, n_trades
    while wanted > 0 and level < n:
        left = lots[level] if level < n - 1 else lots[level] - 1
        size = min(wanted, left)
        if size > 0:
            trades[n_trades, 0] = stamp[0]
            trades[n_trades, 1] = stamp[1]
            trades[n_trades, 2] = prices[level]
            trades[n_trades, 3] = size
            trades[n_trades, 4] = taker
            trades[n_trades, 5] = first_id + n_trades - before
            n_trades += 1
            lots[level] -= size
            wanted -= size
        level += 1
    return n_trades


@compiled
def clear_taken(
    rng: Any,
    side: Any,
    way: int,
    depth: Any,
    deltas: Int,
    at: int,
    stamp: Any,
) -> int:
    """Tell what a taker left of the levels, and fill up behind the worst."""
    prices, lots = side
    n, gone = prices.shape[0], 0
    while lots[gone] == 0:
        at = tell(deltas, at, stamp, way, prices[gone], 0)
        gone += 1
    for k in range(n - gone):
        prices[k], lots[k] = prices[k + gone], lots[k + gone]
    at = tell(deltas, at, stamp, way, prices[0], lots[0])
    return fill_up(rng, side, way, gone, depth, deltas, at, stamp)  # type: ignore[no-any-return]

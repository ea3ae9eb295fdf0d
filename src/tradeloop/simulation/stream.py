"""The compiled heart: one instrument's messages, event by event.

1. Time: a Hawkes process with three exponential kernels over a baseline that is
   constant within a step of the grid, by thinning.
2. Price: diffusion, the common factor, the planted drift and the permanent impact of
   takers move the efficient price; the quotes follow it with a lag.
3. Message: a taker who walks the book, a change of price, or a change of size. Each
   message has one sequence number, its deltas, at most one quote and some trades.

All randomness comes from the generator that is passed in, in the order of the events:
the same seed gives the same bytes, however the run is cut into chunks.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import compiled
from tradeloop.simulation.book import (
    clear_taken,
    drawn_lots,
    fill_up,
    once_each,
    set_best,
    take,
    tell,
)

Float = NDArray[np.float64]
Int = NDArray[np.int64]

# Columns of the grid.
BASE, SIGMA, WIDTH, DRIFT, COMMON, SIGNAL = range(6)
GRID_COLUMNS = 6
# Numbers of the state that outlives a chunk.
(
    TIME,
    CELL,
    EXCITED,
    PRICE,
    LAG,
    TRANSIENT,
    PENDING_VARIANCE,
    PENDING_DRIFT,
    LAST,
    SEQUENCE,
    TRADE_ID,
    DIRECTION,
    BELIEF,
    WIDE,
    BID_SIZE,
    ASK_SIZE,
    STARTED,
    SHOWN,
) = (0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)
STATE = 20
KERNELS = 3


@compiled
def next_event(rng: Any, state: Float, grid: Float, p: Any) -> bool:
    """Go to the next event of the Hawkes process; False where the grid ends.

    On the way the variance and the drift of the cells are summed, and the common
    factor, a martingale that steps at the edges of the cells, is added.
    """
    step, n = p.step_s, grid.shape[0]
    cell = int(state[CELL])
    while cell < n:
        end = (cell + 1) * step
        if grid[cell, BASE] == 0.0:  # closed: what excited the market is over
            state[2], state[3], state[4] = 0.0, 0.0, 0.0
        excited = state[2] + state[3] + state[4]
        ceiling = grid[cell, BASE] + excited
        wait = end - state[TIME]
        if ceiling > 0.0:
            wait = min(wait, rng.standard_exponential() / ceiling)
        inside = state[TIME] + wait < end
        after = 0.0
        for k in range(KERNELS):
            state[2 + k] *= np.exp(-p.decay[k] * wait)
            after += state[2 + k]
        state[PENDING_VARIANCE] += grid[cell, SIGMA] ** 2 * wait
        state[PENDING_DRIFT] += grid[cell, DRIFT] * wait
        if inside:
            state[TIME] += wait
            now = grid[cell, BASE] + after
            if rng.random() * ceiling <= now:
                for k in range(KERNELS):
                    state[2 + k] += p.jump[k] * p.decay[k]
                return True
        else:
            state[TIME] = end
            state[PENDING_DRIFT] += grid[cell, COMMON]
            cell += 1
            state[CELL] = cell
    return False


@compiled
def move_price(rng: Any, state: Float, p: Any) -> None:
    """Bring efficient price, lag and transient impact up to the event, in bps."""
    elapsed = state[TIME] - state[LAST]
    state[LAST] = state[TIME]
    moved = state[PENDING_DRIFT]
    moved += np.sqrt(state[PENDING_VARIANCE] * p.own_share) * rng.standard_normal()
    state[PENDING_VARIANCE], state[PENDING_DRIFT] = 0.0, 0.0
    state[PRICE] += moved
    state[LAG] = state[LAG] * np.exp(-elapsed / p.lag_s) + (1.0 - p.at_once) * moved
    state[TRANSIENT] *= np.exp(-elapsed / p.transient_s)


@compiled
def taker_side(rng: Any, state: Float, p: Any) -> tuple[int, float]:
    """Draw the taker's side, and what the past let one expect of it.

    A hidden parent order keeps a direction; a taker follows it with a probability.
    The expectation is the exact filter over the past sides.
    """
    if rng.random() < p.turn:
        state[DIRECTION] = -state[DIRECTION]
    side = state[DIRECTION] if rng.random() < p.follow else -state[DIRECTION]
    up = state[BELIEF] * (1.0 - p.turn) + (1.0 - state[BELIEF]) * p.turn
    expected = (2.0 * p.follow - 1.0) * (2.0 * up - 1.0)
    like = p.follow if side > 0.0 else 1.0 - p.follow
    state[BELIEF] = up * like / (up * like + (1.0 - up) * (1.0 - like))
    return int(side), expected


@compiled
def wanted_top(rng: Any, state: Float, width: float, p: Any) -> tuple[int, int]:
    """Where bid and ask should stand now, in ticks."""
    due = state[PRICE] - state[LAG] + state[TRANSIENT]
    state[SHOWN] += p.adjust * (due - state[SHOWN])
    mid = state[SHOWN] + p.noise_bps * rng.standard_normal()
    ticks = p.start * np.exp(mid * 1e-4) / p.tick
    state[WIDE] = p.wide_keep * state[WIDE]
    state[WIDE] += np.sqrt(1.0 - p.wide_keep**2) * rng.standard_normal()
    spread = 1.0
    if p.wide_share >= 1.0 or rng.random() < p.wide_share:
        spread = np.exp(p.log_width + width + p.sd_width * state[WIDE])
        spread = max(1.0, np.rint(p.width_floor + spread))
    bid = int(np.rint(ticks - 0.5 * spread))
    return bid, bid + int(spread)


@compiled
def nudged(rng: Any, top: tuple[int, int], bid: int, ask: int) -> tuple[int, int]:
    """Move one side by a tick where a new price is due and came out as the old one."""
    if top[0] != bid or top[1] != ask:
        return top
    way = 1 if rng.random() < 0.5 else -1  # noqa: PLR2004  # either way
    if ask - bid <= 1:
        return bid + way, ask + way
    if rng.random() < 0.5:  # noqa: PLR2004  # either side
        return bid + way, ask
    return bid, ask + way


@compiled
def new_size(rng: Any, state: Float, which: int, tilt: float, p: Any) -> int:
    """Draw the next size at the top; its log is an AR(1) with the signal's tilt."""
    state[which] = p.size_keep * state[which]
    state[which] += np.sqrt(1.0 - p.size_keep**2) * rng.standard_normal()
    lots = np.exp(min(p.log_lots + p.sd_lots * state[which] + tilt, 30.0))
    return int(max(1.0, np.rint(lots)))


@compiled
def open_book(
    rng: Any, state: Float, book: Any, p: Any, width: float, deltas: Int
) -> int:
    """Write the snapshot: sequence 1, all levels of both sides."""
    bids, asks = book
    depth = (p.gap, p.log_lots, p.sd_lots)
    stamp = (p.begin_ns, 1, 1)
    bid, ask = wanted_top(rng, state, width, p)
    bids[0][0], asks[0][0] = bid, ask
    bids[1][0] = new_size(rng, state, BID_SIZE, 0.0, p)
    asks[1][0] = new_size(rng, state, ASK_SIZE, 0.0, p)
    n = bids[0].shape[0]
    at = tell(deltas, 0, stamp, 1, bid, bids[1][0])
    at = fill_up(rng, bids, 1, n - 1, depth, deltas, at, stamp)
    at = tell(deltas, at, stamp, -1, ask, asks[1][0])
    at = fill_up(rng, asks, -1, n - 1, depth, deltas, at, stamp)
    state[SEQUENCE], state[STARTED], state[TRADE_ID] = 1.0, 1.0, 1.0
    return int(at)


@compiled
def taker_comes(
    rng: Any, state: Float, book: Any, p: Any, stamp: Any, tables: Any, n: Int
) -> tuple[bool, float]:
    """Let a taker walk the book and move the price.

    Returns
    -------
    tuple
        Whether the best level is gone, and the variance that this taker brought.
    """
    bids, asks = book
    trades, impacts = tables[1], tables[4]
    side, expected = taker_side(rng, state, p)
    size = drawn_lots(rng, p.log_taken, p.sd_taken)
    scaled = (size / p.typical) ** p.exponent
    surprise = scaled * (side - expected)
    jump, passing = p.permanent_bps * surprise, p.transient_bps * surprise
    passive, printed = asks if side > 0 else bids, n[1]
    first = int(state[TRADE_ID])
    n[1] = take(passive, size, trades, printed, stamp, side, first)
    state[TRADE_ID] += n[1] - printed
    gone = passive[1][0] == 0
    depth = (p.gap, p.log_lots, p.sd_lots)
    n[2] = clear_taken(rng, passive, -side, depth, tables[2], n[2], stamp)
    state[PRICE] += jump
    state[LAG] += (1.0 - p.at_once) * jump
    state[TRANSIENT] += passing
    row = impacts[n[3]]
    row[0], row[1], row[2] = stamp[1], side, size
    row[3], row[4], row[5] = expected, jump, passing
    n[3] += 1
    return gone, (p.permanent_bps * scaled) ** 2 * (1.0 - expected**2)


@compiled
def price_changes(
    rng: Any, state: Float, book: Any, p: Any, stamp: Any, deltas: Int, slow: Any
) -> int:
    """Quote anew; ``slow`` is (width, tilt, rows of deltas), the new rows come back."""
    bids, asks = book
    width, tilt, nd = slow
    depth = (p.gap, p.log_lots, p.sd_lots)
    top = wanted_top(rng, state, width, p)
    bid, ask = nudged(rng, top, bids[0][0], asks[0][0])
    new_bid = (bid, new_size(rng, state, BID_SIZE, tilt, p))
    new_ask = (ask, new_size(rng, state, ASK_SIZE, -tilt, p))
    nd = set_best(rng, bids, 1, new_bid, depth, deltas, nd, stamp)
    return set_best(rng, asks, -1, new_ask, depth, deltas, nd, stamp)  # type: ignore[no-any-return]


@compiled
def size_changes(
    rng: Any, state: Float, book: Any, p: Any, stamp: Any, deltas: Int, slow: Any
) -> int:
    """Change the size of one best level; arguments as in `price_changes`."""
    bids, asks = book
    tilt, nd = slow[1], slow[2]
    if rng.random() < 0.5:  # noqa: PLR2004  # either side
        bids[1][0] = new_size(rng, state, BID_SIZE, tilt, p)
        return tell(deltas, nd, stamp, 1, bids[0][0], bids[1][0])  # type: ignore[no-any-return]
    asks[1][0] = new_size(rng, state, ASK_SIZE, -tilt, p)
    return tell(deltas, nd, stamp, -1, asks[0][0], asks[1][0])  # type: ignore[no-any-return]


@compiled
def message(
    rng: Any, state: Float, cell: Any, book: Any, p: Any, tables: Any, n: Int
) -> float:
    """Send one message; ``cell`` is a row of the grid.

    Returns
    -------
    float
        Variance that a taker brought, 0 without one.
    """
    bids, asks = book
    quotes, deltas, prices = tables[0], tables[2], tables[3]
    state[SEQUENCE] += 1.0
    ns = p.begin_ns + int(np.rint(state[TIME] * 1e9))
    stamp, opened, brought = (ns, int(state[SEQUENCE]), 0), n[2], 0.0
    tilt = 0.5 * p.tilt * cell[SIGNAL]
    narrow = asks[0][0] - bids[0][0] <= 1
    renew = rng.random() < (p.renew if narrow else p.renew_wide)
    taken = rng.random() < p.taken
    if taken:
        gone, brought = taker_comes(rng, state, book, p, stamp, tables, n)
        renew = renew or gone
    slow = (cell[WIDTH], tilt, n[2])
    if renew:
        n[2] = price_changes(rng, state, book, p, stamp, deltas, slow)
    elif not taken:
        n[2] = size_changes(rng, state, book, p, stamp, deltas, slow)
    n[2] = once_each(deltas, opened, n[2])
    quote, price = quotes[n[0]], prices[n[0]]
    quote[0], quote[5] = ns, stamp[1]
    quote[1], quote[2] = bids[0][0], asks[0][0]
    quote[3], quote[4] = bids[1][0], asks[1][0]
    price[0], price[1], price[2] = state[PRICE], state[LAG], state[TRANSIENT]
    n[0] += 1
    return brought


@compiled
def run(
    rng: Any, state: Float, grid: Float, book: Any, p: Any, tables: Any, variance: Float
) -> tuple[Int, bool]:
    """Write messages until the grid ends or a table is full.

    Parameters
    ----------
    tables : tuple
        Tables of quotes, trades, deltas, prices and takers, to be filled.
    variance : ndarray of shape (n_cells,)
        Variance that takers bring is added to it.

    Returns
    -------
    tuple
        Rows written of quotes, trades, deltas and takers, and whether more follow.
    """
    levels = book[0][0].shape[0]
    n = np.zeros(4, np.int64)
    if state[STARTED] == 0.0:
        n[2] = open_book(rng, state, book, p, grid[0, WIDTH], tables[2])
    while True:
        full = n[0] == tables[0].shape[0] or n[3] == tables[4].shape[0]
        full = full or n[1] + levels > tables[1].shape[0]
        if full or n[2] + 8 * levels + 8 > tables[2].shape[0]:
            return n, True
        if not next_event(rng, state, grid, p):
            return n, False
        move_price(rng, state, p)
        cell = int(state[CELL])
        variance[cell] += message(rng, state, grid[cell], book, p, tables, n)

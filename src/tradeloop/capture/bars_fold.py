"""The compiled step of bars: one tick more, and perhaps a bar is complete.

History runs it over many ticks, live over one: the same machine code on the same state.
While it runs, the state stands in tuples of numbers, which become registers; a helper
that took an array would count its references at each tick, which is slower than all the
rest. All its functions stand in this file: Numba's cache watches one file.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.capture.bars_rules import (
    DOLLAR,
    TICK,
    TICK_IMBALANCE,
    TIME,
    VOLUME,
    BarRule,
    Feed,
)
from tradeloop.fold import compiled, inline

Float = NDArray[np.float64]
Int = NDArray[np.int64]
State = tuple[Int, Float]
Ticks = tuple[Int, Int, NDArray[np.bool_], Float, Float, Float, Float]
"""event_ns, received_ns, is_quote; bid, ask, bid_size, ask_size of a quote, or price,
size and side of a trade; each of shape (n_ticks,)."""

# Whole numbers of the state. ``when`` is the first five: those of a bar.
OPEN_NS, EVENT_NS, RECEIVED_NS, QUOTES, TRADES = range(5)
LEFT_OUT, KNOWN_NS, LAST_NS, CLOSED_NS = range(5, 9)
N_INTS, N_BAR_INTS = 9, 5

# Floats: ``prices`` (4), ``stands`` (4: the last quote), ``sums`` (6), ``signs`` (6).
N_FLOATS, N_BAR_FLOATS = 20, 10
CLOSE, STANDS, _BALANCE, _EXPECTED = 3, slice(4, 8), 17, 18

# Whole numbers and numbers of a rule. A bar on its way is ``when``, when its quote was
# known, ``prices``, ``stands`` and ``sums``.
_KIND, _LENGTH, _BY_MID, _VOLUME, _SIDES, _BY_TAKER = range(6)
_SIZE, _TICKS_RATE, _BALANCE_RATE, _LEAST, _MOST, _LEAST_BALANCE = range(6)
NO_TIME = -(2**62)


def fresh_state(rule: BarRule) -> State:
    """State before the first tick."""
    ints, floats = np.zeros(N_INTS, np.int64), np.zeros(N_FLOATS)
    ints[[OPEN_NS, RECEIVED_NS, KNOWN_NS, LAST_NS, CLOSED_NS]] = NO_TIME
    floats[:8], floats[14] = np.nan, np.nan
    if rule.imbalance is not None:
        floats[_BALANCE] = rule.imbalance.balance
        floats[_EXPECTED] = rule.imbalance.ticks
    return ints, floats


def coded(rule: BarRule, feed: Feed) -> tuple[Int, Float]:
    """Put rule and feed into arrays."""
    im = rule.imbalance
    length = int(rule.size) if rule.kind == TIME else 0
    by_taker = im is not None and im.by_taker
    flags = feed.prices == "mid", feed.volume, feed.sides, by_taker
    numbers = [float(rule.size), *(5 * [0.0])]
    if im is not None:
        rates = 2.0 / (im.ticks_span + 1.0), 2.0 / (im.balance_span + 1.0)
        numbers[1:] = [*rates, im.least_ticks, im.most_ticks, im.least_balance]
    return np.array([rule.kind, length, *flags], np.int64), np.array(numbers)


@inline
def _opened(kind: int, length: int, now: int, close: float) -> Any:
    """Begin a bar at the multiple of its length, or now: times, prices, sums."""
    start = now
    if kind == TIME:
        start = now // length * length
    times = start, start + length, NO_TIME, 0, 0
    return times, (np.nan, np.nan, np.nan, close), (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@inline
def _counted(when: Any, kind: int, now: int, received_ns: int, quote: int) -> Any:
    """Note that a tick is in the bar."""
    start, end, known_ns, quotes, trades = when
    if kind != TIME:
        end = now
    return start, end, max(known_ns, received_ns), quotes + quote, trades + 1 - quote


@inline
def _added(total: float, lost: float, value: float) -> Any:
    """Add, and keep what rounding lost (Knuth's exact error)."""
    new = total + value
    came = new - total
    return new, lost + ((total - (new - came)) + (value - came))


@inline
def _dealt(sums: Any, price: float, size: float, side: float) -> Any:
    """Add a trade to volume, signed volume and value."""
    volume, volume_lost = _added(sums[0], sums[1], size)
    signed, signed_lost = _added(sums[2], sums[3], size * side)
    value, value_lost = _added(sums[4], sums[5], price * size)
    return volume, volume_lost, signed, signed_lost, value, value_lost


@inline
def _priced(prices: Any, price: float) -> Any:
    """Take a price in; a bar that has none yet opens with it."""
    first, high, low, _ = prices
    if first != first:
        first, high, low = price, price, price
    return first, max(high, price), min(low, price), price


@inline
def _signed(signs: Any, kind: int, price: float, side: float, rate: float) -> Any:
    """Advance sign, imbalance and their expectation by one tick."""
    if kind != TICK_IMBALANCE:
        return signs
    last, sign, theta, balance, expected, threshold = signs
    if price > last:
        sign = 1.0
    elif price < last:
        sign = -1.0
    if side != 0.0:
        sign = side
    balance += rate * (sign - balance)
    return price, sign, theta + sign, balance, expected, threshold


@inline
def _armed(signs: Any, least: float) -> Any:
    """Fix the threshold of a bar that begins, by what is expected now."""
    last, sign, _, balance, expected, _ = signs
    return last, sign, 0.0, balance, expected, expected * max(abs(balance), least)


@inline
def _learnt(signs: Any, ticks: int, numbers: Any) -> Any:
    """Learn the ticks of a bar that is complete."""
    last, sign, theta, balance, expected, threshold = signs
    expected += numbers[_TICKS_RATE] * (ticks - expected)
    expected = min(max(expected, numbers[_LEAST]), numbers[_MOST])
    return last, sign, theta, balance, expected, threshold


@inline
def _is_full(kind: int, size: float, ticks: int, sums: Any, signs: Any) -> Any:
    """Whether the tick that came last ends the bar."""
    if kind == TICK:
        return ticks >= size
    if kind == VOLUME:
        return sums[0] + sums[1] >= size
    if kind == DOLLAR:
        return sums[4] + sums[5] >= size
    return kind == TICK_IMBALANCE and abs(signs[2]) >= signs[5]


@compiled
def _write(codes: Int, found: Any, at: int, bar: Any) -> Any:
    """Write a bar; without any price it is left out. Returns the next place."""
    when, known_ns, prices, stands, sums = bar
    first, high, low, close = prices
    if close != close:
        return at
    if first != first:  # no quote in it: it stands at the last one
        first, high, low = close, close, close
    whole, numbers = found
    whole[at] = when
    whole[at, RECEIVED_NS] = max(when[EVENT_NS], when[RECEIVED_NS], known_ns)
    volume = sums[0] + sums[1] if codes[_VOLUME] else np.nan
    signed = sums[2] + sums[3] if codes[_SIDES] else np.nan
    numbers[at] = (first, high, low, close, volume, *stands, signed)
    return at + 1


@compiled
def _load(state: State) -> Any:
    """Take bar and signs out of the arrays of a state."""
    i, x = state
    when = i[0], i[1], i[2], i[3], i[4]
    prices, stands = (x[0], x[1], x[2], x[3]), (x[4], x[5], x[6], x[7])
    sums = x[8], x[9], x[10], x[11], x[12], x[13]
    signs = x[14], x[15], x[16], x[17], x[18], x[19]
    return (when, i[KNOWN_NS], prices, stands, sums), signs


@compiled
def _store(state: State, bar: Any, signs: Any) -> None:
    """Put bar and signs back."""
    when, known_ns, prices, stands, sums = bar
    state[0][:N_BAR_INTS], state[0][KNOWN_NS] = when, known_ns
    state[1][:4], state[1][4:8] = prices, stands
    state[1][8:14], state[1][14:] = sums, signs


@compiled
def fold_ticks(
    rule: tuple[Int, Float], state: State, ticks: Ticks, found: Any, first: int
) -> tuple[int, int]:
    """Take ticks in from ``first`` on, as many as ``found`` has rows, or to their end.

    ``found`` is (bars, 5) whole numbers and (bars, 10) floats of the bars that became
    complete. Returns the tick that comes next, and how many bars there are.
    """
    codes, many = rule
    kind, length, mid = codes[_KIND], codes[_LENGTH], codes[_BY_MID]
    numbers = many[0], many[1], many[2], many[3], many[4], many[5]
    event_ns, received_ns, is_quote, one, two, three, four = ticks
    (when, known_ns, prices, stands, sums), signs = _load(state)
    n_found, stop = 0, min(event_ns.shape[0], first + found[0].shape[0])
    for at in range(first, stop):
        now, quote, price, side = event_ns[at], is_quote[at], one[at], 0.0
        if kind == TIME and when[OPEN_NS] != NO_TIME and now >= when[EVENT_NS]:
            bar = when, known_ns, prices, stands, sums
            when, n_found = _closed(codes, state, found, n_found, bar)
        if mid or not quote:
            if when[OPEN_NS] == NO_TIME:
                when, prices, sums = _opened(kind, length, now, prices[3])
                signs = _armed(signs, numbers[_LEAST_BALANCE])
            when = _counted(when, kind, now, received_ns[at], int(quote))
        if quote:
            stands, known_ns = (price, two[at], three[at], four[at]), received_ns[at]
            price = (price + two[at]) / 2.0
        else:
            side = three[at] * codes[_BY_TAKER]
            sums = _dealt(sums, price, two[at], three[at])
        if quote == mid:
            prices = _priced(prices, price)
            signs = _signed(signs, kind, price, side, numbers[_BALANCE_RATE])
            if _is_full(kind, numbers[_SIZE], when[TRADES - mid], sums, signs):
                bar = when, known_ns, prices, stands, sums
                when, n_found = _closed(codes, state, found, n_found, bar)
                signs = _learnt(signs, when[TRADES - mid], numbers)
    _store(state, (when, known_ns, prices, stands, sums), signs)
    return stop, n_found


@compiled
def _closed(codes: Int, state: State, found: Any, at: int, bar: Any) -> Any:
    """Write a bar that is complete; return ``when`` of no bar, and the next place."""
    when = bar[0]
    after = _write(codes, found, at, bar)
    if after == at:
        state[0][LEFT_OUT] += when[TRADES]
    if codes[_KIND] == TIME:
        state[0][CLOSED_NS] = when[EVENT_NS]
    return (NO_TIME, when[1], when[2], when[3], when[4]), after


@compiled
def close_at(codes: Int, state: State, found: Any, now: int) -> int:
    """Close a time bar that ended at ``now`` or before; return how many were."""
    if codes[_KIND] != TIME or state[0][OPEN_NS] == NO_TIME or now < state[0][EVENT_NS]:
        return 0
    bar, signs = _load(state)
    when, count = _closed(codes, state, found, 0, bar)
    _store(state, (when, bar[1], bar[2], bar[3], bar[4]), signs)
    return int(count)


@compiled
def peek(codes: Int, state: State, found: Any) -> int:
    """Write the bar that is open, as it would be if it ended now; it stays open."""
    if state[0][OPEN_NS] == NO_TIME:
        return 0
    bar, _ = _load(state)
    return int(_write(codes, found, 0, bar))

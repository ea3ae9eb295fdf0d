"""Patterns of four and five candles, and those that wait to be confirmed."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.features.patterns.candle import (
    BARE_FOOT,
    BARE_TOP,
    BLACK,
    FREE,
    GAP_DOWN,
    GAP_UP,
    HIGHER_CLOSE,
    HIGHER_HIGH,
    HIGHER_LOW,
    HIGHER_OPEN,
    LONG,
    LOWER_CLOSE,
    LOWER_HIGH,
    LOWER_LOW,
    LOWER_OPEN,
    NEAR,
    OPENS_WITHIN,
    PRICES,
    REFERENCE,
    SHORT,
    TOPPED,
    UNIT,
    WHITE,
    candle,
    counts,
    has,
    known,
    signed,
)
from tradeloop.features.patterns.named import COUNTS, titles
from tradeloop.fold import Float, inline, kernel

_LAST = 14
_NOTHING = (nan,) * 4
_PENETRATION = 0.5
_OPENS_NEAR = 1 << FREE  # in the body before, or near it
_CLOSES_LOW = 1 << (FREE + 1)  # near the low of the candle
_CLOSES_HIGH = 1 << (FREE + 2)
# Places of the last four candles in the state; the newest of them is candle 1.
_OPENS, _HIGHS, _LOWS, _CLOSES = 1, 5, 9, 13  # the bits follow from 17
_MEAN_RANGE, _HIKKAKE, _MODIFIED = 21, 22, 25
_WAIT = 3.0  # rows within which a hikkake is confirmed
Five = tuple[int, int, int, int, int]
"""Bits of this candle and of the four before, the newest first."""


@inline
def _near(
    state: Float,
    bits: int,
    open_: float,
    high: float,
    low: float,
    close: float,
    mean_range: float,
) -> int:
    """Add this family's bits, by the mean range before and now."""
    o, c = state[_OPENS], state[_CLOSES]
    near, now = NEAR * state[_MEAN_RANGE], NEAR * mean_range
    return (  # type: ignore[no-any-return]
        bits
        | (((open_ >= min(o, c) - near) & (open_ <= max(o, c) + near)) << FREE)
        | ((close <= low + now) << (FREE + 1))
        | ((close >= high - now) << (FREE + 2))
    )


@inline
def _wait(state: Float, at: int, bullish: int, bearish: int, close: float) -> float:
    """Report a pattern, and again, doubled, a close that confirms it within 3 rows.

    ``state[at:at + 3]`` is (rows since the pattern, its sign, price to pass).
    """
    found = bullish | bearish
    age = 0.0 if found else state[at] + 1.0
    sign = signed(bullish, bearish) if found else state[at + 1]
    level = state[at + 2]
    level = state[_HIGHS] if bullish else (state[_LOWS] if bearish else level)
    passed = ((sign > 0.0) & (close > level)) | ((sign < 0.0) & (close < level))
    confirmed = (age > 0.0) & (age <= _WAIT) & passed
    state[at], state[at + 2] = age, level
    state[at + 1] = 0.0 if confirmed else sign
    return 2.0 * sign if confirmed else (sign if found else 0.0)


@inline
def _hikkake(state: Float, five: Five, close: float) -> float:
    """Bar inside the one before, then a bar that leaves it to one side: a trap."""
    bits, inside = five[0], has(five[1], LOWER_HIGH | HIGHER_LOW)
    bullish = inside & has(bits, LOWER_HIGH | LOWER_LOW)
    bearish = inside & has(bits, HIGHER_HIGH | HIGHER_LOW)
    return _wait(state, _HIKKAKE, bullish, bearish, close)  # type: ignore[no-any-return]


@inline
def _modified_hikkake(state: Float, five: Five, close: float) -> float:
    """Two inside bars, the first of which closes near its end, then the trap."""
    bits, old, second = five[0], five[1], five[2]
    inside = has(old & second, LOWER_HIGH | HIGHER_LOW)
    bullish = inside & has(bits, LOWER_HIGH | LOWER_LOW) & has(second, _CLOSES_LOW)
    bearish = inside & has(bits, HIGHER_HIGH | HIGHER_LOW) & has(second, _CLOSES_HIGH)
    return _wait(state, _MODIFIED, bullish, bearish, close)  # type: ignore[no-any-return]


@inline
def _fours(state: Float, five: Five) -> tuple[float, float]:
    """Three black crows; the swallow hidden between black candles."""
    bits, a, b, c, _ = five
    crows = has(bits & a & b, BLACK | BARE_FOOT) & has(c, WHITE)
    crows &= has(bits & a, OPENS_WITHIN | LOWER_CLOSE)
    crows &= state[_HIGHS + 2] > state[_CLOSES + 1]
    hidden = has(bits & a & b & c, BLACK) & has(b & c, BARE_TOP | BARE_FOOT)
    hidden &= has(a, GAP_DOWN | TOPPED) & has(bits, HIGHER_HIGH | LOWER_LOW)
    hidden &= state[_HIGHS] > state[_CLOSES + 1]
    return signed(0, crows), signed(hidden, 0)


@inline
def _line_strike(state: Float, five: Five, open_: float, close: float) -> float:
    """Three candles one way, then one that takes all of it back."""
    bits, a, b, c, _ = five
    near = has(a & b, _OPENS_NEAR)
    end, start = state[_CLOSES], state[_OPENS + 2]
    up = near & has(a & b & c, WHITE) & has(a & b, HIGHER_CLOSE) & has(bits, BLACK)
    down = near & has(a & b & c, BLACK) & has(a & b, LOWER_CLOSE) & has(bits, WHITE)
    return signed(  # type: ignore[no-any-return]
        up & (open_ > end) & (close < start), down & (open_ < end) & (close > start)
    )


@inline
def _breakaway(state: Float, five: Five, close: float) -> float:
    """Long candle, a gap and two more, then a close back in the gap."""
    bits, a, b, c, d = five
    inner, outer = state[_CLOSES + 3], state[_OPENS + 2]
    down = has(bits, WHITE) & has(d, BLACK | LONG) & has(c, BLACK | GAP_DOWN)
    down &= has(a & b, LOWER_HIGH | LOWER_LOW) & has(a, BLACK)
    up = has(bits, BLACK) & has(d, WHITE | LONG) & has(c, WHITE | GAP_UP)
    up &= has(a & b, HIGHER_HIGH | HIGHER_LOW) & has(a, WHITE)
    return signed(  # type: ignore[no-any-return]
        down & (close > outer) & (close < inner), up & (close < outer) & (close > inner)
    )


@inline
def _ladder_bottom(state: Float, five: Five, close: float) -> float:
    """Four black candles down, the last with an upper shadow, then a white one."""
    bits, a, b, c, d = five
    falls = has(a & b & c & d, BLACK) & has(b & c, LOWER_OPEN | LOWER_CLOSE)
    ends = has(a, TOPPED) & has(bits, WHITE | HIGHER_OPEN) & (close > state[_HIGHS])
    return signed(falls & ends, 0)  # type: ignore[no-any-return]


@inline
def _mat_hold(state: Float, five: Five, open_: float, close: float) -> float:
    """Long white candle, three small ones that give back little, a white one on top."""
    bits, a, b, c, d = five
    o, last = state[_OPENS + 3], state[_CLOSES + 3]
    floor = last - abs(last - o) * _PENETRATION
    shape = has(a & b & c, SHORT) & has(d, LONG | WHITE) & has(c, BLACK | GAP_UP)
    shape &= has(bits, WHITE) & (open_ > state[_CLOSES])
    o_1, o_2, c_1, c_2 = state[1], state[2], state[_CLOSES], state[_CLOSES + 1]
    low_1, low_2 = min(o_1, c_1), min(o_2, c_2)
    held = (low_1 < last) & (low_2 < last) & (low_1 > floor) & (low_2 > floor)
    falls = (max(o_2, c_2) < state[_OPENS + 2]) & (max(o_1, c_1) < max(o_2, c_2))
    highest = max(state[_HIGHS], state[_HIGHS + 1], state[_HIGHS + 2])
    return signed(shape & held & falls & (close > highest), 0)  # type: ignore[no-any-return]


@inline
def _methods(state: Float, five: Five, open_: float, close: float) -> float:
    """Long candle, three small ones against it inside its range, a long one on."""
    bits, a, b, c, d = five
    high, low = state[_HIGHS + 3], state[_LOWS + 3]
    inside = has(bits & d, LONG) & has(a & b & c, SHORT)
    for k in (0, 1, 2):
        o_k, c_k = state[_OPENS + k], state[_CLOSES + k]
        inside &= (min(o_k, c_k) < high) & (max(o_k, c_k) > low)
    up = has(bits & d, WHITE) & has(a & b & c, BLACK) & has(a & b, LOWER_CLOSE)
    down = has(bits & d, BLACK) & has(a & b & c, WHITE) & has(a & b, HIGHER_CLOSE)
    up &= (open_ > state[_CLOSES]) & (close > state[_CLOSES + 3])
    down &= (open_ < state[_CLOSES]) & (close < state[_CLOSES + 3])
    return signed(inside & up, inside & down)  # type: ignore[no-any-return]


@kernel(
    "breakaway",
    "ladder_bottom",
    "mat_hold",
    "rising_falling_three_methods",
    "three_black_crows",
    "concealing_baby_swallow",
    "three_line_strike",
    "modified_hikkake",
    "hikkake",
    *COUNTS,
    state=28,
)
def _more_candles(
    state: Float,
    open: float,  # noqa: A002
    high: float,
    low: float,
    close: float,
    bits: float,
    mean_range: float,
) -> tuple[float, ...]:
    now, count = int(bits), state[0]
    five = now, int(state[17]), int(state[18]), int(state[19]), int(state[20])
    late = (
        _breakaway(state, five, close),
        _ladder_bottom(state, five, close),
        _mat_hold(state, five, open, close),
        _methods(state, five, open, close),
    )
    crows, hidden = _fours(state, five)
    strike = _line_strike(state, five, open, close)
    trap = _hikkake(state, five, close)
    modified = _modified_hikkake(state, five, close)
    now = _near(state, now, open, high, low, close, mean_range)
    state[4], state[3], state[2], state[1] = state[3], state[2], state[1], open
    state[8], state[7], state[6], state[5] = state[7], state[6], state[5], high
    state[12], state[11], state[10], state[9] = state[11], state[10], state[9], low
    state[16], state[15], state[14] = state[15], state[14], state[13]
    state[20], state[19], state[18] = state[19], state[18], state[17]
    state[13], state[17], state[_MEAN_RANGE] = close, float(now), mean_range
    if count < _LAST:
        state[0] = count + 1.0
        early = known(crows, count, 13.0), known(hidden, count, 13.0)
        traps = known(modified, count, 10.0), known(trap, count, 5.0)
        return (*_NOTHING, *early, known(strike, count, 8.0), *traps, nan, nan)
    found = (*late, crows, hidden, strike, modified, trap)
    return (*found, *counts(found))


def more_candles() -> Feature:
    """Columns of patterns of four and five candles, and of the hikkake traps."""
    shape = candle()
    return Feature(
        "pattern_more",
        FAMILY,
        (*PRICES, shape["bits"], shape["mean_range_5"]),
        warm_up=(*(_LAST,) * len(_NOTHING), 13, 13, 8, 10, 5, _LAST, _LAST),
        look_back=5,
        titles=titles("pattern_more", _more_candles.outputs),
    )


FAMILY = Family(
    name="more_candles",
    category="technical",
    kernel=_more_candles,
    formula="four and five candles in a row; hikkake: an inside bar, a bar that leaves "
    "it, and a close on the other side within 3 rows",
    unit=UNIT + "; hikkake and modified_hikkake are 200 or -200 where the pattern of "
    "up to 3 rows before is confirmed",
    reference=REFERENCE,
    build=more_candles,
    examples=((),),
)

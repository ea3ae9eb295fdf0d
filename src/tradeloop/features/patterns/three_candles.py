"""Patterns of three candles."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.features.patterns.candle import (
    AROUND,
    BARE_FOOT,
    BARE_TOP,
    BLACK,
    EQUAL,
    FAR,
    FOOT_LONG,
    FOOTED,
    FREE,
    HIGHER_CLOSE,
    HIGHER_LOW,
    HIGHER_OPEN,
    INSIDE,
    LONG,
    LOWER_CLOSE,
    LOWER_HIGH,
    LOWER_LOW,
    NEAR,
    PRICES,
    REFERENCE,
    SHORT,
    SMALL,
    SMALLER,
    TOP_LONG,
    TOP_NOT_SHORT,
    TOP_SHORT,
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

_LAST = 12
_NOTHING = (nan,) * 7
_STEPS_UP = 1 << FREE  # opens above the open before, at most near above the close
_AT_CLOSE = 1 << (FREE + 1)  # opens equal to the close before
_FADES = 1 << (FREE + 2)  # body below the body before by more than far
_HOLDS = 1 << (FREE + 3)  # body above the body before less far
_NOT_GROWN = 1 << (FREE + 4)  # body below the body before and near


@inline
def _steps(state: Float, bits: int, open_: float, body: float) -> int:
    """Add this family's bits against the candle before, by its mean range."""
    o, c, mean_range = state[1], state[4], state[6]
    near, far, equal = NEAR * mean_range, FAR * mean_range, EQUAL * mean_range
    before = abs(c - o)
    return (  # type: ignore[no-any-return]
        bits
        | (((open_ > o) & (open_ <= c + near)) << FREE)
        | (((open_ >= c - equal) & (open_ <= c + equal)) << (FREE + 1))
        | ((body < before - far) << (FREE + 2))
        | ((body > before - far) << (FREE + 3))
        | ((body < before + near) << (FREE + 4))
    )


@inline
def _climbs(
    state: Float, bits: int, old: int, first: int, open_: float, body: float
) -> tuple[float, float, float]:
    """Three white candles, each higher: soldiers, and two ways to tire."""
    up = has(bits & old, HIGHER_CLOSE) & has(bits & old & first, WHITE)
    both = has(bits & old, _STEPS_UP) & up
    strong = has(bits & old & first, BARE_TOP) & has(bits & old, _HOLDS)
    shadow = has(bits, TOP_NOT_SHORT) | has(old, TOP_NOT_SHORT)
    weak = has(old, _FADES) & has(bits, _NOT_GROWN)
    weak |= has(bits, _FADES)
    weak |= has(bits & old, SMALLER) & shadow
    weak |= has(bits, SMALLER | TOP_LONG)
    high = open_ >= state[4] - body - NEAR * state[6]
    stalled = up & has(first, LONG) & has(old, LONG | BARE_TOP | _STEPS_UP)
    return (
        signed(both & strong & has(bits, LONG), 0),
        signed(0, both & weak & has(first, LONG | TOP_SHORT)),
        signed(0, stalled & has(bits, SHORT) & high),
    )


@inline
def _inside(state: Float, bits: int, old: int, first: int, close: float) -> float:
    """Small body inside a long one, then a close beyond the long one's open."""
    inside = has(old, INSIDE | SMALL) & has(first, LONG)
    o = state[7]
    return signed(  # type: ignore[no-any-return]
        inside & has(first, BLACK) & has(bits, WHITE) & (close > o),
        inside & has(first, WHITE) & has(bits, BLACK) & (close < o),
    )


@inline
def _bottoms(
    state: Float, bits: int, old: int, first: int, open_: float
) -> tuple[float, float, float]:
    """Falls that come to an end, or go on: stars in the south, river, crows."""
    high, c = state[8], state[10]
    black = has(bits & old & first, BLACK)
    south = has(first, LONG | FOOT_LONG) & has(old, SMALLER | FOOTED)
    south &= (state[1] > c) & (state[1] <= high) & (state[3] < c)
    south &= 1 - has(old, LOWER_LOW)
    held = has(bits, SHORT | BARE_FOOT | BARE_TOP | HIGHER_LOW | LOWER_HIGH)
    river = has(first, LONG | BLACK) & has(old, BLACK | HIGHER_CLOSE | LOWER_LOW)
    river &= 1 - has(old, HIGHER_OPEN)
    crows = has(bits & old & first, BARE_FOOT) & has(bits & old, LOWER_CLOSE)
    return (
        signed(black & south & held, 0),
        signed(river & has(bits, SHORT | WHITE) & (open_ > state[3]), 0),
        signed(0, black & crows & has(bits & old, _AT_CLOSE)),
    )


@inline
def _outside(bits: int, old: int, first: int) -> float:
    """Engulfing candle, then a close beyond it."""
    around = has(old, AROUND)
    return signed(  # type: ignore[no-any-return]
        around & has(old, WHITE) & has(first, BLACK) & has(bits, HIGHER_CLOSE),
        around & has(old, BLACK) & has(first, WHITE) & has(bits, LOWER_CLOSE),
    )


@inline
def _sandwich(state: Float, bits: int, old: int, first: int, close: float) -> float:
    """White candle between two black ones with equal closes."""
    c, equal = state[10], EQUAL * state[12]
    closes = (close <= c + equal) & (close >= c - equal) & (state[3] > c)
    return signed(closes & has(bits & first, BLACK) & has(old, WHITE), 0)  # type: ignore[no-any-return]


@kernel(
    "three_white_soldiers",
    "advance_block",
    "stalled_pattern",
    "three_inside",
    "three_stars_in_south",
    "unique_three_river",
    "identical_three_crows",
    "three_outside",
    "stick_sandwich",
    *COUNTS,
    state=13,
)
def _three_candles(
    state: Float,
    open: float,  # noqa: A002
    high: float,
    low: float,
    close: float,
    bits: float,
    mean_range: float,
) -> tuple[float, ...]:
    # State: count; open, high, low, close, bits and mean range of the candle before;
    # the same of the one before that.
    body, old, first, count = abs(close - open), int(state[5]), int(state[11]), state[0]
    now = _steps(state, int(bits), open, body)
    late = (
        *_climbs(state, now, old, first, open, body),
        _inside(state, now, old, first, close),
        *_bottoms(state, now, old, first, open),
    )
    outside = _outside(now, old, first)
    sandwich = _sandwich(state, now, old, first, close)
    state[7], state[8], state[9] = state[1], state[2], state[3]
    state[10], state[11], state[12] = state[4], state[5], state[6]
    state[1], state[2], state[3], state[4] = open, high, low, close
    state[5], state[6] = float(now), mean_range
    if count < _LAST:
        state[0] = count + 1.0
        early = known(outside, count, 3.0), known(sandwich, count, 7.0)
        return (*_NOTHING, *early, nan, nan)
    found = (*late, outside, sandwich)
    return (*found, *counts(found))


def three_candles() -> Feature:
    """Columns of patterns of three candles, as ``three_white_soldiers``."""
    shape = candle()
    return Feature(
        "pattern_three",
        FAMILY,
        (*PRICES, shape["bits"], shape["mean_range_5"]),
        warm_up=(*(_LAST,) * len(_NOTHING), 3, 7, _LAST, _LAST),
        look_back=2,
        titles=titles("pattern_three", _three_candles.outputs),
    )


FAMILY = Family(
    name="three_candles",
    category="technical",
    kernel=_three_candles,
    formula="three candles in a row: colours, sizes and where each opens and closes",
    unit=UNIT,
    reference=REFERENCE,
    build=three_candles,
    examples=((),),
)

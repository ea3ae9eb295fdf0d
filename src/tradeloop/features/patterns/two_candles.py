"""Patterns of two candles."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.features.patterns.candle import (
    AROUND,
    AROUND_OR_EVEN,
    BARE_FOOT,
    BARE_TOP,
    BLACK,
    DOJI,
    EQUAL,
    FOOT_LONG,
    GAP_DOWN,
    GAP_UP,
    INSIDE,
    INSIDE_OR_EVEN,
    LARGER,
    LEAP_DOWN,
    LEAP_UP,
    LONG,
    NEAR,
    PRICES,
    REFERENCE,
    SHORT,
    SMALL,
    TOP_LONG,
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

_LAST = 11
_NOTHING = (nan,) * 17
_HALF = 0.5


@inline
def _graded(bullish: int, full: int, even: int) -> float:
    """100 where the bodies stand clear of each other, 80 where one end is even."""
    size = 100.0 if full else (80.0 if even else 0.0)
    return size if bullish else 0.0 - size


@inline
def _hammers(
    state: Float, bits: int, lower: float
) -> tuple[float, float, float, float]:
    """Long shadow on one side; what it means depends on the candle before."""
    near = NEAR * state[6]
    hammer = has(bits, SHORT | FOOT_LONG | BARE_TOP)
    inverted = has(bits, SHORT | TOP_LONG | BARE_FOOT)
    return (
        signed(hammer & (lower <= state[3] + near), 0),
        signed(0, hammer & (lower >= state[2] - near)),
        signed(inverted & has(bits, GAP_DOWN), 0),
        signed(0, inverted & has(bits, GAP_UP)),
    )


@inline
def _bodies(bits: int, old: int) -> tuple[float, float, float, float]:
    """One body inside or beyond the other."""
    even = has(bits, INSIDE_OR_EVEN) & has(old, LONG)
    inside = has(bits, INSIDE) & even
    star = has(bits, DOJI) & has(old, LONG)
    small, doji, up = has(bits, SMALL), has(bits, DOJI), has(old, BLACK)
    return (
        _graded(up, inside & small, even & small),
        _graded(up, inside & doji, even & doji),
        signed(star & up & has(bits, GAP_DOWN), star & (1 - up) & has(bits, GAP_UP)),
        signed(has(bits, BLACK | SMALL | INSIDE) & has(old, BLACK | LONG), 0),
    )


@inline
def _engulfing(bits: int, old: int) -> float:
    up = has(bits, WHITE) & has(old, BLACK)
    turned = up | (has(bits, BLACK) & has(old, WHITE))
    even = turned & has(bits, AROUND_OR_EVEN)
    return _graded(up, turned & has(bits, AROUND), even)  # type: ignore[no-any-return]


@inline
def _reversals(
    state: Float, bits: int, old: int, open_: float, close: float
) -> tuple[float, float]:
    """Close deep in the long body before: piercing line, dark cloud cover."""
    o, high, low, c = state[1], state[2], state[3], state[4]
    half = abs(c - o) * _HALF
    piercing = (open_ < low) & (close < o) & (close > c + half)
    cloud = (open_ > high) & (close > o) & (close < c - half)
    return (
        signed(piercing & has(bits, WHITE | LONG) & has(old, BLACK | LONG), 0),
        signed(0, cloud & has(bits, BLACK) & has(old, WHITE | LONG)),
    )


@inline
def _meetings(
    state: Float, bits: int, old: int, open_: float, close: float
) -> tuple[float, float]:
    """Equal closes or opens of candles of two colours."""
    o, c, equal = state[1], state[4], EQUAL * state[6]
    closes = (close <= c + equal) & (close >= c - equal) & has(old, LONG)
    opens = (open_ <= o + equal) & (open_ >= o - equal)
    up = has(bits, WHITE | LONG) & has(old, BLACK)
    down = has(bits, BLACK | LONG) & has(old, WHITE)
    return (
        signed(up & closes, down & closes),
        signed(up & opens & has(bits, BARE_FOOT), down & opens & has(bits, BARE_TOP)),
    )


@inline
def _matching_low(state: Float, bits: int, old: int, close: float) -> float:
    c, equal = state[4], EQUAL * state[6]
    closes = (close <= c + equal) & (close >= c - equal)
    return signed(closes & has(bits & old, BLACK), 0)  # type: ignore[no-any-return]


@inline
def _necks(
    state: Float, bits: int, old: int, open_: float, close: float
) -> tuple[float, float, float]:
    """White candle from below a long black one, that does not come far up."""
    o, low, c, equal = state[1], state[3], state[4], EQUAL * state[6]
    below = has(bits, WHITE) & has(old, BLACK | LONG) & (open_ < low)
    half = abs(c - o) * _HALF
    return (
        signed(0, below & (close <= c + equal) & (close >= c)),
        signed(0, below & (close <= low + equal) & (close >= low - equal)),
        signed(0, below & (close > c + equal) & (close <= c + half)),
    )


@inline
def _kicks(bits: int, old: int) -> tuple[float, float]:
    """Two marubozus of different colours, with a gap."""
    both = has(bits & old, LONG | BARE_TOP | BARE_FOOT)
    up = both & has(bits, WHITE | LEAP_UP) & has(old, BLACK)
    down = both & has(bits, BLACK | LEAP_DOWN) & has(old, WHITE)
    larger = has(bits, LARGER)  # else the colour of the one before counts
    white = (up & larger) | (down & (1 - larger))
    black = (down & larger) | (up & (1 - larger))
    return signed(up, down), signed(white, black)


@kernel(
    "hammer",
    "hanging_man",
    "inverted_hammer",
    "shooting_star",
    "harami",
    "harami_cross",
    "doji_star",
    "homing_pigeon",
    "piercing",
    "dark_cloud_cover",
    "counterattack",
    "separating_lines",
    "in_neck",
    "on_neck",
    "thrusting",
    "kicking",
    "kicking_by_length",
    "engulfing",
    "matching_low",
    *COUNTS,
    state=7,
)
def _two_candles(
    state: Float,
    open: float,  # noqa: A002
    high: float,
    low: float,
    close: float,
    bits: float,
    mean_range: float,
) -> tuple[float, ...]:
    now, old, count = int(bits), int(state[5]), state[0]
    engulfing = _engulfing(now, old)
    matching = _matching_low(state, now, old, close)
    late = (
        _hammers(state, now, min(open, close))
        + _bodies(now, old)
        + _reversals(state, now, old, open, close)
        + _meetings(state, now, old, open, close)
        + _necks(state, now, old, open, close)
        + _kicks(now, old)
    )
    state[1], state[2], state[3], state[4] = open, high, low, close
    state[5], state[6] = bits, mean_range
    if count < _LAST:
        state[0] = count + 1.0
        early = known(engulfing, count, 2.0), known(matching, count, 6.0)
        return (*_NOTHING, *early, nan, nan)
    found = (*late, engulfing, matching)
    return (*found, *counts(found))


def two_candles() -> Feature:
    """Columns of patterns of two candles, as ``hammer`` and ``engulfing``."""
    shape = candle()
    return Feature(
        "pattern_two",
        FAMILY,
        (*PRICES, shape["bits"], shape["mean_range_5"]),
        warm_up=(*(_LAST,) * len(_NOTHING), 2, 6, _LAST, _LAST),
        look_back=1,
        titles=titles("pattern_two", _two_candles.outputs),
    )


FAMILY = Family(
    name="two_candles",
    category="technical",
    kernel=_two_candles,
    formula="two candles in a row: shapes, gaps and how far one body goes into the "
    "other",
    unit=UNIT + "; engulfing and harami are 80 or -80 where one end of the bodies is "
    "even",
    reference=REFERENCE,
    build=two_candles,
    examples=((),),
)

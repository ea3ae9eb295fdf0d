"""Patterns of three candles with a gap between two of them: stars, crows, gaps."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.features.patterns.candle import (
    BLACK,
    DOJI,
    EQUAL,
    GAP_DOWN,
    GAP_UP,
    HIGHER_OPEN,
    LEAP_DOWN,
    LEAP_UP,
    LONG,
    LOWER_CLOSE,
    NEAR,
    OPENS_WITHIN,
    REFERENCE,
    SMALL,
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
_NOTHING = (nan,) * 8
_PENETRATION = 0.3


@inline
def _crows(
    state: Float, bits: int, old: int, first: int, close: float
) -> tuple[float, float]:
    """Two black candles above a long white one."""
    above = has(bits, BLACK) & has(old, BLACK | GAP_UP) & has(first, WHITE | LONG)
    o, c = state[4], state[5]
    within = has(bits, OPENS_WITHIN) & (close > o) & (close < c)
    around = has(bits, HIGHER_OPEN | LOWER_CLOSE) & has(old, SMALL) & (close > c)
    return signed(0, above & within), signed(0, above & around)


@inline
def _stars(
    state: Float, bits: int, old: int, first: int, close: float
) -> tuple[float, float, float, float, float]:
    """Small candle beyond a long one, and one that comes back into the long body."""
    o, c = state[4], state[5]
    part = abs(c - o) * _PENETRATION
    up = has(first, BLACK | LONG) & has(bits, WHITE | LONG) & (close > c + part)
    down = has(first, WHITE | LONG) & has(bits, BLACK | LONG) & (close < c - part)
    return (
        signed(0, down & has(old, SMALL | GAP_UP)),
        signed(0, down & has(old, DOJI | GAP_UP)),
        signed(up & has(old, SMALL | GAP_DOWN), 0),
        signed(up & has(old, DOJI | GAP_DOWN), 0),
        signed(
            up & has(old, DOJI | LEAP_DOWN) & has(bits, LEAP_UP),
            down & has(old, DOJI | LEAP_UP) & has(bits, LEAP_DOWN),
        ),
    )


@inline
def _tristar(state: Float, old: int, open_: float, close: float) -> float:
    """Three dojis; the first one's mean range is the measure of all."""
    doji = 0.1 * state[9]
    o, c = state[1], state[2]
    small = (abs(close - open_) <= doji) & (abs(c - o) <= doji)
    small &= abs(state[5] - state[4]) <= doji
    return signed(  # type: ignore[no-any-return]
        small & has(old, GAP_DOWN) & (min(open_, close) > min(o, c)),
        small & has(old, GAP_UP) & (max(open_, close) < max(o, c)),
    )


@inline
def _lines(state: Float, bits: int, old: int, open_: float, close: float) -> float:
    """Two white candles side by side, both beyond the gap."""
    o, c, mean_range = state[1], state[2], state[7]
    near, equal = NEAR * mean_range, EQUAL * mean_range
    body, before = abs(close - open_), abs(c - o)
    alike = (body >= before - near) & (body <= before + near)
    alike &= (open_ <= o + equal) & (open_ >= o - equal) & has(bits & old, WHITE)
    upper, lower = max(state[4], state[5]), min(state[4], state[5])
    return signed(  # type: ignore[no-any-return]
        alike & has(old, GAP_UP) & (min(open_, close) > upper),
        alike & has(old, GAP_DOWN) & (max(open_, close) < lower),
    )


@inline
def _tasuki(state: Float, bits: int, old: int, open_: float, close: float) -> float:
    """Candle back into the gap that does not close it."""
    o, c = state[1], state[2]
    size = abs(abs(c - o) - abs(close - open_)) < NEAR * state[7]
    up = has(old, GAP_UP | WHITE) & has(bits, OPENS_WITHIN | BLACK)
    down = has(old, GAP_DOWN | BLACK) & has(bits, OPENS_WITHIN | WHITE)
    upper, lower = max(state[4], state[5]), min(state[4], state[5])
    return signed(  # type: ignore[no-any-return]
        up & size & (close < o) & (close > upper),
        down & size & (close > o) & (close < lower),
    )


@inline
def _methods(state: Float, bits: int, old: int, first: int, close: float) -> float:
    """Candle that closes the gap between two of the other colour."""
    upper, lower = max(state[4], state[5]), min(state[4], state[5])
    closed = has(bits, OPENS_WITHIN) & (close < upper) & (close > lower)
    return signed(  # type: ignore[no-any-return]
        closed & has(first & old, WHITE) & has(old, GAP_UP) & has(bits, BLACK),
        closed & has(first & old, BLACK) & has(old, GAP_DOWN) & has(bits, WHITE),
    )


@kernel(
    "two_crows",
    "upside_gap_two_crows",
    "evening_star",
    "evening_doji_star",
    "morning_star",
    "morning_doji_star",
    "abandoned_baby",
    "tristar",
    "side_by_side_white_lines",
    "tasuki_gap",
    "gap_three_methods",
    *COUNTS,
    state=10,
)
def _three_with_gap(
    state: Float,
    open: float,  # noqa: A002
    close: float,
    bits: float,
    mean_range_5: float,
    mean_range_10: float,
) -> tuple[float, ...]:
    # State: count; open, close and bits of the candle before; the same of the one
    # before that; mean ranges of 5 and 10 of the candle before, of 10 of the other.
    now, old, first, count = int(bits), int(state[3]), int(state[6]), state[0]
    late = (
        *_crows(state, now, old, first, close),
        *_stars(state, now, old, first, close),
        _tristar(state, old, open, close),
    )
    lines = _lines(state, now, old, open, close)
    tasuki = _tasuki(state, now, old, open, close)
    methods = _methods(state, now, old, first, close)
    state[4], state[5], state[6] = state[1], state[2], state[3]
    state[1], state[2], state[3] = open, close, bits
    state[7], state[8], state[9] = mean_range_5, mean_range_10, state[8]
    if count < _LAST:
        state[0] = count + 1.0
        early = known(lines, count, 7.0), known(tasuki, count, 7.0)
        return (*_NOTHING, *early, known(methods, count, 2.0), nan, nan)
    found = (*late, lines, tasuki, methods)
    return (*found, *counts(found))


def three_with_gap() -> Feature:
    """Columns of patterns of three candles and a gap, as ``morning_star``."""
    shape = candle()
    return Feature(
        "pattern_gap",
        FAMILY,
        ("open", "close", *shape.columns),
        warm_up=(*(_LAST,) * len(_NOTHING), 7, 7, 2, _LAST, _LAST),
        look_back=2,
        titles=titles("pattern_gap", _three_with_gap.outputs),
    )


FAMILY = Family(
    name="three_with_gap",
    category="technical",
    kernel=_three_with_gap,
    formula="three candles in a row, the second one beyond the first, and whether the "
    "third comes back",
    unit=UNIT,
    reference=REFERENCE,
    build=three_with_gap,
    examples=((),),
)

"""Patterns of one candle."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.features.patterns.candle import (
    BARE_FOOT,
    BARE_TOP,
    BLACK,
    DOJI,
    FOOT_LONG,
    FOOT_SHORT,
    FOOT_VERY_LONG,
    FOOTED,
    LONG,
    NEAR,
    PRICES,
    REFERENCE,
    SHORT,
    TOP_LONG,
    TOP_SHORT,
    TOP_VERY_LONG,
    TOPPED,
    UNIT,
    WHITE,
    candle,
    counts,
    has,
    signed,
)
from tradeloop.features.patterns.named import COUNTS, titles
from tradeloop.fold import Float, inline, kernel

_WARM_UP = 10
_NOTHING = (nan,) * 15


@inline
def _coloured(bits: int, found: int) -> float:
    """100 where a white candle has the shape, -100 where a black one has it."""
    return signed(found & has(bits, WHITE), found & has(bits, BLACK))  # type: ignore[no-any-return]


@inline
def _dojis(
    bits: int, high: float, low: float, upper: float, lower: float, near: float
) -> tuple[float, float, float, float, float, float]:
    middle = low + (high - low) / 2.0
    centred = (lower <= middle + near) & (upper >= middle - near)
    long_legged = has(bits, DOJI | TOP_LONG) | has(bits, DOJI | FOOT_LONG)
    rickshaw = has(bits, DOJI | TOP_LONG | FOOT_LONG) & centred
    return (
        signed(has(bits, DOJI), 0),
        signed(has(bits, DOJI | BARE_TOP | FOOTED), 0),
        signed(has(bits, DOJI | BARE_FOOT | TOPPED), 0),
        signed(long_legged, 0),
        signed(rickshaw, 0),
        signed(has(bits, DOJI | BARE_TOP | FOOT_VERY_LONG), 0),
    )


@inline
def _undirected(bits: int) -> tuple[float, float]:
    return (
        _coloured(bits, has(bits, SHORT | TOP_VERY_LONG | FOOT_VERY_LONG)),
        _coloured(bits, has(bits, SHORT | TOP_LONG | FOOT_LONG)),
    )


@inline
def _bodies(bits: int) -> tuple[float, float, float, float, float]:
    closing = has(bits, LONG | WHITE | BARE_TOP), has(bits, LONG | BLACK | BARE_FOOT)
    opening = has(bits, LONG | WHITE | BARE_FOOT), has(bits, LONG | BLACK | BARE_TOP)
    short_shadows = TOP_SHORT | FOOT_SHORT
    return (
        _coloured(bits, has(bits, LONG | BARE_TOP | BARE_FOOT)),
        signed(closing[0], closing[1]),
        signed(opening[0], opening[1]),
        _coloured(bits, has(bits, LONG | short_shadows)),
        _coloured(bits, has(bits, SHORT | short_shadows)),
    )


@kernel(
    "doji",
    "dragonfly_doji",
    "gravestone_doji",
    "long_legged_doji",
    "rickshaw_man",
    "takuri",
    "high_wave",
    "spinning_top",
    "marubozu",
    "closing_marubozu",
    "belt_hold",
    "long_line",
    "short_line",
    *COUNTS,
    state=1,
)
def _one_candle(
    state: Float,
    open: float,  # noqa: A002
    high: float,
    low: float,
    close: float,
    bits: float,
    mean_range: float,
) -> tuple[float, ...]:
    count = state[0]
    if count < _WARM_UP:
        state[0] = count + 1.0
        return _NOTHING
    shape, near = int(bits), NEAR * mean_range
    upper, lower = max(open, close), min(open, close)
    bodies = _bodies(shape)
    dojis = _dojis(shape, high, low, upper, lower, near)
    return (*dojis, *_undirected(shape), *bodies, *counts(bodies))


def one_candle() -> Feature:
    """Columns of patterns of one candle, as ``doji`` and ``marubozu``."""
    shape = candle()
    return Feature(
        "pattern_one",
        FAMILY,
        (*PRICES, shape["bits"], shape["mean_range_5"]),
        warm_up=(_WARM_UP,) * len(_one_candle.outputs),
        titles=titles("pattern_one", _one_candle.outputs),
    )


FAMILY = Family(
    name="one_candle",
    category="technical",
    kernel=_one_candle,
    formula="body and shadows against their means over the 10 candles before",
    unit=UNIT + "; dojis and takuri are 100 whichever way they point, high_wave and "
    "spinning_top have the sign of the candle's colour: none of these is counted",
    reference=REFERENCE,
    build=one_candle,
    examples=((),),
)

"""Shape of a candle, and how it stands to the one before, as bits.

A pattern is a sentence about a few candles: long, white, gap up. This node says each
such thing once, in one whole number; the families of patterns keep that number of the
last candles and ask for several bits with one mask.

Means are over the candles before, never with the candle itself, as in TA-Lib: 10 for
bodies, shadows and ranges, 5 for what is near or equal. TA-Lib carries them as running
totals, here the window is added anew. The two agree to the bit, on exact limits too:
differences of prices are multiples of the prices' last binary digit, so sums of them
are exact, in any order, while they stay below the price itself. Only a price out of
all proportion makes TA-Lib's totals round, and they keep that error for good.
"""

from math import nan

from numpy import uint64

from tradeloop.features.base import Family, Feature
from tradeloop.fold import Float, inline, kernel

WHITE = 1 << 0  # close at or above the open
BLACK = 1 << 1
TOP_LONG = 1 << 2  # upper shadow above the body
FOOT_LONG = 1 << 3  # lower shadow
TOP_VERY_LONG = 1 << 4  # above twice the body
FOOT_VERY_LONG = 1 << 5
# Against the means of the ten candles before:
LONG = 1 << 6  # body above the mean
SMALL = 1 << 7  # body at or below the mean
SHORT = 1 << 8  # body below the mean
DOJI = 1 << 9  # body at most a tenth of the mean range
BARE_TOP = 1 << 10  # upper shadow below a tenth of the mean range
BARE_FOOT = 1 << 11
TOPPED = 1 << 12  # upper shadow above a tenth of the mean range
FOOTED = 1 << 13
TOP_SHORT = 1 << 14  # upper shadow below the mean shadow
FOOT_SHORT = 1 << 15
TOP_NOT_SHORT = 1 << 16  # upper shadow above the mean shadow
# Against the candle before:
GAP_UP = 1 << 17  # between the bodies
GAP_DOWN = 1 << 18
LEAP_UP = 1 << 19  # between the shadows
LEAP_DOWN = 1 << 20
HIGHER_HIGH = 1 << 21
LOWER_HIGH = 1 << 22
HIGHER_LOW = 1 << 23
LOWER_LOW = 1 << 24
HIGHER_CLOSE = 1 << 25
LOWER_CLOSE = 1 << 26
HIGHER_OPEN = 1 << 27
LOWER_OPEN = 1 << 28
OPENS_WITHIN = 1 << 29  # inside the body before
INSIDE = 1 << 30  # body inside the body before
INSIDE_OR_EVEN = 1 << 31
AROUND = 1 << 32  # body around the body before
AROUND_OR_EVEN = 1 << 33  # the same, with one end even
SMALLER = 1 << 34  # body below the body before
LARGER = 1 << 35
FREE = 36  # first bit that a family may use for its own

NEAR, FAR, EQUAL = 0.2, 0.6, 0.05
"""Shares of the mean range of five candles, as TA-Lib has them."""

PRICES = ("open", "high", "low", "close")
UNIT = "100: there and bullish, -100: there and bearish, 0: not there"
REFERENCE = "TA-Lib CDL functions, default candle settings and penetration"
_TEN, _FIVE = 10.0, 5.0
_OWN = LONG - 1
_FIRST_TEN = _OWN | ((1 << FREE) - GAP_UP)


@inline
def has(bits: int, mask: int) -> int:
    """Tell whether all bits of ``mask`` are set."""
    return (bits & mask) == mask


@inline
def signed(bullish: int, bearish: int) -> float:
    """100 for a bullish pattern, -100 for a bearish one, else 0."""
    return 100.0 if bullish else (-100.0 if bearish else 0.0)


@inline
def known(value: float, count: float, warm_up: float) -> float:
    """``value`` once ``warm_up`` rows have passed, NaN before."""
    return value if count >= warm_up else nan


@inline
def counts(found: tuple[float, ...]) -> tuple[float, float]:
    """Count the bullish and the bearish ones of ``found``."""
    up = down = 0
    for value in found:
        up += value > 0.0
        down += value < 0.0
    return float(up), float(down)


@inline
def _five(ring: Float, at: int) -> float:
    """Sum of five candles, the oldest at ``at``, always added in the same order."""
    one, two, four = uint64(1), uint64(2), uint64(4)
    early = ring[at] + ring[at + one]
    late = ring[at + two] + ring[at + two + one]
    return early + late + ring[at + four]  # type: ignore[no-any-return]


@inline
def _own(white: int, body: float, top: float, foot: float) -> int:
    """Bits that need nothing but the candle."""
    return (
        (white << 0)
        | ((1 - white) << 1)
        | ((top > body) << 2)
        | ((foot > body) << 3)
        | ((top > 2.0 * body) << 4)
        | ((foot > 2.0 * body) << 5)
    )


@inline
def _to_means(
    body: float,
    top: float,
    foot: float,
    mean_body: float,
    mean_range: float,
    mean_shadow: float,
) -> int:
    """Bits against the means of ten candles."""
    tenth = 0.1 * mean_range
    return (
        ((body > mean_body) << 6)
        | ((body <= mean_body) << 7)
        | ((body < mean_body) << 8)
        | ((body <= tenth) << 9)
        | ((top < tenth) << 10)
        | ((foot < tenth) << 11)
        | ((top > tenth) << 12)
        | ((foot > tenth) << 13)
        | ((top < mean_shadow) << 14)
        | ((foot < mean_shadow) << 15)
        | ((top > mean_shadow) << 16)
    )


@inline
def _to_prices(
    state: Float, open_: float, high: float, low: float, close: float
) -> int:
    """Bits that compare each price with that of the candle before."""
    o, h, l, c = state[2], state[3], state[4], state[5]  # noqa: E741 - open to close
    return (  # type: ignore[no-any-return]
        ((low > h) << 19)
        | ((high < l) << 20)
        | ((high > h) << 21)
        | ((high < h) << 22)
        | ((low > l) << 23)
        | ((low < l) << 24)
        | ((close > c) << 25)
        | ((close < c) << 26)
        | ((open_ > o) << 27)
        | ((open_ < o) << 28)
    )


@inline
def _to_body(state: Float, open_: float, close: float, body: float) -> int:
    """Bits that compare the body with that of the candle before."""
    o, c = state[2], state[5]
    upper, lower = max(open_, close), min(open_, close)
    upper_1, lower_1 = max(o, c), min(o, c)
    above, below = upper > upper_1, lower < lower_1
    not_above, not_below = upper <= upper_1, lower >= lower_1
    return (  # type: ignore[no-any-return]
        ((lower > upper_1) << 17)
        | ((upper < lower_1) << 18)
        | (((open_ < upper_1) & (open_ > lower_1)) << 29)
        | (((upper < upper_1) & (lower > lower_1)) << 30)
        | ((not_above & not_below) << 31)
        | ((above & below) << 32)
        | (((above & (lower <= lower_1)) | (below & (upper >= upper_1))) << 33)
        | ((body < abs(c - o)) << 34)
        | ((body > abs(c - o)) << 35)
    )


@kernel("bits", "mean_range_5", "mean_range_10", state=6)
def _candle(
    state: Float,
    ring: Float,
    open: float,  # noqa: A002
    high: float,
    low: float,
    close: float,
) -> tuple[float, float, float]:
    # The ring holds bodies, ranges and shadows of ten candles, each of them twice, ten
    # places apart: so the last ten stand side by side wherever the newest is.
    ten, five = uint64(_TEN), uint64(_FIVE)
    at = uint64(state[0])
    bodies, ranges, shadows = at, at + uint64(20), at + uint64(40)
    recent = _five(ring, ranges + five)
    mean_range = (_five(ring, ranges) + recent) / _TEN
    mean_body = (_five(ring, bodies) + _five(ring, bodies + five)) / _TEN
    mean_shadow = (_five(ring, shadows) + _five(ring, shadows + five)) / _TEN / 2.0
    white, body = close >= open, abs(close - open)
    top, foot = high - max(open, close), min(open, close) - low
    ring[bodies] = ring[bodies + ten] = body
    ring[ranges] = ring[ranges + ten] = high - low
    ring[shadows] = ring[shadows + ten] = top + foot
    bits = _own(white, body, top, foot)
    bits |= _to_means(body, top, foot, mean_body, mean_range, mean_shadow)
    bits |= _to_prices(state, open, high, low, close)
    bits |= _to_body(state, open, close, body)
    count = state[1]
    state[0] = 0.0 if state[0] == _TEN - 1.0 else state[0] + 1.0
    state[2], state[3], state[4], state[5] = open, high, low, close
    if count < _TEN:
        state[1] = count + 1.0
        bits &= _FIRST_TEN if count > 0.0 else _OWN
        return float(bits), recent / _FIVE if count >= _FIVE else 0.0, 0.0
    return float(bits), recent / _FIVE, mean_range


def candle() -> Feature:
    """Column ``bits`` (this file's constants) and mean ranges of the candles before."""
    return Feature("candle", FAMILY, PRICES, ring=60, warm_up=(0, 0, 0), look_back=10)


FAMILY = Family(
    name="candle",
    category="technical",
    kernel=_candle,
    formula="one bit for each thing that patterns say of a candle; mean(high - low) of "
    "the 5 and of the 10 candles before",
    unit="bits: a whole number, bits against candles that are not there yet are unset; "
    "mean ranges: price, 0 before there are as many candles",
    reference="TA-Lib, default candle settings, means added anew instead of carried on",
    build=candle,
    examples=((),),
    price_degree=(0, 1, 1),
)

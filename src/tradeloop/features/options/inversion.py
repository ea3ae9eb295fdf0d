"""Implied volatility of a price, and why there is none.

The price is first made one of an out of the money option by parity, undiscounted and in
units of sqrt(forward * strike): b(s) with x = -abs(ln(forward / strike)) and s the
volatility of the whole life. b grows from 0 to exp(x / 2) and turns at sqrt(-2 x).
Third order (Halley) steps run on a form of b that is nearly straight: 1 / ln(b) below
the turn, b above it, -ln(exp(x / 2) - b) far above. A bracket that halves whenever a
step leaves it makes the iteration safe.
"""

from math import exp, inf, log, nan, sqrt

from tradeloop.features.options.pricing import normal_cdf, normal_density
from tradeloop.fold import inline

FOUND, TOO_LOW, TOO_HIGH, NOT_PRICEABLE = 0.0, 1.0, 2.0, 3.0
REASONS = {
    FOUND: "found",
    TOO_LOW: "the price holds nothing above what exercise would bring",
    TOO_HIGH: "the price is at or above that of the asset the option is on",
    NOT_PRICEABLE: "underlying, strike and years must be above 0, all inputs finite",
}

_WIDEST = 64.0  # b has reached its bound, to the last bit
_ROUNDS = 100  # 9 were the most that were seen
_LEAST_DAMPED = 0.5  # below it the plain (Newton) step is taken
_SMALL, _STRAIGHT, _FULL = 0, 1, 2  # below the turn, above it, far above
_LAST_BIT = 1e-15
_CLOSE = 1e-9  # a step of third order: the next one would be below the last bit


@inline
def _worth(x: float, s: float, up: float, down: float) -> float:
    """Return b(s)."""
    return up * normal_cdf(x / s + 0.5 * s) - down * normal_cdf(x / s - 0.5 * s)  # type: ignore[no-any-return]


@inline
def _missing(x: float, s: float, up: float, down: float) -> float:
    """Return what b(s) lacks to its bound, without a difference."""
    return up * normal_cdf(-x / s - 0.5 * s) + down * normal_cdf(x / s - 0.5 * s)  # type: ignore[no-any-return]


@inline
def _slope(x: float, s: float) -> float:
    """Return the derivative of b."""
    h, t = x / s, 0.5 * s
    return normal_density(sqrt(h * h + t * t))  # type: ignore[no-any-return]


@inline
def _at_turn(x: float, turn: float, up: float, down: float) -> float:
    """Return b where it turns; at the money it turns where it starts."""
    return _worth(x, turn, up, down) if turn > 0.0 else 0.0


@inline
def _start(price: float, x: float, turn: float, at_turn: float, left: float) -> float:
    """Return a first guess of s: from what b is where it is small, straight, full."""
    if price < at_turn:
        return min(-x / sqrt(-2.0 * log(price)), turn)
    if left > price:
        return turn + (price - at_turn) / _slope(x, max(turn, 1e-300))  # type: ignore[no-any-return]
    return turn + 2.0 * sqrt(-2.0 * log(left / (left + price)))


@inline
def _halley(
    price: float, x: float, s: float, branch: int, up: float, down: float
) -> float:
    """Return the next s; NaN where the numbers do not carry a step."""
    b, slope = _worth(x, s, up, down), _slope(x, s)
    if not (0.0 < b < 1.0 and slope > 0.0):
        return nan
    bend = x * x / (s * s * s) - 0.25 * s
    if branch == _SMALL:
        size, want = log(b), log(price)
        step = (size - want) * b * size / (want * slope)
        bend -= slope / b * (1.0 + 2.0 / size)
    elif branch == _STRAIGHT:
        step = (b - price) / slope
    else:
        left = _missing(x, s, up, down)
        if not left > 0.0:
            return nan
        step = (log(up - price) - log(left)) * left / slope
        bend += slope / left
    damped = 1.0 - 0.5 * step * bend
    return s - step / damped if damped > _LEAST_DAMPED else s - step  # type: ignore[no-any-return]


@inline
def _is_above(
    price: float, x: float, s: float, branch: int, up: float, down: float
) -> bool:
    """Tell whether b(s) is above the price: by the rest of b where b is full."""
    if branch == _FULL:
        return _missing(x, s, up, down) < up - price  # type: ignore[no-any-return]
    return _worth(x, s, up, down) > price  # type: ignore[no-any-return]


@inline
def _total_volatility(price: float, x: float) -> float:
    """Return s with b(s) = price, for x <= 0 and 0 < price < exp(x / 2)."""
    up, down = exp(0.5 * x), exp(-0.5 * x)
    turn = sqrt(-2.0 * x)
    at_turn = _at_turn(x, turn, up, down)
    if price < at_turn:
        low, high, branch = 0.0, turn, _SMALL
    else:
        low, high = turn, _WIDEST
        branch = _FULL if price > 0.5 * up else _STRAIGHT
    s = _start(price, x, turn, at_turn, up - price)
    s = s if low < s < high else 0.5 * (low + high)
    for _ in range(_ROUNDS):
        if _is_above(price, x, s, branch, up, down):
            high = s
        else:
            low = s
        better = _halley(price, x, s, branch, up, down)
        if abs(better - s) <= _CLOSE * s:
            return better  # type: ignore[no-any-return]
        if not low < better < high:
            better = 0.5 * (low + high)
            if high - low <= _LAST_BIT * high:
                return better
        s = better
    return s  # type: ignore[no-any-return]


@inline
def implied_volatility(
    underlying: float,
    strike: float,
    years: float,
    rate: float,
    dividend: float,
    price: float,
    right: float,
) -> tuple[float, float]:
    """Volatility at which `black_scholes` gives ``price``, and a reason of `REASONS`.

    On a forward, give the rate as dividend. NaN where the price is not inside its
    no-arbitrage bounds: at the lower one no volatility is told from another.
    """
    if not (underlying > 0.0 and strike > 0.0 and years > 0.0 and abs(price) < inf):
        return nan, NOT_PRICEABLE
    held, owed = underlying * exp(-dividend * years), strike * exp(-rate * years)
    if not (0.0 < held < inf and 0.0 < owed < inf and years < inf):
        return nan, NOT_PRICEABLE
    side = 1.0 if right > 0.0 else -1.0
    value = price - max(side * (held - owed), 0.0)
    if not value > 0.0:
        return nan, TOO_LOW
    x = -abs(log(held / owed))
    value /= sqrt(held) * sqrt(owed)
    if not value < exp(0.5 * x):
        return nan, TOO_HIGH
    if not value > 0.0:
        return nan, TOO_LOW
    return _total_volatility(value, x) / sqrt(years), FOUND

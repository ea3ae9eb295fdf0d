"""Stochastic oscillator: a value within its range, smoothed twice."""

from math import nan

from tradeloop.features.base import Family, Feature, Source, positive_rows, suffix
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel

_ROUNDING = 1e-9  # of an RSI: what it moves while the price stands still


@kernel("k", "d", state=6, params=3)
def _stochastic(
    state: Float,
    ring: Float,
    params: tuple[float, float, float],
    x: float,
    highest: float,
    lowest: float,
) -> tuple[float, float]:
    n, m, least = params
    span = highest - lowest
    fast = 100.0 * ((x - lowest) / span) if span > least else 50.0
    k = push_sum(state, ring, 0, 0, n, fast) / n
    if k != k:
        return nan, nan
    d = push_sum(state, ring, 3, n, m, k) / m
    return (k, d) if d == d else (nan, nan)


def stochastic(n: int, k: int = 3, d: int = 3) -> Feature:
    """Columns ``k`` and ``d``, 0 to 100; they start together, as in TA-Lib."""
    return _within(f"stochastic_{n}_{k}_{d}", "close", extremes(n), k, d)


def stochastic_fast(n: int, d: int = 3) -> Feature:
    """Columns ``k``, not smoothed, and ``d``, its mean; TA-Lib STOCHF."""
    return _within(f"stochastic_fast_{n}_{d}", "close", extremes(n), 1, d)


def stochastic_rsi(
    rows: int = 14, n: int = 14, k: int = 3, d: int = 3, x: Source = "close"
) -> Feature:
    """Columns ``k`` and ``d`` of an RSI over ``rows`` within its range of n rows.

    With ``k`` = 1 it is TA-Lib's STOCHRSI, which gives 0 where the range is empty.
    """
    strength = rsi(rows, x).columns[0]
    name = f"stochastic_rsi_{rows}_{n}_{k}_{d}{suffix(x, 'close')}"
    return _within(name, strength, extremes(n, strength, strength), k, d, _ROUNDING)


def _within(
    name: str, x: Source, span: Feature, k: int, d: int, least: float = 0.0
) -> Feature:
    k, d = positive_rows(k, "stochastic.k"), positive_rows(d, "stochastic.d")
    return Feature(
        name,
        FAMILY,
        (x, span["highest"], span["lowest"]),
        (k, d, least),
        ring=k + d,
        warm_up=(k + d - 2,) * 2,
        look_back=k + d - 2,
    )


FAMILY = Family(
    name="stochastic",
    category="technical",
    kernel=_stochastic,
    formula="k = sma(100 * (x - lowest) / (highest - lowest)), d = sma(k)",
    unit="0 to 100; 50 where the range is empty",
    reference="Lane; TA-Lib STOCH, which gives 0 where the range is empty",
    build=stochastic,
    examples=((14, 3, 3), (5, 1, 4)),
)

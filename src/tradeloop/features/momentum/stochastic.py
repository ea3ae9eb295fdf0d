"""Stochastic oscillator: the close within its range, smoothed twice."""

from math import nan

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("k", "d", state=6, params=2)
def _stochastic(
    state: Float,
    ring: Float,
    params: tuple[float, float],
    close: float,
    highest: float,
    lowest: float,
) -> tuple[float, float]:
    n, m = params
    span = highest - lowest
    fast = 100.0 * ((close - lowest) / span) if span > 0.0 else 50.0
    k = push_sum(state, ring, 0, 0, n, fast) / n
    if k != k:
        return nan, nan
    d = push_sum(state, ring, 3, n, m, k) / m
    return (k, d) if d == d else (nan, nan)


def stochastic(n: int, k: int = 3, d: int = 3) -> Feature:
    """Columns ``k`` and ``d``, 0 to 100; they start together, as in TA-Lib."""
    k, d = positive_rows(k, "stochastic.k"), positive_rows(d, "stochastic.d")
    span = extremes(n)
    return Feature(
        f"stochastic_{n}_{k}_{d}",
        FAMILY,
        ("close", span["highest"], span["lowest"]),
        (k, d),
        ring=k + d,
        warm_up=(k + d - 2,) * 2,
        look_back=k + d - 2,
    )


FAMILY = Family(
    name="stochastic",
    category="technical",
    kernel=_stochastic,
    formula="k = sma(100 * (close - lowest) / (highest - lowest)), d = sma(k)",
    unit="0 to 100; 50 where the range is empty",
    reference="Lane; TA-Lib STOCH, which gives 0 where the range is empty",
    build=stochastic,
    examples=((14, 3, 3), (5, 1, 4)),
)

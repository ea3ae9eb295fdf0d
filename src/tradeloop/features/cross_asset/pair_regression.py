"""Straight line through pairs of a window: beta, correlation and spread."""

from math import nan, sqrt

from tradeloop.features.arithmetic.log_price import log_price
from tradeloop.features.base import Family, Feature, Source, name_of, positive_rows
from tradeloop.features.window import push_pairs
from tradeloop.fold import Float, kernel

_PERFECT = 1e-12  # share of the variance that rounding leaves


@kernel("beta", "alpha", "correlation", "zscore", state=9, params=1)
def _pair_regression(
    state: Float, ring: Float, params: tuple[float], y: float, x: float
) -> tuple[float, float, float, float]:
    (n,) = params
    a, b, aa, bb, joint = push_pairs(state, ring, n, x, y)
    if a != a:
        return nan, nan, nan, nan
    off_x, off_y = a / n - (x - state[7]), b / n - (y - state[8])  # means less x and y
    wide, tall = max(aa - a * (a / n), 0.0), max(bb - b * (b / n), 0.0)
    joint -= a * (b / n)
    moved = wide > 0.0 and tall > 0.0
    beta = joint / wide if wide > 0.0 else 0.0
    correlation = joint / (sqrt(wide) * sqrt(tall)) if moved else 0.0
    rest = beta * off_x - off_y  # the last pair's distance from the line
    around = tall - beta * joint
    zscore = rest / sqrt(around / n) if around > _PERFECT * tall else 0.0
    alpha = (y + off_y) - beta * (x + off_x)
    return beta, alpha, max(-1.0, min(correlation, 1.0)), zscore


def pair_regression(y: Source, x: Source, n: int, *, name: str = "") -> Feature:
    """Columns ``beta``, ``alpha``, ``correlation``, ``zscore`` of y on x over n rows.

    ``y = alpha + beta * x + rest`` by least squares; beta and correlation are 0 where x
    did not move; ``zscore`` is the rest of the last row in standard deviations of all
    (divided by n), 0 where the line meets every pair.
    """
    n = positive_rows(n, "pair_regression", 3)
    return Feature(
        name or f"pair_regression_{n}_{name_of(y)}_{name_of(x)}",
        FAMILY,
        (y, x),
        (n,),
        ring=5 * n,
        warm_up=(n - 1,) * 4,
        look_back=n - 1,
    )


def spread(y: Source, x: Source, n: int, *, name: str = "") -> Feature:
    """Regression of logarithms of prices: beta hedges, zscore says how far apart."""
    a, b = log_price(y).columns[0], log_price(x).columns[0]
    return pair_regression(
        a, b, n, name=name or f"spread_{n}_{name_of(y)}_{name_of(x)}"
    )


FAMILY = Family(
    name="pair_regression",
    category="cross_asset",
    kernel=_pair_regression,
    formula="beta = cov(y, x) / var(x), alpha = mean(y) - beta * mean(x), "
    "zscore = (y - alpha - beta * x) / std(y - alpha - beta * x) over n rows",
    unit="beta: unit of y a unit of x; alpha: unit of y; correlation: -1 to 1; "
    "zscore: standard deviations",
    reference="least squares; TA-Lib BETA is one of returns",
    build=pair_regression,
    examples=(("close", "open", 60), ("high", "low", 5)),
    price_degree=(0, 1, 0, 0),
)

"""Roll's spread, from the way that prices bounce between bid and ask."""

from math import nan, sqrt

from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.base import (
    Category,
    Family,
    Feature,
    Source,
    positive_rows,
    suffix,
)
from tradeloop.features.window import push_pairs
from tradeloop.fold import Float, kernel

_ROUNDING = 1e-12  # of the variance


@kernel("spread", "is_defined", state=9, params=1)
def _roll(
    state: Float, ring: Float, params: tuple[float], move: float, before: float
) -> tuple[float, float]:
    (n,) = params
    a, b, aa, bb, ab = push_pairs(state, ring, n, move, before)
    if a != a:
        return nan, nan
    covariance = (ab - a * (b / n)) / n
    # What rounding leaves of a covariance of 0 says nothing about its sign.
    least = _ROUNDING * (aa + bb) / n
    if covariance > least:
        return nan, 0.0
    return 2.0 * sqrt(-covariance) if covariance < -least else 0.0, 1.0


def roll(
    n: int, x: Source = "close", *, name: str = "", category: Category | None = None
) -> Feature:
    """Columns ``spread`` and ``is_defined`` over n pairs of successive changes of x.

    The spread is missing, not 0, where the covariance is above 0: there the model says
    nothing. ``is_defined`` is 1 or 0 and tells these rows from the warm-up. Of the
    logarithm of a price it is a relative spread.
    """
    n = positive_rows(n, "roll", 2)
    move = change(x, 1)["value"]
    return Feature(
        name or f"roll_{n}{suffix(x, 'close')}",
        FAMILY,
        (move, lag(move, 1)["value"]),
        (n,),
        ring=5 * n,
        warm_up=(n - 1, n - 1),
        look_back=n - 1,
        category=category,
    )


FAMILY = Family(
    name="roll",
    category="microstructure",
    kernel=_roll,
    formula="2 * sqrt(-cov(move, before)), both over n rows; missing where cov > 0",
    unit="unit of the price; 1 or 0",
    reference="Roll 1984",
    build=roll,
    examples=((20,), (5, "trade.price")),
    price_degree=(1, 0),
    undefined_where="is_defined",
)

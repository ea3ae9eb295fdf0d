"""Kyle's lambda: what a price moves for one unit of signed volume."""

from math import nan, sqrt

from tradeloop.features.arithmetic.change import change
from tradeloop.features.base import (
    Category,
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
)
from tradeloop.features.window import push_pairs
from tradeloop.fold import Float, kernel

_EXACT = 1e-12  # of the variance: what rounding leaves of a line that fits exactly


@kernel("slope", "t_stat", "r2", state=9, params=1)
def _kyle(
    state: Float, ring: Float, params: tuple[float], flow: float, move: float
) -> tuple[float, float, float]:
    (n,) = params
    a, b, aa, bb, ab = push_pairs(state, ring, n, flow, move)
    if a != a:
        return nan, nan, nan
    wide, tall = aa - a * (a / n), bb - b * (b / n)
    if wide <= 0.0 or tall <= 0.0:
        return 0.0, 0.0, 0.0
    both = ab - a * (b / n)
    slope = both / wide
    rest = tall - slope * both
    if rest <= _EXACT * tall:
        return slope, 0.0, 1.0
    return slope, slope / sqrt(rest / (n - 2.0) / wide), 1.0 - rest / tall


def kyle(
    move: Source,
    flow: Source,
    n: int,
    *,
    name: str = "",
    category: Category | None = None,
) -> Feature:
    """Columns ``slope``, ``t_stat`` and ``r2`` of ``move`` on ``flow`` over n rows.

    Parameters
    ----------
    move : Source
        Change of the price, signed; its absolute value is another measure.
    flow : Source
        What pushed it: signed volume for Kyle's lambda, order flow imbalance for the
        impact of Cont, Kukanov and Stoikov.
    n : int
        Rows; at least 3.
    """
    n = positive_rows(n, "kyle", 3)
    return Feature(
        name or f"kyle_{n}_{name_of(move)}_{name_of(flow)}",
        FAMILY,
        (flow, move),
        (n,),
        ring=5 * n,
        warm_up=(n - 1, n - 1, n - 1),
        look_back=n - 1,
        category=category,
    )


def kyle_of_bars(n: int) -> Feature:
    """Kyle's lambda from closes and signed volumes of n bars."""
    return kyle(change("close", 1)["value"], "signed_volume", n, name=f"kyle_{n}")


FAMILY = Family(
    name="kyle",
    category="microstructure",
    kernel=_kyle,
    formula="least squares of move on flow over n rows, with a constant",
    unit="unit of move for a unit of flow; t_stat; 0 to 1. All 0 where one did not "
    "move, t_stat 0 where the line fits exactly",
    reference="Kyle 1985; Cont, Kukanov and Stoikov 2014 for order flow imbalance",
    build=kyle,
    examples=(("trade.price", "trade.size", 20), ("quote.bid", "quote.bid_size", 5)),
    price_degree=(1, 0, 0),
)

"""Downside deviation and Sortino's ratio."""

from math import sqrt

from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature, Source, name_of, positive_rows
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("deviation", "sortino", state=6, params=3)
def _downside(
    state: Float, ring: Float, params: tuple[float, float, float], x: float
) -> tuple[float, float]:
    n, scale, target = params
    over = x - target
    short = min(over, 0.0)
    mean = push_sum(state, ring, 0, 0, n, over) * scale
    deviation = sqrt(push_sum(state, ring, 3, n, n, short * short) * scale)
    return deviation, mean / deviation if deviation != 0.0 else 0.0


def downside(n: int, x: Source = "", target: float = 0.0, *, name: str = "") -> Feature:
    """Columns ``deviation`` of returns ``x`` below the target, and ``sortino``.

    Over n rows, all of which count in the mean of squares; not annualised.
    """
    n = positive_rows(n, "downside")
    x = x or log_return(1).columns[0]
    usual = name_of(x) == log_return(1).name and not target
    ending = "" if usual else f"_{name_of(x)}" + (f"_{target:g}" if target else "")
    return Feature(
        name or f"downside_{n}{ending}",
        FAMILY,
        (x,),
        (n, 1 / n, target),
        ring=2 * n,
        warm_up=(n - 1, n - 1),
        look_back=n - 1,
    )


FAMILY = Family(
    name="downside",
    category="risk",
    kernel=_downside,
    formula="deviation = sqrt(mean(min(x - target, 0)^2)), "
    "sortino = mean(x - target) / deviation over n rows",
    unit="deviation: unit of x; sortino: none, 0 where nothing fell",
    reference="Sortino and Price 1994",
    build=downside,
    examples=((20,), (5, "signed_volume", 10.0)),
)

"""Root of a mean: a volatility from variances of single rows."""

from math import sqrt

from tradeloop.features.base import (
    Category,
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
)
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("value", state=3, params=2)
def _root_mean(
    state: Float, ring: Float, params: tuple[float, float], x: float
) -> float:
    n, scale = params
    return sqrt(max(push_sum(state, ring, 0, 0, n, x) * scale, 0.0))


def root_mean(
    x: Source,
    n: int,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """``sqrt(mean(x))`` over n rows."""
    n = positive_rows(n, "root_mean")
    return Feature(
        name or f"root_mean_{n}_{name_of(x)}",
        FAMILY,
        (x,),
        (n, 1 / n),
        ring=n,
        warm_up=(n - 1,),
        look_back=n - 1,
        category=category,
        group=group,
    )


FAMILY = Family(
    name="root_mean",
    category="risk",
    kernel=_root_mean,
    formula="sqrt(sum(x) / n)",
    unit="root of the unit of x",
    reference="definition",
    build=root_mean,
    examples=(("volume", 20), ("volume", 5)),
)

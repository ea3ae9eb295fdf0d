"""Lag: the value n rows ago."""

from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
)
from tradeloop.features.window import push_old
from tradeloop.fold import Float, kernel


@kernel("value", state=2, params=1)
def _lag(state: Float, ring: Float, params: tuple[float], x: float) -> float:
    return push_old(state, ring, 0, 0, params[0], x)  # type: ignore[no-any-return]


def lag(x: Source, n: int) -> Feature:
    """Value of ``x`` n known rows ago, in the unit of ``x``."""
    n = positive_rows(n, "lag")
    return Feature(
        f"lag_{n}_{name_of(x)}",
        FAMILY,
        (x,),
        (n,),
        ring=n,
        warm_up=(n,),
        look_back=n,
    )


FAMILY = Family(
    name="lag",
    category="technical",
    kernel=_lag,
    formula="x[t - n]",
    unit="unit of x",
    reference="definition",
    build=lag,
    examples=(("close", 1), ("close", 7)),
    price_degree=(1,),
)

"""Simple moving average."""

from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    positive_rows,
    suffix,
)
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("value", state=3, params=2)
def _sma(state: Float, ring: Float, params: tuple[float, float], x: float) -> float:
    n, scale = params
    return push_sum(state, ring, 0, 0, n, x) * scale  # type: ignore[no-any-return]


def sma(x: Source, n: int) -> Feature:
    """Mean of the last n values of ``x``, in its unit."""
    n = positive_rows(n, "sma")
    return Feature(
        f"sma_{n}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (n, 1 / n),
        ring=n,
        warm_up=(n - 1,),
        look_back=n - 1,
    )


FAMILY = Family(
    name="sma",
    category="technical",
    kernel=_sma,
    formula="sum(x[t - n + 1 .. t]) / n",
    unit="unit of x",
    reference="TA-Lib SMA",
    build=sma,
    examples=(("close", 20), ("close", 1), ("volume", 3)),
    price_degree=(1,),
)

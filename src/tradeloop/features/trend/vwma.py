"""Moving average weighted with the volume."""

from math import nan

from tradeloop.features.base import Family, Feature, Source, positive_rows, suffix
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("value", state=6, params=1)
def _vwma(
    state: Float, ring: Float, params: tuple[float], x: float, volume: float
) -> float:
    (n,) = params
    paid = push_sum(state, ring, 0, 0, n, x * volume)
    traded = push_sum(state, ring, 3, n, n, volume)
    if traded != traded:
        return nan
    return paid / traded if traded > 0.0 else x


def vwma(n: int, x: Source = "close") -> Feature:
    """Mean of ``x`` over n rows, each weighted with its volume."""
    n = positive_rows(n, "vwma")
    return Feature(
        f"vwma_{n}{suffix(x, 'close')}",
        FAMILY,
        (x, "volume"),
        (n,),
        ring=2 * n,
        warm_up=(n - 1,),
        look_back=n - 1,
    )


FAMILY = Family(
    name="vwma",
    category="technical",
    kernel=_vwma,
    formula="sum(x * volume) / sum(volume) over n rows; x where nothing was traded",
    unit="unit of x",
    reference="TA-Lib VWMA",
    build=vwma,
    examples=((20,), (3,), (1,)),
    price_degree=(1,),
)

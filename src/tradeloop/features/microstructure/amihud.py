"""Amihud's illiquidity: what a price moves for a million of money traded."""

from math import nan

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


@kernel("value", state=7, params=1)
def _amihud(
    state: Float, ring: Float, params: tuple[float], price: float, volume: float
) -> float:
    (n,) = params
    last = state[6]
    state[6] = price
    if last == 0.0:
        return nan
    money = price * volume
    ratio = abs(price - last) / last / money if money > 0.0 else 0.0
    total = push_sum(state, ring, 0, 0, n, ratio)
    days = push_sum(state, ring, 3, n, n, 1.0 if money > 0.0 else 0.0)
    if total != total:
        return nan
    return 1e6 * (total / days) if days > 0.0 else 0.0


def amihud(
    n: int,
    price: Source = "close",
    volume: Source = "volume",
    *,
    name: str = "",
    category: Category | None = None,
) -> Feature:
    """``1e6 * mean(abs(return) / (price * volume))`` over the last n rows that traded.

    Of bars: Amihud's own are days. ``volume`` is in units of the instrument.
    """
    n = positive_rows(n, "amihud")
    usual = (price, volume) == ("close", "volume")
    ending = "" if usual else f"_{name_of(price)}_{name_of(volume)}"
    return Feature(
        name or f"amihud_{n}{ending}",
        FAMILY,
        (price, volume),
        (n,),
        ring=2 * n,
        warm_up=(n,),
        look_back=n,
        category=category,
    )


FAMILY = Family(
    name="amihud",
    category="microstructure",
    kernel=_amihud,
    formula="1e6 * sum(abs(price / price[t-1] - 1) / (price * volume)) / count, over "
    "those of n rows that traded",
    unit="return for a million of quote currency; 0 where nothing traded",
    reference="Amihud 2002",
    build=amihud,
    examples=((20,), (5, "trade.price", "trade.size")),
    price_degree=(-1,),
)

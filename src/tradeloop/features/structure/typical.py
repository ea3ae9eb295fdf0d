"""Typical price of a bar."""

from tradeloop.features.base import Column, Family, Feature
from tradeloop.fold import kernel


@kernel("value")
def _typical(high: float, low: float, close: float) -> float:
    return (high + low + close) / 3.0


def typical() -> Feature:
    """``(high + low + close) / 3``, in price units."""
    return Feature("typical", FAMILY, ("high", "low", "close"), warm_up=(0,))


def typical_price() -> Column:
    """Column of `typical`, for the features built on it."""
    return typical().columns[0]


FAMILY = Family(
    name="typical",
    category="technical",
    kernel=_typical,
    formula="(high + low + close) / 3",
    unit="price",
    reference="TA-Lib TYPPRICE",
    build=typical,
    examples=((),),
    price_degree=(1,),
)

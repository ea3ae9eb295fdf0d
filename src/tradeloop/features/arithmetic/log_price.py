"""Natural logarithm of a price, a node of returns."""

from math import log, nan

from tradeloop.features.base import Family, Feature, Source, name_of
from tradeloop.fold import kernel


@kernel("value")
def _log_price(x: float) -> float:
    return log(x) if x > 0.0 else nan


def log_price(x: Source = "close") -> Feature:
    """``ln(x)``; missing where ``x`` is not above 0."""
    return Feature(f"log_{name_of(x)}", FAMILY, (x,), warm_up=(0,))


FAMILY = Family(
    name="log_price",
    category="technical",
    kernel=_log_price,
    formula="ln(x)",
    unit="natural logarithm of the unit of x",
    reference="definition; TA-Lib LN",
    build=log_price,
    examples=(("close",),),
    price_degree=(None,),
)

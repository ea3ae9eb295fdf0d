"""One price for a bar: average of four, middle, weighted to the close."""

from tradeloop.features.base import Family, Feature
from tradeloop.fold import kernel


@kernel("average", "median", "weighted")
def _bar_price(
    open: float,  # noqa: A002
    high: float,
    low: float,
    close: float,
) -> tuple[float, float, float]:
    both = high + low
    return 0.25 * (both + close + open), 0.5 * both, 0.25 * (both + 2.0 * close)


def bar_price() -> Feature:
    """Columns ``average``, ``median`` and ``weighted``, in price units."""
    return Feature(
        "bar_price", FAMILY, ("open", "high", "low", "close"), warm_up=(0,) * 3
    )


FAMILY = Family(
    name="bar_price",
    category="technical",
    kernel=_bar_price,
    formula="average = (open + high + low + close) / 4, median = (high + low) / 2, "
    "weighted = (high + low + 2 * close) / 4",
    unit="price",
    reference="TA-Lib AVGPRICE, MEDPRICE, WCLPRICE",
    build=bar_price,
    examples=((),),
    price_degree=(1, 1, 1),
)

"""Williams %R: the close below the top of its range."""

from tradeloop.features.base import Family, Feature
from tradeloop.features.rolling.extremes import extremes
from tradeloop.fold import kernel


@kernel("value")
def _williams_r(close: float, highest: float, lowest: float) -> float:
    span = highest - lowest
    return -100.0 * ((highest - close) / span) if span > 0.0 else -50.0


def williams_r(n: int) -> Feature:
    """``-100 * (highest - close) / (highest - lowest)`` over n rows, -100 to 0."""
    span = extremes(n)
    return Feature(
        f"williams_r_{n}",
        FAMILY,
        ("close", span["highest"], span["lowest"]),
        warm_up=(0,),
    )


FAMILY = Family(
    name="williams_r",
    category="technical",
    kernel=_williams_r,
    formula="-100 * (highest - close) / (highest - lowest)",
    unit="-100 to 0; -50 where the range is empty",
    reference="Williams; TA-Lib WILLR, which gives 0 where the range is empty",
    build=williams_r,
    examples=((14,),),
)

"""Ratio of two columns: makes prices and volumes comparable over time."""

from operator import sub

from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import kernel


@kernel("value", params=1)
def _ratio(params: tuple[float], a: float, b: float) -> float:
    return params[0] * (a / b) if b != 0.0 else 0.0


def ratio(
    a: Source,
    b: Source,
    scale: float = 1.0,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """``scale * a / b``, 0 where b is 0; scale 1e4 gives basis points of b."""
    name = name or f"{name_of(a)}_per_{name_of(b)}"
    return Feature(
        name,
        FAMILY,
        (a, b),
        (scale,),
        warm_up=(0,),
        category=category,
        group=group,
    )


FAMILY = Family(
    name="ratio",
    category="technical",
    kernel=_ratio,
    formula="scale * a / b; 0 where b = 0",
    unit="share, or bps where scale is 1e4",
    reference="definition",
    build=ratio,
    examples=(("close", "open"), ("high", "low", 1e4)),
    price_degree=sub,
)

"""Weighted sum of two columns and a constant."""

from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import kernel


@kernel("value", params=3)
def _weighted_sum(params: tuple[float, float, float], a: float, b: float) -> float:
    return params[0] * a + params[1] * b + params[2]


def weighted_sum(
    a: Source,
    b: Source,
    weights: tuple[float, float],
    constant: float = 0.0,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """``weights[0] * a + weights[1] * b + constant``."""
    left, right = weights
    plain = f"{left:g}_{name_of(a)}_and_{right:g}_{name_of(b)}_and_{constant:g}"
    return Feature(
        name or plain,
        FAMILY,
        (a, b),
        (left, right, constant),
        warm_up=(0,),
        category=category,
        group=group,
    )


FAMILY = Family(
    name="weighted_sum",
    category="technical",
    kernel=_weighted_sum,
    formula="w * a + v * b + constant",
    unit="unit of a and b, weighted",
    reference="definition",
    build=weighted_sum,
    examples=(("high", "low", (0.5, 0.5)), ("volume", "signed_volume", (3.0, -2.0), 7)),
    price_degree=(1,),
)

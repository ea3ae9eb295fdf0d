"""Difference of two columns, such as a credit spread."""

from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import kernel


@kernel("value")
def _difference(a: float, b: float) -> float:
    return a - b


def difference(
    a: Source,
    b: Source,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """Subtract b from a, both in one unit."""
    name = name or f"{name_of(a)}_less_{name_of(b)}"
    return Feature(name, FAMILY, (a, b), warm_up=(0,), category=category, group=group)


FAMILY = Family(
    name="difference",
    category="cross_asset",
    kernel=_difference,
    formula="a - b",
    unit="unit of a and b",
    reference="definition",
    build=difference,
    examples=(("close", "open"),),
    price_degree=(1,),
)

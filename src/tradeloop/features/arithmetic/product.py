"""Product of two columns, such as the money behind a volume."""

from operator import add

from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import kernel


@kernel("value")
def _product(a: float, b: float) -> float:
    return a * b


def product(
    a: Source,
    b: Source,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """Multiply a by b; the unit is the product of theirs."""
    name = name or f"{name_of(a)}_times_{name_of(b)}"
    return Feature(name, FAMILY, (a, b), warm_up=(0,), category=category, group=group)


FAMILY = Family(
    name="product",
    category="technical",
    kernel=_product,
    formula="a * b",
    unit="unit of a times unit of b",
    reference="definition",
    build=product,
    examples=(("close", "volume"), ("volume", "signed_volume")),
    price_degree=add,
)

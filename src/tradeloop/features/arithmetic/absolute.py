"""Size of a column, whatever its sign."""

from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import kernel


@kernel("value")
def _absolute(x: float) -> float:
    return abs(x)


def absolute(
    x: Source, *, name: str = "", category: Category | None = None, group: str = ""
) -> Feature:
    """``abs(x)``, in the unit of ``x``."""
    name = name or f"absolute_{name_of(x)}"
    return Feature(name, FAMILY, (x,), warm_up=(0,), category=category, group=group)


FAMILY = Family(
    name="absolute",
    category="technical",
    kernel=_absolute,
    formula="abs(x)",
    unit="unit of x",
    reference="definition",
    build=absolute,
    examples=(("signed_volume",), ("close",)),
    price_degree=(1,),
)

"""Level: an input as it is, such as a macro series beside the bars."""

from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import kernel


@kernel("value")
def _level(x: float) -> float:
    return x


def level(
    x: Source,
    category: Category | None = None,
    *,
    name: str = "",
    group: str = "",
) -> Feature:
    """Publish ``x`` itself, under a name of its own; missing while it is not known."""
    name = name or f"{name_of(x)}_level"
    return Feature(name, FAMILY, (x,), warm_up=(0,), category=category, group=group)


FAMILY = Family(
    name="level",
    category="cross_asset",
    kernel=_level,
    formula="x",
    unit="unit of x",
    reference="definition",
    build=level,
    examples=(("close",),),
    price_degree=(1,),
)

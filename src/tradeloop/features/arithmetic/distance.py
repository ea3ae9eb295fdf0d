"""Distance of a price from another one, such as its average, in basis points."""

from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import kernel


@kernel("value")
def _distance(x: float, base: float) -> float:
    return 1e4 * ((x - base) / base) if base != 0.0 else 0.0


def distance(
    x: Source,
    base: Source,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """``1e4 * (x / base - 1)``, 0 where base is 0."""
    name = name or f"{name_of(x)}_to_{name_of(base)}_bps"
    return Feature(
        name, FAMILY, (x, base), warm_up=(0,), category=category, group=group
    )


FAMILY = Family(
    name="distance",
    category="technical",
    kernel=_distance,
    formula="1e4 * (x - base) / base; 0 where base = 0",
    unit="bps of base",
    reference="definition",
    build=distance,
    examples=(("close", "open"),),
)

"""Above or below a constant, such as an overbought oscillator: 1 or 0."""

from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import kernel


@kernel("value", params=2)
def _above(params: tuple[float, float], x: float) -> float:
    level, side = params
    return 1.0 if side * (x - level) > 0.0 else 0.0


def above(
    x: Source,
    level: float,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """1 where ``x`` is above ``level``, 0 where it is at the level or below."""
    name = name or f"{name_of(x)}_above_{level:g}"
    return Feature(name, FAMILY, (x,), (level, 1.0), 0, (0,), 0, category, group)


def below(
    x: Source,
    level: float,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """1 where ``x`` is below ``level``, 0 where it is at the level or above."""
    name = name or f"{name_of(x)}_below_{level:g}"
    return Feature(name, FAMILY, (x,), (level, -1.0), 0, (0,), 0, category, group)


FAMILY = Family(
    name="above",
    category="technical",
    kernel=_above,
    formula="1 if side * (x - level) > 0 else 0; side is -1 for below",
    unit="1 or 0",
    reference="definition",
    build=above,
    examples=(("volume", 500.0), ("signed_volume", 0.0)),
)

"""Crossing of a level or of another column, on the row where it happens."""

from math import nan

from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import Float, kernel


@kernel("value", state=2, params=2)
def _crossed(state: Float, params: tuple[float, float], x: float) -> float:
    low, high = params
    started, prev = state[0], state[1]
    state[0], state[1] = 1.0, x
    up = 1.0 if prev <= high and x > high else 0.0
    down = 1.0 if prev >= low and x < low else 0.0
    return up - down if started == 1.0 else nan


def crossed(
    x: Source,
    level: float,
    *,
    slack: float = 0.0,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """+1 where ``x`` rises above ``level``, -1 where it falls below, else 0.

    A value at the level belongs to neither side: leaving it counts, reaching it not.
    What is no further than ``slack`` from the level is at it.
    """
    return Feature(
        name or f"{name_of(x)}_crossed_{level:g}",
        FAMILY,
        (x,),
        (level - slack, level + slack),
        warm_up=(1,),
        look_back=1,
        category=category,
        group=group,
    )


def crossed_over(
    x: Source,
    other: Source,
    *,
    slack: float = 0.0,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """+1 where ``x`` rises above ``other``, -1 where it falls below, else 0."""
    name = name or f"{name_of(x)}_crossed_{name_of(other)}"
    gap = difference(x, other).columns[0]
    return crossed(gap, 0.0, slack=slack, name=name, category=category, group=group)


FAMILY = Family(
    name="crossed",
    category="technical",
    kernel=_crossed,
    formula="+1 if x[t-1] <= level + slack < x, -1 if x[t-1] >= level - slack > x, "
    "else 0",
    unit="+1, 0 or -1",
    reference="definition",
    build=crossed,
    examples=(("volume", 500.0), ("signed_volume", 0.0)),
)

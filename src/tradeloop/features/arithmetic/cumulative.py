"""Sum of a column since its first row, as of a line of accumulated flow."""

from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import Float, kernel


@kernel("value", state=2)
def _cumulative(state: Float, x: float) -> float:
    # What an addition loses is kept beside the sum (Neumaier 1974).
    old, lost = state[0], state[1]
    total = old + x
    large, small = (old, x) if abs(old) >= abs(x) else (x, old)
    lost += (large - total) + small
    state[0], state[1] = total, lost
    return total + lost  # type: ignore[no-any-return]


def cumulative(
    x: Source, *, name: str = "", category: Category | None = None, group: str = ""
) -> Feature:
    """Sum of all known values of ``x``: its level depends on where history starts."""
    return Feature(
        name or f"cumulative_{name_of(x)}",
        FAMILY,
        (x,),
        warm_up=(0,),
        look_back=None,
        category=category,
        group=group,
    )


FAMILY = Family(
    name="cumulative",
    category="technical",
    kernel=_cumulative,
    formula="sum(x[0 .. t]), compensated",
    unit="unit of x",
    reference="definition; Neumaier 1974",
    build=cumulative,
    examples=(("signed_volume",), ("close",)),
    price_degree=(1,),
)

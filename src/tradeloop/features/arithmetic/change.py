"""Change: what a series gained over n rows, in its own unit."""

from tradeloop.features.base import (
    Category,
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
)
from tradeloop.features.window import push_old
from tradeloop.fold import Float, kernel


@kernel("value", state=2, params=1)
def _change(state: Float, ring: Float, params: tuple[float], x: float) -> float:
    return x - push_old(state, ring, 0, 0, params[0], x)  # type: ignore[no-any-return]


def change(
    x: Source,
    n: int,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """Difference of ``x`` to its value n known rows ago, in the unit of ``x``."""
    n = positive_rows(n, "change")
    return Feature(
        name or f"{name_of(x)}_change_{n}",
        FAMILY,
        (x,),
        (n,),
        ring=n,
        warm_up=(n,),
        look_back=n,
        category=category,
        group=group,
    )


FAMILY = Family(
    name="change",
    category="cross_asset",
    kernel=_change,
    formula="x[t] - x[t - n]",
    unit="unit of x",
    reference="definition; TA-Lib MOM",
    build=change,
    examples=(("close", 1), ("close", 5)),
    price_degree=(1,),
)

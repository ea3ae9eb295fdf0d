"""Share of one flow in another, such as signed in all volume."""

from math import nan

from tradeloop.features.base import (
    Category,
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
)
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("value", state=6, params=2)
def _share(
    state: Float, ring: Float, params: tuple[float, float], part: float, whole: float
) -> float:
    n, empty = params
    some = push_sum(state, ring, 0, 0, n, part)
    total = push_sum(state, ring, 3, n, n, whole)
    if total != total:
        return nan
    return some / total if total > 0.0 else empty


def share(
    part: Source,
    whole: Source,
    n: int,
    *,
    empty: float = 0.0,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """``sum(part) / sum(whole)`` over n rows, ``empty`` where whole is not above 0."""
    n = positive_rows(n, "share")
    return Feature(
        name or f"share_{n}_{name_of(part)}_{name_of(whole)}",
        FAMILY,
        (part, whole),
        (n, empty),
        ring=2 * n,
        warm_up=(n - 1,),
        look_back=n - 1,
        category=category,
        group=group,
    )


def signed_volume_share(n: int) -> Feature:
    """Volume bought less sold by takers in all volume of n rows, -1 to 1."""
    return share("signed_volume", "volume", n, name=f"signed_volume_share_{n}")


FAMILY = Family(
    name="share",
    category="microstructure",
    kernel=_share,
    formula="sum(part) / sum(whole) over n rows; a constant where the whole is 0",
    unit="share",
    reference="definition",
    build=share,
    examples=(("signed_volume", "volume", 20), ("signed_volume", "volume", 3)),
)

"""Percentile: where a value stands among the last n, itself included."""

from math import nan

from numpy import uint64

from tradeloop.errors import InputError
from tradeloop.features.base import (
    Category,
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
)
from tradeloop.fold import Float, kernel


@kernel("value", state=2, params=4)
def _percentile(
    state: Float, ring: Float, params: tuple[float, float, float, float], x: float
) -> float:
    n, least, ties, own = params
    pos, held = state[0], state[1]
    ring[uint64(pos)] = x
    pos += 1.0
    state[0] = 0.0 if pos == n else pos
    held = min(held + 1.0, n)
    state[1] = held
    if held < least:
        return nan
    below = equal = 0
    for k in range(uint64(held)):
        value = ring[k]
        below += value < x
        equal += value == x
    return (below + ties * equal) / (held - own)  # type: ignore[no-any-return]


def percentile(
    x: Source,
    n: int,
    least: int,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """Share of the last n values below ``x``, equal ones by half: 0 to 1.

    It starts once ``least`` values are there and then takes up to n.
    """
    n, least = positive_rows(n, "percentile"), positive_rows(least, "percentile.least")
    if least > n:
        raise InputError(
            f"percentile.least must not exceed n = {n}, was {least}.",
            way_out="Start with fewer rows.",
        )
    return Feature(
        name or f"{name_of(x)}_percentile_{n}",
        FAMILY,
        (x,),
        (n, least, 0.5, 0.0),
        ring=n,
        warm_up=(least - 1,),
        look_back=n - 1,
        category=category,
        group=group,
    )


def percent_rank(
    x: Source,
    n: int,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """Share of the n values before ``x`` that are below it, equal ones left out."""
    n = positive_rows(n, "percent_rank")
    return Feature(
        name or f"{name_of(x)}_percent_rank_{n}",
        FAMILY,
        (x,),
        (n + 1, n + 1, 0.0, 1.0),
        ring=n + 1,
        warm_up=(n,),
        look_back=n,
        category=category,
        group=group,
    )


FAMILY = Family(
    name="percentile",
    category="risk",
    kernel=_percentile,
    formula="(count(x < x[t]) + count(x = x[t]) / 2) / count over up to n rows; "
    "of the rows before alone and without the ties: Connors' percent rank",
    unit="0 to 1; 0.5 where nothing moved",
    reference="mid-rank percentile",
    build=percentile,
    examples=(("close", 50, 10), ("volume", 7, 7)),
)

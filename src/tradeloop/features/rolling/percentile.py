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


@kernel("value", state=2, params=2)
def _percentile(
    state: Float, ring: Float, params: tuple[float, float], x: float
) -> float:
    n, least = params
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
    return (below + 0.5 * equal) / held  # type: ignore[no-any-return]


def percentile(
    x: Source, n: int, least: int, *, name: str = "", category: Category | None = None
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
        (n, least),
        ring=n,
        warm_up=(least - 1,),
        look_back=n - 1,
        category=category,
    )


FAMILY = Family(
    name="percentile",
    category="risk",
    kernel=_percentile,
    formula="(count(x < x[t]) + count(x = x[t]) / 2) / count over up to n rows",
    unit="0 to 1; 0.5 where nothing moved",
    reference="mid-rank percentile",
    build=percentile,
    examples=(("close", 50, 10), ("volume", 7, 7)),
)

"""Two prices on one clock: an instrument's own, and another one as last known."""

from math import nan

from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE
from tradeloop.features.base import (
    BAR_CLOCK,
    Family,
    Feature,
    clock_of,
    positive_rows,
)
from tradeloop.fold import kernel

_FOR_EVER = 10**9  # minutes


@kernel("own", "other", "age_minutes", params=1)
def _aligned(
    params: tuple[float],
    x: float,
    y: float,
    day: float,
    ns: float,
    y_day: float,
    y_ns: float,
) -> tuple[float, float, float]:
    age = ((day - y_day) * NS_PER_DAY + (ns - y_ns)) / NS_PER_MINUTE
    if age > params[0]:
        return nan, nan, age
    return x, y, age


def aligned(
    x: str = "close",
    y: str = "benchmark.close",
    stale_minutes: int = _FOR_EVER,
    *,
    clock: str = BAR_CLOCK,
    name: str = "",
) -> Feature:
    """Columns ``own``, ``other`` and ``age_minutes``, a row for each row of ``x``.

    ``other`` is ``y`` as it was last known. While nothing new of it comes it stays as
    it was: its return is 0 in such a row and what it made up for comes in one, so a
    correlation over short rows with a slow benchmark is too low (Epps 1979). Once its
    last event is more than ``stale_minutes`` old *both* prices are missing: what reads
    them skips the row, and the returns of the next row span the same time on both
    sides.
    """
    stale = positive_rows(stale_minutes, "stale_minutes")
    stream = clock_of(y)
    own = "" if clock == BAR_CLOCK else f"{clock}."
    usual = (x, y, stale) == ("close", "benchmark.close", _FOR_EVER)
    ending = "" if usual else f"_{x}_{y}" + ("" if stale == _FOR_EVER else f"_{stale}")
    times = [f"{own}{t}" for t in ("day", "ns_of_day")]
    times += [f"{stream}.{t}" for t in ("day", "ns_of_day")]
    return Feature(
        name or f"aligned{ending}",
        FAMILY,
        (x, y, *times),
        (stale,),
        warm_up=(0, 0, 0),
        clock=clock,
    )


FAMILY = Family(
    name="aligned",
    category="cross_asset",
    kernel=_aligned,
    formula="own = x, other = y as last known; both missing where y is older than the "
    "limit",
    unit="units of x and y; minutes since the last event of y",
    reference="definition; Epps 1979 for what a slow benchmark does",
    build=aligned,
    examples=((), ("open", "benchmark.close", 10_000_000)),
    price_degree=(1, 1, 0),
)

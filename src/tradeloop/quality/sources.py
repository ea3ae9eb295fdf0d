"""Two sources of one price: whether they agree in value, in time, in their hours.

- Returns: `tradeloop.capture.cleaning.align` correlates the returns of the mids on a
  grid of steps, shifted by whole steps; of ticks a second pass on a finer grid tells
  the offset of the clocks below a step.
- Level: ``1e4 (b / a - 1)`` of the mids at the end of each common step, in bps.
- Each by itself: rows, exact repeats, crossed and locked quotes.
- Hours: the first and the last row of each week (from Saturday 12:00 UTC), and so by
  how much one opens earlier.
"""

from dataclasses import dataclass

import polars as pl

from tradeloop.capture.cleaning import Alignment, align
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import InputError
from tradeloop.quality.calendar import MONDAY_NS, WEEK_NS

_SATURDAY_NOON_NS = MONDAY_NS + 5 * NS_PER_DAY + 12 * NS_PER_HOUR
_FINE = 60


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a source is by itself.

    Parameters
    ----------
    rows, repeated, crossed, locked : int
        Rows; rows equal to an earlier one; quotes with bid > ask; with bid = ask.
    """

    rows: int
    repeated: int
    crossed: int
    locked: int

    @property
    def crossed_share(self) -> float:
        """Crossed quotes as a share of the rows."""
        return self.crossed / self.rows


@dataclass(frozen=True, eq=False, slots=True)
class SourceComparison:
    """How two sources of one price compare.

    Parameters
    ----------
    one, other : SourceFacts
        Each by itself.
    alignment : Alignment
        Correlation of their returns; see `tradeloop.capture.cleaning.align`.
    offset_ns : int
        By how much the times of the other lie behind, where returns fit best, ns.
    resolution_ns : int
        Step of the grid by which the offset was found.
    level_bps : float
        Median of other over one, bps.
    level_low_bps, level_high_bps : float
        5 % and 95 % quantile of the same.
    common_steps : int
        Steps in which both have a price.
    weeks : polars.DataFrame of shape (n_weeks, 6)
        week_ns (Saturday 12:00 UTC), first and last row of both (first_one_ns,
        last_one_ns, first_other_ns, last_other_ns, of event_ns) and opens_earlier_ns:
        by how much the other opens earlier; null in a week in which a file begins.
    opens_earlier_ns : float or None
        Median of that.
    """

    one: SourceFacts
    other: SourceFacts
    alignment: Alignment
    offset_ns: int
    resolution_ns: int
    level_bps: float
    level_low_bps: float
    level_high_bps: float
    common_steps: int
    weeks: pl.DataFrame
    opens_earlier_ns: float | None


def compare_sources(
    one: pl.DataFrame,
    other: pl.DataFrame,
    *,
    step_ns: int = NS_PER_MINUTE,
    shifts: int = 5,
    level: float = 0.95,
) -> SourceComparison:
    """Compare two sources of the same instrument.

    Parameters
    ----------
    one, other : polars.DataFrame of shape (n_rows, any)
        event_ns, in order, and bid and ask (quotes), or close (bars; their mid where
        they have bid and ask). For bars event_ns is the end.
    step_ns : int
        Length of a step, ns; that of the bars for bars.
    shifts : int
        Steps that are tried to each side.
    level : float
        Coverage of the intervals.

    Raises
    ------
    InputError
        A frame has no price, or there are fewer than 30 common returns.
    """
    left, right = _prices(one, "one"), _prices(other, "other")
    alignment = align(left, right, step_ns=step_ns, shifts=shifts, level=level)
    offset, resolution = _offset(left, right, alignment, step_ns, level)
    both = _ends(left, step_ns).join(_ends(right, step_ns), on="step", suffix="_other")
    bps = 1e4 * (both["price_other"] / both["price"] - 1)
    weeks = _weeks(one, other)
    low, middle, high = (bps.quantile(q, "linear") for q in (0.05, 0.5, 0.95))
    earlier = weeks["opens_earlier_ns"].median()
    return SourceComparison(
        one=_facts(one),
        other=_facts(other),
        alignment=alignment,
        offset_ns=offset,
        resolution_ns=resolution,
        level_bps=middle or 0.0,
        level_low_bps=low or 0.0,
        level_high_bps=high or 0.0,
        common_steps=both.height,
        weeks=weeks,
        opens_earlier_ns=earlier if isinstance(earlier, float) else None,
    )


def _prices(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    columns = set(frame.columns)
    mid = (pl.col("bid") + pl.col("ask")) / 2
    if {"bid", "ask", "close"} <= columns:
        price = pl.coalesce(mid, "close")
    elif {"bid", "ask"} <= columns:
        price = mid
    elif "close" in columns:
        price = pl.col("close")
    else:
        raise InputError(
            "A source needs bid and ask, or close.",
            way_out="Read quotes or bars with `tradeloop.capture`.",
            source=name,
        )
    return frame.select("event_ns", price=price).filter(pl.col("price") > 0)


def _ends(prices: pl.DataFrame, step_ns: int) -> pl.DataFrame:
    step = ((pl.col("event_ns") - 1) // step_ns).alias("step")
    return prices.group_by(step).agg(pl.col("price").last())


def _offset(
    one: pl.DataFrame,
    other: pl.DataFrame,
    alignment: Alignment,
    step_ns: int,
    level: float,
) -> tuple[int, int]:
    """Look for the offset on a finer grid, around that of the coarse one."""
    fine = max(NS_PER_SECOND, step_ns // _FINE)
    ticks = min(one.height, other.height) > 2 * max(
        _ends(one, step_ns).height, _ends(other, step_ns).height
    )
    if not ticks or not alignment.related or fine >= step_ns:
        return alignment.shift_ns, step_ns
    moved = other.with_columns(pl.col("event_ns") - alignment.shift_ns)
    try:
        nearer = align(
            one, moved, step_ns=fine, shifts=step_ns // fine // 4, level=level
        )
    except InputError:  # seldom two neighbouring steps of that size
        return alignment.shift_ns, step_ns
    found = 0 if nearer.lined_up else nearer.shift_ns
    return alignment.shift_ns + found, fine


def _facts(frame: pl.DataFrame) -> SourceFacts:
    names = [n for n in frame.columns if n != "received_ns"]
    shared = frame.filter(frame["event_ns"].is_duplicated())
    repeated = shared.height - shared.select(names).unique().height
    crossed = locked = 0
    if {"bid", "ask"} <= set(frame.columns):
        above = frame.select(
            crossed=(pl.col("bid") > pl.col("ask")).sum(),
            locked=(pl.col("bid") == pl.col("ask")).sum(),
        )
        crossed, locked = above.row(0)
    return SourceFacts(frame.height, repeated, int(crossed), int(locked))


def _weeks(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    at = (pl.col("event_ns") - _SATURDAY_NOON_NS) // WEEK_NS
    week = (at * WEEK_NS + _SATURDAY_NOON_NS).alias("week_ns")
    parts = []
    for name, frame in (("one", one), ("other", other)):
        ends = frame.group_by(week).agg(
            pl.col("event_ns").min().alias(f"first_{name}_ns"),
            pl.col("event_ns").max().alias(f"last_{name}_ns"),
        )
        begins = frame["event_ns"].min()
        parts.append(
            ends.with_columns((pl.col(f"first_{name}_ns") == begins).alias(f"_{name}"))
        )
    whole = ~(pl.col("_one") | pl.col("_other"))
    return (
        parts[0]
        .join(parts[1], on="week_ns")
        .sort("week_ns")
        .with_columns(
            opens_earlier_ns=pl.when(whole).then(
                pl.col("first_one_ns") - pl.col("first_other_ns")
            )
        )
        .drop("_one", "_other")
    )

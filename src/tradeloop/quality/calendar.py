"""The bars that one may expect: a calendar of the week, learned from the data.

The week, from Monday 00:00 UTC, is cut into slots of one bar. A slot is expected when
at least half of the weeks of the instrument have a bar in it; where the data reach over
a slot once only, when half of the days have a bar at that time. Even then a gap of less
than three days that holds the noon of a Saturday is a weekend, if no Saturday has a
bar. So nights, weekends and
breaks are nobody's loss, and an hour that moves with summer time is not expected twice.

``E(t) = week(t) * expected slots of a week + expected slots up to t in its week``
counts the bars that one may expect up to t; a difference of two is what lies between.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY

Integers = NDArray[np.int64]

WEEK_NS = 7 * NS_PER_DAY
MONDAY_NS = 4 * NS_PER_DAY  # 1970-01-01 was a Thursday
LEAST_SHARE = 0.5
_TWICE = 2
_LONGEST_WEEKEND_NS = 3 * NS_PER_DAY
_SATURDAY_NS = 5 * NS_PER_DAY


def week_of(time: pl.Expr) -> pl.Expr:
    """Return the number of the week that a time stands in."""
    return (time - MONDAY_NS) // WEEK_NS


def slot_of(time: pl.Expr, interval_ns: int) -> pl.Expr:
    """Return the slot of the week that a time stands in, from 0."""
    return (time - MONDAY_NS) % WEEK_NS // interval_ns


def learn_calendar(bars: pl.DataFrame, interval_ns: int) -> pl.DataFrame:
    """Learn which slots of the week are expected.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        Columns instrument and event_ns (end); order and repeats do not matter.
    interval_ns : int
        Length of a bar.

    Returns
    -------
    polars.DataFrame of shape (n_slots, 5)
        instrument, slot (ascending), expected (0 or 1), before (expected slots of the
        week up to this one, itself included) and total (of the week); slots that are
        expected or have a bar.
    """
    end = pl.col("event_ns") - 1  # a bar that ends at midnight is of the day before
    slots = bars.select(
        "instrument", week=week_of(end), slot=slot_of(end, interval_ns)
    ).unique()
    parts = [
        _of_one(str(name), part, interval_ns)
        for (name,), part in slots.sort("instrument").group_by(
            "instrument", maintain_order=True
        )
    ]
    schema = {
        "instrument": pl.String,
        "slot": pl.Int64,
        "expected": pl.Int64,
        "before": pl.Int64,
        "total": pl.Int64,
    }
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def _of_one(name: str, slots: pl.DataFrame, interval_ns: int) -> pl.DataFrame:
    width = -(-WEEK_NS // interval_ns)
    week, slot = slots["week"].to_numpy(), slots["slot"].to_numpy()
    at = week * width + slot
    first, last = int(at.min()), int(at.max())
    seen = np.bincount(slot, minlength=width)
    possible = _times(np.arange(width), width, first, last)
    expected = (seen >= LEAST_SHARE * possible) & (possible > 0)
    if NS_PER_DAY % interval_ns == 0:
        once = possible < _TWICE
        daily = _by_day(at, width // 7, first, last)
        daily[_weekends(np.sort(at), interval_ns)] = False
        expected[once] = daily[once]
    kept = np.flatnonzero(expected | (seen > 0))
    before = np.cumsum(expected)
    return pl.DataFrame(
        {
            "instrument": pl.repeat(name, kept.size, dtype=pl.String, eager=True),
            "slot": kept,
            "expected": expected[kept].astype(np.int64),
            "before": before[kept],
            "total": np.full(kept.size, before[-1]),
        }
    )


def _times(slot: Integers, width: int, first: int, last: int) -> Integers:
    """How often each slot of a cycle lies between the first and the last."""
    times: Integers = (last - slot) // width - (first - 1 - slot) // width
    return times


def _by_day(at: Integers, width: int, first: int, last: int) -> NDArray[np.bool_]:
    """Tell for each slot of the week whether half of the days have a bar then."""
    seen = np.bincount(at % width, minlength=width)
    possible = _times(np.arange(width), width, first, last)
    expected = (seen >= LEAST_SHARE * possible) & (seen > 0)
    return np.tile(expected, 7)


def _weekends(at: Integers, interval_ns: int) -> Integers:
    """Slots of the week in gaps that are weekends, by the gaps alone."""
    width = WEEK_NS // interval_ns
    saturday = _SATURDAY_NS // interval_ns
    day = NS_PER_DAY // interval_ns
    if np.any((at % width >= saturday) & (at % width < saturday + day)):
        return np.zeros(0, np.int64)
    noon = saturday + day // 2
    over = np.diff((at - noon) // width) == 1
    short = np.diff(at) * interval_ns < _LONGEST_WEEKEND_NS
    inside = [
        np.arange(at[k] + 1, at[k + 1]) % width for k in np.flatnonzero(over & short)
    ]
    return np.concatenate(inside) if inside else np.zeros(0, np.int64)


def expected_until(
    times: pl.DataFrame, column: str, calendar: pl.DataFrame, interval_ns: int
) -> pl.DataFrame:
    """Count the bars that one may expect up to the end of each bar.

    Parameters
    ----------
    times : polars.DataFrame of shape (n_rows, any)
        Columns instrument and ``column``: ends of bars.
    column : str
        Which times.
    calendar : polars.DataFrame
        What `learn_calendar` returned.
    interval_ns : int
        Length of a bar.

    Returns
    -------
    polars.DataFrame of shape (n_rows, any + 2)
        The rows in their order with ``until`` (E of the module) and ``expected``
        (whether the bar itself is one of them); null for instruments that the calendar
        does not know.
    """
    end = pl.col(column) - 1
    known = calendar.select("instrument", "expected", "before", "total", at="slot")
    asked = times.with_row_index("_row").with_columns(_slot=slot_of(end, interval_ns))
    met = asked.sort("_slot").join_asof(
        known.with_columns(_slot="at").sort("_slot"),
        on="_slot",
        by="instrument",
        check_sortedness=False,
    )
    total = pl.col("total").fill_null(pl.col("_whole"))
    whole = known.group_by("instrument").agg(_whole=pl.col("total").first())
    return (
        met.join(whole, on="instrument", how="left", maintain_order="left")
        .with_columns(
            until=week_of(end) * total
            + pl.when(pl.col("_whole").is_not_null()).then(
                pl.col("before").fill_null(0)
            ),
            expected=pl.when(pl.col("at") == pl.col("_slot"))
            .then("expected")
            .otherwise(0),
        )
        .sort("_row")
        .drop("_row", "_slot", "_whole", "before", "total", "at")
    )

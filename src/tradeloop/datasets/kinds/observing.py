"""Observations of the market, which stand where decisions would.

An observation has side +1 and the strategy ``observation``: nobody decided anything,
and it must never be written into a journal of decisions. Its id is made of what it
observes, so that the same market gives the same ids:
``obs:EURUSD:1h:1388534400000000000``.
"""

import polars as pl

from tradeloop.datasets.kinds.base import Schedule
from tradeloop.errors import InputError
from tradeloop.events import DECISION, duration_text

STRATEGY = "observation"


def needed(schedule: Schedule | None) -> Schedule:
    """Return the schedule, or say that it is needed."""
    if schedule is None:
        raise InputError(
            "This type of dataset observes the market and needs a schedule.",
            way_out="Give Schedule(interval_ns=...), with every=... or times_ns=....",
            source="schedule",
        )
    return schedule


def known_bars(bars: pl.DataFrame) -> pl.DataFrame:
    """Say when each bar was known, and leave out bars behind a later one.

    Returns
    -------
    polars.DataFrame of shape (n_bars, 3)
        instrument, end_ns, known_ns, sorted by known_ns within each instrument.
    """
    known = pl.max_horizontal("received_ns", "event_ns").alias("known_ns")
    newest = pl.col("end_ns").cum_max().shift(1).over("instrument")
    return (
        bars.select("instrument", pl.col("event_ns").alias("end_ns"), known)
        .sort("instrument", "known_ns", "end_ns")
        .filter(newest.is_null() | (pl.col("end_ns") > newest))
    )


def as_decisions(seen: pl.DataFrame, schedule: Schedule) -> pl.DataFrame:
    """Write observations with the columns of the record DECISION.

    Parameters
    ----------
    seen : polars.DataFrame of shape (n, any)
        instrument, ``stamp_ns`` (event_ns and part of the id), ``known_ns``.
    schedule : Schedule
        Gives the interval, which is part of the id.

    Returns
    -------
    polars.DataFrame of shape (n, n_columns)
        Sorted by received_ns, then id.
    """
    interval = pl.lit(duration_text(schedule.interval_ns))
    return DECISION.conform(
        seen.select(
            pl.format("obs:{}:{}:{}", "instrument", interval, "stamp_ns").alias(
                "decision_id"
            ),
            "instrument",
            pl.lit(STRATEGY).alias("strategy"),
            pl.lit(1).alias("side"),
            pl.col("stamp_ns").alias("event_ns"),
            pl.col("known_ns").alias("received_ns"),
        )
    ).sort("received_ns", "decision_id")


def sections(
    known: pl.DataFrame, times_ns: pl.Series, schedule: Schedule
) -> pl.DataFrame:
    """Every instrument with a fresh bar at each of some times.

    Parameters
    ----------
    known : polars.DataFrame
        From `known_bars`.
    times_ns : polars.Series of Int64
        When to look, ns UTC.
    schedule : Schedule
        Gives the age from which a bar is stale.

    Returns
    -------
    polars.DataFrame of shape (n, 4)
        instrument, at_ns, end_ns (of the last bar known then).
    """
    asked = pl.DataFrame({"at_ns": times_ns.sort()}).join(
        known.select(pl.col("instrument").unique().sort()), how="cross"
    )
    found = asked.join_asof(
        known.sort("known_ns"),
        left_on="at_ns",
        right_on="known_ns",
        by="instrument",
        check_sortedness=False,
    )
    fresh = pl.col("at_ns") - pl.col("end_ns") <= schedule.stale_ns
    return found.filter(pl.col("end_ns").is_not_null() & fresh)

"""Gaps: bars that the instrument's usual calendar lets one expect.

A gap is measured in bars that one may expect (`calendar`): ``g = 1 + expected bars
between two neighbours``, so a night or a weekend is 1. What is usual is learned: the
99th percentile of g after bars of the same time of the week, where there are at least
8; else of the same time of the day; else of all. It is the value below, so the longest
gap never sets its own limit. A gap is an anomaly when ``g > 4 * that``; it misses ``g -
median of those`` bars. Holidays (`holidays`) are reported apart and count for nothing.
"""

from datetime import date

import polars as pl

from tradeloop.clock import NS_PER_DAY
from tradeloop.quality.base import Detector, Evidence
from tradeloop.quality.calendar import (
    MONDAY_NS,
    WEEK_NS,
    expected_until,
    learn_calendar,
)
from tradeloop.quality.holidays import is_holiday, learn_holidays

FACTOR, QUANTILE, ENOUGH = 4.0, 0.99, 8
LEVELS = (("week", WEEK_NS), ("day", NS_PER_DAY), ("all", 1))


def neighbours(bars: pl.DataFrame) -> pl.DataFrame:
    """Neighbouring bars of an instrument: instrument, after_ns, event_ns, gap_ns.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        Columns instrument and event_ns; order and repeats do not matter.
    """
    after = pl.col("event_ns").shift(1).over("instrument")
    return (
        bars.select("instrument", "event_ns")
        .sort("instrument", "event_ns")
        .select(
            "instrument",
            after.alias("after_ns"),
            "event_ns",
            gap_ns=pl.col("event_ns") - after,
        )
        .filter(pl.col("gap_ns") > 0)
    )


def _measured(
    pairs: pl.DataFrame, calendar: pl.DataFrame, interval_ns: int
) -> pl.DataFrame:
    """Add g of each gap; a gap of one interval is 1 whatever the calendar says."""
    plain = pairs.filter(pl.col("gap_ns") <= interval_ns).with_columns(
        g=pl.lit(1, pl.Int64)
    )
    wide = pairs.filter(pl.col("gap_ns") > interval_ns)
    if wide.is_empty():
        return plain
    start = expected_until(wide, "after_ns", calendar, interval_ns)
    end = expected_until(wide, "event_ns", calendar, interval_ns)
    g = 1 + end["until"] - end["expected"] - start["until"]
    return pl.concat([plain, wide.with_columns(g.alias("g"))])


def _stretch(size_ns: int) -> pl.Expr:
    return (pl.col("after_ns") - MONDAY_NS) % size_ns


def usual_gaps(evidence: Evidence) -> pl.DataFrame:
    """Learn the calendar, the limits of the gaps and the holidays.

    Returns
    -------
    polars.DataFrame
        A stack of four tables, told apart by ``table``: ``calendar`` (see
        `calendar`), ``limit`` (instrument, level, stretch, limit, median), ``holiday``
        (instrument, month, day) and ``longest`` (instrument, limit: ns of the longest
        gap of more than an interval that is no anomaly).
    """
    calendar = learn_calendar(evidence.bars, evidence.interval_ns)
    pairs = _measured(neighbours(evidence.bars), calendar, evidence.interval_ns)
    limits = pl.concat(
        pairs.group_by("instrument", stretch=_stretch(size))
        .agg(
            limit=FACTOR * pl.col("g").quantile(QUANTILE, interpolation="lower"),
            median=pl.col("g").median(),
            times=pl.len(),
        )
        .filter((pl.col("times") >= ENOUGH) | (pl.lit(name) == "all"))
        .with_columns(level=pl.lit(name))
        .drop("times")
        for name, size in LEVELS
    )
    judged = _judged(pairs.filter(pl.col("gap_ns") > evidence.interval_ns), limits)
    usual = judged.filter(pl.col("g") <= pl.col("limit"))
    longest = usual.group_by("instrument").agg(limit=pl.col("gap_ns").max().cast(float))
    tables = {
        "calendar": calendar,
        "limit": limits,
        "holiday": _holidays(judged, evidence),
        "longest": longest,
    }
    return pl.concat(
        [frame.with_columns(table=pl.lit(name)) for name, frame in tables.items()],
        how="diagonal_relaxed",
    )


def table_of(usual: pl.DataFrame, name: str) -> pl.DataFrame:
    """Take one table out of what `usual_gaps` returned."""
    return usual.filter(pl.col("table") == name)


def _judged(pairs: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """Add limit and median of the finest level that is known."""
    if pairs.is_empty():
        number = pl.lit(None, pl.Float64)
        return pairs.with_columns(limit=number, median=number)
    known = pairs
    for name, size in LEVELS:
        level = limits.filter(pl.col("level") == name).select(
            "instrument",
            "stretch",
            pl.col("limit").alias(f"limit_{name}"),
            pl.col("median").alias(f"median_{name}"),
        )
        known = known.with_columns(stretch=_stretch(size)).join(
            level, on=["instrument", "stretch"], how="left", maintain_order="left"
        )
    return known.with_columns(
        pl.coalesce(*(f"{stem}_{name}" for name, _ in LEVELS)).alias(stem)
        for stem in ("limit", "median")
    ).select("instrument", "after_ns", "event_ns", "gap_ns", "g", "limit", "median")


def _holidays(judged: pl.DataFrame, evidence: Evidence) -> pl.DataFrame:
    ends = evidence.bars.group_by("instrument").agg(
        first_ns=pl.col("event_ns").min(), last_ns=pl.col("event_ns").max()
    )
    long = (
        judged.filter(pl.col("gap_ns") > NS_PER_DAY)
        .with_columns(unusual=pl.col("g") > pl.col("limit"))
        .join(ends, on="instrument")
    )
    rows = [
        (name, month, day)
        for (name,), part in long.group_by("instrument", maintain_order=True)
        for month, day in sorted(learn_holidays(part))
    ]
    schema = {"instrument": pl.String, "month": pl.Int64, "day": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def yearly_of(usual: pl.DataFrame) -> dict[str, frozenset[tuple[int, int]]]:
    """Holidays of each instrument, as month and day."""
    table = table_of(usual, "holiday").group_by("instrument").agg("month", "day")
    return {
        name: frozenset(zip(months, days, strict=True))
        for name, months, days in table.select("instrument", "month", "day").iter_rows()
    }


def _unusual(evidence: Evidence) -> tuple[pl.DataFrame, list[bool]]:
    """Return the gaps beyond their limit, and which of them are holidays."""
    usual = evidence.usual_for(GAPS)
    pairs = neighbours(evidence.bars).filter(pl.col("gap_ns") > evidence.interval_ns)
    calendar = table_of(usual, "calendar")
    measured = _measured(pairs, calendar, evidence.interval_ns)
    possible = measured.filter(pl.col("g") > FACTOR)  # no limit is lower
    found = (
        _judged(possible, table_of(usual, "limit"))
        .filter(pl.col("g") > pl.col("limit"))
        .sort("instrument", "event_ns")
        .with_columns(
            count=(pl.col("g") - pl.col("median") + 0.5).floor().clip(lower_bound=1)
        )
    )
    named, yearly = frozenset[date](evidence.holidays), yearly_of(usual)
    closed = [
        is_holiday(
            after, event, count * evidence.interval_ns, named, yearly.get(name, ())
        )
        for name, after, event, count in found.select(
            "instrument", "after_ns", "event_ns", "count"
        ).iter_rows()
    ]
    return found.select("instrument", "after_ns", "event_ns", "count"), closed


def find_gaps(evidence: Evidence) -> pl.DataFrame:
    """Gaps longer than usual, with the bars that each misses.

    Parameters
    ----------
    evidence : Evidence
        Its bars and holidays.

    Returns
    -------
    polars.DataFrame of shape (n_found, 4)
        instrument, after_ns, event_ns, count (bars missing, at least 1).
    """
    found, closed = _unusual(evidence)
    return found.filter(~pl.Series(closed, dtype=pl.Boolean))


def find_closures(evidence: Evidence) -> pl.DataFrame:
    """Holidays, with the bars that each would have had; columns of `find_gaps`."""
    found, closed = _unusual(evidence)
    return found.filter(pl.Series(closed, dtype=pl.Boolean))


GAPS = Detector(
    "gap",
    f"expected bars missing: more than {FACTOR:g} x the {QUANTILE:.0%} quantile of "
    "gaps at that time of the week; no holiday",
    find_gaps,
    learn=usual_gaps,
)

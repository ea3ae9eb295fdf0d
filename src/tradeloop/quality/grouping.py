"""The same figures by instrument, by source, by hour or day, and by column.

All of them are the measures of the whole, over fewer rows: what is usual is learned
from all rows once, so that a bad day does not teach its own standard.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from tradeloop.errors import InputError
from tradeloop.quality.anomalies.late_tick import source_of
from tradeloop.quality.base import Detector, Evidence, Tally
from tradeloop.quality.detectors import DETECTORS
from tradeloop.quality.score import figures, find_all
from tradeloop.quality.tally import Group, tallies_by

MEASURES = (
    "completeness",
    "accuracy",
    "consistency",
    "timeliness",
    "validity",
    "missing_share",
    "overall",
)
"""Columns of every frame of figures: 0 to 1, null where nothing could be judged."""


def as_frame(
    tallies: Mapping[Group, Tally], keys: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """Write figures as a frame: the keys, rows (bars and ticks), the measures.

    Parameters
    ----------
    tallies : mapping of tuple to Tally
        Groups to their counts.
    keys : mapping of str to polars data type
        Names of the members of a group.
    """
    rows = []
    for group, tally in tallies.items():
        values = figures(tally)
        counted = int(tally.of("bars", "ticks"))
        rows.append((*group, counted, *(values[name] for name in MEASURES)))
    schema = {**keys, "rows": pl.Int64(), **dict.fromkeys(MEASURES, pl.Float64())}
    return pl.DataFrame(rows, schema=schema, orient="row")


def by_instrument(
    evidence: Evidence, detectors: Sequence[Detector] = DETECTORS
) -> pl.DataFrame:
    """Figures of each instrument.

    Parameters
    ----------
    evidence : Evidence
        What is judged; counts that belong to no instrument (rows read, events
        delivered) take no part.
    detectors : sequence of Detector
        Which to run.

    Returns
    -------
    polars.DataFrame of shape (n_instruments, 9)
        instrument, rows and `MEASURES`.
    """
    learned, found = find_all(evidence, detectors)
    tallies = tallies_by(learned, found, [pl.col("instrument")])
    return as_frame(tallies, {"instrument": pl.String()})


def by_source(
    evidence: Evidence, detectors: Sequence[Detector] = DETECTORS
) -> pl.DataFrame:
    """Figures of each source: what stands after the last dot of an instrument.

    Parameters and columns are those of `by_instrument`, with ``source``; instruments
    without one have the empty source.
    """
    learned, found = find_all(evidence, detectors)
    source = source_of(pl.col("instrument")).alias("source")
    return as_frame(tallies_by(learned, found, [source]), {"source": pl.String()})


def over_time(
    evidence: Evidence, window_ns: int, detectors: Sequence[Detector] = DETECTORS
) -> pl.DataFrame:
    """Figures of each instrument, window by window.

    A row belongs to the window of its event time, a gap to that of the bar after it.

    Parameters
    ----------
    evidence : Evidence
        What is judged.
    window_ns : int
        Length of a window, such as an hour or a day; windows begin at its multiples
        since 1970 UTC.
    detectors : sequence of Detector
        Which to run.

    Returns
    -------
    polars.DataFrame of shape (n_windows, 10)
        instrument, window_ns (its begin, ns UTC), rows and `MEASURES`, in the order of
        instrument and time. Windows without rows are absent.

    Raises
    ------
    InputError
        The window is not above 0.
    """
    check_window(window_ns)
    learned, found = find_all(evidence, detectors)
    by = [pl.col("instrument"), window_of(pl.col("event_ns"), window_ns)]
    return as_frame(
        tallies_by(learned, found, by),
        {"instrument": pl.String(), "window_ns": pl.Int64()},
    )


def window_of(event: pl.Expr, window_ns: int) -> pl.Expr:
    """Begin of the window that holds a time; its end belongs to it, as that of bars."""
    return ((event - 1) // window_ns * window_ns).alias("window_ns")


def check_window(window_ns: int) -> None:
    """Refuse a window that has no length."""
    if window_ns <= 0:
        raise InputError(
            f"A window must be longer than 0 ns, was {window_ns}.",
            way_out="Give for instance 86_400_000_000_000 for a day.",
            source="window_ns",
        )

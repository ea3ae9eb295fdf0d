"""Columns of times to nanoseconds since 1970 UTC.

A time without a zone is refused for the whole file, unless the map states the zone: a
guess would shift every label. A single value that cannot be a time refuses its row.
"""

import polars as pl

from tradeloop.capture.time_base import TimeRules, Times, localised, ranged
from tradeloop.capture.time_numbers import from_numbers
from tradeloop.capture.time_text import from_text
from tradeloop.errors import InputError


def to_ns(column: pl.Series, rules: TimeRules, *, source: str) -> Times:
    """Read a column of times.

    Parameters
    ----------
    column : polars.Series of shape (n_rows,)
        Datetimes, dates, text in ISO 8601, or numbers since 1970.
    rules : TimeRules
        What the map says about times.
    source : str
        The file, for messages.

    Returns
    -------
    Times
        Reasons: ``time_not_understood``, ``time_out_of_range`` (before 1970 or after
        2261), ``time_not_in_zone`` (an hour that summer time skipped or doubled).

    Raises
    ------
    InputError
        The column has no zone, or mixes times with and without one, or holds numbers of
        no stated unit, or nothing in it is a time.
    """
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            return ranged(column, rules)
        return localised(column, rules, source)
    if dtype == pl.Date:
        return localised(column.cast(pl.Datetime("us")), rules, source)
    if dtype.is_integer() or dtype.is_float():
        return from_numbers(column, rules, source)
    if dtype == pl.String:
        return from_text(column, rules, source)
    raise InputError(
        f"The column is to hold times, but its type is {dtype}.",
        way_out="Map another column, or export times as ISO 8601 with a zone.",
        source=source,
        column=column.name,
    )

"""What all readings of time share: the rules, the range, the zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from tradeloop.errors import InputError

FIRST_YEAR = 1970
LAST_YEAR = 2261
LAST_NS = 9_214_646_400_000_000_000
"""2262-01-01 UTC: times from there on do not fit 64 bits in nanoseconds for sure."""

UNITS_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


@dataclass(frozen=True)
class TimeRules:
    """How the times of a file are to be read.

    Parameters
    ----------
    timezone : str, optional
        Zone of times that state none, such as ``America/New_York``.
    time_unit : str, optional
        Unit of numbers since 1970: ns, us, ms or s.
    time_format : str, optional
        Form of text in the words of strptime, such as ``%m/%d/%Y %H:%M``.
    first_year : int
        Earlier times are out of range.
    """

    timezone: str | None = None
    time_unit: str | None = None
    time_format: str | None = None
    first_year: int = FIRST_YEAR


def rules_from(rules: Mapping[str, object], *, source: str) -> TimeRules:
    """Take the rules for times out of those of a layout.

    Raises
    ------
    InputError
        The zone or the unit does not exist.
    """
    timezone, unit = rules.get("timezone"), rules.get("time_unit")
    form = rules.get("time_format")
    if timezone is not None:
        try:
            ZoneInfo(str(timezone))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InputError(
                f"The column map gives timezone {timezone!r}, which does not exist.",
                way_out="Use a name such as UTC or America/New_York.",
                source=source,
            ) from error
    if unit is not None and unit not in UNITS_NS:
        raise InputError(
            f"The column map gives time_unit {unit!r}.",
            way_out=f"Use one of {', '.join(UNITS_NS)}.",
            source=source,
        )
    return TimeRules(
        None if timezone is None else str(timezone),
        None if unit is None else str(unit),
        None if form is None else str(form),
    )


@dataclass(frozen=True)
class Times:
    """A column of times.

    Parameters
    ----------
    ns : polars.Series of Int64, shape (n_rows,)
        Nanoseconds since 1970 UTC; null where there is none or it is refused.
    faults : mapping of str to polars.Series of Boolean, shape (n_rows,)
        By reason, which rows are refused for it.
    """

    ns: pl.Series
    faults: Mapping[str, pl.Series]


def ranged(moments: pl.Series, rules: TimeRules, **faults: pl.Series) -> Times:
    """Datetimes to nanoseconds; those that do not fit are refused."""
    year = (
        moments.dt.convert_time_zone("UTC").dt.year()
        if _zone(moments)
        else moments.dt.year()
    )
    far = ((year < rules.first_year) | (year > LAST_YEAR)).fill_null(value=False)
    near = moments.to_frame("at").select(pl.when(~far).then(pl.col("at"))).to_series()
    ns = near.dt.cast_time_unit("ns").to_physical().rename(moments.name)
    return Times(ns, {"time_out_of_range": far, **faults})


def _zone(moments: pl.Series) -> str | None:
    dtype = moments.dtype
    return dtype.time_zone if isinstance(dtype, pl.Datetime) else None


def localised(moments: pl.Series, rules: TimeRules, source: str) -> Times:
    """Give times without a zone the zone that the map states, then `ranged`.

    Marks ``time_not_in_zone``: an hour that summer time skipped or doubled.

    Raises
    ------
    InputError
        The map states no zone.
    """
    if rules.timezone is None:
        row = moments.is_not_null().arg_max() or 0
        raise no_zone(moments.name, str(moments[row]), row, source)
    zoned = moments.dt.replace_time_zone(
        rules.timezone, ambiguous="null", non_existent="null"
    )
    lost = moments.is_not_null() & zoned.is_null()
    return ranged(zoned, rules, time_not_in_zone=lost)


def no_zone(column: str, value: str, row: int, source: str) -> InputError:
    """Build the error for a time that has no zone."""
    return InputError(
        f"The time {value!r} has no time zone.",
        way_out="Export the times with an offset such as +00:00 or Z, or state the "
        'zone of all of them by --columns MAP.toml with timezone = "UTC" (or another '
        "zone) in the rules of the kind, such as [bar.rules].",
        source=source,
        column=column,
        row=row,
    )

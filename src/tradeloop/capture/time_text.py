"""Times as text: ISO 8601, numbers, or a form that the map states."""

import polars as pl

from tradeloop.capture.time_base import (
    LAST_YEAR,
    TimeRules,
    Times,
    localised,
    no_zone,
    ranged,
)
from tradeloop.capture.time_numbers import from_numbers
from tradeloop.errors import InputError

_DATE = r"^\d{4}-\d{2}-\d{2}"
_CLOCK = r"([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)"
_ZONE = r" ?(Z|z|UTC|[+-]\d{2}:?\d{2})$"
_ZONED = _DATE + _CLOCK + _ZONE
_NAIVE = _DATE + _CLOCK + "?$"
_INTEGER = r"^[+-]?\d+$"


def from_text(column: pl.Series, rules: TimeRules, source: str) -> Times:
    """Read text: in the form of the map, else numbers, else ISO 8601.

    Offsets may differ from row to row, since each is exact by itself; to have one or
    none must not.

    Raises
    ------
    InputError
        No zone, times with and without one, or nothing that is a time.
    """
    text = column.str.strip_chars()
    text = text.set(text == "", None)
    if rules.time_format is not None:
        return _formatted(text, rules, source)
    whole = text.str.contains(_INTEGER)
    if whole.any() and (whole.all() or rules.time_unit is not None):
        return _from_number_text(text, rules, source)
    zoned = text.str.contains(_ZONED).fill_null(value=False)
    naive = text.str.contains(_NAIVE).fill_null(value=False)
    if zoned.any() and naive.any():
        row = naive.arg_max() or 0
        raise InputError(
            f"The column mixes times with and without a time zone: {text[row]!r} has "
            f"none, {text[zoned.arg_max() or 0]!r} has one.",
            way_out="Export all times with an offset such as +00:00 or Z.",
            source=source,
            column=column.name,
            row=row,
        )
    if naive.any() and rules.timezone is None:
        row = naive.arg_max() or 0
        raise no_zone(column.name, text[row], row, source)
    if not zoned.any() and not naive.any():
        raise _no_time(text, source)
    return _from_iso(text, zoned, naive, rules, source)


def _from_number_text(text: pl.Series, rules: TimeRules, source: str) -> Times:
    numbers = text.cast(pl.Int64, strict=False)
    times = from_numbers(numbers, rules, source)
    odd = (text.is_not_null() & numbers.is_null()) | times.faults["time_not_understood"]
    return Times(times.ns, {**times.faults, "time_not_understood": odd})


def _no_time(text: pl.Series, source: str) -> InputError:
    row = text.is_not_null().arg_max() or 0
    return InputError(
        f"Nothing in the column is a time; the first value is {text[row]!r}.",
        way_out="Export times as ISO 8601 with a zone, such as 2025-01-31T14:30:00Z, "
        'or state their form in the map: time_format = "%m/%d/%Y" and timezone = '
        '"UTC" in the rules of the kind.',
        source=source,
        column=text.name,
        row=row,
    )


def _from_iso(
    text: pl.Series, zoned: pl.Series, naive: pl.Series, rules: TimeRules, source: str
) -> Times:
    odd = text.is_not_null() & ~zoned & ~naive
    year = text.str.slice(0, 4).cast(pl.Int32, strict=False)
    far = (
        (zoned | naive) & ((year < rules.first_year) | (year > LAST_YEAR))
    ).fill_null(value=False)
    plain = _iso_form(text).set(odd | far, None)
    if zoned.any():
        moments = plain.str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.f%z", time_unit="ns", time_zone="UTC", strict=False
        )
        times = ranged(moments, rules)
    else:
        moments = plain.str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.f", time_unit="ns", strict=False
        )
        times = localised(moments, rules, source)
    odd |= plain.is_not_null() & moments.is_null()
    far |= times.faults["time_out_of_range"]
    faults = {**times.faults, "time_not_understood": odd, "time_out_of_range": far}
    return Times(times.ns.rename(text.name), faults)


def _iso_form(text: pl.Series) -> pl.Series:
    """Write ISO 8601 text in one way: T, seconds, a point, an offset of four digits."""
    return (
        text.str.replace(_ZONE, " $1")
        .str.replace(r" (Z|z|UTC)$", "+0000")
        .str.replace(r" ([+-]\d{2}):?(\d{2})$", "$1$2")
        .str.replace(r"^(\d{4}-\d{2}-\d{2}) ", "${1}T")
        .str.replace(r"^(\d{4}-\d{2}-\d{2})($|\+|-)", "${1}T00:00:00$2")
        .str.replace(r"(T\d{2}:\d{2})($|[+-])", "${1}:00$2")
        .str.replace(",", ".", literal=True)
    )


def _formatted(text: pl.Series, rules: TimeRules, source: str) -> Times:
    """Read text in the form of the map, to the microsecond: far years fit, too."""
    form = rules.time_format or ""
    if "%z" in form:
        moments = text.str.to_datetime(
            form, time_unit="us", time_zone="UTC", strict=False
        )
        times = ranged(moments, rules)
    else:
        days = not any(mark in form for mark in ("%H", "%I", "%T", "%X", "%s"))
        naive = (
            text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
            if days
            else text.str.to_datetime(form, time_unit="us", strict=False)
        )
        moments = naive
        times = localised(naive, rules, source)
    if moments.null_count() == moments.len():
        raise _no_time(text, source)
    odd = text.is_not_null() & moments.is_null()
    return Times(
        times.ns.rename(text.name), {**times.faults, "time_not_understood": odd}
    )

"""Times as numbers since 1970."""

import polars as pl

from tradeloop.capture.time_base import LAST_NS, UNITS_NS, TimeRules, Times
from tradeloop.errors import InputError


def from_numbers(column: pl.Series, rules: TimeRules, source: str) -> Times:
    """Read numbers since 1970 in the unit of the map, or of the name of the column.

    Raises
    ------
    InputError
        Neither states a unit; the message says which one the first value looks like.
    """
    unit = rules.time_unit or _unit_in_name(column.name)
    if unit is None:
        row = column.is_not_null().arg_max() or 0
        raise InputError(
            f"The times are numbers without a unit, such as {column[row]}."
            f"{_unit_guess(column[row])}",
            way_out="State the unit since 1970 by --columns MAP.toml with time_unit = "
            '"ms" (ns, us, ms or s) in the rules of the kind, such as [bar.rules].',
            source=source,
            column=column.name,
            row=row,
        )
    scale = UNITS_NS[unit]
    if column.dtype.is_float():
        odd = (column.is_nan() | column.is_infinite()).fill_null(value=False)
        whole = (
            column.to_frame("t")
            .select(
                pl.when(~odd & (pl.col("t").abs() * scale < LAST_NS)).then(
                    (pl.col("t") * scale).round().cast(pl.Int64, strict=False)
                )
            )
            .to_series()
        )
        far = column.is_not_null() & ~odd & (whole.is_null() | (whole < 0))
    else:
        odd = pl.repeat(value=False, n=column.len(), dtype=pl.Boolean, eager=True)
        far = ((column < 0) | (column >= LAST_NS // scale)).fill_null(value=False)
        wide = column.to_frame("t").select(pl.when(~far).then(pl.col("t"))).to_series()
        whole = wide.cast(pl.Int64) * scale
    far = far.fill_null(value=False)
    ns = whole.to_frame("t").select(pl.when(~far).then(pl.col("t"))).to_series()
    faults = {"time_not_understood": odd, "time_out_of_range": far}
    return Times(ns.rename(column.name), faults)


def _unit_in_name(name: str) -> str | None:
    return next((u for u in ("ns", "us", "ms") if name.lower().endswith(f"_{u}")), None)


def _unit_guess(value: object) -> str:
    """Name the unit that would put a number into 1990 to 2050."""
    if not isinstance(value, (int, float)) or value != value:
        return ""
    low, high = 631_152_000, 2_524_608_000
    fits = [u for u, ns in UNITS_NS.items() if low <= value * ns / 1e9 < high]
    return f" They look like {fits[0]}." if fits else ""

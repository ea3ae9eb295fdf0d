"""Indicators of SPY that another library published, beside our columns."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tradeloop.features.bank import Bank
from tradeloop.features.base import Column
from tradeloop.features.checks import Subject, run_history


@dataclass(frozen=True)
class Same:
    """One published field and the column of ours that it is.

    Published = ``scale`` * ours + ``shift`` in every row from ``first`` on, and known
    in the same rows. Where that is not every row, or not the plain value, ``reason``
    says why.
    """

    ours: Column
    reason: str = ""
    first: int = 0
    scale: float = 1.0
    shift: float = 0.0


def spy(folder):
    """Daily bars of SPY as raw columns, and all published values."""
    bars = pl.read_parquet(folder / "equity" / "bars_1d_index.parquet")
    bars = bars.filter(pl.col("symbol") == "SPY").sort("ts")
    names = ("open", "high", "low", "close", "volume")
    columns = {name: bars[name].cast(float).to_numpy() for name in names}
    one_session = np.zeros(bars.height)
    columns |= {"day": one_session, "ns_of_day": one_session + 1.0}
    return columns, pl.read_parquet(folder / "reference" / "indicators_spy.parquet")


def values_of(table, columns):
    """Our values of each field of the table."""
    bank = Bank([*{same.ours.name: same.ours for same in table.values()}.values()])
    found = run_history(bank, Subject(bank).rows(columns))
    by_name = dict(zip(bank.names, found, strict=True))
    return {field: by_name[same.ours.name] for field, same in table.items()}


def published_values(published, indicator, field, rows):
    """Published values of one field by row; NaN where none was published."""
    mine = (pl.col("indicator") == indicator) & (pl.col("field") == field)
    known = published.filter(mine & pl.col("value").is_not_null())
    found = np.full(rows, np.nan)
    found[known["row"].to_numpy()] = known["value"].to_numpy()
    return found


def differences(table, columns, published):
    """Fields that are not as the table says, each with what was found instead."""
    ours, wrong = values_of(table, columns), {}
    for (indicator, field), same in table.items():
        mine = same.scale * ours[indicator, field] + same.shift
        theirs = published_values(published, indicator, field, mine.size)
        first = _equal_from(mine, theirs)
        plain = same.scale == 1.0 and same.shift == 0.0
        if first > same.first:
            wrong[indicator, field] = f"equal from row {first}, not {same.first}"
        elif (first == 0) != (same.first == 0):
            wrong[indicator, field] = "equal in every row: no later one to name"
        elif bool(same.reason) == (plain and first == 0):
            wrong[indicator, field] = "a difference without a reason, or the reverse"
        elif np.isfinite(theirs[same.first :]).sum() < 100:
            wrong[indicator, field] = "fewer than 100 values compared"
    return wrong


def _equal_from(mine, theirs):
    """First row from which on the two are equal, to 1e-9 of their usual size."""
    size = np.nanmedian(np.abs(theirs))
    equal = np.isclose(mine, theirs, rtol=1e-9, atol=1e-9 * size, equal_nan=True)
    return mine.size - int(equal[::-1].cumprod().sum())


def fields_of(published, indicators):
    """All fields that were published of these indicators."""
    mine = published.filter(pl.col("indicator").is_in(indicators))
    return set(mine.select("indicator", "field").unique().iter_rows())

"""Presence: the share of cells that hold a value; missing_share is 1 less it.

Cells are counted over the bars' columns and the features. Columns without any value are
not provided rather than missing, and nulls before an instrument's first value are the
feature's warm-up: neither counts.
"""

from collections.abc import Sequence

import polars as pl

from tradeloop.quality.base import Measure, Part, Tally

KEYS = ("instrument", "open_ns", "event_ns", "received_ns")
"""Columns that are no cells: what a row is and when."""


def value_columns(frame: pl.DataFrame) -> list[str]:
    """Columns whose cells count: no keys, and none without any value."""
    return [
        column
        for column in frame.columns
        if column not in KEYS and frame[column].null_count() < frame.height
    ]


def cells_of(frame: pl.DataFrame, by: Sequence[pl.Expr] = ()) -> pl.DataFrame:
    """Count the cells after warm-up, and those that hold a value.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, any)
        Column instrument; rows in their order.
    by : sequence of polars.Expr
        What to group by, named; without, the whole is one row.

    Returns
    -------
    polars.DataFrame of shape (n_groups, any + 2)
        The groups, ``cells_present`` and ``cells``.
    """
    columns = value_columns(frame)
    if not columns:
        named = frame.clear().select(*by)
        nothing = pl.lit(None, pl.Float64)
        return named.with_columns(cells_present=nothing, cells=nothing)
    present = pl.col(columns).is_not_null()
    begun = present.cum_max().over("instrument")
    counts = frame.select(
        *by,
        cells_present=pl.sum_horizontal(present.cast(pl.UInt32)),
        cells=pl.sum_horizontal(begun.cast(pl.UInt32)),
    )
    names = [expression.meta.output_name() for expression in by]
    sums = [pl.col(n).cast(pl.Float64).sum() for n in ("cells_present", "cells")]
    return counts.group_by(names).agg(sums) if names else counts.select(sums)


def _parts(tally: Tally) -> tuple[Part, ...]:
    return (Part("cells", tally.of("cells_present"), tally.of("cells")),)


PRESENCE = Measure("presence", "1 - missing cells / cells after warm-up", _parts)

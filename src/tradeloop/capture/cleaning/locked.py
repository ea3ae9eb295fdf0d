"""Locked quotes: the best bid equals the best ask."""

import polars as pl

from tradeloop.capture.cleaning.base import Arrivals, Flag, Marks, Planted, changed


def _mark(arrivals: Arrivals) -> Marks:
    return arrivals.where((pl.col("bid") == pl.col("ask")) & (pl.col("bid") > 0))


def _plant(frame: pl.DataFrame, row: int) -> Planted:
    return changed(frame, [row], bid=pl.col("ask")), (row,)


LOCKED = Flag(
    name="locked",
    bit=1,
    meaning="the best bid equals the best ask",
    rule="bid = ask > 0",
    kinds=("quote", "bar", "option_quote"),
    mark=_mark,
    plant=_plant,
)

"""Crossed quotes: the best bid stands above the best ask.

On option venues an ask of 0 says that nobody asks: there is nothing to cross.
"""

import polars as pl

from tradeloop.capture.cleaning.base import Arrivals, Flag, Marks, Planted, changed


def _mark(arrivals: Arrivals) -> Marks:
    return arrivals.where((pl.col("bid") > pl.col("ask")) & (pl.col("ask") > 0))


def _plant(frame: pl.DataFrame, row: int) -> Planted:
    middle = (pl.col("bid") + pl.col("ask")) / 2
    wide = pl.col("ask") - pl.col("bid")
    return changed(frame, [row], bid=middle + wide, ask=middle - wide), (row,)


CROSSED = Flag(
    name="crossed",
    bit=0,
    meaning="the best bid stands above the best ask",
    rule="bid > ask > 0",
    kinds=("quote", "bar", "option_quote"),
    mark=_mark,
    plant=_plant,
)

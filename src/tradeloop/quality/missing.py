"""Presence: the share of cells that hold a value; missing_share is 1 less it.

Cells are counted over the bars' columns and the features. Columns without any value are
not provided rather than missing, and nulls before an instrument's first value are the
feature's warm-up: neither counts.
"""

import polars as pl

from tradeloop.quality.base import Evidence, Found, Measure, Part

_KEYS = ("instrument", "open_ns", "event_ns", "received_ns")


def _cells(name: str, frame: pl.DataFrame) -> Part:
    columns = [
        column
        for column in frame.columns
        if column not in _KEYS and frame[column].null_count() < frame.height
    ]
    if not columns:
        return Part(name, 0, 0)
    present = pl.col(columns).is_not_null()
    begun = present.cum_sum().over("instrument") > 0
    good = frame.select(present.sum().cast(pl.Float64)).sum_horizontal().item()
    total = frame.select(begun.sum().cast(pl.Float64)).sum_horizontal().item()
    return Part(name, good, total)


def _parts(evidence: Evidence, found: Found) -> tuple[Part, ...]:  # noqa: ARG001
    frames = {"cells of bars": evidence.bars, "cells of features": evidence.features}
    cells = [_cells(name, f) for name, f in frames.items() if f is not None]
    good, total = sum(c.good for c in cells), sum(c.total for c in cells)
    return (Part("cells", good, total),)


PRESENCE = Measure("presence", "1 - missing cells / cells after warm-up", _parts)

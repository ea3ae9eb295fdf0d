"""Presence of a stream: which columns of an instrument have begun."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import polars as pl

from tradeloop.quality.missing import KEYS

Put: TypeAlias = Callable[[str, int, str, float], None]
"""Takes instrument, event_ns, what is counted, and how much more of it there is."""


class CellLanes:
    """Cells of one kind of frame.

    Parameters
    ----------
    put : callable
        Takes the counts.
    """

    def __init__(self, put: Put) -> None:
        self._put = put
        self._begun: dict[str, dict[str, bool]] = {}

    def add(self, frame: pl.DataFrame) -> None:
        """Count the cells of rows, in the order in which they came."""
        names = [name for name in frame.columns if name not in KEYS]
        for part in frame.partition_by("instrument", maintain_order=True):
            instrument = part["instrument"][0]
            lane = self._begun.setdefault(instrument, {})
            before = np.array([lane.get(name, False) for name in names], np.bool_)
            there = part.select(pl.col(names).is_not_null()).to_numpy()
            begun = np.maximum.accumulate(there, axis=0) | before
            lane.update(zip(names, begun[-1].tolist(), strict=True))
            present, cells = there.sum(axis=1).tolist(), begun.sum(axis=1).tolist()
            for at, good, total in zip(part["event_ns"], present, cells, strict=True):
                if total:
                    self._put(instrument, at, "cells_present", good)
                    self._put(instrument, at, "cells", total)

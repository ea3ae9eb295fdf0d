"""Prices of one instrument as they come in, as many as are still needed.

1. `Tape.admit` takes rows that have become known, in the order in which a path sorts
   them, and leaves out what came after a later row: the rules of `labels.base`.
2. `Tape.forget` drops the rows that no decision can ask for any more. The highest times
   so far are kept as marks, so that a later row is left out just as if nothing had been
   dropped.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.labels.base import Times, bar_path, tick_path
from tradeloop.labels.rules import LabelPlan
from tradeloop.labels.volatility import first_row_used

Kind: TypeAlias = Literal["bar", "tick"]

_LEAST_ROWS = 256  # below this a tape is not worth a cut

KNOWN_NS: Mapping[Kind, pl.Expr] = {
    "bar": pl.max_horizontal("received_ns", "event_ns"),
    "tick": pl.col("received_ns"),
}
_ORDER = {"bar": ("event_ns", "open_ns"), "tick": ("event_ns",)}
_RISES = {"bar": ("open_ns", "event_ns"), "tick": ("event_ns", "event_ns")}


class Marks(NamedTuple):
    """Highest times of all rows so far, those that were left out or dropped too.

    Parameters
    ----------
    begin_ns : int
        Highest open of a bar, or venue time of a tick.
    time_ns : int
        Highest end of a bar, or venue time of a tick.
    """

    begin_ns: int
    time_ns: int


def in_order(kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
    """Sort rows as paths do: when known, then when they stood, then as they came."""
    known = KNOWN_NS[kind].alias("known_ns")
    order = ("known_ns", *_ORDER[kind])
    return rows.with_columns(known).sort(order, maintain_order=True).drop("known_ns")


def _never_behind(times: Times) -> NDArray[np.bool_]:
    return np.asarray(times >= np.maximum.accumulate(times), dtype=np.bool_)


class Tape:
    """Kept rows of one instrument, in the order of its path.

    Parameters
    ----------
    kind : {"bar", "tick"}
        What the rows are.
    rows : polars.DataFrame, optional
        Rows kept earlier, as `rows` gave them.
    marks : Marks, optional
        As `marks` gave them.
    """

    def __init__(
        self,
        kind: Kind,
        rows: pl.DataFrame | None = None,
        marks: Marks | None = None,
    ) -> None:
        self.kind = kind
        self.marks = marks
        self._chunks = [] if rows is None else [rows]
        self._height = 0 if rows is None else rows.height
        self._limit = _LEAST_ROWS

    def __len__(self) -> int:
        return self._height

    @property
    def rows(self) -> pl.DataFrame:
        """All kept rows as one frame; there is at least one after the first `admit`."""
        if len(self._chunks) > 1:
            self._chunks = [pl.concat(self._chunks, rechunk=True)]
        return self._chunks[0]

    @property
    def latest_ns(self) -> int:
        """When the last price stood: end of the last bar, receipt of the last tick."""
        last = self._chunks[-1]
        return int(last["event_ns" if self.kind == "bar" else "received_ns"][-1])

    @property
    def is_long(self) -> bool:
        """Whether it has doubled since it was last cut, so that a cut is worth it."""
        return self._height > self._limit

    def admit(self, rows: pl.DataFrame) -> None:
        """Take rows that are known now; earlier calls held all that was known before.

        Parameters
        ----------
        rows : polars.DataFrame of shape (n_rows, any)
            Rows of this instrument in the order of `in_order`, at least one.
        """
        begin, time = (rows[name].to_numpy() for name in _RISES[self.kind])
        if self.marks is not None:
            begin = np.concatenate([[self.marks.begin_ns], begin])
            time = np.concatenate([[self.marks.time_ns], time])
        keep = _never_behind(begin) & _never_behind(time)
        if self.kind == "bar":
            keep[1:] &= np.diff(np.maximum.accumulate(time)) > 0
        keep = keep[len(keep) - rows.height :]
        self.marks = Marks(int(begin.max()), int(time.max()))
        if keep.any():
            self._chunks.append(rows if keep.all() else rows.filter(keep))
            self._height += self._chunks[-1].height

    def forget(self, before_ns: int, plan: LabelPlan) -> None:
        """Drop what no decision at or after ``before_ns`` needs.

        Kept are the price known at ``before_ns``, what its volatility is taken from and
        all that follows; never less than the last row.

        Parameters
        ----------
        before_ns : int
            Time of the oldest decision that may still ask, ns UTC.
        plan : LabelPlan
            Says how far the volatility looks back.
        """
        rows = self.rows
        path = bar_path(rows) if self.kind == "bar" else tick_path(rows)
        entry = np.searchsorted(path.known_ns, [before_ns], side="right") - 1
        used = [
            first_row_used(
                path,
                entry,
                np.array([before_ns]),
                horizon_ns=horizon_ns,
                rows=plan.rule.volatility_rows,
            )
            for horizon_ns in plan.horizons_ns
        ]
        first = int(np.min(used))  # never after the price at the decision
        # A slice would hold on to what is dropped, so the rest is copied.
        self._chunks = [rows[np.arange(first, rows.height)] if first else rows]
        self._height = rows.height - first
        self._limit = max(_LEAST_ROWS, 2 * self._height)

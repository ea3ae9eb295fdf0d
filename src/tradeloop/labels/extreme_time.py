"""How long after a decision its best and its worst price were reached.

The path, its extremes and its end are those of `labels.excursion`. A price of a bar is
reached at the end of the bar: within it, nobody knows when.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.labels.base import LABELLED, MISSING_NS, Floats
from tradeloop.labels.excursion import windows_of
from tradeloop.labels.protocol import Labelled, Output
from tradeloop.labels.span import Leg, Span

Rows = NDArray[np.intp]


def first_highest(values: Floats, first: Rows, stop: Rows) -> Rows:
    """First row of the highest of ``values[first:stop]`` for many windows.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
    first, stop : ndarray of shape (n,)
        Bounds of the windows, ``0 <= first`` and ``stop <= n_rows``.

    Returns
    -------
    ndarray of shape (n,)
        -1 where the window is empty.
    """
    length = stop - first
    found = np.full(first.shape, -1, dtype=np.intp)
    # Exponent of the largest power of two that a window holds; exact for whole numbers.
    level = np.frexp(length.astype(np.float64))[1] - 1
    top = int(level[length > 0].max(initial=-1))
    table = np.arange(values.shape[0])
    for k in range(top + 1):
        here = (length > 0) & (level == k)
        found[here] = _earlier(values, table[first[here]], table[stop[here] - 2**k])
        if k < top:
            table = _earlier(values, table[: -(2**k)], table[2**k :])
    return found


def _earlier(values: Floats, one: Rows, later: Rows) -> Rows:
    return np.where(values[one] >= values[later], one, later)


def _highest_at(
    leg: Leg, decision_ns: NDArray[np.int64], sign: float
) -> NDArray[np.int64]:
    """When the highest (sign +1) or lowest (-1) price of each path was reached."""
    path = leg.path
    first, whole, stop = windows_of(leg, decision_ns)
    closes, tips = sign * path.price, sign * (path.high if sign > 0 else path.low)
    early, late = first_highest(closes, first, whole), first_highest(tips, whole, stop)
    best = sign * leg.entry_price
    when = decision_ns.copy()
    for values, row in ((closes, early), (tips, late)):
        better = np.zeros(row.shape, dtype=np.bool_)
        better[row >= 0] = values[row[row >= 0]] > best[row >= 0]
        best[better], when[better] = values[row[better]], path.time_ns[row[better]]
    return when


class ExtremeTime(NamedTuple):
    """Time from the decision to the best and to the worst price of its path.

    The first time counts where a price comes twice; 0 where no price was better, or
    worse, than that at the decision. On bars it is the end of the bar. NaN where the
    exit is not known or the side is 0.
    """

    name: str = "extreme_time"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Two columns, ``time_to_max_gain_ns`` and ``time_to_max_loss_ns``."""
        gain, loss = "time_to_max_gain_ns", "time_to_max_loss_ns"
        whole, says = pl.Int64(), "ns from the decision to the {} price on the way"
        return (
            Output(gain, whole, says.format("best"), (loss, 1.0)),
            Output(loss, whole, says.format("worst"), (gain, 1.0)),
        )

    def label(self, span: Span) -> Labelled:
        """Label the decisions of a span."""
        known = (span.leg.state == LABELLED) & (span.side != 0)
        high = _highest_at(span.leg, span.decision_ns, 1.0) - span.decision_ns
        low = _highest_at(span.leg, span.decision_ns, -1.0) - span.decision_ns
        buys = span.side > 0
        values = {
            "time_to_max_gain_ns": np.where(known, np.where(buys, high, low), np.nan),
            "time_to_max_loss_ns": np.where(known, np.where(buys, low, high), np.nan),
        }
        return Labelled(values, np.where(known, span.leg.end_ns, MISSING_NS))

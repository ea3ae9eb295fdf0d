"""Which barrier the price touched first: profit, stop, or the end of the horizon.

1. Volatility at the decision sets two prices, one on each side of the entry price.
2. The path is followed row by row: of bars their highs and lows, of ticks their mids.
   Of a bar that was open at the decision only the close counts: its high and low may
   lie before it. A bar that ends after the due time does not count: its high and low
   may lie after it.
3. The first row that reaches a price decides. Where none does, the price at the due
   time is the exit.

The price at a touch is the price of that row's range nearest to the barrier: the
barrier itself, or, where the price jumped over it, what was there to be had.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.fold import compiled
from tradeloop.labels.base import LABELLED, MISSING_NS, Floats, Times
from tradeloop.labels.meta_label import meta_of, money_bps
from tradeloop.labels.protocol import Labelled, Output
from tradeloop.labels.span import Span

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Touches:
    """The first touch of each decision's barriers.

    Parameters
    ----------
    upper, lower : ndarray of shape (n,)
        Prices of the barriers; NaN without a side or a volatility.
    row : ndarray of shape (n,)
        First row that reaches one of them, -1 where none did by the due time.
    up, down : ndarray of shape (n,)
        Whether that row reaches the upper and the lower one.
    price : ndarray of shape (n,)
        Price at the touch, NaN where there is none.
    """

    upper: Floats
    lower: Floats
    row: Rows
    up: NDArray[np.bool_]
    down: NDArray[np.bool_]
    price: Floats

    @property
    def ambiguous(self) -> NDArray[np.bool_]:
        """Whether one bar reached both: which came first nobody knows."""
        return self.up & self.down


@compiled
def _first_touch(
    high: Floats, low: Floats, first: Rows, stop: Rows, upper: Floats, lower: Floats
) -> Rows:
    """First row of each window that reaches a barrier, -1 where none does."""
    found = np.full(first.shape, -1, dtype=np.int64)
    for k in range(first.shape[0]):
        for row in range(first[k], stop[k]):
            if high[row] >= upper[k] or low[row] <= lower[k]:
                found[k] = row
                break
    return found


def touches_of(span: Span) -> Touches:
    """Set the barriers of each decision and find their first touch.

    Parameters
    ----------
    span : Span
        Decisions over one horizon.
    """
    path, entry, rule = span.leg.path, span.leg.entry_price, span.plan.rule
    buys = span.side > 0
    width = np.where(span.side == 0, np.nan, span.volatility)
    above = np.where(buys, rule.profit_barrier, rule.stop_barrier)
    below = np.where(buys, rule.stop_barrier, rule.profit_barrier)
    upper, lower = entry * (1 + above * width), entry * (1 - below * width)
    first = np.searchsorted(path.time_ns, span.decision_ns, side="right")
    whole = np.searchsorted(path.begin_ns, span.decision_ns, side="left")
    stop = np.searchsorted(path.time_ns, span.due_ns, side="right")
    known = ~np.isnan(upper)
    stop = np.where(known, stop, first)
    whole = np.clip(whole, first, np.maximum(stop, first))
    open_row = _first_touch(path.price, path.price, first, whole, upper, lower)
    whole_row = _first_touch(path.high, path.low, whole, stop, upper, lower)
    row = np.where(open_row >= 0, open_row, whole_row)
    touched = row >= 0
    up, down = np.zeros_like(touched), np.zeros_like(touched)
    price = np.full(entry.shape, np.nan)
    at, is_open = row[touched], (open_row >= 0)[touched]
    top = np.where(is_open, path.price[at], path.high[at])
    bottom = np.where(is_open, path.price[at], path.low[at])
    up[touched], down[touched] = top >= upper[touched], bottom <= lower[touched]
    at_lower = down & (buys | ~up)  # the stop comes first where both were reached
    barrier = np.where(at_lower, lower, upper)[touched]
    price[touched] = np.clip(barrier, bottom, top)
    return Touches(upper, lower, row, up, down, price)


class TripleBarrier(NamedTuple):
    """Profit, stop or neither, as seen from the side, and when it was known.

    Barriers stand at ``entry * (1 + profit_barrier * sigma)`` and ``entry * (1 -
    stop_barrier * sigma)`` for a buy and the other way round for a sell, with sigma the
    volatility at the decision over the horizon. Where one bar reaches both, the label
    is the stop and ``barrier_ambiguous`` is 1.

    ``barrier_end_ns`` is when the touch was known, so mostly before the horizon's end;
    a label stays known even if the price at the due time never comes. NaN without a
    side or a volatility, and where neither a touch nor the exit is known.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, chapter 3.
    """

    name: str = "triple_barrier"
    own_end: str = "barrier_end_ns"
    looks_back: bool = True

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Label, return, net bps, meta-label, time and flag of the touch."""
        number, code, flag = pl.Float64(), pl.Int8(), "barrier_ambiguous"

        def turned(stem: str, dtype: pl.DataType, meaning: str) -> Output:
            return Output(stem, dtype, meaning, (stem, -1.0), unless=flag)

        return (
            turned("barrier", code, "+1 profit, -1 stop, 0 end of the horizon first"),
            turned("barrier_return", number, "side x return at it, as a fraction"),
            turned("barrier_net_bps", number, "the same after costs, bps"),
            Output("barrier_meta", code, "1 if that is above 0, else 0", None),
            Output(
                "barrier_ns", pl.Int64(), "ns from decision to it", ("barrier_ns", 1.0)
            ),
            Output(flag, code, "1 if one bar reached both, else 0", (flag, 1.0)),
        )

    def label(self, span: Span) -> Labelled:
        """Label the decisions of a span."""
        leg, touches = span.leg, touches_of(span)
        touched = touches.row >= 0
        known = touched | (~np.isnan(touches.upper) & (leg.state == LABELLED))
        left = _times(leg.path.time_ns, touches.row, leg.exit_ns)
        held = np.where(known, left, span.decision_ns) - span.decision_ns
        price = np.where(touched, touches.price, leg.exit_price)
        returns = span.side * ((price - leg.entry_price) / leg.entry_price)
        net = money_bps(np.where(known, returns, np.nan), held, span.plan.costs)
        profit = np.where(span.side > 0, touches.up, touches.down) * 1.0
        stop = np.where(span.side > 0, touches.down, touches.up)
        values = {
            "barrier": np.where(stop, -1.0, profit),
            "barrier_return": returns,
            "barrier_net_bps": net,
            "barrier_meta": meta_of(net),
            "barrier_ns": held.astype(np.float64),
            "barrier_ambiguous": touches.ambiguous * 1.0,
        }
        end = _times(leg.path.known_ns, touches.row, leg.end_ns)
        return Labelled(
            {stem: np.where(known, found, np.nan) for stem, found in values.items()},
            np.where(known, end, MISSING_NS),
        )


def _times(times: Times, row: Rows, otherwise: Times) -> Times:
    """Take the times at these rows, and ``otherwise`` where the row is -1."""
    found = otherwise.copy()
    found[row >= 0] = times[row[row >= 0]]
    return found

"""How far the price went for and against a decision before its end.

1. The path of a decision is the rows after it, up to the row of the exit price.
2. Of a bar that was open at the decision only the close counts: its high and low may
   lie before the decision. All later bars count with high and low; so the last one may
   reach past the due time, to its own end.
3. Extremes of many windows are read off a table of powers of two, exactly.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.labels.base import LABELLED, MISSING_NS, Floats
from tradeloop.labels.protocol import Labelled, Output
from tradeloop.labels.span import Leg, Span

Rows = NDArray[np.intp]


def extreme(values: Floats, first: Rows, stop: Rows, pick: np.ufunc) -> Floats:
    """Extreme of ``values[first:stop]`` for many windows.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
    first, stop : ndarray of shape (n,)
        Bounds of the windows, ``0 <= first`` and ``stop <= n_rows``.
    pick : numpy.ufunc
        ``numpy.maximum`` or ``numpy.minimum``.

    Returns
    -------
    ndarray of shape (n,)
        NaN where the window is empty.
    """
    length = stop - first
    found = np.full(first.shape, np.nan)
    # Exponent of the largest power of two that a window holds; exact for whole numbers.
    level = np.frexp(length.astype(np.float64))[1] - 1
    top = int(level[length > 0].max(initial=-1))
    table = values
    for k in range(top + 1):
        here = (length > 0) & (level == k)
        found[here] = pick(table[first[here]], table[stop[here] - 2**k])
        if k < top:
            table = pick(table[: -(2**k)], table[2**k :])
    return found


def windows_of(leg: Leg, decision_ns: NDArray[np.int64]) -> tuple[Rows, Rows, Rows]:
    """Rows of each decision's path: ``[first, stop)``, in full from ``whole`` on.

    Parameters
    ----------
    leg : Leg
        Of the instrument.
    decision_ns : ndarray of shape (n,)
        ns UTC.

    Returns
    -------
    tuple of three ndarrays of shape (n,)
        first, whole, stop; empty windows where the exit is not known.
    """
    path = leg.path
    first = np.searchsorted(path.time_ns, decision_ns, side="right")
    whole = np.searchsorted(path.begin_ns, decision_ns, side="left")
    stop = np.where(leg.state == LABELLED, leg.exit_row + 1, first)
    stop = np.maximum(stop, first)  # no tick between decision and due time
    return first, np.clip(whole, first, stop), stop


class Extremes(NamedTuple):
    """Highest and lowest price on each path, the price at the decision included."""

    high: Floats
    low: Floats


def extremes_of(leg: Leg, decision_ns: NDArray[np.int64]) -> Extremes:
    """Highest and lowest price from decision to exit; NaN where it is not known.

    Parameters
    ----------
    leg : Leg
        Of the instrument.
    decision_ns : ndarray of shape (n,)
        ns UTC.
    """
    path, entry = leg.path, leg.entry_price
    first, whole, stop = windows_of(leg, decision_ns)
    high = np.fmax(
        extreme(path.price, first, whole, np.maximum),
        extreme(path.high, whole, stop, np.maximum),
    )
    low = np.fmin(
        extreme(path.price, first, whole, np.minimum),
        extreme(path.low, whole, stop, np.minimum),
    )
    known = leg.state == LABELLED
    return Extremes(
        np.where(known, np.fmax(high, entry), np.nan),
        np.where(known, np.fmin(low, entry), np.nan),
    )


class Excursion(NamedTuple):
    """Best and worst return on the way, signed by the side.

    ``max_gain = max_t side (p_t - p_0) / p_0`` and ``max_loss`` the least of the same.
    The path starts at the decision, where it is 0, hence ``max_loss <= 0 <= max_gain``.
    ``p_t`` runs over highs and lows of bars, over mids of ticks. NaN where the exit is
    not known or the side is 0.

    References
    ----------
    Sweeney (1997), Maximum Adverse Excursion, Wiley.
    """

    name: str = "excursion"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Two columns, ``max_gain`` and ``max_loss``."""
        number = pl.Float64()
        gain = "best return of the side on the way, at least 0, as a fraction"
        loss = "worst return of the side on the way, at most 0, as a fraction"
        return (
            Output("max_gain", number, gain, ("max_loss", -1.0)),
            Output("max_loss", number, loss, ("max_gain", -1.0)),
        )

    def label(self, span: Span) -> Labelled:
        """Label the decisions of a span."""
        known = (span.leg.state == LABELLED) & (span.side != 0)
        entry = span.leg.entry_price
        high, low = extremes_of(span.leg, span.decision_ns)
        up, down = (high - entry) / entry, (low - entry) / entry
        buys = span.side > 0
        gain, loss = np.where(buys, up, -down), np.where(buys, down, -up)
        values = {
            "max_gain": np.where(known, gain, np.nan),
            "max_loss": np.where(known, loss, np.nan),
        }
        return Labelled(values, np.where(known, span.leg.end_ns, MISSING_NS))

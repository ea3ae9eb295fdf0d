"""Where the mid stood after a fill: what the fill has gained by then.

``markout_h = side (m_h - p) / m``, bps of the mid as of the fill, **positive is a
gain**: it is a result, not a cost, and minus half the realised spread of the same
horizon. ``m_h`` is the last mid at or before the horizon, never the next one; it was
known when the first mid at or after the horizon came.

Fills that lose at once and go on losing were picked off; fills that pay the spread and
earn it back had something to say. Industry practice; there is no single source.
"""

import numpy as np

from tradeloop.labels.base import CENSORED, LABELLED, MISSING_NS, Floats, Times
from tradeloop.labels.execution.mids import Known, Mids

_BPS = 1e4


def markout(side: Floats, price: Floats, mid: Floats, later: Floats) -> Floats:
    """Gain of a fill by a horizon, bps; NaN where a mid is not known.

    Parameters
    ----------
    side : ndarray of shape (n,)
        +1 bought, -1 sold.
    price, mid, later : ndarray of shape (n,)
        Of the fill; mid as of the fill; mid at the horizon.
    """
    return _BPS * side * (later - price) / mid


def markouts(
    mids: Mids, side: Floats, price: Floats, fill_ns: Times, horizon_ns: int
) -> Known:
    """Markouts of fills of one instrument at one horizon.

    Parameters
    ----------
    mids : Mids
        Of the instrument.
    side, price : ndarray of shape (n,)
        Of the fills.
    fill_ns : ndarray of shape (n,)
        When each happened, ns UTC.
    horizon_ns : int
        From the fill to the mid.

    Returns
    -------
    Known
        ``end_ns`` is when the mid at the horizon was known. A missing future is NaN,
        and pending until it comes.
    """
    later = mids.later(fill_ns, horizon_ns)
    value = markout(side, price, mids.then(fill_ns), later.value)
    lost = np.isnan(value) & (later.state == LABELLED)  # no mid as of the fill
    return Known(
        value,
        np.where(np.isnan(value), MISSING_NS, later.end_ns),
        np.where(lost, CENSORED, later.state).astype(np.int8),
    )

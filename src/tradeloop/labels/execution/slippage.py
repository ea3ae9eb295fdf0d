"""Average fill against a benchmark price: arrival, interval VWAP, TWAP, close.

``slippage = side (average fill - benchmark) / benchmark``, bps, positive is a cost.

- arrival: the mid when the order came to the market;
- interval VWAP: what others paid from the arrival to the last fill, **own fills taken
  out**;
- TWAP: the mid from the arrival to the last fill, weighted by time;
- close: the last price of the day of the last fill.

A small slippage against VWAP or close says little of a large order: it moves the
benchmark with it.

References
----------
Kissell (2013), The science of algorithmic trading and portfolio management, chapter 3;
arrival: Almgren and Chriss (2000), Journal of Risk 3(2).
"""

import numpy as np

from tradeloop.labels.base import LABELLED, Floats
from tradeloop.labels.execution.mids import Known

_BPS = 1e4


def slippage(side: Floats, average_price: Floats, benchmark: Floats) -> Floats:
    """Slippage in bps of the benchmark, positive is a cost.

    Parameters
    ----------
    side : ndarray of shape (n,)
        +1 or -1.
    average_price : ndarray of shape (n,)
        Quantity-weighted price of the fills; NaN without fills.
    benchmark : ndarray of shape (n,)
        NaN where it is not known.
    """
    return _BPS * side * (average_price - benchmark) / benchmark


def slippage_known(side: Floats, average_price: Floats, benchmark: Known) -> Known:
    """Slippage against a benchmark that comes with its time."""
    good = benchmark.state == LABELLED
    value = slippage(side, average_price, benchmark.value)
    return Known(np.where(good, value, np.nan), benchmark.end_ns, benchmark.state)

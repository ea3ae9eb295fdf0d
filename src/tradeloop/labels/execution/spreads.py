"""What the taker paid for being served at once, and what became of it.

With ``D`` the side of the fill, ``p`` its price, ``m`` the mid as of the fill and
``m_h`` the mid a horizon later, all in bps of ``m``, positive is a cost:

- effective spread ``2 D (p - m) / m``: paid against the mid;
- realised spread ``2 D (p - m_h) / m``: what the other side kept;
- price impact ``2 D (m_h - m) / m``: how far the mid went with the trade.

Effective is realised plus impact, fill by fill, and in every average over the same
fills. ``m`` is the last mid at or before the fill, ``m_h`` the last at or before the
horizon (`tradeloop.labels.execution.mids`). A price improved beyond the mid makes the
effective spread negative.

References
----------
Huang and Stoll (1996), Journal of Financial Economics 41(3); SEC Rule 605 of Regulation
NMS, which takes five minutes for the horizon and weights by shares.
"""

from typing import NamedTuple

from tradeloop.labels.base import Floats

TWICE_BPS = 2e4


class Spreads(NamedTuple):
    """Spreads of fills at one horizon, bps; NaN where a mid is not known.

    Parameters
    ----------
    effective, realised, impact : ndarray of shape (n,)
    """

    effective: Floats
    realised: Floats
    impact: Floats


def effective_spread(side: Floats, price: Floats, mid: Floats) -> Floats:
    """Effective spread ``2 D (p - m) / m``, bps, positive is a cost.

    Parameters
    ----------
    side : ndarray of shape (n,)
        +1 bought, -1 sold.
    price, mid : ndarray of shape (n,)
        Of the fill, and as of the fill.
    """
    return TWICE_BPS * side * (price - mid) / mid


def spreads(side: Floats, price: Floats, mid: Floats, later: Floats) -> Spreads:
    """Effective spread in its two parts.

    Parameters
    ----------
    side, price, mid : ndarray of shape (n,)
        As in `effective_spread`.
    later : ndarray of shape (n,)
        Mid at the horizon.
    """
    return Spreads(
        effective_spread(side, price, mid),
        TWICE_BPS * side * (price - later) / mid,
        TWICE_BPS * side * (later - mid) / mid,
    )

"""Implementation shortfall: what the paper portfolio earned and the real one did not.

The paper portfolio trades the whole quantity ``Q`` at the price of the decision ``d``,
at once and for nothing. The real one traded ``q_i`` at ``p_i``, paid fees, and left
``U = Q - sum q_i`` undone. At the end price ``e`` the one is ahead of the other by

    side [Q (e - d)] - (side [sum q_i (e - p_i)] - fees)
      = side [sum q_i] (a - d)        delay: from the decision to the arrival ``a``
      + side [sum q_i (p_i - a)]      execution: from the arrival to the fills
      + side [U (e - d)]              opportunity: what was not filled
      + fees

whatever ``e`` and ``a`` are: the split is an identity. All parts are costs: positive is
lost to the paper. The delay is that of what was filled; some (Kissell) charge it on the
whole quantity and measure the opportunity from the arrival, which moves ``U (a - d)``
from one part to another and changes no total.

Each part is a sum of differences of near prices, which are exact, so that nothing is
lost to the size of the notional.

References
----------
Perold (1988), The implementation shortfall: paper versus reality, Journal of Portfolio
Management 14(3); the delay apart: Wagner and Edwards (1993), Financial Analysts
Journal 49(1).
"""

from dataclasses import dataclass

import numpy as np

from tradeloop.labels.base import Floats
from tradeloop.labels.execution.mids import Rows

WHOLE = 1e-9
"""Share of a quantity that is float noise, not a rest that was left undone."""

_BPS = 1e4


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Fills, each with the decision that it executes.

    Parameters
    ----------
    of : ndarray of shape (n_fills,)
        Row of the decision.
    price, quantity : ndarray of shape (n_fills,)
        Quote currency; units, above 0.
    fees : ndarray of shape (n_fills,)
        Quote currency, positive is paid; NaN where they are not known.
    n_decisions : int
        Number of decisions.
    """

    of: Rows
    price: Floats
    quantity: Floats
    fees: Floats
    n_decisions: int

    def total(self, values: Floats) -> Floats:
        """Sum over the fills of each decision; 0 without fills, NaN stays NaN."""
        summed = np.bincount(self.of, values, minlength=self.n_decisions)
        return summed.astype(np.float64)

    def mean(self, values: Floats) -> Floats:
        """Quantity-weighted mean of each decision; NaN without fills or with a NaN."""
        filled = self.total(self.quantity)
        with np.errstate(invalid="ignore"):
            return self.total(values * self.quantity) / filled

    @property
    def average_price(self) -> Floats:
        """Quantity-weighted price of each decision, NaN without fills.

        Averages the distances from the lowest price: fills of one price average to
        that price, to the bit.
        """
        lowest = np.full(self.n_decisions, np.inf)
        np.minimum.at(lowest, self.of, self.price)
        base = np.where(np.isinf(lowest), np.nan, lowest)
        return base + self.mean(self.price - base[self.of])


@dataclass(frozen=True, slots=True, eq=False)
class Shortfall:
    """Implementation shortfall of decisions in its parts, quote currency.

    Parameters
    ----------
    quantity, filled : ndarray of shape (n,)
        Units of the paper portfolio, and of the fills.
    paper_value : ndarray of shape (n,)
        ``Q d``: what the bps are of.
    delay, execution, opportunity, fees : ndarray of shape (n,)
        Positive is a cost. 0 where there is nothing to measure: no fills, no rest. NaN
        where a price or a fee that matters is not known.
    """

    quantity: Floats
    filled: Floats
    paper_value: Floats
    delay: Floats
    execution: Floats
    opportunity: Floats
    fees: Floats

    @property
    def before_fees(self) -> Floats:
        """``delay + execution + opportunity``."""
        return self.delay + self.execution + self.opportunity

    @property
    def total(self) -> Floats:
        """``delay + execution + opportunity + fees``, NaN where fees are not known."""
        return self.before_fees + self.fees

    def bps(self, part: Floats) -> Floats:
        """Write a part in bps of the paper value."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return _BPS * part / self.paper_value


def shortfall(
    parts: Parts,
    *,
    side: Floats,
    ordered: Floats,
    decision_price: Floats,
    arrival_price: Floats,
    end_price: Floats,
) -> Shortfall:
    """Split the implementation shortfall of decisions.

    Parameters
    ----------
    parts : Parts
        Fills of the decisions' own side.
    side : ndarray of shape (n,)
        +1 or -1.
    ordered : ndarray of shape (n,)
        Units that were to be traded. Less than what was filled, or a billionth more,
        counts as what was filled.
    decision_price, arrival_price, end_price : ndarray of shape (n,)
        NaN where not known; the end price is looked at only where a rest is left.
    """
    filled = parts.total(parts.quantity)
    undone = ordered - filled
    undone = np.where(undone > WHOLE * ordered, undone, 0.0)
    quantity = np.where(undone > 0, ordered, filled)
    away = parts.total(parts.quantity * (parts.price - arrival_price[parts.of]))
    late = side * filled * (arrival_price - decision_price)
    missed = side * undone * (end_price - decision_price)
    return Shortfall(
        quantity=quantity,
        filled=filled,
        paper_value=quantity * decision_price,
        delay=np.where(filled > 0, late, 0.0),
        execution=side * away,
        opportunity=np.where(undone > 0, missed, 0.0),
        fees=parts.total(parts.fees),
    )

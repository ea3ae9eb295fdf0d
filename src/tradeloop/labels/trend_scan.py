"""Which way the clearest trend after a decision went.

1. A line is fitted to the price at the decision and the rows after it, over every
   window of at least 5 prices that begins at the decision and ends by the exit.
2. Of all windows the one whose slope has the largest ``|t|`` is taken.

The label is known only at the horizon's end, whichever window was taken: all of them
had to be seen to compare them. To date it by the end of the taken window, as is often
done, looks ahead.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.fold import compiled
from tradeloop.labels.base import LABELLED, MISSING_NS, Floats
from tradeloop.labels.excursion import windows_of
from tradeloop.labels.protocol import Labelled, Output
from tradeloop.labels.span import Span

Rows = NDArray[np.intp]

LEAST_PRICES = 5  # a t-value of fewer prices is large by chance
LEAST_RESIDUAL = 1e-12  # share of the variance; keeps t finite on a perfect line


@compiled
def _scan(price: Floats, entry: Floats, first: Rows, stop: Rows) -> tuple[Floats, Rows]:
    """t-value of the clearest window of each decision, and its last row (-1: none)."""
    t_value = np.full(first.shape, np.nan)
    last = np.full(first.shape, -1, dtype=np.int64)
    longest = 0
    for k in range(first.shape[0]):
        longest = max(longest, stop[k] - first[k])
    share = 1 / np.arange(1, longest + 2)  # a product is faster than a quotient
    for k in range(first.shape[0]):
        # Sums about the running means: of the entry alone they are all 0.
        mean, yy, xy, best = 0.0, 0.0, 0.0, -1.0
        for row in range(first[k], stop[k]):
            n = row - first[k] + 2
            y = (price[row] - entry[k]) / entry[k]
            gap = y - mean
            mean += gap * share[n - 1]
            yy += gap * (y - mean)
            xy += 0.5 * n * (y - mean)  # x is n / 2 above the mean of all x before it
            if n < LEAST_PRICES:
                continue
            # t^2 = (n - 2) R^2 / (1 - R^2) as a quotient that is not taken in vain
            whole = yy * (n * (n * n - 1.0) / 12)
            rest = max(whole - xy * xy, LEAST_RESIDUAL * whole)
            if (n - 2) * xy * xy > best * rest or best < 0:
                best = (n - 2) * xy * xy / rest if rest > 0 else 0.0
                t_value[k] = np.sqrt(best) if xy > 0 else -np.sqrt(best)
                last[k] = row
    return t_value, last


class TrendScan(NamedTuple):
    """Sign, t-value and length of the clearest trend from the decision on.

    ``t = slope / se(slope)`` of the least squares line of the price on the number of
    the row, with the price at the decision as row 0; residual variance over ``n - 2``.
    Where several windows tie, the shortest. Closes of bars, mids of ticks. The side has
    no part in it. Where the residual is less than 1e-12 of the variance it is set to
    that, so that t stays finite. NaN where the exit is not known, or the path has fewer
    than 5 prices with that at the decision.

    References
    ----------
    Lopez de Prado (2020), Machine Learning for Asset Managers, section 5.4.
    """

    name: str = "trend_scan"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Three columns, ``trend``, ``trend_t`` and ``trend_ns``."""
        sign = "-1 down, 0 flat, +1 up over the window with the largest |t|"
        return (
            Output("trend", pl.Int8(), sign, ("trend", 1.0)),
            Output("trend_t", pl.Float64(), "t-value of its slope", ("trend_t", 1.0)),
            Output(
                "trend_ns", pl.Int64(), "ns from decision to its end", ("trend_ns", 1.0)
            ),
        )

    def label(self, span: Span) -> Labelled:
        """Label the decisions of a span."""
        leg = span.leg
        first, _, stop = windows_of(leg, span.decision_ns)
        t_value, last = _scan(leg.path.price, leg.entry_price, first, stop)
        known = (leg.state == LABELLED) & (last >= 0)
        lasted = np.full(known.shape, np.nan)
        lasted[known] = leg.path.time_ns[last[known]] - span.decision_ns[known]
        values = {
            "trend": np.where(known, np.sign(t_value), np.nan),
            "trend_t": np.where(known, t_value, np.nan),
            "trend_ns": lasted,
        }
        return Labelled(values, np.where(known, leg.end_ns, MISSING_NS))

"""Was it worth acting on the side: yes where it made money after costs."""

from typing import NamedTuple

import numpy as np
import polars as pl

from tradeloop.costs import CostModel
from tradeloop.labels.base import LABELLED, MISSING_NS, Floats, Times
from tradeloop.labels.protocol import Labelled, Output
from tradeloop.labels.span import Span


def money_bps(returns: Floats, held_ns: Times, costs: CostModel) -> Floats:
    """Return of the side after both trades and the financing of the time held, bps.

    ``1e4 * returns - (2 * trade cost + financing(held))``. No benchmark is taken off:
    it is the money made.

    Parameters
    ----------
    returns : ndarray of shape (n,)
        Side times return of the instrument, as fractions; NaN gives NaN.
    held_ns : ndarray of shape (n,)
        From the decision to the exit, at least 0.
    costs : CostModel
        What is paid.
    """
    paid = costs.round_trip_bps() + costs.financing_bps(held_ns)
    return 1e4 * returns - paid


def meta_of(net_bps: Floats) -> Floats:
    """1 above 0, else 0; NaN gives NaN."""
    return np.where(np.isnan(net_bps), np.nan, (net_bps > 0) * 1.0)


class MetaLabel(NamedTuple):
    """1 where the side made money net of costs at the due time, else 0.

    The side is frozen first: it is that of the decision. Exactly 0 is no money made.
    The benchmark has no part in it. NaN where the exit is not known or the side is 0.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 3.6.
    """

    name: str = "meta_label"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """One column, ``meta_label``."""
        meaning = "1 if the side made money net of costs at the due time, else 0"
        return (Output("meta_label", pl.Int8(), meaning, None),)

    def label(self, span: Span) -> Labelled:
        """Label the decisions of a span."""
        known = (span.leg.state == LABELLED) & (span.side != 0)
        left = np.where(known, span.leg.exit_ns, span.decision_ns)
        returns = np.where(known, span.side * span.leg.returns, np.nan)
        net = money_bps(returns, left - span.decision_ns, span.plan.costs)
        end = np.where(known, span.leg.end_ns, MISSING_NS)
        return Labelled({"meta_label": meta_of(net)}, end)

"""Where the symbol went: down, nowhere, up."""

from typing import NamedTuple

import numpy as np
import polars as pl

from tradeloop.labels.base import MISSING_NS, Floats
from tradeloop.labels.protocol import Labelled, Output
from tradeloop.labels.span import Span


def direction_of(returns: Floats, neutral_bps: Floats | float) -> Floats:
    """-1 below ``-neutral_bps``, +1 above ``neutral_bps``, 0 between, bounds included.

    Parameters
    ----------
    returns : ndarray of shape (n,)
        Simple returns as fractions; NaN gives NaN.
    neutral_bps : ndarray of shape (n,), or float
        Half the width of the neutral band; NaN gives NaN.

    Returns
    -------
    ndarray of shape (n,)
    """
    bps = 1e4 * returns
    found = (bps > neutral_bps) * 1.0 - (bps < -neutral_bps) * 1.0
    return np.where(np.isnan(returns) | np.isnan(neutral_bps), np.nan, found)


class Direction(NamedTuple):
    """Sign of the symbol's own return outside a neutral band of the rule.

    The side and the benchmark have no part in it. NaN where the return is not known, or
    the volatility of which the band is a multiple.
    """

    name: str = "direction"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """One column, ``direction``."""
        meaning = "-1 down, 0 within the neutral band, +1 up"
        return (Output("direction", pl.Int8(), meaning, ("direction", 1.0)),)

    def label(self, span: Span) -> Labelled:
        """Label the decisions of a span."""
        band = span.plan.rule.neutral_bps * span.unit_bps
        found = direction_of(span.leg.returns, band)
        end = np.where(np.isnan(found), MISSING_NS, span.leg.end_ns)
        return Labelled({"direction": found}, end)

"""Return of the symbol from the decision to the due time."""

from typing import NamedTuple

import polars as pl

from tradeloop.labels.protocol import Labelled, Output
from tradeloop.labels.span import Span


class HorizonReturn(NamedTuple):
    """Simple return of the symbol: ``(p_due - p_0) / p_0``.

    ``p_0`` is the price known at the decision, ``p_due`` the price at the due time
    (`labels.base.price_at`). The side has no part in it. NaN where ``p_due`` is not
    known.
    """

    name: str = "horizon_return"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """One column, ``return``."""
        meaning = "return of the symbol from decision to due time, as a fraction"
        return (Output("return", pl.Float64(), meaning, ("return", 1.0)),)

    def label(self, span: Span) -> Labelled:
        """Label the decisions of a span."""
        return Labelled({"return": span.leg.returns}, span.leg.end_ns)

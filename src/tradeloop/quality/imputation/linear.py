"""A straight line in time between the values before and after: for history alone.

``x_t = x_a + (x_b - x_a) (t - a) / (b - a)`` with a the last present row before and b
the next after. It knows the future, so it never makes a feature.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Linear:
    """A straight line between two present values of the instrument.

    Parameters
    ----------
    widest_ns : int
        Farthest that the two may lie apart, by event time.
    """

    widest_ns: int
    name: str = "linear"
    causal: bool = False

    def propose(self, frame: pl.DataFrame, column: str) -> pl.Series:
        """Propose the value of the line; none where one end is missing."""
        at = pl.when(pl.col(column).is_not_null()).then("event_ns")
        ends = frame.select(
            "event_ns",
            a=at.forward_fill().over("instrument"),
            b=at.backward_fill().over("instrument"),
            x=pl.col(column).forward_fill().over("instrument"),
            y=pl.col(column).backward_fill().over("instrument"),
        )
        width = pl.col("b") - pl.col("a")
        weight = (pl.col("event_ns") - pl.col("a")) / width
        line = pl.col("x") + (pl.col("y") - pl.col("x")) * weight
        near = (width > 0) & (width <= self.widest_ns)
        return ends.select(pl.when(near).then(line).alias(column)).to_series()

"""The previous value, as long as it is not too old: ``x_t = x_s``, s the last present.

The plainest method that looks back. Its age limit keeps a price of yesterday out of
today.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Previous:
    """The last present value of the instrument.

    Parameters
    ----------
    oldest_ns : int
        A value older than this, by event time, is not taken.
    """

    oldest_ns: int
    name: str = "previous"
    causal: bool = True

    def propose(self, frame: pl.DataFrame, column: str) -> pl.Series:
        """Propose the last present value of each row's past."""
        there = pl.col(column).is_not_null()
        since = pl.when(there).then("event_ns").forward_fill().over("instrument")
        fresh = pl.col("event_ns") - since <= self.oldest_ns
        held = pl.col(column).forward_fill().over("instrument")
        return frame.select(pl.when(fresh).then(held).alias(column)).to_series()

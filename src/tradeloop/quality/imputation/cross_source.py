"""What another source said: its newest value that was received by then.

``x_t = y_s``, s the newest row of the other source with received_ns at most that of row
t and an event time not older than a limit. Sources differ in level (`compare_sources`
tells by how much): fill only from one that agrees.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, eq=False, slots=True)
class CrossSource:
    """Values of the same columns from another source.

    Parameters
    ----------
    other : polars.DataFrame of shape (n_rows, any)
        instrument (under the names of the frame that is filled), event_ns, received_ns
        and the columns.
    oldest_ns : int
        A value that happened longer before the row than this is not taken.
    """

    other: pl.DataFrame
    oldest_ns: int
    name: str = "cross_source"
    causal: bool = True

    def propose(self, frame: pl.DataFrame, column: str) -> pl.Series:
        """Propose the newest value known by the time that each row was received."""
        if column not in self.other.columns:
            return pl.Series(column, [None] * frame.height, dtype=pl.Float64)
        known = (
            self.other.select(
                "instrument",
                "received_ns",
                at_ns="event_ns",
                y=pl.col(column).cast(pl.Float64).fill_nan(None),
            )
            .drop_nulls("y")
            .sort("received_ns", "at_ns")
        )
        met = (
            frame.select("instrument", "event_ns", "received_ns")
            .with_row_index("_row")
            .sort("received_ns")
            .join_asof(known, on="received_ns", by="instrument", check_sortedness=False)
            .sort("_row")
        )
        age = pl.col("event_ns") - pl.col("at_ns")
        fresh = (age >= 0) & (age <= self.oldest_ns)
        return met.select(pl.when(fresh).then("y").alias(column)).to_series()

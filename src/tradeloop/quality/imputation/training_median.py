"""The median of the training rows: learned once, the same for every row after.

``x_t = median of x over the training rows of the instrument``, of all instruments where
it had none. It must be fitted on training rows alone: a median of all rows would tell a
test row of its future.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class TrainingMedian:
    """Medians of columns, from `fit_median`.

    Parameters
    ----------
    medians : mapping of str to mapping
        Column to instrument to median; the instrument "" stands for all others.
    """

    medians: Mapping[str, Mapping[str, float]]
    name: str = "training_median"
    causal: bool = True

    def propose(self, frame: pl.DataFrame, column: str) -> pl.Series:
        """Propose the median; none for a column that was not fitted."""
        known = self.medians.get(column, {})
        own = pl.col("instrument").replace_strict(
            dict(known) or {"": None}, default=known.get(""), return_dtype=pl.Float64
        )
        return frame.select(own.alias(column)).to_series()


def fit_median(training: pl.DataFrame, columns: Sequence[str]) -> TrainingMedian:
    """Take the medians of training rows.

    Parameters
    ----------
    training : polars.DataFrame of shape (n_rows, any)
        instrument and the columns: rows that a model may learn from, and no others.
    columns : sequence of str
        Columns of numbers. Missing cells are left out.
    """
    medians: dict[str, dict[str, float]] = {}
    for column in columns:
        values = training.select(
            "instrument", x=pl.col(column).cast(pl.Float64).fill_nan(None)
        ).drop_nulls()
        grouped = values.group_by("instrument").agg(pl.col("x").median())
        medians[column] = dict(sorted(grouped.iter_rows()))
        if values.height:
            medians[column][""] = values.select(pl.col("x").median()).item()
    return TrainingMedian(medians)

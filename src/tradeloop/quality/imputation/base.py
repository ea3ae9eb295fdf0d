"""What a method of imputation is, and the one way in which all of them are applied.

1. Only missing cells (null or NaN) are filled; what is there stays to the bit.
2. ``<column>_imputed`` says of every row whether its value was made here.
3. At most ``longest`` missing cells in a row are filled, from the first on; the rest of
   a longer hole stays missing.
4. A column that is a label is refused: what came of a decision is never made up.
5. A method that looks at later rows is refused, unless the caller says that the result
   is no feature.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Protocol

import polars as pl

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.labels import LabelPlan, label_schema

IMPUTED = "_imputed"
"""End of the name of the column that tells which values were imputed."""

_KEYS = ("instrument", "event_ns", "received_ns")
_DURATION = re.compile(r"_\d+(ns|us|ms|s|m|h|d|w)$")
_ALWAYS = ("return_", "direction_", "label_", "due_ns", "end_ns", "decision_outcome")
_EXECUTION = (
    "execution_quality",
    "cost_efficiency",
    "timing_quality",
    "risk_adjusted_return",
    "benchmark_outperformance",
    "attribution_factors",
)


class Imputer(Protocol):
    """A method of imputation."""

    @property
    def name(self) -> str:
        """Name of the method."""

    @property
    def causal(self) -> bool:
        """Whether a value depends on nothing later than its row."""

    def propose(self, frame: pl.DataFrame, column: str) -> pl.Series:
        """Propose a value for each row, shape (n_rows,); null where it has none.

        Parameters
        ----------
        frame : polars.DataFrame of shape (n_rows, any)
            instrument, event_ns, received_ns and the column, NaN taken for null.
        column : str
            Which column.
        """


def is_label(column: str) -> bool:
    """Tell whether a column is a label, by the names that labels have.

    Parameters
    ----------
    column : str
        Its name: the stem of a label, alone or with a horizon such as ``_5d``; or one
        that begins with ``return_``, ``direction_``, ``label_``, ``due_ns``, ``end_ns``
        or ``decision_outcome``; or a measure of execution.
    """
    stem = _DURATION.sub("", column)
    return stem in _stems() or stem in _EXECUTION or column.startswith(_ALWAYS)


@cache
def _stems() -> frozenset[str]:
    names = label_schema(LabelPlan(horizons_ns=(NS_PER_DAY,)))
    stems = {_DURATION.sub("", name) for name in names}
    return frozenset(stems - {"decision_id", "instrument", "price"})


def impute(
    frame: pl.DataFrame,
    columns: Sequence[str],
    method: Imputer,
    *,
    longest: int,
    as_features: bool = True,
) -> pl.DataFrame:
    """Fill missing cells, and say which.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, any)
        instrument, event_ns, received_ns and the columns; the rows of an instrument in
        the order of event_ns.
    columns : sequence of str
        Columns of numbers to fill.
    method : Imputer
        How.
    longest : int
        Missing cells in a row of an instrument that are filled at most, from 1.
    as_features : bool
        Whether the result may become a feature: then methods that look ahead are
        refused.

    Returns
    -------
    polars.DataFrame of shape (n_rows, any)
        The frame with the columns filled, as Float64, and ``<column>_imputed`` for each
        of them.

    Raises
    ------
    InputError
        A column is a label, a key, absent or no number; the method looks ahead and the
        result may become a feature; rows are not in order; or ``longest`` is below 1.
    """
    _check(frame, columns, method, longest, as_features=as_features)
    filled = frame
    for column in columns:
        known = pl.col(column).cast(pl.Float64).fill_nan(None)
        one = frame.select(*_KEYS, known.alias(column))
        hole = one[column].is_null()
        proposed = method.propose(one, column).cast(pl.Float64).fill_nan(None)
        made = hole & proposed.is_not_null() & (_places(one, column) <= longest)
        # Present values are taken from the frame as it was, not from a copy.
        values = pl.when(made).then(proposed).otherwise(pl.col(column))
        filled = filled.with_columns(
            values.cast(pl.Float64).alias(column), made.alias(f"{column}{IMPUTED}")
        )
    return filled


def _places(one: pl.DataFrame, column: str) -> pl.Series:
    """Place of each missing cell in its hole, from 1; 0 where there is a value."""
    hole = pl.col(column).is_null()
    stretch = (~hole).cum_sum().over("instrument").alias("_stretch")
    return (
        one.select("instrument", hole.alias("hole"), stretch)
        .select(pl.col("hole").cast(pl.Int64).cum_sum().over("instrument", "_stretch"))
        .to_series()
    )


def _check(
    frame: pl.DataFrame,
    columns: Sequence[str],
    method: Imputer,
    longest: int,
    *,
    as_features: bool,
) -> None:
    for column in (*_KEYS, *columns):
        if column not in frame.columns:
            raise _refusal(f"There is no column {column}.", "Name one of its.", column)
    _check_columns(frame, columns)
    if longest < 1:
        raise _refusal(
            f"longest must be at least 1, was {longest}.", "Give the rows to fill."
        )
    if as_features and not method.causal:
        raise _refusal(
            f"The method {method.name} looks at later rows: no feature may.",
            "Take a method that looks back, or pass as_features=False for charts and "
            "history.",
        )
    back = pl.col("event_ns") < pl.col("event_ns").shift(1).over("instrument")
    if frame.select(back.any()).item():
        raise _refusal(
            "Rows of an instrument must stand in the order of event_ns.",
            "Sort by instrument and event_ns.",
            "event_ns",
        )


def _check_columns(frame: pl.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        if is_label(column):
            raise _refusal(
                f"{column} is a label: what came of a decision is never imputed.",
                "Leave rows without a label out.",
                column,
            )
        if column in _KEYS or not frame.schema[column].is_numeric():
            raise _refusal(
                f"{column} holds no numbers to impute.",
                "Name columns of values.",
                column,
            )


def _refusal(message: str, way_out: str, column: str = "") -> InputError:
    return InputError(message, way_out=way_out, source="impute", column=column)

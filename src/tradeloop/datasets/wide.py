"""The wide row: a decision, its bar, every feature and the labels of all horizons.

Columns, in this order:

1. keys: decision_id, instrument, strategy, side, decision_ns, end_ns, fold;
2. raw bar, where bars are given: open, high, low, close, volume of the last bar known
   at the decision;
3. every feature, as it was computed;
4. labels under ``label_``: of each horizon direction, return, max_gain and max_loss,
   then all others, such as ``label_net_bps_4h``;
5. quality of the row: ``quality_completeness``, the share of its features that are
   known (0 to 1), and ``quality_age_ns``, how old the newest known feature was at the
   decision.
"""

from collections.abc import Sequence
from itertools import chain

import polars as pl

from tradeloop.datasets.asof import as_of
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.outcomes import horizons_of
from tradeloop.errors import InputError

KEYS = (
    "decision_id",
    "instrument",
    "strategy",
    "side",
    "decision_ns",
    "end_ns",
    "fold",
)
RAW = ("open", "high", "low", "close", "volume")
QUALITY = ("quality_completeness", "quality_age_ns")
LABEL = "label_"
_FIRST = ("direction", "return", "max_gain", "max_loss")


def label_columns(dataset: Dataset) -> tuple[str, ...]:
    """Columns of the outcome labels in the order of the wide row, without prefix."""
    frame = dataset.outcome_labels
    horizons = horizons_of(frame)
    first = [f"{stem}_{h}" for stem in _FIRST for h in horizons]
    first = [name for name in first if name in frame.columns]
    rest = [n for n in frame.columns if n not in {*first, *KEYS}]
    return (*first, *rest)


def _refuse_double(parts: Sequence[Sequence[str]]) -> None:
    seen: set[str] = set()
    for name in chain(*parts):
        if name in seen:
            raise InputError(
                "A feature has the name of another column of the wide row.",
                way_out="Rename the feature in the bank, or leave out bars=.",
                source="feature_vectors",
                column=name,
            )
        seen.add(name)


def _raw(dataset: Dataset, bars: pl.DataFrame) -> pl.DataFrame:
    asked = dataset.decision_context.select("decision_id", "instrument").with_columns(
        dataset.outcome_labels["decision_ns"].alias("received_ns")
    )
    return as_of(asked, bars, columns=RAW).select(RAW)


def wide(dataset: Dataset, bars: pl.DataFrame | None = None) -> pl.DataFrame:
    """Put everything about a decision into one row.

    Parameters
    ----------
    dataset : Dataset
        Rows.
    bars : polars.DataFrame, optional
        Rows of the record BAR, for the raw bar known at each decision.

    Returns
    -------
    polars.DataFrame of shape (n_rows, n_keys + n_raw + n_features + n_labels + 2)
        In the order of the dataset. Null where a value is not known; labels never 0
        for want of a future.

    Raises
    ------
    InputError
        A feature has the name of a key or of a raw column.
    """
    labels, names = dataset.outcome_labels, label_columns(dataset)
    decided = dataset.decision_context.select("instrument", "strategy", "side")
    keys = labels.select(k for k in KEYS if k not in decided.columns)
    raw = pl.DataFrame() if bars is None else _raw(dataset, bars)
    prefixed = labels.select(pl.col(name).alias(f"{LABEL}{name}") for name in names)
    features = dataset.feature_vectors.select(dataset.feature_names)
    _refuse_double((KEYS, raw.columns, features.columns, prefixed.columns, QUALITY))
    judged = dataset.feature_vectors.select(_completeness(dataset.feature_names))
    age = (labels["decision_ns"] - dataset.feature_vectors["known_ns"]).alias(
        "quality_age_ns"
    )
    parts = (raw, features, prefixed, judged)
    return (
        keys.hstack(decided)
        .select(KEYS)
        .hstack([column for part in parts for column in part.get_columns()])
        .with_columns(age)
    )


def _completeness(names: Sequence[str]) -> pl.Expr:
    known = [pl.col(name).is_not_null() & ~pl.col(name).is_nan() for name in names]
    total = pl.sum_horizontal(each.cast(pl.Float64) for each in known)
    return (total / max(len(names), 1)).alias("quality_completeness")

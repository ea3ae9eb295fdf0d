"""A dataset as one wide table per split, with the words that a reader needs.

A fold trains on what the splitter left after the purge: rows that are not in its
training table were taken out on purpose. Without folds all rows stand in ``train``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.intervals import Split
from tradeloop.datasets.kinds import Target, kind_of
from tradeloop.datasets.outcomes import horizons_of
from tradeloop.datasets.wide import LABEL, QUALITY, RAW, label_columns, wide
from tradeloop.errors import InputError

WEIGHT = "sample_weight"


@dataclass(frozen=True, slots=True, eq=False)
class Shaped:
    """Tables to be written, and what they say.

    Parameters
    ----------
    tables : mapping of str to polars.DataFrame
        Split to rows: ``train`` and ``test``, or ``fold_0/train`` and so on.
    about : mapping
        Plain data: dataset_type, version, ``form`` (wide or matrix), ``features``,
        ``targets`` (column to class, regression or key), ``target`` (the one to learn
        unless told otherwise), ``classes`` (column to its classes in order),
        ``labels`` (all label columns), ``keys``, ``missing`` (how it is written).
    """

    tables: Mapping[str, pl.DataFrame]
    about: Mapping[str, Any]


def targets_of(dataset: Dataset) -> dict[str, Target]:
    """Column of the outcome labels to target of the dataset's type, usual one first."""
    horizons = horizons_of(dataset.outcome_labels)
    columns = kind_of(dataset.dataset_type).target_columns(horizons)
    there = dataset.outcome_labels.columns
    return {name: target for name, target in columns.items() if name in there}


def _tables(
    whole: pl.DataFrame, splits: Sequence[Split], fold: int | None
) -> dict[str, pl.DataFrame]:
    if not splits:
        return {"train": whole}
    if fold is None:
        return {
            f"fold_{number}/{name}": whole[rows]
            for number, split in enumerate(splits)
            for name, rows in zip(("train", "test"), split, strict=True)
        }
    if not -len(splits) <= fold < len(splits):
        raise InputError(
            f"There are {len(splits)} folds; fold {fold} is none of them.",
            way_out=f"Give 0 to {len(splits) - 1}, -1 for the last, or None for all.",
            column="fold",
        )
    train, test = splits[fold]
    return {"train": whole[train], "test": whole[test]}


def shape(
    dataset: Dataset,
    splits: Sequence[Split] = (),
    *,
    fold: int | None = -1,
    bars: pl.DataFrame | None = None,
    weights: ArrayLike | None = None,
) -> Shaped:
    """Cut a dataset into wide tables.

    Parameters
    ----------
    dataset : Dataset
        Rows.
    splits : sequence of (train, test)
        Positions of the rows of each fold, as the splitter gives them.
    fold : int, optional
        Which fold; the last one has the most to learn from. None takes all, each
        under its own name.
    bars : polars.DataFrame, optional
        Rows of the record BAR, for the raw columns.
    weights : array-like of shape (n_rows,), optional
        Sample weights, which become the column ``sample_weight``.

    Returns
    -------
    Shaped
        Its ``about["form"]`` is ``wide``.

    Raises
    ------
    InputError
        There is no such fold, or a feature has the name of another column.
    """
    whole, targets = wide(dataset, bars), targets_of(dataset)
    features = dataset.feature_names
    if weights is not None:
        whole = whole.with_columns(
            pl.Series(WEIGHT, np.asarray(weights, dtype=np.float64))
        )
    labels = [f"{LABEL}{name}" for name in label_columns(dataset)]
    apart = {*features, *labels, *QUALITY, *RAW, WEIGHT}
    about = {
        "form": "wide",
        "dataset_type": dataset.dataset_type,
        "version": dataset.version,
        "target": next(f"{LABEL}{n}" for n, t in targets.items() if t.form != "key"),
        "targets": {f"{LABEL}{name}": t.form for name, t in targets.items()},
        "classes": {
            f"{LABEL}{n}": list(t.classes)
            for n, t in targets.items()
            if t.form == "class"
        },
        "features": list(features),
        "labels": labels,
        "keys": [name for name in whole.columns if name not in apart],
        "missing": "null; a feature that is not a number is NaN",
    }
    return Shaped(_tables(whole, splits, fold), about)

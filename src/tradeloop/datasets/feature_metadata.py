"""Feature metadata in the names of the contract: statistics, importance, correlation.

Everything is measured on the rows that are given: pass the mask of the training rows,
or the metadata tells of rows that a model must not know.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from tradeloop.features.normalise import Normalisation, column_values, training_mask
from tradeloop.fold import Float

_LEAST_ROWS = 2
_QUANTILES = {"quantile_05": 0.05, "median": 0.5, "quantile_95": 0.95}


def feature_metadata(
    frame: pl.DataFrame,
    types: Mapping[str, str],
    *,
    rows: ArrayLike | None = None,
    normalisation: Normalisation | None = None,
    importance: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Describe features as FeatureMetadata does, and with their statistics.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, n_columns)
        Features as computed, null or NaN where missing.
    types : mapping of str to str
        Feature to its category; its order is that of ``feature_names``.
    rows : array of bool of shape (n_rows,), optional
        Rows to measure; all of them where absent.
    normalisation : Normalisation, optional
        What the features are normalised by; its fingerprint and statistics are told.
    importance : mapping of str to float, optional
        Feature to its importance; others than ``types`` are left out.

    Returns
    -------
    dict
        JSON: feature_names, feature_types, normalization_stats, feature_importance,
        correlation_matrix; and normalization_method, feature_statistics.

    Raises
    ------
    InputError
        A feature is not in the frame, or no row is marked.
    """
    names, mask = tuple(types), training_mask(frame.height, rows)
    return {
        "feature_names": list(names),
        "feature_types": dict(types),
        "normalization_method": "none"
        if normalisation is None
        else normalisation.method,
        "normalization_stats": {}
        if normalisation is None
        else normalisation.statistics,
        "feature_importance": {
            name: float(value)
            for name, value in (importance or {}).items()
            if name in types
        },
        "correlation_matrix": correlation_matrix(frame, names, mask),
        "feature_statistics": {
            name: statistics_of(column_values(frame, name)[mask]) for name in names
        },
    }


def statistics_of(values: Float) -> dict[str, float]:
    """Count, missing share, moments and quantiles; of finite values only.

    A figure that the values do not allow (without any, or a deviation of one) is
    absent.
    """
    known = values[np.isfinite(values)]
    told = {"count": float(len(known)), "missing_share": 1 - len(known) / len(values)}
    if len(known):
        told |= {"mean": known.mean(), "min": known.min(), "max": known.max()}
        shares = np.quantile(known, list(_QUANTILES.values()))
        told |= dict(zip(_QUANTILES, shares, strict=True))
    if len(known) >= _LEAST_ROWS:
        told["standard_deviation"] = known.std(ddof=1)
    return {name: float(value) for name, value in told.items()}


def correlation_matrix(
    frame: pl.DataFrame, names: Sequence[str], rows: ArrayLike | None = None
) -> dict[str, dict[str, float]]:
    """Pearson correlation of each pair over the rows that know all features.

    Returns
    -------
    dict of str to dict
        Features that do not vary over these rows are left out; with fewer than 2 such
        rows or features it is empty.
    """
    if not names:
        return {}
    mask = training_mask(frame.height, rows)
    values = np.column_stack([column_values(frame, name)[mask] for name in names])
    whole = values[np.isfinite(values).all(axis=1)]
    if len(whole) < _LEAST_ROWS:
        return {}
    varying = np.flatnonzero(whole.min(axis=0) < whole.max(axis=0))
    if len(varying) < _LEAST_ROWS:
        return {}
    found = np.clip(np.corrcoef(whole[:, varying], rowvar=False), -1.0, 1.0)
    found = (found + found.T) / 2  # symmetric to the bit
    kept = [names[int(at)] for at in varying]
    return {
        name: dict(zip(kept, map(float, row), strict=True))
        for name, row in zip(kept, found, strict=True)
    }

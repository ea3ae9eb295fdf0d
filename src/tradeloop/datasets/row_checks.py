"""Checks for leaks between rows and from labels into features; they need the dataset.

A feature that gives its label away is found by two signs, neither of them proof of
innocence when absent:

- values: it repeats, bit for bit or with the other sign, the outcome of its own row or
  of a neighbour that was not known at the decision;
- ranks: its rank correlation with an outcome is beyond what an honest feature of this
  many independent rows shows. The number of independent rows is the sum of the labels'
  uniqueness; the bound is ``max(1/2, tanh(5 / sqrt(n - 3)))``, five standard errors by
  Fisher's transformation. One half is a hit rate of two in three: no published signal
  on liquid markets comes near it. A label under more noise than that is not seen.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets.checks import Check
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.intervals import Rows, Split, meets
from tradeloop.datasets.weights import uniqueness

_SIGNED = (
    "return_",
    "outperformance_bps",
    "net_bps",
    "benchmark_outperformance",
    "risk_adjusted_return",
)
_UNSIGNED = ("max_gain", "max_loss", "timing_quality", "execution_quality")
_OF_FILLS = "execution_quality"
_LAGS = range(-5, 6)
_LEAST_ROWS, _LEAST_SHARE, _LEAST_VALUES = 8, 0.05, 5
_STRONGEST, _NEARLY_ONE, _SIGMAS, _LEAST_INDEPENDENT = 0.5, 0.99, 5.0, 12
_NAN = np.float64(np.nan).view(np.int64)

Float = NDArray[np.float64]


def _outcomes(dataset: Dataset, prefixes: Sequence[str]) -> dict[str, Float]:
    """Columns of the labels that nobody can know at the decision, by name."""
    return {
        name: column.to_numpy()
        for name, column in dataset.outcome_labels.to_dict().items()
        if column.dtype == pl.Float64 and name.startswith(tuple(prefixes))
    }


def embargoed(
    dataset: Dataset, splits: Sequence[Split], embargo_ns: int, *, forward: bool
) -> Check:
    """Find training rows nearer to the test than the embargo that was promised.

    Parameters
    ----------
    dataset : Dataset
        Holds the label intervals.
    splits : sequence of (train, test)
        Folds as the model will use them.
    embargo_ns : int
        Time to keep free beyond the purge.
    forward : bool
        Whether training lies before the test, so that the embargo stands before it.
    """
    start, end = dataset.decision_ns, dataset.end_ns
    before, after = (embargo_ns, 0) if forward else (0, embargo_ns)
    for fold, (train, test) in enumerate(splits):
        guarded = (start[test] - before, end[test] + after)
        near = int(meets(start[train], end[train], *guarded).sum())
        if near:
            detail = f"fold {fold}: {near} training labels within {embargo_ns} ns"
            return Check("embargoed", passed=False, detail=detail)
    detail = f"{len(splits)} folds, 0 training labels within {embargo_ns} ns"
    return Check("embargoed", passed=True, detail=detail)


def _twins(
    bits: NDArray[np.int64], number: NDArray[np.int64], train: Rows, test: Rows
) -> int:
    """Count the test rows that are equal to a training row."""
    test = test[np.isin(number[test], number[train])]
    train = train[np.isin(number[train], number[test])]
    seen = {row.tobytes() for row in bits[train]}
    return sum(row.tobytes() in seen for row in bits[test])


def no_twins(dataset: Dataset, splits: Sequence[Split]) -> Check:
    """Find rows that stand, bit for bit, on both sides of a fold.

    Twins have the same features and the same outcomes, under ids and times of their
    own: copies from resampling or from two feeds, made before the split.

    Parameters
    ----------
    dataset : Dataset
        Features and outcomes.
    splits : sequence of (train, test)
        Folds as the model will use them.
    """
    outcomes = list(_outcomes(dataset, _SIGNED + _UNSIGNED).values())
    name = "no_twins"
    if not outcomes or not dataset.feature_count:
        return Check(name, passed=True, detail="no outcomes or features to compare")
    labels, features = np.column_stack(outcomes), dataset.X
    values = np.ascontiguousarray(np.hstack([features, labels]))
    bits = np.where(np.isnan(values), _NAN, values.view(np.int64))
    telling = (np.isfinite(features) & (features != 0)).any(axis=1)
    telling &= (np.isfinite(labels) & (labels != 0)).any(axis=1)
    # Rows of one hash may be twins; twins have one hash.
    odd = np.random.default_rng(0).integers(2**62, size=bits.shape[1]) * 2 + 1
    number = (bits * odd).sum(axis=1)
    for fold, (train, test) in enumerate(splits):
        twins = _twins(bits, number, train[telling[train]], test[telling[test]])
        if twins:
            detail = f"fold {fold}: {twins} of {test.size} test rows also train"
            return Check(name, passed=False, detail=detail)
    detail = f"{len(splits)} folds, 0 rows on both sides"
    return Check(name, passed=True, detail=detail)


def _neighbours(dataset: Dataset, end_ns: Rows) -> NDArray[np.int64]:
    """Row at each lag within the instrument, -1 where there is none or it was known.

    Shape (n_lags, n_rows). ``end_ns`` says when the outcome of each row was known.
    """
    keys = dataset.decision_context["instrument"].rank("dense").to_numpy()
    order = np.lexsort((dataset.decision_ns, keys))
    found = np.full((len(_LAGS), order.size), -1, dtype=np.int64)
    for line, lag in zip(found, _LAGS, strict=True):
        low, high = max(0, -lag), min(order.size, order.size - lag)
        if low < high:
            ours, theirs = order[low:high], order[low + lag : high + lag]
            unknown = end_ns[theirs] > dataset.decision_ns[ours]
            paired = unknown & (keys[ours] == keys[theirs])
            line[ours[paired]] = theirs[paired]
    return found


def _repeats(feature: Float, outcome: Float, neighbours: NDArray[np.int64]) -> int:
    """Most rows, over lags, in which a feature is an outcome that was not known."""
    most = 0
    for line in neighbours:
        ours = np.flatnonzero(line >= 0)
        value = feature[ours]
        same = (np.abs(value) == np.abs(outcome[line[ours]])) & (value != 0)
        if np.unique(value[same]).size >= _LEAST_VALUES:
            most = max(most, int(same.sum()))
    return most


def _given_away(
    dataset: Dataset, outcomes: dict[str, Float], least: float
) -> str | None:
    """Name a feature that repeats an outcome's values."""
    known = np.unique(np.abs(np.concatenate(list(outcomes.values()))))
    known = known[np.isfinite(known) & (known > 0)]
    if not known.size:
        return None
    neighbours = _neighbours(dataset, dataset.end_ns)
    # What a fill cost may be known long before the row's label, but not before the
    # decision that it follows: of earlier decisions it says nothing.
    filled = _neighbours(dataset, dataset.decision_ns + 1)
    for name in dataset.feature_names:
        feature = dataset.feature_vectors[name].cast(pl.Float64).to_numpy()
        # Most features share hardly a value with the outcomes: they are left out here.
        place = np.searchsorted(known, np.abs(feature))
        shared = known[np.minimum(place, known.size - 1)] == np.abs(feature)
        if shared.sum() < least:
            continue
        for label, outcome in outcomes.items():
            unknown = filled if label == _OF_FILLS else neighbours
            rows = _repeats(feature, outcome, unknown)
            if rows >= least:
                return f"{name} repeats {label} in {rows} rows before it was known"
    return None


def _ranks(names: Sequence[str], source: pl.DataFrame) -> Float:
    """Ranks of columns, centred, scaled to length 1; missing counts as the middle."""
    cast = pl.col(names).cast(pl.Float64).fill_nan(None)
    middle = (cast.count() + 1) / 2
    ranked = source.select(cast.rank().fill_null(middle)).to_numpy()
    centred = ranked - ranked.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    unit: Float = centred / np.where(length > 0, length, 1.0)
    return unit


def _too_well(
    dataset: Dataset, outcomes: dict[str, Float], signed: Sequence[str]
) -> str | None:
    """Name a feature that ranks as an outcome does."""
    independent = uniqueness(dataset.decision_ns, dataset.end_ns).sum()
    if independent < _LEAST_INDEPENDENT:
        return None
    error = np.tanh(_SIGMAS / np.sqrt(independent - 3))
    bound = min(max(_STRONGEST, error), _NEARLY_ONE)
    features = _ranks(dataset.feature_names, dataset.feature_vectors)
    labels = _ranks(list(outcomes), dataset.outcome_labels)
    strength = np.abs(np.nan_to_num(features.T @ labels))
    most = [bound if name in signed else _NEARLY_ONE for name in outcomes]
    wrong = np.argwhere(strength > np.array(most))
    if not wrong.size:
        return None
    feature, label = wrong[0]
    return (
        f"{dataset.feature_names[feature]} ranks as {list(outcomes)[label]} does: "
        f"correlation {strength[feature, label]:.2f}, above {most[label]:.2f}"
    )


def no_label_inside(dataset: Dataset) -> Check:
    """Find features that give an outcome away; see the module for the two signs.

    Parameters
    ----------
    dataset : Dataset
        Features and outcomes.
    """
    signed = _outcomes(dataset, _SIGNED)
    outcomes = signed | _outcomes(dataset, _UNSIGNED)
    name = "no_label_inside"
    if not outcomes or not dataset.feature_count:
        return Check(name, passed=True, detail="no outcomes or features to compare")
    least = max(_LEAST_ROWS, _LEAST_SHARE * dataset.sample_count)
    wrong = _given_away(dataset, outcomes, least)
    wrong = wrong or _too_well(dataset, outcomes, list(signed))
    if wrong:
        return Check(name, passed=False, detail=wrong)
    detail = f"{dataset.feature_count} features give none of {len(outcomes)} away"
    return Check(name, passed=True, detail=detail)

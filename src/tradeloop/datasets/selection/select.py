"""Select features on training rows, and record why each one was kept or left out.

1. ``known``: a column that is missing again after its warm-up (the rows without a value
   with which an instrument begins), or is known too late, is left out.
2. ``variance``: so is one that does not vary, or hardly does.
3. ``information``, ``stability``: what the rest tells of the class, over all training
   rows and over periods of them; below the limits of the rule it is left out.
4. ``correlation``: columns that say the same stand in one cluster, which the most
   relevant one speaks for. On the rows that know all that is kept, no two columns are
   correlated above the limit.
5. ``count``: the most relevant ones, where the rule says how many.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.datasets.selection.clusters import (
    clusters,
    correlations,
    representatives,
)
from tradeloop.datasets.selection.scores import Scores, score
from tradeloop.datasets.selection.settings import SelectionRule
from tradeloop.errors import InputError
from tradeloop.features.normalise import training_mask
from tradeloop.fold import Float

_GROUP_ROWS = 20  # an instrument with fewer rows may begin and end in the warm-up
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why a feature was left out.

    Parameters
    ----------
    criterion : str
        ``known``, ``variance``, ``information``, ``stability``, ``correlation`` or
        ``count``.
    detail : str
        The value, and what was asked for.
    """

    criterion: str
    detail: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Features to train on.

    Parameters
    ----------
    kept : tuple of str
        In the order in which they were given.
    dropped : mapping of str to Dropped
        The others, with the reason.
    scores : mapping of str to mapping of str to float
        Measures of each feature that was neither missing nor constant.
    clusters : tuple of tuple of str
        Features that say the same, where there are two or more.
    rows : int
        Training rows that were looked at.
    order_stability : float
        Mean rank correlation of mutual information between two periods.
    rule : SelectionRule
        Limits.
    """

    kept: tuple[str, ...]
    dropped: Mapping[str, Dropped]
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    clusters: tuple[tuple[str, ...], ...] = ()
    rows: int = 0
    order_stability: float = 1.0
    rule: SelectionRule = field(default_factory=SelectionRule)

    def as_criteria(self) -> dict[str, Any]:
        """Give it as JSON, for FeatureSchema.feature_selection_criteria."""
        return {
            "selected": list(self.kept),
            "by": ["known", "variance", "information", "stability", "correlation"],
            "limits": dict(self.rule.as_mapping()),
            "training_rows": self.rows,
            "dropped": {
                name: {"criterion": why.criterion, "detail": why.detail}
                for name, why in self.dropped.items()
            },
            "scores": {name: dict(told) for name, told in self.scores.items()},
            "clusters": [list(each) for each in self.clusters],
            "order_stability": self.order_stability,
        }


def select(
    values: ArrayLike,
    names: Sequence[str],
    classes: ArrayLike,
    rows: ArrayLike | None = None,
    *,
    instruments: ArrayLike | None = None,
    importance: Mapping[str, Mapping[str, float]] | None = None,
    rule: SelectionRule | None = None,
) -> Selection:
    """Select features; rows that are not for training are not looked at.

    Parameters
    ----------
    values : array of shape (n_rows, n_features)
        Rows in time order, NaN where missing.
    names : sequence of str
        Names of the features.
    classes : array of int of shape (n_rows,)
        What came, such as the direction.
    rows : array of bool of shape (n_rows,), optional
        Training rows; all of them where absent.
    instruments : array of shape (n_rows,), optional
        Whose row it is: each has a warm-up of its own.
    importance : mapping of str to mapping of str to float, optional
        Importance of features by measure, such as ``permutation`` and ``shap``, from a
        model that saw these training rows only; it counts in the relevance.
    rule : SelectionRule, optional
        Limits; the defaults if absent.

    Raises
    ------
    InputError
        Shapes that do not fit, no training row, a name twice, or an infinite value.
    """
    given, what, mask = _checked(values, names, classes, rows)
    rule = rule or SelectionRule()
    groups = np.zeros(len(mask)) if instruments is None else np.asarray(instruments)
    x, y = given[mask], what[mask]
    dropped: dict[str, Dropped] = {}
    for at, why in _unfit(x, groups[mask], rule):
        dropped.setdefault(names[at], why)
    left = [at for at, name in enumerate(names) if name not in dropped]
    if not left:
        return Selection((), dropped, rows=len(x), rule=rule)
    x, left_names = x[:, left], [names[at] for at in left]
    told = score(
        x, y, left_names, periods=min(rule.periods, len(x)), importance=importance or {}
    )
    for at, why in _weak(told, rule):
        dropped.setdefault(left_names[at], why)
    able = [at for at, name in enumerate(left_names) if name not in dropped]
    chosen, alike, twins = _distinct(x, able, told.relevance, rule.most_correlation)
    dropped |= {left_names[at]: _twin(left_names, twins[at]) for at in twins}
    ordered = sorted(chosen, key=lambda at: (-told.relevance[at], at))
    for place, at in enumerate(ordered[rule.most_features or len(ordered) :]):
        number = place + 1 + (rule.most_features or 0)
        dropped[left_names[at]] = Dropped("count", f"number {number} by relevance")
    return Selection(
        kept=tuple(name for name in names if name not in dropped),
        dropped={name: dropped[name] for name in names if name in dropped},
        scores={name: told.of(at) for at, name in enumerate(left_names)},
        clusters=tuple(tuple(left_names[at] for at in each) for each in alike),
        rows=len(x),
        order_stability=told.order_stability,
        rule=rule,
    )


def _checked(
    values: ArrayLike, names: Sequence[str], classes: ArrayLike, rows: ArrayLike | None
) -> tuple[Float, NDArray[np.int64], NDArray[np.bool_]]:
    given, what = np.asarray(values, dtype=np.float64), np.asarray(classes)
    fits = given.ndim == len(("rows", "columns")) and given.shape[1] == len(names)
    if not fits or what.shape != given.shape[:1] or len(set(names)) != len(names):
        raise InputError(
            f"{len(names)} names, all different, and one class a row are needed for "
            f"values of shape {given.shape}; the classes had {what.shape}.",
            way_out="Pass the matrix of the dataset, its names and its labels.",
            source="select",
        )
    mask = training_mask(len(given), rows)
    infinite = np.argwhere(np.isinf(given[mask]))
    if len(infinite):
        raise InputError(
            "A feature must be finite or missing, was infinite.",
            way_out="Validate the features, and repair the one that is named.",
            column=names[infinite[0][1]],
            row=int(np.flatnonzero(mask)[infinite[0][0]]),
        )
    return given, what.astype(np.int64), mask


def _unfit(
    x: Float, groups: NDArray[Any], rule: SelectionRule
) -> Iterator[tuple[int, Dropped]]:
    """Columns that are missing where they may not be, or do not vary."""
    known = np.isfinite(x)
    for group in np.unique(groups):
        own = known[groups == group]
        again = (np.maximum.accumulate(own, axis=0) & ~own).sum(axis=0)
        share = own.mean(axis=0)
        for at in range(x.shape[1]):
            if again[at]:
                text = f"missing in {again[at]} rows after its warm-up"
                yield at, Dropped("known", text)
            if share[at] < rule.least_known_share and len(own) >= _GROUP_ROWS:
                yield at, _late(float(share[at]), rule)
    for at in range(x.shape[1]):
        column = x[known[:, at], at]
        if not len(column) or len(column) < rule.least_known_share * len(x):
            yield at, _late(len(column) / len(x), rule)
        elif text := _flat(column, rule.most_common_share):
            yield at, Dropped("variance", text)


def _flat(column: Float, most_common_share: float) -> str:
    if column.std() <= _ROUNDING * np.abs(column).max():
        return "does not vary"
    counts = np.unique(column, return_counts=True)[1]
    share = float(counts.max() / len(column))
    if share > most_common_share:
        return f"one value in {share:.4f} of the rows, {most_common_share:g} is allowed"
    return ""


def _late(share: float, rule: SelectionRule) -> Dropped:
    asked = f"{rule.least_known_share:g} is asked for"
    return Dropped("known", f"known in {share:.4f} of the rows, {asked}")


def _weak(told: Scores, rule: SelectionRule) -> list[tuple[int, Dropped]]:
    limits = (
        ("information", "mutual information", told.mutual_information),
        ("information", "information gain", told.information_gain),
        ("stability", "stability", told.stability),
    )
    asked = (
        rule.least_mutual_information,
        rule.least_information_gain,
        rule.least_stability,
    )
    return [
        (int(at), Dropped(what, f"{name} {values[at]:.4g}, {least:g} is asked for"))
        for (what, name, values), least in zip(limits, asked, strict=True)
        for at in np.flatnonzero(values < least)
    ]


Twins = dict[int, tuple[int, float]]


def _distinct(
    x: Float, able: Sequence[int], relevance: Float, limit: float
) -> tuple[list[int], list[list[int]], Twins]:
    """Return columns that differ, clusters, and whom each dropped column is like."""
    if not able:
        return [], [], {}
    places = np.array(able)
    alike = correlations(x[:, places])
    groups = clusters(1.0 - alike, 1.0 - limit)
    chosen = representatives(groups, alike, relevance[places], limit)
    twins: Twins = {}
    while len(chosen) > 1:
        whole = x[:, places[chosen]]
        found = correlations(whole[np.isfinite(whole).all(axis=1)])
        np.fill_diagonal(found, 0.0)
        one, two = divmod(int(np.argmax(found)), len(chosen))
        if found[one, two] <= limit:
            break
        worse = min((one, two), key=lambda k: (relevance[places[chosen[k]]], -k))
        better = one + two - worse
        twins[able[chosen[worse]]] = (able[chosen[better]], float(found[one, two]))
        chosen = chosen[:worse] + chosen[worse + 1 :]
    for at in set(range(len(able))) - set(chosen):
        near = chosen[int(np.argmax(alike[at, chosen]))]
        twins.setdefault(able[at], (able[near], float(alike[at, near])))
    named = [[able[at] for at in group] for group in groups if len(group) > 1]
    return [able[at] for at in chosen], named, twins


def _twin(names: Sequence[str], twin: tuple[int, float]) -> Dropped:
    other, value = twin
    return Dropped("correlation", f"{value:.4f} with {names[other]}")

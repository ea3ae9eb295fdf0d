"""Noise: which labels a model that never saw them finds hard to believe.

1. Each row has the probabilities of a model that was trained without it and without
   any row whose label interval meets its own: `check_out_of_fold` refuses all others.
2. The threshold of class ``j`` is the mean self-confidence, ``t_j = mean of p_j over
   the rows labelled j``.
3. The confident joint ``C_ij`` counts the rows labelled ``i`` whose most probable
   class, of those with ``p_l >= t_l``, is ``j``. Rows with no such class do not count.
4. The joint of given and true class is ``Q_ij``: each row of ``C`` scaled to the share
   of its given class. ``1 - sum_i Q_ii`` estimates the share of mislabelled rows.
5. Suspects are the rows counted off the diagonal, by margin ``p_given - p_true``, the
   worst first.

What it cannot tell: a label that came about by luck from one that is wrong. The method
takes it that the true class could be known from the features. Where the future is
hardly predictable many rows look doubtful and none may be mislabelled. So there is an
alarm only where the probabilities are telling: their ``unsure_share``, ``mean(1 - max_l
p_l)``, is at most half of what it is without any knowledge, ``1 - 1 / n_classes``.

References
----------
Northcutt, Jiang and Chuang (2021), Confident Learning, JAIR 70, 1373-1411.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.labels.audit.agreement import Class
from tradeloop.labels.audit.overlap import intervals, meets_any, uniqueness
from tradeloop.labels.base import Floats
from tradeloop.statistics import Interval, wilson

Codes: TypeAlias = NDArray[np.int64]
Fold: TypeAlias = tuple[ArrayLike, ArrayLike]

_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class NoiseAudit:
    """What the probabilities say of the labels.

    Parameters
    ----------
    classes : tuple
        In the order of the columns of probabilities.
    thresholds : tuple of float or None
        Mean self-confidence per class; None for a class without a row.
    confident : tuple of tuple of int
        ``C``: rows by given class (down) and believed class (across).
    joint : tuple of tuple of float
        ``Q``, which sums to 1.
    mislabelled : Interval
        Estimated share of mislabelled rows, with the score interval of as many rows as
        the labels amount to without their overlap.
    unsure_share : float
        ``mean(1 - max_l p_l)``.
    telling : bool
        Whether that is small enough for doubt to speak of errors.
    alarm : bool
        Whether they are telling and the lower end of the interval is above
        ``tolerated``.
    rows, left_out : int
        Rows tested in a fold, and rows that only trained.
    suspects : polars.DataFrame of shape (n_suspects, 4)
        ``row`` in the arguments, ``given``, ``believed``, ``margin``; worst first.
    """

    classes: tuple[Class, ...]
    thresholds: tuple[float | None, ...]
    confident: tuple[tuple[int, ...], ...]
    joint: tuple[tuple[float, ...], ...]
    mislabelled: Interval
    unsure_share: float
    telling: bool
    alarm: bool
    rows: int
    left_out: int
    suspects: pl.DataFrame

    def as_mapping(self) -> dict[str, Any]:
        """Plain values, for a data quality report, with the first ten suspects."""
        return {
            "classes": list(self.classes),
            "thresholds": list(self.thresholds),
            "confident_joint": [list(row) for row in self.confident],
            "joint": [list(row) for row in self.joint],
            "mislabelled_share": self.mislabelled.value,
            "mislabelled_low": self.mislabelled.low,
            "mislabelled_high": self.mislabelled.high,
            "unsure_share": self.unsure_share,
            "telling": self.telling,
            "alarm": self.alarm,
            "rows": self.rows,
            "left_out": self.left_out,
            "suspects": self.suspects.height,
            "worst": self.suspects.head(10).to_dicts(),
        }


def check_out_of_fold(
    folds: Sequence[Fold], decision_ns: ArrayLike, end_ns: ArrayLike
) -> Codes:
    """Return the fold in which each row was tested, -1 for rows that only trained.

    Parameters
    ----------
    folds : sequence of (train rows, test rows)
        As the splitter gave them.
    decision_ns, end_ns : array_like of int, shape (n,)
        Label intervals, ns UTC.

    Raises
    ------
    InputError
        A row is tested twice, stands in both parts of a fold, or its label interval
        meets that of a row of the other part: its probability is not out of fold.
    """
    start, end = intervals(decision_ns, end_ns)
    fold = np.full(len(start), -1, dtype=np.int64)
    for number, parts in enumerate(folds):
        train, test = (np.asarray(part, dtype=np.int64) for part in parts)
        for rows, rule in (
            (test[fold[test] >= 0], "is tested in more than one fold"),
            (np.intersect1d(train, test), "is in both parts of a fold"),
            (
                train[meets_any(start[train], end[train], start[test], end[test])],
                "trains while its label interval meets that of a tested row",
            ),
        ):
            if len(rows):
                raise InputError(
                    f"The probabilities are not out of fold: row {rows[0]} {rule} "
                    f"(fold {number}, {len(rows)} such rows).",
                    way_out="Predict with folds purged by label interval.",
                    source="folds",
                    row=int(rows[0]),
                )
        fold[test] = number
    return fold


def _check_probabilities(given: Codes, probabilities: Floats, classes: int) -> None:
    wrong = ~np.isfinite(probabilities).all(axis=1) | (probabilities < 0).any(axis=1)
    wrong |= ~(np.abs(probabilities.sum(axis=1) - 1) <= _SUM_TOLERANCE)
    wrong |= (given < 0) | (given >= classes)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"A tested row needs a class from 0 to {classes - 1} and probabilities "
            f"that sum to 1; they were {given[row]} and {probabilities[row].tolist()}.",
            way_out="Leave rows without a label out of the folds.",
            source="probabilities",
            row=row,
        )


def confident_joint(
    given: Codes, probabilities: Floats
) -> tuple[Floats, NDArray[np.int64], Codes]:
    """Count rows by given and by believed class.

    Parameters
    ----------
    given : ndarray of int, shape (n,)
        Place of the given class.
    probabilities : ndarray of shape (n, n_classes)
        Out of fold.

    Returns
    -------
    tuple of three ndarrays
        Thresholds (n_classes,), NaN for a class without a row; the confident joint
        (n_classes, n_classes); the believed class (n,), -1 where there is none.
    """
    classes = probabilities.shape[1]
    rows = np.bincount(given, minlength=classes)
    own = probabilities[np.arange(len(given)), given]
    total = np.bincount(given, weights=own, minlength=classes)
    thresholds = np.where(rows > 0, total / np.maximum(rows, 1), np.nan)
    bold = probabilities >= np.where(np.isnan(thresholds), np.inf, thresholds)
    best = np.where(bold, probabilities, -1.0).argmax(axis=1)
    believed = np.where(bold.any(axis=1), best, -1)
    sure = believed >= 0
    place = given[sure] * classes + believed[sure]
    joint = np.bincount(place, minlength=classes**2).reshape(classes, classes)
    return thresholds, joint, believed


def _estimated(confident: NDArray[np.int64], given: Codes) -> Floats:
    """Scale each row of the confident joint to the share of its given class."""
    shares = np.bincount(given, minlength=len(confident)) / len(given)
    counted = confident.sum(axis=1, keepdims=True)
    # A class none of whose rows is counted is taken as it was given.
    rows = np.where(
        counted > 0, confident / np.maximum(counted, 1), np.eye(len(shares))
    )
    return np.asarray(rows * shares[:, None], dtype=np.float64)


def noise(
    given: ArrayLike,
    probabilities: ArrayLike,
    *,
    classes: Sequence[Class],
    folds: Sequence[Fold],
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    tolerated: float = 0.01,
) -> NoiseAudit:
    """Estimate the share of mislabelled rows and rank the suspects.

    Parameters
    ----------
    given : array_like of int, shape (n,)
        Place of each row's class in ``classes``; rows that are not tested may hold -1.
    probabilities : array_like of shape (n, n_classes)
        Of each tested row by the model of its fold; others may be NaN.
    classes : sequence
        Names of the classes.
    folds : sequence of (train rows, test rows)
        Folds in which the probabilities were made.
    decision_ns, end_ns : array_like of int, shape (n,)
        Label intervals, ns UTC.
    tolerated : float
        Share of mislabelled rows up to which there is no alarm.

    Raises
    ------
    InputError
        The probabilities were not out of fold, are none, or no row is tested.
    """
    fold = check_out_of_fold(folds, decision_ns, end_ns)
    tested = np.flatnonzero(fold >= 0)
    shaped = np.asarray(probabilities, dtype=np.float64)
    if not len(tested) or shaped.shape != (len(fold), len(classes)):
        raise InputError(
            f"Noise needs tested rows and probabilities of shape {len(fold)} x "
            f"{len(classes)}; there were {len(tested)} and {shaped.shape}.",
            way_out="Give one row per label interval and one column per class.",
            source="probabilities",
        )
    labels, shaped = np.asarray(given, dtype=np.int64)[tested], shaped[tested]
    _check_probabilities(labels, shaped, len(classes))
    thresholds, confident, believed = confident_joint(labels, shaped)
    joint = _estimated(confident, labels)
    start, end = (np.asarray(times)[tested] for times in (decision_ns, end_ns))
    rows = max(1, round(float(uniqueness(start, end).sum())))
    share = float(1 - np.trace(joint))
    found = wilson(round(min(max(share, 0.0), 1.0) * rows), rows)
    unsure = float((1 - shaped.max(axis=1)).mean())
    telling = unsure <= (1 - 1 / len(classes)) / 2
    return NoiseAudit(
        classes=tuple(classes),
        thresholds=tuple(None if np.isnan(t) else float(t) for t in thresholds),
        confident=tuple(tuple(int(n) for n in row) for row in confident),
        joint=tuple(tuple(float(q) for q in row) for row in joint),
        mislabelled=Interval(
            share, min(found.low, share), max(found.high, share), found.level
        ),
        unsure_share=unsure,
        telling=telling,
        alarm=telling and found.low > tolerated,
        rows=len(tested),
        left_out=len(fold) - len(tested),
        suspects=_suspects(labels, believed, shaped, tested, classes),
    )


def _suspects(
    given: Codes,
    believed: Codes,
    probabilities: Floats,
    row: NDArray[np.intp],
    classes: Sequence[Class],
) -> pl.DataFrame:
    off = np.flatnonzero((believed >= 0) & (believed != given))
    margin = probabilities[off, given[off]] - probabilities[off, believed[off]]
    order = off[np.argsort(margin, kind="stable")]
    words = np.array([str(each) for each in classes])
    return pl.DataFrame(
        {
            "row": row[order].astype(np.int64),
            "given": words[given[order]],
            "believed": words[believed[order]],
            "margin": np.sort(margin, kind="stable"),
        },
        schema_overrides={"given": pl.String(), "believed": pl.String()},
    )

"""Scores of class probabilities against the classes that came.

Probabilities have the shape (n_rows, n_classes), each row sums to 1 within 1e-6;
classes are whole numbers from 0 to n_classes - 1. A value that is not finite, no row
or a class out of range is refused with an InputError by every function here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.statistics.samples import Floats, at_least, finite_rows

Classes = NDArray[np.intp]
_SUM_TOLERANCE = 1e-6


def checked_forecast(
    probabilities: ArrayLike, classes: ArrayLike
) -> tuple[Floats, Classes]:
    """Return both as arrays of one length, or say what is wrong with them.

    Parameters
    ----------
    probabilities : array_like of shape (n_rows, n_classes)
        Each in 0 to 1, rows sum to 1.
    classes : array_like of shape (n_rows,)
        Whole numbers from 0 to n_classes - 1.

    Raises
    ------
    InputError
        A rule of this module is broken.
    """
    chances = finite_rows(probabilities, name="probabilities", at_least=1, axes=2)
    came = finite_rows(classes, name="classes", at_least=1)
    if len(came) != len(chances):
        raise InputError(
            f"classes must have the {len(chances)} rows of probabilities, had "
            f"{len(came)}.",
            way_out="Give one class per row.",
            source="classes",
        )
    in_range = (chances.min(axis=1) >= 0) & (chances.max(axis=1) <= 1)
    wrong = ~in_range | (np.abs(chances.sum(axis=1) - 1) > _SUM_TOLERANCE)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"probabilities must lie in 0 to 1 and sum to 1, were {chances[row]}.",
            way_out="Normalise the rows.",
            source="probabilities",
            row=row,
        )
    outside = (came != np.floor(came)) | (came < 0) | (came >= chances.shape[1])
    if outside.any():
        row = int(outside.argmax())
        raise InputError(
            f"classes must be whole and below {chances.shape[1]}, was {came[row]:g}.",
            way_out="Number the classes in the order of the columns, from 0.",
            source="classes",
            row=row,
        )
    return chances, came.astype(np.intp)


def log_loss(probabilities: ArrayLike, classes: ArrayLike) -> float:
    """Mean of ``-ln p`` of the class that came, in nats; lower is better.

    A probability below the machine epsilon (2.2e-16) counts as the epsilon: one row
    that was called impossible and came costs 36 nats, not infinity.

    References
    ----------
    Good (1952), JRSS B 14(1).
    """
    chances, came = checked_forecast(probabilities, classes)
    given = chances[np.arange(len(came)), came]
    return float(-np.log(np.maximum(given, np.finfo(np.float64).eps)).mean())


def brier_score(probabilities: ArrayLike, classes: ArrayLike) -> float:
    """Mean over rows of ``sum_k (p_k - o_k)^2``: 0 is perfect, 2 is worst.

    This is Brier's own form over all classes; for two classes it is twice the form
    that looks at one of them.

    References
    ----------
    Brier (1950), Monthly Weather Review 78(1).
    """
    chances, came = checked_forecast(probabilities, classes)
    happened = np.eye(chances.shape[1])[came]
    return float(((chances - happened) ** 2).sum(axis=1).mean())


def accuracy(probabilities: ArrayLike, classes: ArrayLike) -> float:
    """Share of rows whose most probable class came; of equals the first counts."""
    chances, came = checked_forecast(probabilities, classes)
    return float((chances.argmax(axis=1) == came).mean())


def balanced_accuracy(probabilities: ArrayLike, classes: ArrayLike) -> float:
    """Mean over the classes that came of the share of their rows that was right.

    No skill gives 1 / (number of classes that came), whatever the majority.
    """
    chances, came = checked_forecast(probabilities, classes)
    right = chances.argmax(axis=1) == came
    return float(np.mean([right[came == k].mean() for k in np.unique(came)]))


def matthews_correlation(picked: ArrayLike, classes: ArrayLike) -> float:
    """Correlation of what was named with what came, over all classes.

    With c right of n rows, and p_k and t_k rows named and come of class k,
    ``(c n - sum p_k t_k) / sqrt((n^2 - sum p_k^2) (n^2 - sum t_k^2))``: 1 is perfect, 0
    is no skill, and 0 where one class was always named or always came.

    Parameters
    ----------
    picked, classes : array_like of int of shape (n_rows,)
        Class that was named and class that came, from 0.

    Raises
    ------
    InputError
        A class is negative or not whole, or the lengths differ.

    References
    ----------
    Matthews (1975), BBA 405; Gorodkin (2004), Computational Biology and Chemistry 28.
    """
    rows = [finite_rows(each, name="classes", at_least=1) for each in (picked, classes)]
    named, came = (each.astype(np.intp) for each in rows)
    off = [
        (a != b).any() or a.min() < 0 for a, b in zip(rows, (named, came), strict=True)
    ]
    if len(named) != len(came) or any(off):
        raise InputError(
            "Classes must be whole numbers from 0, one named for each that came; had "
            f"{len(named)} and {len(came)}.",
            way_out="Number the classes from 0.",
            source="classes",
        )
    size = int(max(named.max(), came.max())) + 1
    confusion = np.bincount(came * size + named, minlength=size * size)
    return float(correlation_of(confusion.astype(np.float64)[None], size)[0])


def correlation_of(confusion: Floats, size: int) -> Floats:
    """Matthews correlation of confusion matrices.

    Parameters
    ----------
    confusion : ndarray of shape (n, size * size)
        Rows, or shares of rows, by class that came (down) and was named (across).
    size : int
        Number of classes.

    Returns
    -------
    ndarray of shape (n,)
    """
    table = confusion.reshape(len(confusion), size, size)
    right = np.einsum("nkk->n", table)
    came, named = table.sum(axis=2), table.sum(axis=1)
    total = came.sum(axis=1)
    both = right * total - (came * named).sum(axis=1)
    spread = (total**2 - (named**2).sum(axis=1)) * (total**2 - (came**2).sum(axis=1))
    # Shares add up to 1 only to rounding, so what should be 0 may be just beside it.
    flat = spread <= 1e-12 * total**4
    return np.asarray(np.where(flat, 0.0, both / np.sqrt(np.where(flat, 1.0, spread))))


@dataclass(frozen=True, slots=True)
class BrierParts:
    """Parts of the Brier score.

    ``score = reliability - resolution + uncertainty + within_bins`` holds to rounding.

    Parameters
    ----------
    reliability : float
        Distance of the forecasts from what then came; 0 is calibrated.
    resolution : float
        How far the bins differ in what came; higher is better.
    uncertainty : float
        Score of always forecasting the base rates.
    within_bins : float
        What is left because a bin holds unequal forecasts; 0 with one bin per value.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float

    @property
    def score(self) -> float:
        """The Brier score that the parts add up to."""
        return self.reliability - self.resolution + self.uncertainty + self.within_bins


def _class_parts(chance: Floats, happened: Floats, bins: int | None) -> Floats:
    """Return the four parts of one class against the rest."""
    if bins is None:
        _, index = np.unique(chance, return_inverse=True)
    else:
        index = np.minimum((chance * bins).astype(np.intp), bins - 1)
    count = np.bincount(index)
    used = count > 0
    weight = count[used] / len(chance)
    mean_chance = np.bincount(index, chance)[used] / count[used]
    share = np.bincount(index, happened)[used] / count[used]
    place = (np.cumsum(used) - 1)[index]
    rate = happened.mean()
    off = chance - mean_chance[place]
    within = np.mean(off**2) - 2 * np.mean(off * (happened - share[place]))
    return np.array(
        [
            (weight * (mean_chance - share) ** 2).sum(),
            (weight * (share - rate) ** 2).sum(),
            rate * (1 - rate),
            within,
        ]
    )


def brier_decomposition(
    probabilities: ArrayLike, classes: ArrayLike, *, bins: int | None = 10
) -> BrierParts:
    """Split the Brier score into reliability, resolution and uncertainty.

    Each class is taken against the rest and the parts are added over the classes.

    Parameters
    ----------
    probabilities : array_like of shape (n_rows, n_classes)
    classes : array_like of shape (n_rows,)
    bins : int or None
        Number of bins of equal width in 0 to 1. None makes one bin of each distinct
        forecast (Murphy's form, ``within_bins`` = 0): only for forecasts that take few
        values, else every row is its own bin and the resolution is flattered.

    References
    ----------
    Murphy (1973), Journal of Applied Meteorology 12, 595-600; Stephenson, Coelho and
    Jolliffe (2008), Weather and Forecasting 23, 752-757, for the part within bins.
    """
    chances, came = checked_forecast(probabilities, classes)
    if bins is not None:
        at_least(bins, 1, name="bins")
    happened = np.eye(chances.shape[1])[came]
    columns = range(chances.shape[1])
    parts = sum(_class_parts(chances[:, k], happened[:, k], bins) for k in columns)
    return BrierParts(*(float(part) for part in np.asarray(parts)))

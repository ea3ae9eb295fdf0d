"""Whether a confidence of 70 % comes true in 70 % of cases.

Confidence is the probability of the most probable class; a row is right when that
class came. The rules of `tradeloop.statistics.forecast` hold for the arguments.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.statistics.forecast import checked_forecast
from tradeloop.statistics.samples import Floats, at_least

Binning = Literal["width", "count"]


@dataclass(frozen=True, slots=True, eq=False)
class ReliabilityCurve:
    """Confidence against how often it was right, bin by bin; empty bins are left out.

    Parameters
    ----------
    low, high : ndarray of shape (n_bins,)
        Bounds of each bin: above ``low``, up to and with ``high``.
    mean_confidence : ndarray of shape (n_bins,)
        Mean confidence of the rows in the bin.
    share_right : ndarray of shape (n_bins,)
        Share of these rows that were right.
    count : ndarray of shape (n_bins,)
        Number of these rows, above 0.
    """

    low: Floats
    high: Floats
    mean_confidence: Floats
    share_right: Floats
    count: NDArray[np.int64]

    @property
    def calibration_error(self) -> float:
        """Mean over rows of the distance between confidence and share right."""
        distance = np.abs(self.share_right - self.mean_confidence)
        return float((self.count * distance).sum() / self.count.sum())


def _edges(confidence: Floats, bins: int, binning: Binning) -> Floats:
    if binning == "width":
        return np.linspace(0.0, 1.0, bins + 1)
    if binning == "count":
        # Quantiles keep equal confidences in one bin, so row order has no effect.
        inner = np.quantile(confidence, np.arange(1, bins) / bins)
        return np.unique(np.concatenate([[0.0], inner, [1.0]]))
    raise InputError(
        f"binning must be 'width' or 'count', was {binning!r}.",
        way_out="Take 'width' for the usual figure, 'count' for the adaptive one.",
        source="binning",
    )


def binned(
    values: Floats, *, bins: int = 10, binning: Binning = "width"
) -> tuple[NDArray[np.intp], Floats]:
    """Bin of each value, and the edges of the bins.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        From 0 to 1.
    bins, binning
        As in `reliability_curve`.

    Returns
    -------
    index : ndarray of shape (n_rows,)
        A value on an edge belongs to the bin below.
    edges : ndarray of shape (n_bins + 1,)
    """
    edges = _edges(values, at_least(bins, 1, name="bins"), binning)
    return np.clip(np.searchsorted(edges, values) - 1, 0, len(edges) - 2), edges


def reliability_curve(
    probabilities: ArrayLike,
    classes: ArrayLike,
    *,
    bins: int = 10,
    binning: Binning = "width",
) -> ReliabilityCurve:
    """Mean confidence and share right per bin of confidence.

    Parameters
    ----------
    probabilities : array_like of shape (n_rows, n_classes)
    classes : array_like of shape (n_rows,)
    bins : int
        Number of bins, at least 1; fewer come back where some are empty.
    binning : {"width", "count"}
        Bins of equal width in 0 to 1, or between quantiles of the confidence, which
        hold about equally many rows.

    Returns
    -------
    ReliabilityCurve

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), ICML, arXiv 1706.04599.
    """
    chances, came = checked_forecast(probabilities, classes)
    confidence = chances.max(axis=1)
    right = (chances.argmax(axis=1) == came).astype(np.float64)
    index, edges = binned(confidence, bins=bins, binning=binning)
    size = len(edges) - 1
    count = np.bincount(index, minlength=size)
    used = count > 0
    total_confidence = np.bincount(index, confidence, minlength=size)
    total_right = np.bincount(index, right, minlength=size)
    return ReliabilityCurve(
        low=edges[:-1][used],
        high=edges[1:][used],
        mean_confidence=total_confidence[used] / count[used],
        share_right=total_right[used] / count[used],
        count=count[used].astype(np.int64),
    )


def expected_calibration_error(
    probabilities: ArrayLike, classes: ArrayLike, *, bins: int = 10
) -> float:
    """``sum_b n_b / N |share right - mean confidence|`` over bins of equal width.

    Parameters
    ----------
    probabilities : array_like of shape (n_rows, n_classes)
    classes : array_like of shape (n_rows,)
    bins : int
        Number of bins; the figure depends on it, so quote it.

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), AAAI; Guo et al. (2017), arXiv 1706.04599.
    """
    return reliability_curve(probabilities, classes, bins=bins).calibration_error


def adaptive_calibration_error(
    probabilities: ArrayLike, classes: ArrayLike, *, bins: int = 10
) -> float:
    """Calibration error over bins that hold about equally many rows.

    Parameters
    ----------
    probabilities : array_like of shape (n_rows, n_classes)
    classes : array_like of shape (n_rows,)
    bins : int
        Number of bins; fewer where many confidences are equal.

    References
    ----------
    Nguyen and O'Connor (2015), EMNLP, section 3 (bins of equal count).
    """
    curve = reliability_curve(probabilities, classes, bins=bins, binning="count")
    return curve.calibration_error


def classwise_calibration_error(
    probabilities: ArrayLike, classes: ArrayLike, *, bins: int = 10
) -> float:
    """Mean over the classes of the calibration error of each class's own probability.

    ``1/K sum_k sum_b n_kb / N |share of class k - mean p_k|`` over bins of equal width
    of p_k. It sees what the error of the most probable class leaves out.

    Parameters
    ----------
    probabilities : array_like of shape (n_rows, n_classes)
    classes : array_like of shape (n_rows,)
    bins : int
        Number of bins per class.

    References
    ----------
    Kull, Perello-Nieto, Kaengsepp, Silva Filho, Song and Flach (2019), NeurIPS, arXiv
    1910.12656 (classwise-ECE).
    """
    chances, came = checked_forecast(probabilities, classes)
    total = 0.0
    for k in range(chances.shape[1]):
        index, _ = binned(chances[:, k], bins=bins)
        total += np.abs(np.bincount(index, (came == k) - chances[:, k])).sum()
    return float(total / chances.size)

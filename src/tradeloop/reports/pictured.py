"""What the pictures show: plain arrays, frozen."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class EquityCurves:
    """Equity over time, in multiples of the capital.

    Parameters
    ----------
    time_ns : ndarray of int64, shape (n_times,)
        Ascending.
    strategy, benchmark : ndarray of float64, shape (n_times,)
        1.0 is the capital at the start.
    fold_starts_ns : tuple of int
        Where a new model takes over.
    out_of_sample_ns : int, optional
        From here on no model had seen the data.
    """

    time_ns: Int
    strategy: Float
    benchmark: Float
    fold_starts_ns: tuple[int, ...] = ()
    out_of_sample_ns: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Forecast confidence against how often it was right.

    Parameters
    ----------
    mean_confidence, share_right : ndarray of float64, shape (n_bins,)
        Per bin, 0 to 1; empty bins are left out.
    count : ndarray of int64, shape (n_bins,)
        Forecasts of each bin.
    calibration_error : float
        Expected calibration error.
    classes : int
        Number of classes; a forecast without skill is right in ``1 / classes``.
    """

    mean_confidence: Float
    share_right: Float
    count: Int
    calibration_error: float
    classes: int = 3


@dataclass(frozen=True, slots=True, eq=False)
class LabelCounts:
    """How decisions came out, per strategy.

    Parameters
    ----------
    strategies : tuple of str
        Names.
    counts : ndarray of int64, shape (n_strategies, 5)
        EXCELLENT, GOOD, NEUTRAL, POOR, BAD.
    """

    strategies: tuple[str, ...]
    counts: Int


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """What each feature adds.

    Parameters
    ----------
    features : tuple of str
        Names.
    value : ndarray of float64, shape (n_features,)
        Importance.
    low, high : ndarray of float64, shape (n_features,), optional
        Range over the folds.
    unit : str
        What the value is, for the axis.
    """

    features: tuple[str, ...]
    value: Float
    low: Float | None = None
    high: Float | None = None
    unit: str = "share of total gain"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time of a fold.

    Parameters
    ----------
    fold : str
        Name of the fold.
    kind : str
        ``train``, ``purged``, ``calibration`` or ``test``.
    start_ns, end_ns : int
        From and until.
    rows : int
        Decisions in it.
    """

    fold: str
    kind: Literal["train", "purged", "calibration", "test"]
    start_ns: int
    end_ns: int
    rows: int

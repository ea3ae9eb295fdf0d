"""Whether two sources of one price line up, and by how much one is shifted.

1. Each source is read on a common grid of steps: its last price within a step.
2. Its log returns go from one step to the next, where both hold a price.
3. The returns of one are correlated with those of the other, shifted by whole steps.
4. The error of a correlation comes from a jackknife over blocks of neighbouring steps:
   returns are neither normal nor equally wild, and the textbook error is too small.

No bound is set by hand. The sources do not line up if the best shift is not 0 and beats
0 by more than chance: the interval of the difference, at the level that was asked for
and widened for the number of shifts that were tried (Bonferroni), does not hold 0.
They are unrelated if even the best correlation is no better than none.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.statistics import Interval

Floats = NDArray[np.float64]

_LEAST_PAIRS = 30
_BLOCKS = 40
_MOST = 1.0 - 1e-12  # Fisher's transformation knows no 1


@dataclass(frozen=True, slots=True)
class Alignment:
    """How two sources line up.

    Parameters
    ----------
    shift_ns : int
        By how much the times of the second source lie behind those of the first where
        they fit best, ns; below 0 they run ahead: its clock says too little.
    best, at_zero : Interval
        Correlation at that shift and at none.
    lined_up : bool
        False if another shift than 0 fits better than chance allows.
    related : bool
        False if no shift gives a correlation above 0 beyond chance.
    pairs : int
        Pairs of returns at the best shift.
    shifts_tried : int
        The level of the two verdicts is widened for them.
    correlations : polars.DataFrame of shape (n_shifts, 4)
        ``shift_ns``, ``correlation``, ``error`` (of Fisher's z), ``pairs``.
    """

    shift_ns: int
    best: Interval
    at_zero: Interval
    lined_up: bool
    related: bool
    pairs: int
    shifts_tried: int
    correlations: pl.DataFrame


def align(
    one: pl.DataFrame,
    other: pl.DataFrame,
    *,
    step_ns: int,
    shifts: int,
    level: float = 0.95,
) -> Alignment:
    """Find the shift at which the returns of two sources agree best.

    Parameters
    ----------
    one, other : polars.DataFrame of shape (n_rows, at least 2)
        ``event_ns`` and ``price`` of the same instrument, in order of time; prices
        above 0, others are left out. For bars: ``event_ns`` is the end, and a price at
        the end of a step belongs to that step.
    step_ns : int
        Length of a step, ns.
    shifts : int
        Steps that are tried to each side.
    level : float
        Coverage of the intervals, between 0 and 1.

    Raises
    ------
    InputError
        Fewer than 30 pairs of returns at shift 0.
    """
    left, right = _returns(one, step_ns), _returns(other, step_ns)
    tried = [_lagged(left, right, shift) for shift in range(-shifts, shifts + 1)]
    zero = tried[shifts]
    if zero.pairs < _LEAST_PAIRS:
        raise InputError(
            f"Two sources need {_LEAST_PAIRS} common returns to be compared, there are "
            f"{zero.pairs}.",
            way_out="Give longer or overlapping files, or a longer step.",
        )
    best = max((lag for lag in tried if lag.pairs >= _LEAST_PAIRS), key=lambda x: x.z)
    quantile = NormalDist().inv_cdf(1 - (1 - level) / 2)
    wide = NormalDist().inv_cdf(1 - (1 - level) / 2 / len(tried))
    ahead, error = _difference(best, zero)
    return Alignment(
        shift_ns=best.shift * step_ns,
        best=_interval(best, quantile, level),
        at_zero=_interval(zero, quantile, level),
        lined_up=best is zero or ahead <= wide * error,
        related=best.z > wide * best.error,
        pairs=best.pairs,
        shifts_tried=len(tried),
        correlations=pl.DataFrame(
            {
                "shift_ns": [lag.shift * step_ns for lag in tried],
                "correlation": [float(np.tanh(lag.z)) for lag in tried],
                "error": [lag.error for lag in tried],
                "pairs": [lag.pairs for lag in tried],
            }
        ),
    )


def align_by_month(
    one: pl.DataFrame,
    other: pl.DataFrame,
    *,
    step_ns: int,
    shifts: int,
    level: float = 0.95,
) -> pl.DataFrame:
    """Do as `align`, month by month: a clock may be wrong in summer only.

    Parameters are those of `align`; the level holds for all months together
    (Bonferroni), so that a long file raises no more false alarms than a short one.

    Returns
    -------
    polars.DataFrame of shape (n_months, 6)
        ``month`` (its first day, UTC), ``shift_ns``, ``lined_up``, ``correlation``,
        ``at_zero`` and ``pairs``. Months with fewer than 30 common returns are absent.
    """
    month = pl.from_epoch("event_ns", time_unit="ns").dt.truncate("1mo").dt.date()
    parts = [
        frame.with_columns(month=month).partition_by("month", as_dict=True)
        for frame in (one, other)
    ]
    common = sorted(set(parts[0]) & set(parts[1]), key=lambda key: key[0] or 0)
    strict = 1 - (1 - level) / max(1, len(common))
    rows = []
    for key in common:
        try:
            found = align(
                parts[0][key],
                parts[1][key],
                step_ns=step_ns,
                shifts=shifts,
                level=strict,
            )
        except InputError:
            continue
        rows.append(
            (
                key[0],
                found.shift_ns,
                found.lined_up,
                found.best.value,
                found.at_zero.value,
                found.pairs,
            )
        )
    schema = {
        "month": pl.Date,
        "shift_ns": pl.Int64,
        "lined_up": pl.Boolean,
        "correlation": pl.Float64,
        "at_zero": pl.Float64,
        "pairs": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


@dataclass(frozen=True, eq=False, slots=True)
class _Lag:
    shift: int
    pairs: int
    z: float
    error: float
    blocks: Floats  # z without each of the blocks


def _returns(frame: pl.DataFrame, step_ns: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the steps that have a return, and the returns."""
    steps = (
        frame.filter(pl.col("price") > 0)
        .group_by(step=(pl.col("event_ns") - 1) // step_ns)
        .agg(pl.col("price").last())
        .sort("step")
    )
    at, price = steps["step"].to_numpy(), steps["price"].to_numpy()
    joined = np.diff(at) == 1
    return at[1:][joined], np.diff(np.log(price))[joined]


def _lagged(
    left: tuple[NDArray[np.int64], Floats],
    right: tuple[NDArray[np.int64], Floats],
    shift: int,
) -> _Lag:
    steps, mine, its = np.intersect1d(
        left[0], right[0] - shift, assume_unique=True, return_indices=True
    )
    x, y = left[1][mine], right[1][its]
    if steps.size < _LEAST_PAIRS:
        return _Lag(shift, int(steps.size), 0.0, np.inf, np.zeros(_BLOCKS))
    block = (np.arange(steps.size) * _BLOCKS) // steps.size
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y])
    sums = np.stack([np.bincount(block, term, _BLOCKS) for term in terms])
    total = sums.sum(axis=1, keepdims=True)
    without = _fisher(total - sums)
    z = float(_fisher(total)[0])
    spread = without - without.mean()
    error = float(np.sqrt((_BLOCKS - 1) / _BLOCKS * (spread**2).sum()))
    return _Lag(shift, int(steps.size), z, error, without)


def _fisher(sums: Floats) -> Floats:
    """Fisher's z of correlations from sums of shape (6, n); 0 where nothing moves."""
    n, x, y, xx, yy, xy = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt((xx - x * x / n) * (yy - y * y / n))
        r = np.where(spread > 0, (xy - x * y / n) / spread, 0.0)
    z: Floats = np.arctanh(np.clip(np.nan_to_num(r), -_MOST, _MOST))
    return z


def _difference(best: _Lag, zero: _Lag) -> tuple[float, float]:
    """Return how much better the best shift is, and the error of that.

    Both leave out the same share of the time with each block, so that what moves both
    alike cancels.
    """
    gaps = best.blocks - zero.blocks
    spread = gaps - gaps.mean()
    return best.z - zero.z, float(np.sqrt((_BLOCKS - 1) / _BLOCKS * (spread**2).sum()))


def _interval(lag: _Lag, quantile: float, level: float) -> Interval:
    low, high = lag.z - quantile * lag.error, lag.z + quantile * lag.error
    return Interval(
        float(np.tanh(lag.z)), float(np.tanh(low)), float(np.tanh(high)), level
    )

"""Confidence intervals: of a share, and of any statistic of rows in time order."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from tradeloop.errors import InputError, MissingExtraError
from tradeloop.statistics.samples import Floats, at_least, between, finite_rows


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the interval around it.

    Parameters
    ----------
    value : float
        The estimate from all rows.
    low, high : float
        Ends of the interval.
    level : float
        Share of such intervals that hold the true value, 0 to 1.
    """

    value: float
    low: float
    high: float
    level: float

    def __post_init__(self) -> None:
        between(self.level, 0.0, 1.0, name="level")
        if not self.low <= self.high:
            raise InputError(
                f"Interval.low must not exceed high, was {self.low} to {self.high}.",
                way_out="Give the ends in order; NaN is no end.",
            )


def wilson(successes: int, trials: int, *, level: float = 0.95) -> Interval:
    """Score interval of a share of independent trials.

    ``(p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)`` with ``p`` the share
    of successes, ``n`` the trials and ``z`` the normal quantile. It stays inside 0 to 1
    and has a width above 0 also where all trials went one way.

    Parameters
    ----------
    successes, trials : int
        Counts; ``0 <= successes <= trials`` and ``trials >= 1``.
    level : float
        Coverage, between 0 and 1.

    Raises
    ------
    InputError
        The counts or the level are out of range.

    References
    ----------
    Wilson (1927), JASA 22, 209-212; Newcombe (1998), Statistics in Medicine 17,
    857-872, method 3.
    """
    n = at_least(trials, 1, name="trials")
    right = at_least(successes, 0, name="successes")
    if right > n:
        raise InputError(
            f"successes must not exceed trials, were {right} of {n}.",
            way_out="Check which count is which.",
            source="successes",
        )
    z = NormalDist().inv_cdf((1 + between(level, 0.0, 1.0, name="level")) / 2)
    share = right / n
    centre = share + z * z / (2 * n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the formula gives exactly 0 or 1; rounding must not step over it.
    low = 0.0 if right == 0 else (centre - half) / scale
    high = 1.0 if right == n else (centre + half) / scale
    return Interval(share, low, high, level)


def block_bootstrap(
    statistic: Callable[[Floats], float],
    rows: Floats,
    *,
    block_rows: int,
    repeats: int = 1000,
    level: float = 0.95,
    seed: int,
) -> Interval:
    """Percentile interval from the stationary bootstrap.

    Blocks of random length, ``block_rows`` on average, are drawn with replacement, so
    that the dependence of neighbouring rows is kept. The same seed gives the same
    interval, whatever else the process draws.

    Parameters
    ----------
    statistic : callable
        Takes rows of the shape of ``rows`` and returns one number.
    rows : ndarray of shape (n_rows,) or (n_rows, n_columns)
        In time order; at least 2.
    block_rows : int
        Mean length of a block in rows, at least 1: about as far as rows depend on one
        another, such as the rows that one label spans.
    repeats : int
        Number of resamples, at least 2.
    level : float
        Coverage, between 0 and 1.
    seed : int
        Seed of the generator.

    Returns
    -------
    Interval
        ``value`` is the statistic of the rows themselves. It may lie outside the
        percentiles where the statistic is biased.

    Raises
    ------
    InputError
        A row is not finite, there are too few, ``block_rows`` exceeds the rows, or the
        statistic is not finite on the rows or on a resample.
    MissingExtraError
        The ``arch`` package is not installed.

    References
    ----------
    Politis and Romano (1994), JASA 89, 1303-1313; `arch.bootstrap`.
    """
    try:
        from arch.bootstrap import StationaryBootstrap  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtraError("arch", "models") from missing
    axes = max(1, np.ndim(rows))
    values = finite_rows(rows, name="rows", at_least=2, axes=axes)
    block = at_least(block_rows, 1, name="block_rows")
    at_least(repeats, 2, name="repeats")
    between(level, 0.0, 1.0, name="level")
    if block > len(values):
        raise InputError(
            f"block_rows must not exceed the {len(values)} rows, was {block}.",
            way_out="Take shorter blocks or more rows.",
            source="block_rows",
        )
    value = float(statistic(values))
    draws = StationaryBootstrap(block, values, seed=np.random.default_rng(seed))
    found = draws.apply(lambda sample: np.array([float(statistic(sample))]), repeats)
    if not (np.isfinite(value) and np.isfinite(found).all()):
        raise InputError(
            "The statistic must be finite on the rows and on every resample; it was "
            f"{value} on the rows and not finite on {int((~np.isfinite(found)).sum())} "
            f"of {repeats} resamples.",
            way_out="Give more rows, or a statistic that is defined on all of them.",
            source="statistic",
        )
    tail = (1 - level) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return Interval(value, float(low), float(high), level)

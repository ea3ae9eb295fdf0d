"""The Sharpe ratio, and how sure one may be that it is above a bar.

Every ratio inside the formulas is per period, that is, not annualised, and every
kurtosis is raw: 3 for a normal distribution. Feeding the excess kurtosis (0 for a
normal) overstates the confidence; two well-known packages do.
"""

from dataclasses import dataclass
from math import e, erfc, sqrt
from statistics import NormalDist

import numpy as np

from tradeloop.errors import InputError
from tradeloop.statistics.intervals import Interval, block_bootstrap
from tradeloop.statistics.samples import Floats, at_least, between, finite_rows

_EULER = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class DeflatedSharpe:
    """Probability that a Sharpe ratio is above what luck over all trials would give.

    Parameters
    ----------
    probability : float
        0 to 1.
    threshold_per_period : float
        Sharpe ratio, not annualised, that the best of the trials is expected to show
        when none of them has an edge.
    """

    probability: float
    threshold_per_period: float


def _ratio(returns: Floats) -> float:
    """Mean over sample deviation; NaN where the returns do not vary."""
    spread = float(returns.std(ddof=1))
    # Equal returns leave a deviation of rounding errors, not of exactly 0.
    if spread <= 1e-14 * float(np.abs(returns).max()):
        return float("nan")
    return float(returns.mean()) / spread


def _checked(returns: Floats, *, least: int) -> tuple[Floats, float]:
    values = finite_rows(returns, name="returns", at_least=least)
    ratio = _ratio(values)
    if np.isnan(ratio):
        raise InputError(
            f"returns must vary, all were about {values[0]}.",
            way_out="A Sharpe ratio needs periods that differ; are there trades?",
            source="returns",
        )
    return values, ratio


def _moments(returns: Floats) -> tuple[float, float]:
    """Skewness and raw kurtosis: population moments, no small-sample correction."""
    centred = returns - returns.mean()
    variance = float(np.mean(centred**2))
    skewness = float(np.mean(centred**3)) / variance**1.5
    return skewness, float(np.mean(centred**4)) / variance**2


def sharpe_ratio(returns: Floats, *, periods_per_year: float) -> float:
    """Annualised Sharpe ratio: ``mean / deviation * sqrt(periods_per_year)``.

    Parameters
    ----------
    returns : ndarray of shape (n_periods,)
        Simple returns per period, already in excess of what they are measured against;
        at least 2. NaN is refused.
    periods_per_year : float
        Above 0: 252 for trading days, 365 for a market that never closes. Ratios under
        different conventions cannot be compared.

    Raises
    ------
    InputError
        A return is not finite, there are too few, or they do not vary.

    References
    ----------
    Sharpe (1994), JPM 21(1). Sample deviation (n - 1).
    """
    between(periods_per_year, 0.0, float("inf"), name="periods_per_year")
    return _checked(returns, least=2)[1] * sqrt(periods_per_year)


def probabilistic_sharpe_of(
    sharpe_per_period: float,
    *,
    periods: int,
    skewness: float,
    kurtosis: float,
    benchmark_sharpe_per_period: float,
) -> float:
    """Probability that the true Sharpe ratio exceeds a bar, from moments.

    ``Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1)/4 SR^2))``

    Parameters
    ----------
    sharpe_per_period : float
        SR, not annualised.
    periods : int
        n, at least 2.
    skewness, kurtosis : float
        g3 and raw g4 (normal = 3) of the returns; ``g4 >= 1 + g3^2`` always holds.
    benchmark_sharpe_per_period : float
        SR*, not annualised.

    Raises
    ------
    InputError
        Moments that no distribution has, too few periods, or a value that is not
        finite.

    References
    ----------
    Bailey and Lopez de Prado (2012), Journal of Risk 15(2).
    """
    n = at_least(periods, 2, name="periods")
    numbers = [sharpe_per_period, skewness, kurtosis, benchmark_sharpe_per_period]
    finite_rows(numbers, name="moments", at_least=4)
    # Sample moments reach the bound exactly for two-valued returns: allow rounding.
    if kurtosis < (1 + skewness**2) * (1 - 1e-9):
        raise InputError(
            f"kurtosis must be at least 1 + skewness^2, was {kurtosis} with a skewness "
            f"of {skewness}.",
            way_out="Give the raw kurtosis (normal = 3), not the excess one.",
            source="kurtosis",
        )
    shape = 1 - skewness * sharpe_per_period + (kurtosis - 1) / 4 * sharpe_per_period**2
    if shape <= 0:
        raise InputError(
            f"The variance factor of the Sharpe ratio must be above 0, was {shape}.",
            way_out="Returns of only two values have no such probability.",
        )
    gap = sharpe_per_period - benchmark_sharpe_per_period
    return 0.5 * erfc(-gap * sqrt((n - 1) / shape) / sqrt(2))


def probabilistic_sharpe(returns: Floats, benchmark_sharpe_per_period: float) -> float:
    """Probability that the true Sharpe ratio of ``returns`` exceeds a bar.

    `probabilistic_sharpe_of` with the moments of the returns.

    Parameters
    ----------
    returns : ndarray of shape (n_periods,)
        Excess returns per period, at least 3. NaN is refused.
    benchmark_sharpe_per_period : float
        The bar, not annualised; 0 asks whether there is any edge.

    Raises
    ------
    InputError
        A return is not finite, there are too few, or they do not vary.
    """
    values, ratio = _checked(returns, least=3)
    skewness, kurtosis = _moments(values)
    return probabilistic_sharpe_of(
        ratio,
        periods=len(values),
        skewness=skewness,
        kurtosis=kurtosis,
        benchmark_sharpe_per_period=benchmark_sharpe_per_period,
    )


def expected_maximum_sharpe(trials: int, sharpe_variance: float) -> float:
    """Sharpe ratio that the best of ``trials`` without an edge is expected to show.

    ``sqrt(V) ((1 - gamma) z(1 - 1/N) + gamma z(1 - 1/(N e)))``, and 0 for one trial.

    Parameters
    ----------
    trials : int
        N, at least 1: all that were tried, independent of one another.
    sharpe_variance : float
        V: variance of the Sharpe ratios over the trials, per period, at least 0.

    Raises
    ------
    InputError
        Fewer than one trial, or a variance that is negative or not finite.

    References
    ----------
    Bailey and Lopez de Prado (2014), JPM 40(5), 94-107.
    """
    n = at_least(trials, 1, name="trials")
    if not 0 <= sharpe_variance < float("inf"):
        raise InputError(
            f"sharpe_variance must be finite and not negative, was {sharpe_variance}.",
            way_out="Give the variance of the per-period Sharpe ratios of the trials.",
            source="sharpe_variance",
        )
    if n == 1:
        return 0.0
    z = NormalDist().inv_cdf
    best = (1 - _EULER) * z(1 - 1 / n) + _EULER * z(1 - 1 / (n * e))
    return sqrt(sharpe_variance) * best


def deflated_sharpe_of(
    sharpe_per_period: float,
    *,
    periods: int,
    skewness: float,
    kurtosis: float,
    trials: int,
    sharpe_variance: float,
) -> DeflatedSharpe:
    """Probabilistic Sharpe ratio against the best that luck would give, from moments.

    Parameters
    ----------
    sharpe_per_period, periods, skewness, kurtosis
        As in `probabilistic_sharpe_of`.
    trials, sharpe_variance
        As in `expected_maximum_sharpe`.

    Raises
    ------
    InputError
        As in these two.

    References
    ----------
    Bailey and Lopez de Prado (2014), JPM 40(5), 94-107.
    """
    bar = expected_maximum_sharpe(trials, sharpe_variance)
    probability = probabilistic_sharpe_of(
        sharpe_per_period,
        periods=periods,
        skewness=skewness,
        kurtosis=kurtosis,
        benchmark_sharpe_per_period=bar,
    )
    return DeflatedSharpe(probability, bar)


def deflated_sharpe(
    returns: Floats, *, trials: int, sharpe_variance: float
) -> DeflatedSharpe:
    """Deflated Sharpe ratio of ``returns``, the best of ``trials``.

    Parameters
    ----------
    returns : ndarray of shape (n_periods,)
        Excess returns per period of the chosen trial, at least 3. NaN is refused.
    trials, sharpe_variance
        As in `expected_maximum_sharpe`.

    Raises
    ------
    InputError
        As in `probabilistic_sharpe` and `expected_maximum_sharpe`.
    """
    bar = expected_maximum_sharpe(trials, sharpe_variance)
    return DeflatedSharpe(probabilistic_sharpe(returns, bar), bar)


def sharpe_interval(
    returns: Floats,
    *,
    periods_per_year: float,
    block_rows: int,
    seed: int,
    repeats: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Annualised Sharpe ratio with a block-bootstrap interval.

    Parameters
    ----------
    returns, periods_per_year
        As in `sharpe_ratio`.
    block_rows, seed, repeats, level
        As in `block_bootstrap`.

    Raises
    ------
    InputError
        As in these two.
    """
    sharpe_ratio(returns, periods_per_year=periods_per_year)
    scale = sqrt(periods_per_year)
    return block_bootstrap(
        lambda sample: _ratio(sample) * scale,
        np.asarray(returns, dtype=np.float64),
        block_rows=block_rows,
        repeats=repeats,
        level=level,
        seed=seed,
    )

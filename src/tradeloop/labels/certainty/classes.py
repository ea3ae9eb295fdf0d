"""From an estimate and its error to probabilities of the five classes."""

from typing import NamedTuple

import numpy as np

from tradeloop.errors import MissingExtraError
from tradeloop.labels.base import Floats, Times
from tradeloop.labels.certainty.standing import Standing
from tradeloop.labels.rules import OutcomeRule


class Error(NamedTuple):
    """Outperformance as estimated, with its standard error; fields of shape (n,).

    Parameters
    ----------
    best_bps : ndarray
        Estimate of the outperformance between efficient prices.
    variance : ndarray
        Of its error, bps squared.
    degrees : ndarray
        Effective degrees of freedom.
    """

    best_bps: Floats
    variance: Floats
    degrees: Floats


def covariance(one: Standing, two: Standing) -> Floats:
    """Covariance of two errors if both prices were driven by one Brownian motion.

    The error is ``-(1 - w)`` times the move since the earlier quote plus ``w`` times
    the move up to the later one; only where such times overlap do errors go together.

    Parameters
    ----------
    one, two : Standing
        Of n moments each.

    Returns
    -------
    ndarray of shape (n,)
        bps squared; times the correlation for two instruments.
    """
    total = np.zeros(len(one.at_ns))
    for factor, begin, end in _pieces(one):
        for other, first, last in _pieces(two):
            shared = np.minimum(end, last) - np.maximum(begin, first)
            total += factor * other * np.maximum(shared, 0) / 1e9
    found: Floats = total * np.sqrt(one.rate * two.rate)
    return found


def _pieces(one: Standing) -> tuple[tuple[Floats, Times, Times], ...]:
    return (
        (one.weight - 1.0, one.before_ns, one.at_ns),
        (one.weight, one.at_ns, one.after_ns),
    )


def combined(
    factors: list[Floats],
    parts: list[Standing],
    correlation: list[list[Floats]],
    *,
    degrees: float,
) -> tuple[Floats, Floats]:
    """Variance of ``sum factor * error``, and its effective degrees of freedom.

    The law of propagation of uncertainty with its covariances, and the formula of Welch
    and Satterthwaite for variances ``v`` that may be estimated from the same rows:
    ``degrees (sum v)**2 / sum_ij shared_ij v_i v_j``.

    References
    ----------
    JCGM 100:2008 (GUM), 5.2.2 and G.4.1.
    """
    alone = [f**2 * p.variance for f, p in zip(factors, parts, strict=True)]
    total = np.sum(alone, axis=0)
    for i in range(len(parts)):
        for j in range(i):
            shared = covariance(parts[i], parts[j]) * correlation[i][j]
            total = total + 2 * factors[i] * factors[j] * shared
    # Errors that cancel leave what the quotes have each by themselves.
    total = np.maximum(total, 0.1 * np.max(alone, axis=0))
    weighed = np.zeros(len(total))
    for i, one in enumerate(parts):
        for j, two in enumerate(parts):
            weighed += (
                alone[i] * alone[j] * (_shared(one, two) if i // 2 == j // 2 else 0)
            )
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = degrees * np.sum(alone, axis=0) ** 2 / weighed
    return total, effective


def _shared(one: Standing, two: Standing) -> Floats:
    """Share of the window that two rates have in common, 0 to 1."""
    both = np.minimum(one.last_ns, two.last_ns) - np.maximum(one.first_ns, two.first_ns)
    lengths = ((s.last_ns - s.first_ns).astype(np.float64) for s in (one, two))
    length = np.sqrt(np.prod(list(lengths), axis=0))
    found: Floats = np.clip(both / np.maximum(length, 1.0), 0.0, 1.0)
    return found


def half_width(error: Error, level: float) -> Floats:
    """Half the width of the interval, bps.

    Raises
    ------
    MissingExtraError
        The ``scipy`` package is not installed.
    """
    try:
        from scipy.special import stdtrit  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtraError("scipy", "models") from missing
    reach: Floats = stdtrit(error.degrees, (1 + level) / 2) * np.sqrt(error.variance)
    return reach


def class_probabilities(
    error: Error,
    rule: OutcomeRule,
    *,
    unit_bps: Floats | float,
    paid_bps: Floats | float,
) -> Floats:
    """Probability of each class, BAD first.

    Parameters
    ----------
    error : Error
        Of n outperformances.
    rule : OutcomeRule
        Bounds.
    unit_bps : ndarray of shape (n,), or float
        What one unit of the bounds is worth.
    paid_bps : ndarray of shape (n,), or float
        Costs that the graded figure takes off; 0 where it is graded before costs.

    Returns
    -------
    ndarray of shape (n, 5)
        Rows sum to 1; NaN where the estimate is.

    Raises
    ------
    MissingExtraError
        The ``scipy`` package is not installed.
    """
    try:
        from scipy.special import stdtr  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtraError("scipy", "models") from missing
    bounds = (rule.bad_bps, rule.poor_bps, rule.good_bps, rule.excellent_bps)
    scale, centre = np.sqrt(error.variance), error.best_bps - paid_bps
    below = [
        stdtr(error.degrees, (bound * unit_bps - centre) / scale) for bound in bounds
    ]
    edges = np.column_stack([np.zeros(len(scale)), *below, np.ones(len(scale))])
    found: Floats = np.diff(edges, axis=1)
    found[np.isnan(found).any(axis=1)] = np.nan
    return found

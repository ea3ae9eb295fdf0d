"""Whether one forecast is better than another on the same rows."""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.statistics.samples import at_least, finite_rows

_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True)
class DieboldMariano:
    """Test of "the mean difference of the losses is at most 0".

    Parameters
    ----------
    statistic : float
        Mean difference over its standard error; above 0 speaks for the forecast.
    p_value : float
        One-sided, from the normal distribution.
    lags : int
        Lags of the variance.
    """

    statistic: float
    p_value: float
    lags: int


def diebold_mariano(differences: ArrayLike, *, lags: int) -> DieboldMariano:
    """Compare two forecasts by the differences of their losses, row by row.

    ``mean(d) / sqrt(S / n)`` with the long-run variance ``S = g_0 + 2 sum over k up to
    lags of (1 - k / (lags + 1)) g_k``, g_k the autocovariances (Bartlett weights, never
    negative).

    Parameters
    ----------
    differences : array_like of shape (n_rows,)
        Loss of the benchmark less that of the forecast, in time order; at least 3.
    lags : int
        As far as rows depend on one another, such as the rows that a label spans; at
        least 0. At most n_rows - 1 are used.

    Returns
    -------
    DieboldMariano
        Where the differences do not vary the statistic is 0 and the p-value 1 if they
        are 0, else infinite of their sign.

    Raises
    ------
    InputError
        A difference is not finite, there are too few, or lags is negative.

    References
    ----------
    Diebold and Mariano (1995), JBES 13(3), 253-263; Newey and West (1987),
    Econometrica 55(3), 703-708. With few rows or many lags it rejects too often.
    """
    values = finite_rows(differences, name="differences", at_least=3)
    n = len(values)
    used = min(at_least(lags, 0, name="lags"), n - 1)
    mean = float(values.mean())
    if np.ptp(values) <= _ROUNDING * float(np.abs(values).max()):
        statistic = 0.0 if mean == 0 else float(np.copysign(np.inf, mean))
        return DieboldMariano(statistic, 0.0 if mean > 0 else 1.0, used)
    variance = long_run_variance(values, lags=used)
    least = _ROUNDING**2 * float(values.var())
    statistic = mean / sqrt(max(variance, least) / n)
    return DieboldMariano(statistic, 0.5 * erfc(statistic / sqrt(2)), used)


def long_run_variance(values: ArrayLike, *, lags: int) -> float:
    """Newey-West variance of ``sqrt(n) mean`` with Bartlett weights.

    Parameters
    ----------
    values : array_like of shape (n_rows,)
        In time order.
    lags : int
        From 0 to n_rows - 1.

    Raises
    ------
    InputError
        A value is not finite, or the lags are out of range.
    """
    rows = finite_rows(values, name="values", at_least=1)
    n = len(rows)
    if at_least(lags, 0, name="lags") >= n:
        raise InputError(
            f"lags must be below the {n} rows, was {lags}.",
            way_out="Take fewer lags or more rows.",
            source="lags",
        )
    centred = rows - rows.mean()
    size = 2 ** int(np.ceil(np.log2(n + lags + 1)))
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    covariances = np.fft.irfft(power, size)[: lags + 1] / n
    weights = 2 * (1 - np.arange(lags + 1) / (lags + 1))
    weights[0] = 1.0
    return max(float(weights @ covariances), 0.0)

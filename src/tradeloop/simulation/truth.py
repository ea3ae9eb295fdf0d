"""What is known because it was planted: expected returns and the chance of up."""

from math import erfc, exp, sqrt

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import compiled
from tradeloop.simulation.parameters import Alpha
from tradeloop.simulation.slow import Slow

Float = NDArray[np.float64]
Int = NDArray[np.int64]
_SQRT2 = sqrt(2.0)


def drift_rate(alpha: Alpha) -> float:
    """Drift in bps a second for a signal of 1, so that the horizon's figure holds."""
    span = alpha.decay_s * -np.expm1(-alpha.horizon_s / alpha.decay_s)
    return float(alpha.bps / span)


@compiled
def discounted_ahead(open_s: Float, keep: float) -> Float:
    """``sum over j >= 0 of keep**j * open_s[k + j]`` for each ``k``, plus one 0."""
    out = np.zeros(open_s.shape[0] + 1)
    for k in range(open_s.shape[0] - 1, -1, -1):
        out[k] = open_s[k] + keep * out[k + 1]
    return out


def expected_bps(slow: Slow, alpha: Alpha, cells: Int, horizon_s: float) -> Float:
    """Return what to expect of the efficient price given the signal at a cell's start.

    Parameters
    ----------
    slow : Slow
        Slow states.
    alpha : Alpha
        The planted edge.
    cells : ndarray of shape (n,)
        Cells at whose start the forecast is made.
    horizon_s : float
        Whole cells are taken, rounded.

    Returns
    -------
    ndarray of shape (n,)
        bps; NaN where the horizon reaches beyond the simulation. While the market is
        closed nothing accrues.
    """
    steps = round(horizon_s / slow.step_s)
    keep = exp(-slow.step_s / alpha.decay_s)
    sums = discounted_ahead(slow.open * slow.step_s, keep)
    last = slow.signal.size
    until = np.minimum(cells + steps, last)
    span = sums[cells] - keep**steps * sums[until]
    out = drift_rate(alpha) * slow.signal[cells] * span
    return np.where(cells + steps <= last, out, np.nan)


def return_variance(
    slow: Slow, alpha: Alpha, per_cell: Float, cells: Int, horizon_s: float
) -> Float:
    """Variance of that return given signal and volatility's path, in bps squared.

    Parameters
    ----------
    per_cell : ndarray of shape (n_cells,)
        Variance that each cell brings: diffusion and impact of takers.
    """
    steps = round(horizon_s / slow.step_s)
    total = np.concatenate([[0.0], np.cumsum(per_cell)])
    open_s = np.concatenate([[0.0], np.cumsum(slow.open * slow.step_s)])
    until = np.minimum(cells + steps, slow.signal.size)
    h, decay = open_s[until] - open_s[cells], alpha.decay_s
    e = np.exp(-h / decay)
    unexpected = decay**2 * (2 * h / decay - 3 + 4 * e - e * e)
    return total[until] - total[cells] + drift_rate(alpha) ** 2 * unexpected  # type: ignore[no-any-return]


def probability_up(mean: Float, variance: Float) -> Float:
    """Chance that a normal return is above 0; a half where nothing can move."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = mean / np.sqrt(variance)
    z = np.where(variance > 0, z, np.where(np.isnan(mean), np.nan, 0.0))
    return normal_below(z)  # type: ignore[no-any-return]


@compiled
def normal_below(z: Float) -> Float:
    """Distribution function of the standard normal."""
    out = np.empty(z.shape[0])
    for k in range(z.shape[0]):
        out[k] = 0.5 * erfc(-z[k] / _SQRT2)
    return out

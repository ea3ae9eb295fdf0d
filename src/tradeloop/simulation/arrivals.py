"""Hawkes process with three exponential kernels: likelihood and fit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import compiled
from tradeloop.simulation.minimise import nelder_mead

Float = NDArray[np.float64]
KERNELS = 3


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Kernels ``branching * decay * exp(-decay * t)``, fastest first.

    Parameters
    ----------
    branching : tuple of float
        Messages that one message brings about, by kernel; their sum is below 1.
    decay : tuple of float
        Per second.
    """

    branching: tuple[float, ...]
    decay: tuple[float, ...]


@compiled
def log_likelihood(
    times: Float, shape: Float, total: float, branching: Float, decay: Float
) -> float:
    """Log-likelihood of event times under a Hawkes process.

    Parameters
    ----------
    times : ndarray of shape (n,)
        Ascending, seconds from 0; the window ends with the last.
    shape : ndarray of shape (n,)
        Shape of the baseline at each event.
    total : float
        Integral of that shape over the window.
    branching, decay : ndarray of shape (3,)
        Kernels. The baseline's level is set so that the mean rate is the observed one.
    """
    n = times.shape[0]
    alone = 1.0 - branching.sum()
    level = n * alone / total
    excited = np.zeros(KERNELS)
    value, compensator = 0.0, level * total
    before = times[0]
    end = times[n - 1]
    for k in range(n):
        rate = level * shape[k]
        for j in range(KERNELS):
            excited[j] *= np.exp(-decay[j] * (times[k] - before))
            rate += excited[j]
            compensator += branching[j] * (1.0 - np.exp(-decay[j] * (end - times[k])))
        for j in range(KERNELS):
            excited[j] += branching[j] * decay[j]
        before = times[k]
        value += np.log(rate)
    return float(value - compensator)


def fit_arrivals(times: Float, *, window_s: float, most: int = 800) -> Arrivals:
    """Maximum likelihood by Nelder-Mead.

    The baseline follows the counts in windows, so that clustering is what is left
    within them: seasons and slow swings are no excitation.

    Parameters
    ----------
    times : ndarray of shape (n,)
        Ascending, s; at least 100.
    window_s : float
        Length of those windows.
    most : int
        Evaluations of the likelihood at most.
    """
    times = times - times[0]
    windows = (times // window_s).astype(np.int64)
    counts = np.bincount(windows) / window_s
    rate = times.size / times[-1]
    shape, total = counts[windows] / rate, counts.sum() * window_s / rate
    # Three scales that lie apart: within a burst, between bursts, within a window.
    gaps = np.diff(times)
    scales = np.quantile(gaps[gaps > 0], [0.1, 0.5]) if np.any(gaps > 0) else [1e-3, 1]
    slow = window_s / 20
    first = np.log(1.0 / np.array([scales[0], min(scales[1] * 3, slow / 3), slow]))

    def unlikely(x: Float) -> float:
        branching, decay = _kernels(x)
        found = log_likelihood(times, shape, total, branching, decay)
        return -float(found) / times.size if np.isfinite(found) else np.inf

    best = nelder_mead(unlikely, np.concatenate([np.zeros(3), first]), most=most)
    branching, decay = _kernels(best)
    order = np.argsort(-decay)
    return Arrivals(
        tuple(float(v) for v in branching[order]),
        tuple(float(v) for v in decay[order]),
    )


def _kernels(x: Float) -> tuple[Float, Float]:
    weight = np.exp(np.clip(x[:KERNELS], -30, 30))
    decay = np.exp(np.clip(x[KERNELS:], -12, 16))
    return weight / (1.0 + weight.sum()), decay

"""Price impact of unexpected takers: permanent, and transient with its decay."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeloop.simulation.takers import expected_sides
from tradeloop.simulation.ticks import Takers, Ticks

Float = NDArray[np.float64]
AFTER_S = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0])
_EXPONENTS = np.linspace(0.0, 1.0, 21)
_PATIENCE_S = 0.5  # later moves are noisier
_DECAYS_S = np.array([0.25, 0.5, 1.0, 2.0, 5.0])


@dataclass(frozen=True, slots=True)
class Impact:
    """Impact of an unexpected taker of typical size, in bps.

    Parameters
    ----------
    permanent_bps, transient_bps, transient_s, exponent, typical : float
        As in `parameters.Fitted`; ``typical`` in base units.
    """

    permanent_bps: float
    transient_bps: float
    transient_s: float
    exponent: float
    typical: float


def response(ticks: Ticks, takers: Takers, weight: Float, after_s: Float) -> Float:
    """Move of the mid after a taker, regressed on ``weight``, by time after it.

    Parameters
    ----------
    weight : ndarray of shape (n_takers,)
        Signed surprise, scaled by size.
    after_s : ndarray of shape (n_times,)
        Seconds after the taker; the move starts at the last quote before it.

    Returns
    -------
    ndarray of shape (n_times,)
        bps for a weight of 1.
    """
    before = np.searchsorted(ticks.time_ns, takers.time_ns, side="left") - 1
    out = np.empty(after_s.size)
    for k, after in enumerate(after_s):
        until = takers.time_ns + round(after * 1e9)
        inside = (before >= 0) & (until <= ticks.time_ns[-1])
        later = np.searchsorted(ticks.time_ns, until[inside], side="right") - 1
        moved = ticks.mid_bps[later] - ticks.mid_bps[before[inside]]
        known = weight[inside]
        out[k] = (moved @ known) / (known @ known)
    return out


def fit_impact(
    ticks: Ticks,
    takers: Takers,
    *,
    follow: float,
    turn: float,
    at_once: float,
    lag_s: float,
) -> Impact:
    """Least squares on the response, weighted by 1 / (0.5 s + time after).

    The quotes show ``at_once + (1 - at_once) (1 - exp(-t / lag_s))`` of the permanent
    part after ``t`` seconds; the transient part stands on top and is never negative.
    """
    surprise = takers.side - expected_sides(takers.side, follow, turn)
    typical = float(np.median(takers.size))
    scaled = takers.size / typical
    exponent = _exponent(ticks, takers, surprise, scaled)
    shown = response(ticks, takers, surprise * scaled**exponent, AFTER_S)
    weight = np.sqrt(1.0 / (_PATIENCE_S + AFTER_S))
    permanent = at_once - (1.0 - at_once) * np.expm1(-AFTER_S / lag_s)
    best = (np.inf, 0.0, 0.0, 1.0)
    for decay in _DECAYS_S:
        columns = np.stack([permanent, np.exp(-AFTER_S / decay)], axis=1)
        both, *_ = np.linalg.lstsq(
            columns * weight[:, None], shown * weight, rcond=None
        )
        if both[1] < 0:
            alone = (permanent * weight**2) @ shown / ((permanent * weight) ** 2).sum()
            both = np.array([alone, 0.0])
        misfit = float((((columns @ both) - shown) ** 2 * weight**2).sum())
        if misfit < best[0]:
            best = (misfit, float(both[0]), float(both[1]), float(decay))
    return Impact(max(best[1], 0.0), best[2], best[3], exponent, typical)


def _exponent(
    ticks: Ticks, takers: Takers, surprise: Float, scaled: Float, after_s: float = 0.5
) -> float:
    """Exponent of the size under which the surprise explains most of the move."""
    after = np.array([after_s])
    gained = []
    for exponent in _EXPONENTS:
        weight = surprise * scaled**exponent
        slope = response(ticks, takers, weight, after)[0]
        gained.append(slope * abs(slope) * float(weight @ weight))
    return float(_EXPONENTS[int(np.argmax(gained))])

"""Feature rows whose best possible forecast is known: `forecastable`.

Real rows never say how good a forecast could have been. Here the chance of each
direction is a formula of what a model is shown, so the best possible log loss is known,
and with it the share of the way from no skill to there that a model goes. Nothing here
comes from a market; the instruments carry the mark of a simulated one.

One row is one instrument at one time. Its return until shortly before the next row is
normal::

    return = sigma (edge + noise),   sigma = 12 bps exp(volatility)

and the direction is up above +3 bps, down below -3 bps, flat between. Both ``sigma``
and ``edge`` are functions of the features shown, of this row and of the 5 before it:

- trending: the edge follows momentum, bounded;
- quiet: it goes against a stretched price, only where the stretch is large;
- stressed: nothing of price helps, and the volatility is higher;
- always: order-flow imbalance leads, more so in a thin book (a threshold and an
  interaction), and the mean flow of the last 6 rows carries on (a sequence effect: the
  row itself shows only the last of them).

Volatility moves the chance of flat, as it does under any fixed neutral band. Four
columns are noise. A regime lasts about 150 rows and is shown as two columns.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.simulation.mark import marked
from tradeloop.simulation.truth import normal_below

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NAMES = (
    "momentum",
    "stretch",
    "imbalance",
    "thinness",
    "flow",
    "volatility",
    "is_trending",
    "is_stressed",
    "noise_0",
    "noise_1",
    "noise_2",
    "noise_3",
)
"""Columns of the features, in order."""
STEPS = 6
"""Rows that the truth looks at: the row itself and the 5 before it."""

_KEEP = np.array([0.95, 0.9, 0.4, 0.97, 0.3, 0.98, 0.9, 0.5, 0.0, 0.99])
"""Persistence of the first six columns and of the noise, from row to row."""
_DRAWN = NAMES[:6] + NAMES[8:]
_STAY = 150
_QUIET, _TRENDING, _STRESSED = range(3)
_STEP_NS = 300 * 10**9
_BEGIN_NS = 1_704_067_200 * 10**9  # Monday 2024-01-01 00:00 UTC
_SIGMA_BPS = 12.0
_BAND_BPS = 3.0
_WARM = 200


@dataclass(frozen=True, slots=True, eq=False)
class Forecastable:
    """Rows in time order with their truth; simulated.

    Parameters
    ----------
    features : ndarray of shape (n_rows, 12)
        In the order of `NAMES`; finite.
    direction : ndarray of int64 of shape (n_rows,)
        What came: -1, 0 or +1.
    probabilities : ndarray of shape (n_rows, 3)
        The truth: chance of down, flat and up given the features of this row and the 5
        before it. No forecast has a better expected log loss.
    returns_bps : ndarray of shape (n_rows,)
        What came, in bps.
    symbol : ndarray of int64 of shape (n_rows,)
        Number of the instrument; ``symbols`` names it.
    symbols : tuple of str
        Names with the mark of a simulated market.
    regime : ndarray of int64 of shape (n_rows,)
        0 quiet, 1 trending, 2 stressed.
    decision_ns, end_ns : ndarray of int64 of shape (n_rows,)
        When each row was decided and its label known, ns UTC. No label meets the next
        decision.
    """

    features: Floats
    direction: Ints
    probabilities: Floats
    returns_bps: Floats
    symbol: Ints
    symbols: tuple[str, ...]
    regime: Ints
    decision_ns: Ints
    end_ns: Ints


def forecastable(
    *, times: int = 5_000, instruments: int = 8, seed: int = 7, strength: float = 1.0
) -> Forecastable:
    """Make rows; the same arguments make the same rows to the bit.

    Parameters
    ----------
    times : int
        Rows per instrument, at least 1. With 5,000 of 8 instruments shallow trees close
        about 70 % of the way to the best forecast, with more rows more.
    instruments : int
        Instruments, at least 1; they share the times and nothing else.
    seed : int
        Seed, at least 0.
    strength : float
        Factor of the edge, at least 0: 1 lets the best forecast name 57 % of the
        directions of rows that moved, 0 leaves no direction to forecast.

    Returns
    -------
    Forecastable
        ``times * instruments`` rows, time by time.

    Raises
    ------
    InputError
        An argument is outside its range.
    """
    if times < 1 or instruments < 1 or seed < 0 or not 0 <= strength < np.inf:
        raise InputError(
            "forecastable needs times and instruments of at least 1, a seed and a "
            f"finite strength of at least 0, were {times}, {instruments}, {seed} and "
            f"{strength}.",
            way_out="Correct the figure.",
        )
    rng = np.random.default_rng(seed)
    regime = _regimes(rng, times + _WARM, instruments)
    drawn = dict(zip(_DRAWN, _persistent(rng, times + _WARM, instruments), strict=True))
    drawn["volatility"] = 0.25 * drawn["volatility"] + 0.35 * (regime == _STRESSED)
    drawn["is_trending"] = (regime == _TRENDING).astype(np.float64)
    drawn["is_stressed"] = (regime == _STRESSED).astype(np.float64)
    edge = strength * _edge(drawn, regime)
    sigma = _SIGMA_BPS * np.exp(drawn["volatility"])
    returns = sigma * (edge + rng.standard_normal(edge.shape))
    rows = slice(_WARM, None)
    at = _BEGIN_NS + _STEP_NS * np.arange(times, dtype=np.int64)
    decided = np.repeat(at, instruments)
    return Forecastable(
        features=np.column_stack([drawn[name][rows].ravel() for name in NAMES]),
        direction=_direction(returns[rows].ravel()),
        probabilities=_truth(edge[rows].ravel(), sigma[rows].ravel()),
        returns_bps=returns[rows].ravel(),
        symbol=np.tile(np.arange(instruments, dtype=np.int64), times),
        symbols=tuple(marked(f"KNOWN{k}") for k in range(instruments)),
        regime=regime[rows].ravel(),
        decision_ns=decided,
        end_ns=decided + _STEP_NS - 1,
    )


def _regimes(rng: np.random.Generator, times: int, instruments: int) -> Ints:
    """Regime at each time, of shape (times, instruments)."""
    moves = rng.random((times, instruments)) < 1 / _STAY
    moves[0] = True
    others = rng.integers(1, 3, (times, instruments))
    # A move goes to one of the two other regimes: a sum of steps, modulo 3.
    return np.asarray(np.cumsum(np.where(moves, others, 0), axis=0) % 3, np.int64)


def _persistent(rng: np.random.Generator, times: int, instruments: int) -> Floats:
    """Autoregressions of variance 1, of shape (n_drawn, times, instruments)."""
    keep = _KEEP[:, None]
    shocks = rng.standard_normal((times, len(keep), instruments))
    found = np.empty_like(shocks)
    at = shocks[0]
    found[0] = at
    for k in range(1, times):
        at = keep * at + np.sqrt(1 - keep**2) * shocks[k]
        found[k] = at
    return found.transpose(1, 0, 2)


def _edge(drawn: dict[str, Floats], regime: Ints) -> Floats:
    """Expect a return, in units of sigma, of shape (times, instruments)."""
    stretch, thin = drawn["stretch"], drawn["thinness"] > 0
    trend = 0.32 * np.tanh(1.5 * drawn["momentum"]) * (regime == _TRENDING)
    far = np.sign(stretch) * np.maximum(np.abs(stretch) - 0.5, 0)
    revert = -0.32 * np.tanh(far) * (regime == _QUIET)
    lead = np.where(thin, 0.16, 0.04) * np.tanh(drawn["imbalance"])
    total = np.cumsum(drawn["flow"], axis=0)
    total[STEPS:] -= total[:-STEPS].copy()
    carry = 0.10 * np.tanh(total / STEPS)
    return np.asarray(trend + revert + lead + carry)


def _direction(returns_bps: Floats) -> Ints:
    return np.asarray(
        (returns_bps > _BAND_BPS).astype(np.int64) - (returns_bps < -_BAND_BPS)
    )


def _truth(edge: Floats, sigma_bps: Floats) -> Floats:
    """Chance of down, flat and up of a normal return around a band."""
    down = normal_below(-_BAND_BPS / sigma_bps - edge)
    up = normal_below(edge - _BAND_BPS / sigma_bps)
    return np.column_stack([down, 1 - down - up, up])

"""Slow states on a grid: season, regime, volatility, signal, and what they imply."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.fold import compiled
from tradeloop.simulation.parameters import Alpha, Fitted, Instrument

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Flag = NDArray[np.bool_]

HOURS_OF_WEEK = 168
_THURSDAY = 72  # 1970-01-01 00:00 UTC was a Thursday: hour 72 of its week


@dataclass(frozen=True, slots=True, eq=False)
class Slow:
    """Slow states of one instrument, each of shape (n_cells,).

    Parameters
    ----------
    begin_ns : int
        Start of the first cell, ns UTC.
    step_s : float
        Length of a cell, s.
    open : ndarray of bool
        Whether the market is open.
    regime : ndarray of int64
        0 calm, 1 stressed.
    log_vol : ndarray of float64
        Deviation of log-volatility from its season.
    signal : ndarray of float64
        The observable signal at the start of the cell, variance 1.
    variance : ndarray of float64
        Of the efficient price's diffusion, bps squared a second.
    rate, width : ndarray of float64
        Factor of the message rate; what is added to the log of the spread.
    """

    begin_ns: int
    step_s: float
    open: Flag
    regime: Int
    log_vol: Float
    signal: Float
    variance: Float
    rate: Float
    width: Float


def hour_of_week(time_ns: Int) -> Int:
    """Hour of the week, 0 is Monday 00:00 UTC."""
    return (time_ns // NS_PER_HOUR + _THURSDAY) % HOURS_OF_WEEK


@compiled
def auto_regress(noise: Float, keep: float, first: float) -> Float:
    """AR(1) of variance 1 driven by standard noise; ``first`` is its first value."""
    out = np.empty(noise.shape[0])
    value, fresh = first, np.sqrt(1.0 - keep * keep)
    for k in range(noise.shape[0]):
        out[k] = value
        value = keep * value + fresh * noise[k]
    return out


def ornstein_uhlenbeck(
    rng: np.random.Generator, cells: int, step_s: float, decay_s: float
) -> Float:
    """OU process of variance 1 at the starts of the cells, stationary throughout."""
    keep = float(np.exp(-step_s / decay_s))
    first = float(rng.standard_normal())
    return auto_regress(rng.standard_normal(cells), keep, first)  # type: ignore[no-any-return]


def regimes(rng: np.random.Generator, cells: int, step_s: float, stay_s: float) -> Int:
    """Two states with equal, exponential stays: 0 calm, 1 stressed."""
    turns = rng.random(cells) < -np.expm1(-step_s / stay_s)
    first = int(rng.integers(0, 2))
    return (first + np.cumsum(turns)) % 2


def slow_states(
    rngs: Any,
    fitted: Fitted,
    instrument: Instrument,
    alpha: Alpha,
    *,
    begin_ns: int,
    days: float,
    step_s: float,
) -> Slow:
    """Draw the slow states of one instrument.

    Parameters
    ----------
    rngs : tuple of three numpy.random.Generator
        For regimes, volatility and signal: a change of one leaves the others alone.
    """
    cells = int(np.ceil(days * NS_PER_DAY / 1e9 / step_s))
    starts = begin_ns + np.rint(np.arange(cells) * step_s * 1e9).astype(np.int64)
    week = hour_of_week(starts)
    hour, day = week % 24, week // 24
    is_open = ~np.isin(week, np.asarray(fitted.closed, np.int64))
    regime = regimes(rngs[0], cells, step_s, fitted.regime_s)
    # E exp(2 x) of both parts is taken off, so that sigma stays the mean of squares.
    level = fitted.vol_sd**2 + 0.5 * np.log(np.cosh(2 * fitted.regime_sd))
    log_vol = (
        fitted.vol_sd * ornstein_uhlenbeck(rngs[1], cells, step_s, fitted.vol_s)
        + fitted.regime_sd * (2 * regime - 1)
        - level
    )
    season = np.asarray(fitted.hour_vol)[hour] * np.asarray(fitted.day_vol)[day]
    vol = fitted.sigma * instrument.vol * season * np.exp(log_vol)
    # The same is taken off the rate, so that its mean stays 1 times its season.
    c = fitted.rate_vol
    stretch = 0.5 * (c * fitted.vol_sd) ** 2 + np.log(np.cosh(c * fitted.regime_sd))
    rate = np.exp(c * (log_vol + level) - stretch)
    rate *= np.asarray(fitted.hour_rate)[hour] * np.asarray(fitted.day_rate)[day]
    return Slow(
        begin_ns=begin_ns,
        step_s=step_s,
        open=is_open,
        regime=regime,
        log_vol=log_vol,
        signal=ornstein_uhlenbeck(rngs[2], cells, step_s, alpha.decay_s),
        variance=vol * vol * is_open,
        rate=rate * is_open,
        width=np.asarray(fitted.hour_width)[hour]
        + fitted.width_vol * (log_vol + level),
    )

"""Fits of the price: signature plot, volatility's memory, seasons, spread."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.simulation.minimise import nelder_mead
from tradeloop.simulation.slow import HOURS_OF_WEEK, hour_of_week
from tradeloop.simulation.ticks import Ticks

Float = NDArray[np.float64]
Int = NDArray[np.int64]
_FEW = 10  # quotes in an hour of the week that is closed, at most


def signature(ticks: Ticks, steps_s: Float) -> tuple[Float, Float]:
    """Realised variance a second by sampling step, and the chance of a new price.

    Parameters
    ----------
    ticks : Ticks
        Quotes.
    steps_s : ndarray of shape (n_steps,)
        Sampling steps, s.

    Returns
    -------
    tuple of two ndarrays of shape (n_steps,)
        bps squared a second; share of steps in which a price was quoted anew.
    """
    variance, fresh = np.empty(steps_s.size), np.empty(steps_s.size)
    renewed = np.cumsum(ticks.changed)
    for k, step in enumerate(steps_s):
        edges, moved = ticks.returns(step)
        variance[k] = np.mean(moved**2) / step
        last = np.searchsorted(ticks.time_ns, edges, side="right") - 1
        before = edges - round(step * 1e9)
        first = np.searchsorted(ticks.time_ns, before, side="right") - 1
        fresh[k] = np.mean(renewed[last] > renewed[first])
    return variance, fresh


def signature_model(
    steps_s: Float, fresh: Float, parameters: tuple[float, float, float, float]
) -> Float:
    """Realised variance a second that the model has.

    ``sigma**2 (1 - (1 - f**2) (1 - exp(-d/lag)) lag / d) + 2 noise**2 p / d`` with
    ``f`` the share shown at once, ``d`` the step and ``p`` the chance of a new quote.

    Parameters
    ----------
    parameters : tuple
        sigma, at_once, lag_s, noise_bps.
    """
    sigma, at_once, lag, noise = parameters
    late = lag / steps_s * -np.expm1(-steps_s / lag)
    efficient = sigma**2 * (1.0 - (1.0 - at_once**2) * late)
    return efficient + 2.0 * noise**2 * fresh / steps_s


def fit_signature(
    steps_s: Float, variance: Float, fresh: Float
) -> tuple[float, float, float, float]:
    """Least squares on the logarithm: sigma, at_once, lag_s, noise_bps."""

    def read(x: Float) -> tuple[float, float, float, float]:
        at_once = 1.0 / (1.0 + np.exp(-x[1]))
        return (
            float(np.exp(x[0])),
            float(at_once),
            float(np.exp(x[2])),
            float(np.exp(x[3])),
        )

    def misfit(x: Float) -> float:
        x = np.clip(x, -12, 12)
        model = signature_model(steps_s, fresh, read(x))
        return float(np.mean(np.log(model / variance) ** 2))

    level = float(np.median(variance[-3:]))
    starts = [
        np.array([0.5 * np.log(level), 0.5, np.log(steps_s[at]), -3.0])
        for at in (2, steps_s.size // 2)
    ]
    found = [nelder_mead(misfit, start) for start in starts]
    return read(np.clip(min(found, key=misfit), -12, 12))


@dataclass(frozen=True, slots=True)
class Season:
    """Factors by hour and weekday; see `parameters.Fitted`."""

    hour_rate: tuple[float, ...]
    hour_vol: tuple[float, ...]
    hour_width: tuple[float, ...]
    day_rate: tuple[float, ...]
    day_vol: tuple[float, ...]
    closed: tuple[int, ...]

    def of(self, time_ns: Int, name: str) -> Float:
        """Factor of ``rate`` or ``vol``, or the addend of ``width``, at times."""
        week = hour_of_week(time_ns)
        hour = np.asarray(getattr(self, f"hour_{name}"))[week % 24]
        if name == "width":
            return hour
        return hour * np.asarray(getattr(self, f"day_{name}"))[week // 24]  # type: ignore[no-any-return]


FLAT = Season((1.0,) * 24, (1.0,) * 24, (0.0,) * 24, (1.0,) * 7, (1.0,) * 7, ())


def season_of(
    count_ns: Int, count: Float, ends_ns: Int, moved: Float, log_spread: Float | None
) -> Season:
    """Multiplicative season of hour and weekday.

    Parameters
    ----------
    count_ns, count : ndarray of shape (n,)
        Times and what is counted there: 1 a quote, or the volume of a bar.
    ends_ns, moved : ndarray of shape (m,)
        Times and returns whose sizes tell the volatility; no single jump rules them.
    log_spread : ndarray of shape (n,), optional
        Log of the spread above its floor at the counted times.
    """
    week = hour_of_week(count_ns)
    counts = np.bincount(week, count, minlength=HOURS_OF_WEEK)
    is_open = np.bincount(week, minlength=HOURS_OF_WEEK) > (
        0 if log_spread is None else _FEW
    )
    at = hour_of_week(ends_ns)
    sizes = np.bincount(at, np.abs(moved), minlength=HOURS_OF_WEEK)
    seen = np.bincount(at, minlength=HOURS_OF_WEEK)
    hours = np.arange(HOURS_OF_WEEK)
    # Weeks that the data hold twice count twice: rates are per hour that was there.
    weeks = _hours_seen(count_ns)
    rate = _factors(counts, weeks * is_open, hours)
    vol = _factors(sizes, seen * is_open, hours)
    product = (vol[0][hours % 24] * vol[1][hours // 24])[is_open]
    level = np.sqrt(np.mean(product**2))
    width = np.zeros(24)
    if log_spread is not None:
        here = np.bincount(week % 24, log_spread, minlength=24)
        n = np.maximum(np.bincount(week % 24, minlength=24), 1)
        width = here / n - log_spread.mean()
    return Season(
        hour_rate=tuple(rate[0].tolist()),
        hour_vol=tuple((vol[0] / level).tolist()),
        hour_width=tuple(width.tolist()),
        day_rate=tuple(rate[1].tolist()),
        day_vol=tuple(vol[1].tolist()),
        closed=tuple(int(h) for h in hours[~is_open]),
    )


def _hours_seen(time_ns: Int) -> Float:
    hour = 3_600 * 10**9
    spanned = np.arange(time_ns[0] // hour, time_ns[-1] // hour + 1) * hour
    return np.bincount(hour_of_week(spanned), minlength=HOURS_OF_WEEK).astype(float)


def _factors(total: Any, exposure: Any, hours: Int) -> tuple[Float, Float]:
    """Alternate between hours and days until ``total = exposure * hour * day``."""
    hour, day = np.ones(24), np.ones(7)
    of_hour, of_day = hours % 24, hours // 24
    level = total[exposure > 0].sum() / exposure.sum()
    inside = exposure > 0
    for _ in range(50):
        for factor, index, other in (
            (hour, of_hour, day[of_day]),
            (day, of_day, hour[of_hour]),
        ):
            size = factor.size
            have = np.bincount(index[inside], total[inside], minlength=size)
            want = np.bincount(
                index[inside], (level * exposure * other)[inside], minlength=size
            )
            factor[:] = np.where(want > 0, have / np.maximum(want, 1e-300), 1.0)
    open_hours = inside.astype(float)
    mean = (hour[of_hour] * day[of_day] * open_hours).sum() / open_hours.sum()
    return hour / mean, day


def memory(moved: Float, lags: Int) -> Float:
    """``log(E |r_t| |r_t+k| / E(|r|)**2)`` by lag: how long volatility stays."""
    size = np.abs(moved)
    square = size.mean() ** 2
    return np.array([np.log(np.mean(size[k:] * size[:-k]) / square) for k in lags])


def memory_model(lags_s: Float, p: tuple[float, float, float, float]) -> Float:
    """Memory that an OU part (sd, decay) and two regimes (sd, stay) have."""
    vol_sd, vol_s, regime_sd, regime_s = p
    fast = vol_sd**2 * np.exp(-lags_s / vol_s)
    slow = np.tanh(regime_sd) ** 2 * np.exp(-2.0 * lags_s / regime_s)
    return fast + np.log1p(slow)  # type: ignore[no-any-return]


def fit_memory(
    moved: Float, step_s: float, *, longest_s: float = 43_200.0
) -> tuple[float, float, float, float]:
    """Least squares: vol_sd, vol_s, regime_sd, regime_s.

    Parameters
    ----------
    moved : ndarray of shape (n,)
        Returns over equal steps, without their season.
    step_s : float
        That step.
    longest_s : float
        Longest lag, cut to a quarter of the data.
    """
    most = max(4, min(round(longest_s / step_s), moved.size // 4))
    lags = np.unique(np.geomspace(1, most, 30).astype(np.int64))
    found, lags_s = memory(moved, lags), (lags * step_s).astype(np.float64)

    def read(x: Float) -> tuple[float, float, float, float]:
        fast = float(np.exp(x[1]))
        slow = fast * (3.0 + float(np.exp(x[3])))
        return abs(float(x[0])), fast, min(abs(float(x[2])), 1.5), 2.0 * slow

    def misfit(x: Float) -> float:
        model = memory_model(lags_s, read(np.clip(x, -12, 12)))
        return float(np.mean((model - found) ** 2))

    start = np.array([0.6, np.log(5 * step_s), 0.5, 2.0])
    best = read(np.clip(nelder_mead(misfit, start), -12, 12))
    # A stay longer than a few times the data cannot be told from a constant.
    return best[0], best[1], best[2], min(best[3], moved.size * step_s)

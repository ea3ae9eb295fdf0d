"""Fits of what quotes alone tell: arrivals, signature plot, spread, renewal."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.simulation.arrivals import fit_arrivals
from tradeloop.simulation.prices import Season, fit_signature, signature
from tradeloop.simulation.ticks import BREAK_S, Ticks

Float = NDArray[np.float64]
Int = NDArray[np.int64]
_MOST_EVENTS = 80_000


def of_quotes(ticks: Ticks, season: Season) -> dict[str, Any]:
    """Fit arrivals, the signature plot and the spread."""
    seconds = (ticks.time_ns - ticks.time_ns[0]) / 1e9
    gaps = np.diff(seconds)
    open_s = float(gaps[gaps < BREAK_S].sum())
    long = open_s > NS_PER_DAY / 1e9
    rate = seconds.size / open_s / float(season.of(_regular(ticks), "rate").mean())
    whole = seconds[:_MOST_EVENTS] if not long else seconds[-_MOST_EVENTS:]
    arrivals = fit_arrivals(whole, window_s=900.0 if long else 60.0, most=400)
    longest = 300.0 if long else min(10.0, open_s / 20)
    steps = np.geomspace(0.25 if long else 0.01, longest, 16)
    variance, fresh = signature(ticks, steps)
    sigma, at_once, lag_s, noise = fit_signature(steps, variance, fresh)
    sigma /= float(np.sqrt(np.mean(season.of(_regular(ticks), "vol") ** 2)))
    rounding = ticks.tick_bps**2 / 12
    return {
        "rate": rate,
        "branching": arrivals.branching,
        "decay": arrivals.decay,
        "sigma": sigma,
        "at_once": at_once,
        "lag_s": lag_s,
        "noise_bps": float(np.sqrt(max(noise**2 - rounding, 0.0))),
        **_spread(ticks, season),
        **_renewal(ticks),
    }


def _renewal(ticks: Ticks) -> dict[str, float]:
    """Share of quotes with a new price, after a spread of one tick and a wider one."""
    changed, wide = ticks.changed[1:], ticks.spread[:-1] > 1
    whole = float(changed.mean())

    def share(of: NDArray[np.bool_]) -> float:
        few = of.sum() < 100  # noqa: PLR2004  # too few to tell
        found = whole if few else float(changed[of].mean())
        return float(np.clip(found, 0.01, 0.999))

    return {"renew": share(~wide), "renew_wide": share(wide)}


def _regular(ticks: Ticks) -> Int:
    """List times a minute apart at which the market was open."""
    return ticks.returns(60.0)[0]


def _spread(ticks: Ticks, season: Season) -> dict[str, Any]:
    """Fit log-normal ticks above the floor, an AR(1) from one price to the next."""
    share = float((ticks.spread[ticks.changed] > 1).mean())
    logs = np.log(above_floor(ticks)) - season.of(ticks.time_ns, "width")
    wide = ticks.spread > 1
    among = logs[ticks.changed & wide]
    centred = among - among.mean()
    keep = float(np.mean(centred[1:] * centred[:-1]) / np.mean(centred**2))
    return {
        "wide_share": 1.0 if share > 0.98 else share,  # noqa: PLR2004  # always wide
        "width_floor": _floor(ticks),
        "log_width": float(logs[wide].mean()),
        "sd_width": float(logs[wide].std()),
        "wide_keep": float(np.clip(keep, 0.0, 0.999)),
    }


def _floor(ticks: Ticks) -> float:
    """Ticks that a wide spread has at least: below all but a hundredth of them."""
    wide = ticks.spread[ticks.spread > 1]
    return max(0.0, float(np.quantile(wide, 0.01)) - 1.0) if wide.size else 0.0


def above_floor(ticks: Ticks) -> Float:
    """Take the floor off the spread, in ticks; half a tick is left at least."""
    return np.maximum(ticks.spread - _floor(ticks), 0.5)


def loadings_of(ticks: Ticks, season: Season) -> dict[str, float]:
    """Elasticity of rate and spread to volatility over half hours."""
    window = 1_800 * 10**9
    ends, moved = ticks.returns(60.0)
    group = ends // window
    keys, index = np.unique(group, return_inverse=True)
    clean = (moved / season.of(ends, "vol")) ** 2
    vol = 0.5 * np.log(np.bincount(index, clean) / np.bincount(index) + 1e-9)
    of_quote = np.searchsorted(keys, ticks.time_ns // window).clip(0, keys.size - 1)
    inside = keys[of_quote] == ticks.time_ns // window
    counts = np.bincount(of_quote[inside], minlength=keys.size)
    width = np.log(above_floor(ticks)) - season.of(ticks.time_ns, "width")
    total = np.bincount(of_quote[inside], width[inside], minlength=keys.size)
    full = counts >= 30  # noqa: PLR2004  # enough for a mean
    expected = season.of(keys * window + window // 2, "rate")
    busy = np.log(counts[full] / np.maximum(expected[full], 1e-9))
    rate = np.polyfit(vol[full], busy, 1)[0]
    wide = np.polyfit(vol[full], total[full] / counts[full], 1)[0]
    return {
        "rate_vol": float(np.clip(rate, 0, 2)),
        "width_vol": float(np.clip(wide, 0, 1)),
    }

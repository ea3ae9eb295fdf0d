"""Fit a simulated market to recorded quotes, takers, book and bars."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.simulation.fit_quotes import above_floor, loadings_of, of_quotes
from tradeloop.simulation.impact import fit_impact
from tradeloop.simulation.parameters import Fitted
from tradeloop.simulation.prices import (
    FLAT,
    Season,
    fit_memory,
    season_of,
)
from tradeloop.simulation.takers import persistence
from tradeloop.simulation.ticks import (
    Takers,
    Ticks,
    takers_of,
    ticks_of,
    unit_of,
)

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_MIN_QUOTES, _BLOCKS = 1_000, 4
_FAINT = 0.2  # of the permanent impact, where the data show no transient one
_LONG_NS = 3 * NS_PER_DAY  # shorter quotes show no season
# What no recording here tells: a feed of quotes has no takers, one clock no latency.
ASSUMED: Mapping[str, Any] = {
    "lot": 10_000.0,
    "adjust": 1.0,
    "rate_vol": 0.5,
    "vol_sd": 0.5,
    "vol_s": 1_800.0,
    "regime_sd": 0.3,
    "regime_s": 21_600.0,
    "width_vol": 0.1,
    "log_lots": 4.5,
    "sd_lots": 0.9,
    "size_keep": 0.9,
    "gap": 3.0,
    "levels": 10,
    "taken": 0.1,
    "log_taken": 3.0,
    "sd_taken": 1.2,
    "follow": 0.8,
    "turn": 0.05,
    "permanent_bps": 0.02,
    "transient_bps": 0.02,
    "transient_s": 2.0,
    "exponent": 0.3,
    "typical": 20.0,
    "latency_s": 0.005,
    "latency_log": -6.0,
    "latency_sd": 0.6,
}


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What was recorded of one instrument; frames have the columns of their record.

    Parameters
    ----------
    quotes : polars.DataFrame
        QUOTE, at least 1,000 rows that are neither crossed nor locked.
    trades : polars.DataFrame, optional
        TRADE.
    levels : ndarray of shape (n_levels,), optional
        Prices of one side of a book, best first.
    bars : polars.DataFrame, optional
        BAR over many weeks, for the season where the quotes are short.
    minutes : polars.DataFrame, optional
        BAR of a minute, for the memory of volatility where the quotes are short.
    latency_ns : ndarray of shape (n,), optional
        Receipt less event; an offset of the clocks does not matter.
    sizes : ndarray of shape (n,), optional
        Sizes at the top, base units, where the quotes have none.
    """

    quotes: pl.DataFrame
    trades: pl.DataFrame | None = None
    levels: Float | None = None
    bars: pl.DataFrame | None = None
    minutes: pl.DataFrame | None = None
    latency_ns: Int | None = None
    sizes: Float | None = None


def fit(recording: Recording, *, about: Mapping[str, Any] | None = None) -> Fitted:
    """Fit all that the recording tells; the rest is assumed, and named so.

    Parameters
    ----------
    recording : Recording
        Of one instrument.
    about : mapping, optional
        Data file, rows, period and command, kept beside the figures.

    Returns
    -------
    Fitted
        ``errors`` are standard errors from four blocks of the data in time order:
        the standard deviation of the blocks' estimates over 2.

    Raises
    ------
    InputError
        There are too few sound quotes.
    """
    prices = np.concatenate(
        [recording.quotes["bid"].head(5_000), recording.quotes["ask"].head(5_000)]
    )
    tick = unit_of(prices)
    ticks = ticks_of(recording.quotes, tick)
    if ticks.time_ns.size < _MIN_QUOTES:
        raise InputError(
            f"A fit needs {_MIN_QUOTES} sound quotes, here are {ticks.time_ns.size}.",
            way_out="Give a longer recording.",
            source="quotes",
        )
    season = _season(recording, ticks)
    found = of_quotes(ticks, season) | _slow(recording, ticks, season)
    found |= _sizes(recording) | _latency(recording)
    if recording.levels is not None:
        found["gap"] = float(np.mean(np.abs(np.diff(recording.levels[:20]))) / tick)
    errors = _errors(ticks, lambda part: of_quotes(part, season))
    if recording.trades is not None:
        takers = takers_of(recording.trades)
        lot = unit_of(takers.size[:5_000])
        found |= {"lot": lot} | _of_takers(ticks, takers, found, lot)
        errors |= _errors(
            ticks, lambda part: _of_takers(part, _within(takers, part), found, lot)
        )
    for name in ("log_lots", "log_taken"):
        if name in found:
            found[name] -= float(np.log(found.get("lot", ASSUMED["lot"])))
    if found.get("transient_bps") == 0.0:  # none to be seen: a little is planted
        del found["transient_bps"], found["transient_s"]
    assumed = tuple(sorted(set(ASSUMED) - set(found)))
    start = float(np.exp(ticks.mid_bps[0] * 1e-4))
    values = {**ASSUMED, **found, "tick": tick, "start": start}
    if "permanent_bps" in found and "transient_bps" not in found:
        values["transient_bps"] = _FAINT * found["permanent_bps"]
    values |= {name: getattr(season, name) for name in Season.__slots__}
    return Fitted(**values, about=about or {}, errors=errors, assumed=assumed)


def _season(recording: Recording, ticks: Ticks) -> Season:
    if ticks.time_ns[-1] - ticks.time_ns[0] >= _LONG_NS:
        ends, moved = ticks.returns(60.0)
        ones = np.ones(ticks.time_ns.size)
        return season_of(ticks.time_ns, ones, ends, moved, np.log(above_floor(ticks)))
    if recording.bars is None:
        return FLAT
    # A bar's figures count for each of its hours.
    bars = recording.bars.drop_nulls("volume")
    hours = (bars["event_ns"] - bars["open_ns"]).to_numpy() // (3_600 * 10**9)
    n = int(np.median(hours))
    at = bars["open_ns"].to_numpy()
    spread = (at[:, None] + 3_600 * 10**9 * np.arange(n)).ravel()
    moved = np.log(bars["close"].to_numpy() / bars["open"].to_numpy()) * 1e4
    # A share of each year's mean: volume and volatility of 2016 are not those of 2024.
    year = at // (365 * NS_PER_DAY)
    volume = bars["volume"].to_numpy() / _mean_by(year, bars["volume"].to_numpy())
    moved = moved / np.sqrt(_mean_by(year, moved**2))
    return season_of(spread, np.repeat(volume, n), spread, np.repeat(moved, n), None)


def _mean_by(group: Int, values: Float) -> Float:
    _, index = np.unique(group, return_inverse=True)
    return (np.bincount(index, values) / np.bincount(index))[index]


def _slow(recording: Recording, ticks: Ticks, season: Season) -> dict[str, float]:
    """Fit the memory of volatility, and what rate and spread make of it."""
    if ticks.time_ns[-1] - ticks.time_ns[0] >= _LONG_NS:
        ends, moved = ticks.returns(60.0)
        found = fit_memory(moved / season.of(ends, "vol"), 60.0)
        loadings = loadings_of(ticks, season)
    elif recording.minutes is not None:
        bars = recording.minutes
        moved = np.log(bars["close"].to_numpy() / bars["open"].to_numpy()) * 1e4
        moved = moved / np.sqrt(
            _mean_by(bars["open_ns"].to_numpy() // NS_PER_DAY, moved**2)
        )
        found, loadings = fit_memory(moved, 60.0), {}
    else:
        return {}
    names = ("vol_sd", "vol_s", "regime_sd", "regime_s")
    return {**dict(zip(names, found, strict=True)), **loadings}


def _sizes(recording: Recording) -> dict[str, float]:
    sizes = recording.sizes
    if sizes is None:
        known = recording.quotes["bid_size"].drop_nulls()
        if known.len() < _MIN_QUOTES:
            return {}
        sizes = known.to_numpy()
    logs = np.log(sizes[sizes > 0])
    changed = np.diff(logs) != 0
    centred = logs - logs.mean()
    keep = np.mean((centred[1:] * centred[:-1])[changed]) / np.mean(centred**2)
    return {
        "log_lots": float(logs.mean()),
        "sd_lots": float(logs.std()),
        "size_keep": float(np.clip(keep, 0.0, 0.99)),
    }


def _latency(recording: Recording) -> dict[str, float]:
    """Fit the part above the least one; the least itself hides in the clocks."""
    if recording.latency_ns is None:
        return {}
    above = (recording.latency_ns - recording.latency_ns.min()) / 1e9
    logs = np.log(above[above > 0])
    return {"latency_log": float(np.median(logs)), "latency_sd": float(logs.std())}


def _of_takers(
    ticks: Ticks, takers: Takers, found: Mapping[str, Any], lot: float
) -> dict[str, float]:
    follow, turn = persistence(takers.side)
    impact = fit_impact(
        ticks,
        takers,
        follow=follow,
        turn=turn,
        at_once=found["at_once"],
        lag_s=found["lag_s"],
    )
    logs = np.log(takers.size)
    return {
        "taken": min(0.9, takers.side.size / ticks.time_ns.size),
        "log_taken": float(logs.mean()),
        "sd_taken": float(logs.std()),
        "follow": follow,
        "turn": turn,
        "permanent_bps": impact.permanent_bps,
        "transient_bps": impact.transient_bps,
        "transient_s": impact.transient_s,
        "exponent": impact.exponent,
        "typical": impact.typical / lot,
    }


def _within(takers: Takers, ticks: Ticks) -> Takers:
    first, last = np.searchsorted(
        takers.time_ns, [ticks.time_ns[0], ticks.time_ns[-1] + 1]
    )
    cut = slice(int(first), int(last))
    return replace(
        takers,
        time_ns=takers.time_ns[cut],
        side=takers.side[cut],
        size=takers.size[cut],
    )


def _errors(
    ticks: Ticks, estimate: Callable[[Ticks], dict[str, Any]]
) -> dict[str, float]:
    """Find standard errors from blocks of equal numbers of quotes."""
    edges = np.linspace(0, ticks.time_ns.size, _BLOCKS + 1).astype(int)
    parts = [estimate(ticks.part(int(a), int(b))) for a, b in pairwise(edges)]
    names = [k for k, v in parts[0].items() if isinstance(v, float)]
    spread = {k: np.std([part[k] for part in parts], ddof=1) for k in names}
    return {k: float(v / np.sqrt(_BLOCKS)) for k, v in spread.items()}

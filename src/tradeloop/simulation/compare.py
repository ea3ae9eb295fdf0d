"""Hold a recording and a simulation against each other, fact by fact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.simulation.generate import simulate
from tradeloop.simulation.impact import response
from tradeloop.simulation.parameters import Fitted, shaped
from tradeloop.simulation.prices import memory, signature
from tradeloop.simulation.ticks import BREAK_S, Takers, Ticks, takers_of, ticks_of

Float = NDArray[np.float64]
SEEDS = tuple(range(1, 9))
_DAY_S = 86_400.0
_ADJUSTS = (1.0, 0.8, 0.6, 0.5, 0.4, 0.35, 0.3, 0.25, 0.2)


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the recording, and of the simulations.

    Parameters
    ----------
    name : str
        What it is, with its unit.
    real : float
        In the recording.
    middle, low, high : float
        Median, least and greatest over the simulations' seeds.
    """

    name: str
    real: float
    middle: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the recording lies within what the seeds gave."""
        return self.low <= self.real <= self.high


def facts(ticks: Ticks, takers: Takers | None) -> dict[str, float]:
    """Figures of one recording, by name with unit.

    Parameters
    ----------
    ticks : Ticks
        Its quotes.
    takers : Takers, optional
        Its takers.
    """
    gaps = np.diff(ticks.time_ns) / 1e9
    gaps = gaps[gaps < BREAK_S]
    step = 60.0 if gaps.sum() > _DAY_S else 1.0
    out = {"quotes a second": gaps.size / gaps.sum()}
    for share in (0.1, 0.5, 0.9, 0.99):
        out[f"time between quotes, {share:.0%} quantile, s"] = np.quantile(gaps, share)
    for share in (0.05, 0.5, 0.95, 0.99):
        out[f"spread, {share:.0%} quantile, ticks"] = np.quantile(ticks.spread, share)
    out["quotes with a new price, share"] = ticks.changed[1:].mean()
    out |= _returns(ticks, step) | _signature(ticks, step)
    if takers is not None:
        out |= _takers(ticks, takers)
    return {name: float(value) for name, value in out.items()}


def _returns(ticks: Ticks, step: float) -> dict[str, float]:
    _, moved = ticks.returns(step)
    lags = np.array([1, 5, 30, 120])
    known = memory(moved, lags[lags < moved.size // 4])
    every = f"{step:g} s returns"
    size = np.abs(moved)
    centred = size - size.mean()
    alike = [
        np.mean(centred[k:] * centred[:-k]) / np.mean(centred**2) for k in (1, 5, 30)
    ]
    out = {f"{every}, standard deviation, bps": moved.std()}
    out[f"{every}, kurtosis"] = np.mean((moved / moved.std()) ** 4)
    for lag, value in zip((1, 5, 30), alike, strict=True):
        out[f"autocorrelation of absolute {every}, lag {lag}"] = value
    for lag, value in zip(lags, known, strict=False):
        out[f"memory of volatility, lag {lag * step:g} s"] = value
    return out


def _signature(ticks: Ticks, step: float) -> dict[str, float]:
    steps = (
        np.array([0.5, 1, 5, 30, 300]) if step > 1 else np.array([0.01, 0.1, 1, 5, 10])
    )
    variance, _ = signature(ticks, steps)
    rows = zip(steps, variance / variance[-2], strict=True)
    return {
        f"signature at {s:g} s, share of that at {steps[-2]:g} s": v for s, v in rows
    }


def _takers(ticks: Ticks, takers: Takers) -> dict[str, float]:
    side = takers.side - takers.side.mean()
    out = {"takers a quote": takers.side.size / ticks.time_ns.size}
    for lag in (1, 5, 20):
        alike = np.mean(side[lag:] * side[:-lag]) / np.mean(side**2)
        out[f"autocorrelation of takers' sides, lag {lag}"] = alike
    for share in (0.1, 0.5, 0.9, 0.99):
        out[f"taker's size, {share:.0%} quantile"] = np.quantile(takers.size, share)
    after = np.array([0.01, 0.1, 1.0, 5.0])
    for s, moved in zip(
        after, response(ticks, takers, takers.side, after), strict=True
    ):
        out[f"move in the taker's direction after {s:g} s, bps"] = moved
    return out


def compare(
    preset: str,
    fitted: Fitted,
    ticks: Ticks,
    takers: Takers | None,
    *,
    seeds: Sequence[int] = SEEDS,
) -> tuple[Fact, ...]:
    """Simulate as long as the recording is, once a seed; set facts side by side.

    Parameters
    ----------
    preset : str
        Kind of market.
    fitted : Fitted
        Its parameters.
    ticks, takers : Ticks, Takers, optional
        The recording.
    seeds : sequence of int
        Seeds; the range over them shows what chance does.
    """
    real = facts(ticks, takers)
    days = float(ticks.time_ns[-1] - ticks.time_ns[0]) / 1e9 / _DAY_S
    made: list[Mapping[str, float]] = []
    for seed in seeds:
        market = simulate(shaped(preset, fitted), days=days, seed=seed)
        trades = market.frames["trades"] if takers is not None else None
        made.append(facts(*arrays(market.frames["quotes"], trades, fitted.tick)))
    out = []
    for name, value in real.items():
        drawn = np.array([m[name] for m in made if name in m])
        if drawn.size:
            middle, low, high = np.median(drawn), drawn.min(), drawn.max()
            out.append(Fact(name, value, float(middle), float(low), float(high)))
    return tuple(out)


def calibrated(
    preset: str, fitted: Fitted, ticks: Ticks, *, seeds: Sequence[int] = SEEDS[:2]
) -> Fitted:
    """Choose ``adjust`` by simulation: the signature plot comes nearest.

    How far quotes go at each new price has no estimator of its own, as the new prices
    come in bursts. Nine values are tried with each seed.

    Parameters
    ----------
    preset : str
        Kind of market.
    fitted : Fitted
        Parameters so far.
    ticks : Ticks
        The recording.
    seeds : sequence of int
        Seeds of the simulations.
    """
    days = float(ticks.time_ns[-1] - ticks.time_ns[0]) / 1e9 / _DAY_S
    steps = np.array([0.01, 0.1, 1, 5]) if days < 1 else np.array([0.5, 1, 5, 30])
    goal = signature(ticks, steps)[0]

    def misfit(adjust: float) -> float:
        tried = shaped(preset, replace(fitted, adjust=adjust))
        away = 0.0
        for seed in seeds:
            market = simulate(tried, days=min(2 * days, 2.0), seed=seed)
            made, _ = arrays(market.frames["quotes"], None, fitted.tick)
            found = signature(made, steps)[0]
            ratio = (found / found[-1]) / (goal / goal[-1])
            away += float(np.mean(np.log(ratio) ** 2))
        return away

    best = min(_ADJUSTS, key=misfit)
    rest = tuple(name for name in fitted.assumed if name != "adjust")
    return replace(fitted, adjust=best, assumed=rest)


def arrays(
    quotes: pl.DataFrame, trades: pl.DataFrame | None, tick: float
) -> tuple[Ticks, Takers | None]:
    """Arrays of the first instrument by name, or of the only one."""
    name = quotes["instrument"].min()
    mine = pl.col("instrument") == name
    takers = None if trades is None else takers_of(trades.filter(mine))
    return ticks_of(quotes.filter(mine), tick), takers


def table(found: Sequence[Fact]) -> str:
    """Write the facts as a Markdown table."""
    lines = [
        "| fact | real | simulated | over the seeds | inside |",
        "|---|---:|---:|---|---|",
    ]
    for f in found:
        inside = "yes" if f.inside else "no"
        lines.append(
            f"| {f.name} | {f.real:.4g} | {f.middle:.4g} | {f.low:.4g} to {f.high:.4g} "
            f"| {inside} |"
        )
    return "\n".join(lines) + "\n"

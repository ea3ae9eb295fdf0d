"""The picture of a fit: a recording and a simulation, four ways to look at them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from tradeloop.reports import Palette, Picture
from tradeloop.reports.drawing import dress, put
from tradeloop.simulation import Ticks
from tradeloop.simulation.prices import memory, signature
from tradeloop.simulation.slow import hour_of_week

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DAY_NS = 86_400 * 10**9


def fit_picture(preset: str, name: str, real: Ticks, made: Ticks) -> Picture:
    """Make the picture: signature plot, memory of volatility, arrivals, seasons.

    Parameters
    ----------
    preset, name : str
        Kind of market, and the instrument that was recorded.
    real, made : Ticks
        Quotes recorded, and quotes simulated for as long.
    """
    return Picture(
        name=f"fit-{preset}",
        title=f"{name} as recorded and as simulated",
        description=(
            "Four panels, recorded against simulated: realised variance by sampling "
            "step, memory of volatility by lag, share of waiting times between quotes "
            "that are longer than a length, and quotes by hour of the day."
        ),
        draw=lambda palette: _draw(palette, real, made),
    )


def _draw(p: Palette, real: Ticks, made: Ticks) -> "Figure":
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra
    from matplotlib.ticker import LogLocator  # noqa: PLC0415  # an extra

    figure = Figure(figsize=(8.6, 5.6), layout="constrained")
    axes = figure.subplots(2, 2)
    long = real.time_ns[-1] - real.time_ns[0] > _DAY_NS
    for ticks, colour in ((real, p.accent), (made, p.second)):
        _signature(axes[0, 0], ticks, colour, long=long)
        _memory(axes[0, 1], ticks, colour, 60.0 if long else 1.0)
        _waits(axes[1, 0], ticks, colour)
        _hours(axes[1, 1], ticks, colour, long=long)
    titles = (
        (axes[0, 0], "realised variance, bps² a second", "sampling step, s"),
        (axes[0, 1], "memory of volatility", "lag, s"),
        (axes[1, 0], "quotes that wait longer, share", "time to the next quote, s"),
        (axes[1, 1], "quotes, share of the day" if long else "quotes a second",
         "hour, UTC" if long else "second of the recording"),
    )  # fmt: skip
    for axis, title, below in titles:
        dress(axis, p, grid="both")
        axis.set_title(title, loc="left", color=p.ink)
        axis.set_xlabel(below)
    for axis in axes.flat:
        for line in (axis.xaxis, axis.yaxis):
            # Matplotlib's usual powers of ten need its mathematics, which is off.
            line.set_minor_formatter("")
            if line.get_scale() == "log":
                line.set_major_formatter("{x:g}")
    axes[0, 0].set_ylim(bottom=0)
    axes[1, 0].xaxis.set_major_locator(LogLocator(numticks=5))
    put(axes[0, 0], "recorded", (0, 0), (8, 20), p.accent, strong=True)
    put(axes[0, 0], "simulated", (0, 0), (8, 8), p.second, strong=True)
    return figure


def _signature(axis: Any, ticks: Ticks, colour: str, *, long: bool) -> None:
    steps = np.geomspace(0.25, 900, 20) if long else np.geomspace(0.01, 20, 20)
    axis.plot(steps, signature(ticks, steps)[0], color=colour)
    axis.set_xscale("log")


def _memory(axis: Any, ticks: Ticks, colour: str, step: float) -> None:
    _, moved = ticks.returns(step)
    most = min(720, moved.size // 4)
    lags = np.unique(np.geomspace(1, most, 30).astype(np.int64))
    axis.plot(lags * step, memory(moved, lags), color=colour)
    axis.set_xscale("log")


def _waits(axis: Any, ticks: Ticks, colour: str) -> None:
    gaps = np.diff(ticks.time_ns) / 1e9
    edges = np.geomspace(1e-6 if np.median(gaps) < 0.01 else 1e-3, 100, 60)  # noqa: PLR2004
    longer = 1 - np.searchsorted(np.sort(gaps), edges) / gaps.size
    axis.plot(edges, np.maximum(longer, 1e-6), color=colour)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_ylim(bottom=1e-5)


def _hours(axis: Any, ticks: Ticks, colour: str, *, long: bool) -> None:
    if long:
        counts = np.bincount(hour_of_week(ticks.time_ns) % 24, minlength=24)
        axis.step(np.arange(24), counts / counts.sum(), color=colour, where="mid")
        return
    window = 10 * 10**9
    counts = np.bincount((ticks.time_ns - ticks.time_ns[0]) // window)
    axis.step(10 * np.arange(counts.size), counts / 10, color=colour, where="post")

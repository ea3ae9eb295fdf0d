"""Equity and drawdown of the strategy and of the benchmark."""

from typing import TYPE_CHECKING

import numpy as np

from tradeloop.reports.drawing import Picture, dress, put
from tradeloop.reports.pictured import EquityCurves, Float
from tradeloop.reports.text import written
from tradeloop.reports.times import as_day, as_days, date_axis, thin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tradeloop.reports.palette import Palette

_LINES = ("Strategy", "Buy and hold")


def _fall(equity: Float) -> Float:
    """Drawdown in percent, 0 at a peak and negative below it."""
    peak = np.maximum(np.maximum.accumulate(equity), 1.0)
    return 100.0 * (equity / peak - 1.0)


def _apart(values: list[float], least: float) -> list[float]:
    """Move two label heights apart until they do not touch."""
    low, high = sorted(values)
    missing = max(0.0, least - (high - low)) / 2
    moved = {low: low - missing, high: high + missing}
    if low == high:
        return [high + missing, low - missing]
    return [moved[value] for value in values]


def _mark_folds(axes: "Axes", data: EquityCurves, palette: "Palette") -> None:
    """Shade what a model had seen, and draw where a new model takes over."""
    if data.out_of_sample_ns is not None:
        ends = (as_day(int(data.time_ns[0])), as_day(data.out_of_sample_ns))
        axes.axvspan(*ends, color=palette.shade, lw=0)
    for at in data.fold_starts_ns:
        axes.axvline(as_day(at), color=palette.muted, lw=0.8, ls=(0, (2, 3)))


def _name_folds(axes: "Axes", data: EquityCurves, palette: "Palette") -> None:
    if data.out_of_sample_ns is not None:
        start = as_day(int(data.time_ns[0]))
        words, quiet = "seen by the models", palette.muted
        put(axes, words, (start, 1), (4, -4), quiet, across=False, high="top")
    for number, at in enumerate(data.fold_starts_ns, 1):
        words = f"fold {number}"
        put(axes, words, (as_day(at), 1), (3, 3), palette.muted, across=False)


def _draw_equity(
    axes: "Axes", x: Float, lines: tuple[Float, Float], p: "Palette"
) -> None:
    colours = (p.accent, p.second)
    low = min(float(line.min()) for line in lines)
    high = max(float(line.max()) for line in lines)
    ends = _apart([float(line[-1]) for line in lines], 0.085 * (high - low + 1e-9))
    axes.axhline(1.0, color=p.muted, lw=0.8)
    for k in (1, 0):
        axes.plot(x, lines[k], color=colours[k], lw=(1.5, 1.1)[k])
        words = f"{_LINES[k]} {lines[k][-1]:.2f}"
        at = (1.0, ends[k])
        put(axes, words, at, (6, 0), colours[k], up=False, strong=True, high="center")
    axes.set_ylabel("Equity (capital at start = 1)")


def _draw_falls(
    axes: "Axes", x: Float, lines: tuple[Float, Float], p: "Palette"
) -> None:
    own, held = (_fall(line) for line in lines)
    axes.plot(x, held, color=p.second, lw=1.0)
    axes.fill_between(x, own, 0.0, color=p.accent, alpha=0.28, lw=0)
    axes.plot(x, own, color=p.accent, lw=1.0)
    for k, (line, colour) in enumerate(((own, p.accent), (held, p.second))):
        words = f"{_LINES[k]} {written(line.min(), digits=0)} %"
        put(axes, words, (1, 1), (6, -11 - 14 * k), colour, strong=True)
    axes.set_ylabel("Drawdown (%)")
    axes.set_xlabel("Time of the close (UTC)")


def equity_picture(data: EquityCurves) -> Picture:
    """Draw equity above drawdown, with the folds.

    Parameters
    ----------
    data : EquityCurves
        At least one time.
    """
    kept = thin(data.time_ns, (data.strategy, data.benchmark))
    x, lines = as_days(data.time_ns[kept]), (data.strategy[kept], data.benchmark[kept])
    falls = [-_fall(line).min() for line in lines]

    def draw(palette: "Palette") -> "Figure":
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(9.6, 4.9))
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
        for axes in (upper, lower):
            dress(axes, palette)
            _mark_folds(axes, data, palette)
        _name_folds(upper, data, palette)
        _draw_equity(upper, x, lines, palette)
        _draw_falls(lower, x, lines, palette)
        upper.set_xlim(x[0], max(x[-1], x[0] + 1e-6))
        date_axis(lower, palette.muted)
        figure.align_ylabels()
        figure.subplots_adjust(
            left=0.075, right=0.825, top=0.95, bottom=0.115, hspace=0.12
        )
        return figure

    return Picture(
        "equity",
        f"The strategy ends at {lines[0][-1]:.2f} times the capital, buy-and-hold at"
        f" {lines[1][-1]:.2f}; deepest falls {falls[0]:.0f} % and {falls[1]:.0f} %",
        "Two panels over time. Above: equity after costs in multiples of the capital at"
        " the start, for the strategy and for buying and holding. Below: the fall from"
        " the highest equity so far, in percent. Dotted lines show where the next"
        " fold's model takes over.",
        draw,
    )

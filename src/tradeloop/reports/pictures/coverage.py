"""Which instruments have rows when."""

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from tradeloop.reports.drawing import Picture, dress, put
from tradeloop.reports.pictured import Int
from tradeloop.reports.text import one_line, written
from tradeloop.reports.times import as_days, date_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tradeloop.reports.palette import Palette

_STRENGTHS = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Rows of each instrument in each period.

    Parameters
    ----------
    instruments : tuple of str
        Names; those of most rows first.
    edges_ns : ndarray of int64, shape (n_periods + 1,)
        Bounds of the periods, ascending.
    counts : ndarray of int64, shape (n_instruments, n_periods)
        Rows.
    others : int
        Instruments that are not shown.
    """

    instruments: tuple[str, ...]
    edges_ns: Int
    counts: Int
    others: int = 0


def levels_of(counts: Int) -> tuple[Int, Int]:
    """Level of each count, 0 for none, and the least count of each level."""
    most = max(int(counts.max()), 1)
    steps = len(_STRENGTHS)
    least = np.unique(np.ceil(most * np.arange(steps) / steps).clip(1).astype(np.int64))
    return np.searchsorted(least, counts, side="right"), least


def _draw_rows(axes: "Axes", data: Coverage, p: "Palette") -> None:
    days = as_days(data.edges_ns)
    levels, least = levels_of(data.counts)
    strengths = _STRENGTHS[-len(least) :]
    for row, line in enumerate(levels):
        start = 0
        for level, run in groupby(line.tolist()):
            stop = start + len(list(run))
            if level:
                left, right = float(days[start]), float(days[stop])
                axes.barh(
                    row,
                    right - left,
                    0.74,
                    left,
                    color=p.accent,
                    alpha=strengths[level - 1],
                    lw=0,
                )
            start = stop


def _name_levels(axes: "Axes", data: Coverage, p: "Palette") -> None:
    _, least = levels_of(data.counts)
    most = int(data.counts.max())
    at = 0.0
    ends = [*(int(n) - 1 for n in least[1:]), most]
    for low, high, strength in zip(least, ends, _STRENGTHS[-len(least) :], strict=True):
        words = f"{low}" if low == high else f"{low} to {high}"
        noun = "row" if high == 1 else "rows"
        axes.annotate(
            "\u25a0",
            (at, 1.0),
            (0, 6),
            xycoords="axes fraction",
            textcoords="offset points",
            color=p.accent,
            alpha=strength,
            fontsize=11,
        )
        put(axes, f"{words} {noun}", (at, 1.0), (13, 6.5), p.muted)
        at += 0.085 + 0.0105 * len(words)


def coverage_picture(data: Coverage) -> Picture:
    """Draw one line per instrument, darker where it has more rows.

    Parameters
    ----------
    data : Coverage
        At least one instrument and one period.
    """
    shown = len(data.instruments)

    def draw(palette: "Palette") -> "Figure":
        from matplotlib.figure import Figure  # noqa: PLC0415

        high = max(1.15 + 0.22 * shown, 2.0)
        figure = Figure(figsize=(9.6, high))
        axes = figure.subplots()
        dress(axes, palette, grid="x")
        _draw_rows(axes, data, palette)
        _name_levels(axes, data, palette)
        axes.set_yticks(range(shown), [one_line(n, 16) for n in data.instruments])
        axes.tick_params(axis="y", length=0, labelsize=8.5)
        axes.set_ylim(shown - 0.4, -0.6)
        days = as_days(data.edges_ns)
        axes.set_xlim(days[0], max(days[-1], days[0] + 1e-6))
        date_axis(axes, palette.muted)
        axes.set_ylabel("Instrument")
        axes.set_xlabel("Time of the decision (UTC)")
        figure.subplots_adjust(
            left=0.155, right=0.985, top=1 - 0.34 / high, bottom=0.55 / high
        )
        return figure

    filled = float((data.counts > 0).mean())
    more = f", {data.others:,} more are not shown" if data.others else ""
    return Picture(
        "coverage",
        f"{shown} instruments have rows in {written(filled, 'share', 0)} of the periods"
        f"{more}",
        "One line per instrument over time; darker means more rows in the period,"
        " gaps mean none.",
        draw,
    )

"""Balance of the classes over time: does the market of the labels change."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradeloop.clock import NS_PER_DAY
from tradeloop.reports.drawing import Picture, dress, put
from tradeloop.reports.pictured import Int
from tradeloop.reports.text import one_line, written
from tradeloop.reports.times import as_days, date_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tradeloop.reports.palette import Palette


@dataclass(frozen=True, slots=True, eq=False)
class ClassBalance:
    """Rows of each class in each period.

    Parameters
    ----------
    label : str
        Column that holds the classes.
    classes : tuple of str
        At most five, worst first.
    edges_ns : ndarray of int64, shape (n_periods + 1,)
        Bounds of the periods, ascending.
    counts : ndarray of int64, shape (n_periods, n_classes)
        Rows.
    """

    label: str
    classes: tuple[str, ...]
    edges_ns: Int
    counts: Int


def _colours(count: int, p: "Palette") -> tuple[str, ...]:
    """Choose colours, worst first; few classes take the ends of the scale."""
    scale = (p.awful, p.poor, p.neutral, p.fine, p.excellent)
    return {1: (p.accent,), 2: (p.neutral, p.awful), 3: scale[::2]}.get(
        count, scale[:count]
    )


def _name_classes(axes: "Axes", data: ClassBalance, p: "Palette") -> None:
    at = 0.0
    for name, colour in zip(data.classes, _colours(len(data.classes), p), strict=True):
        put(axes, "\u25a0", (at, 1.0), (0, 6), colour, size=11)
        put(axes, one_line(name, 16), (at, 1.0), (13, 6.5), p.muted)
        at += 0.05 + 0.011 * len(name)


def _draw_shares(axes: "Axes", data: ClassBalance, p: "Palette") -> None:
    days = as_days(data.edges_ns)
    left, width = days[:-1], np.diff(days)
    total = np.maximum(data.counts.sum(axis=1), 1)
    base = np.zeros(left.shape)
    for k, colour in enumerate(_colours(len(data.classes), p)):
        share = 100.0 * data.counts[:, k] / total
        axes.bar(left, share, width, base, color=colour, align="edge", lw=0)
        base = base + share
    axes.set_ylim(0, 100)
    axes.set_ylabel("Share (%)")


def balance_picture(data: ClassBalance) -> Picture:
    """Draw the share of each class per period, above the rows per period.

    Parameters
    ----------
    data : ClassBalance
        At least one period with at least one row.
    """
    total = data.counts.sum(axis=0)
    usual = int(total.argmax())

    def draw(palette: "Palette") -> "Figure":
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(9.6, 3.7))
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.6, 1))
        for axes in (upper, lower):
            dress(axes, palette)
        _draw_shares(upper, data, palette)
        _name_classes(upper, data, palette)
        days = as_days(data.edges_ns)
        rows = data.counts.sum(axis=1)
        lower.bar(
            days[:-1], rows, np.diff(days), color=palette.muted, align="edge", lw=0
        )
        lower.set_ylabel("Rows")
        lower.set_xlabel("Time of the decision (UTC)")
        upper.set_xlim(days[0], max(days[-1], days[0] + 1e-6))
        date_axis(lower, palette.muted)
        figure.align_ylabels()
        figure.subplots_adjust(
            left=0.085, right=0.985, top=0.91, bottom=0.135, hspace=0.12
        )
        return figure

    share = written(total[usual] / max(int(total.sum()), 1), "share", 0)
    length = (int(data.edges_ns[1]) - int(data.edges_ns[0])) / NS_PER_DAY
    return Picture(
        "balance",
        f"Class {one_line(data.classes[usual], 24)} is the most frequent of"
        f" {one_line(data.label, 40)}: {share} of {int(total.sum()):,} rows",
        f"Bars over time, one per {written(length, digits=1)} days. Above: share of"
        " each class in percent. Below: number of rows.",
        draw,
    )

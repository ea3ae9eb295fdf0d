"""How a label is spread, with the bounds of its classes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradeloop.reports.drawing import Picture, dress
from tradeloop.reports.pictured import Float, Int
from tradeloop.reports.text import one_line, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tradeloop.reports.palette import Palette


@dataclass(frozen=True, slots=True, eq=False)
class LabelSpread:
    """A histogram of a label.

    Parameters
    ----------
    label : str
        Column.
    unit : str
        Of its values, for the axis.
    edges : ndarray of float64, shape (n_bins + 1,)
        Ascending; the first and last bin also hold what lies beyond.
    counts : ndarray of int64, shape (n_bins,)
        Rows.
    bounds : tuple of (name, value)
        Where classes begin, such as ``("good", 10.0)``.
    median : float
        Of all values.
    beyond : int
        Rows that lie beyond the first or last edge.
    """

    label: str
    unit: str
    edges: Float
    counts: Int
    bounds: tuple[tuple[str, float], ...] = ()
    median: float = float("nan")
    beyond: int = 0


def _draw_bounds(axes: "Axes", data: LabelSpread, p: "Palette") -> None:
    """Draw a line per bound; names of near bounds stand at different heights."""
    low, high = data.edges[0], data.edges[-1]
    shown = [(n, v) for n, v in data.bounds if low <= v <= high]
    for step, (name, value) in enumerate(shown):
        axes.axvline(value, color=p.second, lw=1.0, ls=(0, (4, 2)))
        words = f"{one_line(name, 14)} {written(value, digits=0)}"
        axes.annotate(
            words,
            (value, 1.0),
            (3, -10 - 13 * (step % 4)),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=p.second,
            fontsize=8.5,
            bbox={"facecolor": p.paper, "edgecolor": "none", "pad": 0.8},
        )


def label_spread_picture(data: LabelSpread) -> Picture:
    """Draw the histogram of a label with the bounds of its classes.

    Parameters
    ----------
    data : LabelSpread
        At least one bin.
    """
    total = int(data.counts.sum())

    def draw(palette: "Palette") -> "Figure":
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(9.6, 3.3))
        axes = figure.subplots()
        dress(axes, palette)
        width = np.diff(data.edges)
        axes.bar(
            data.edges[:-1],
            data.counts,
            width,
            color=palette.accent,
            alpha=0.75,
            align="edge",
            lw=0,
        )
        room = 1.3 if data.bounds else 1.06  # for the names of the bounds
        axes.set_ylim(0, room * max(int(data.counts.max()), 1))
        axes.set_xlim(data.edges[0], data.edges[-1])
        _draw_bounds(axes, data, palette)
        axes.set_ylabel("Rows")
        axes.set_xlabel(f"{one_line(data.label, 40)} ({one_line(data.unit, 30)})")
        figure.subplots_adjust(left=0.085, right=0.985, top=0.97, bottom=0.15)
        return figure

    beyond = f"; {data.beyond:,} lie beyond the ends" if data.beyond else ""
    return Picture(
        "label-spread",
        f"Half of the {total:,} values of {one_line(data.label, 40)} lie below"
        f" {written(data.median, digits=_digits(data.median))}"
        f" {one_line(data.unit, 30)}{beyond}",
        "Bars: rows per bin of the label; the first and last bin hold what lies"
        " beyond. Dashed lines: bounds of the classes.",
        draw,
    )


def _digits(value: float) -> int:
    """Digits after the point that show a small value as more than 0."""
    if not np.isfinite(value) or value == 0:
        return 1
    return int(np.clip(1 - np.floor(np.log10(abs(value))), 1, 6))

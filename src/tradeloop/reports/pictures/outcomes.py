"""How decisions came out: five classes, per strategy."""

from typing import TYPE_CHECKING

import numpy as np

from tradeloop.events import DecisionOutcome
from tradeloop.reports.drawing import Picture, dress, put
from tradeloop.reports.text import one_line, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tradeloop.reports.palette import Palette
    from tradeloop.reports.pictured import Float, LabelCounts

_CLASSES = tuple(DecisionOutcome)
_ROOM = 7.0  # percent: a narrower part has no room for its figure


def _draw_bars(axes: "Axes", shares: "Float", p: "Palette") -> None:
    colours = (p.excellent, p.fine, p.neutral, p.poor, p.awful)
    rows = np.arange(shares.shape[0])
    left = np.zeros(shares.shape[0])
    for k, colour in enumerate(colours):
        axes.barh(rows, shares[:, k], 0.62, left, color=colour, lw=0)
        for row in rows[shares[:, k] >= _ROOM]:
            strong = k in (0, 4)
            axes.text(
                left[row] + shares[row, k] / 2,
                row,
                f"{shares[row, k]:.0f} %",
                ha="center",
                va="center",
                fontsize=9,
                color=p.paper if strong else p.ink,
            )
        left = left + shares[:, k]


def _name_classes(axes: "Axes", p: "Palette") -> None:
    """Name the classes in a row above the bars, each beside its colour."""
    colours = (p.excellent, p.fine, p.neutral, p.poor, p.awful)
    for k, (name, colour) in enumerate(zip(_CLASSES, colours, strict=True)):
        at = (0.2 * k, 1.0)
        put(axes, "\u25a0", at, (0, 6), colour, size=11)
        put(axes, name.value, at, (13, 6.5), p.muted)


def outcomes_picture(data: "LabelCounts") -> Picture:
    """Draw the share of each outcome class, one bar per strategy.

    Parameters
    ----------
    data : LabelCounts
        At least one strategy with at least one labelled decision.
    """
    totals = data.counts.sum(axis=1)
    shares = 100.0 * data.counts / np.maximum(totals, 1)[:, None]
    overall = data.counts.sum(axis=0) / max(int(totals.sum()), 1)

    def draw(palette: "Palette") -> "Figure":
        from matplotlib.figure import Figure  # noqa: PLC0415

        high = 1.15 + 0.42 * len(data.strategies)
        figure = Figure(figsize=(9.6, high))
        axes = figure.subplots()
        dress(axes, palette, grid="x")
        _draw_bars(axes, shares, palette)
        _name_classes(axes, palette)
        axes.set_ylim(len(totals) - 0.5, -0.5)
        names = [
            f"{one_line(name, 26)}\n{total:,} decisions"
            for name, total in zip(data.strategies, totals, strict=True)
        ]
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(axis="y", length=0, labelsize=8.5)
        axes.set_xlim(0, 100)
        axes.set_xlabel("Share of the labelled decisions (%)")
        axes.set_ylabel("Strategy")
        figure.subplots_adjust(
            left=0.215, right=0.985, top=1 - 0.32 / high, bottom=0.5 / high
        )
        return figure

    def part(share: float) -> str:
        return written(share, "share", 0)

    best, worst = part(overall[:2].sum()), part(overall[3:].sum())
    return Picture(
        "outcomes",
        f"Of {int(totals.sum()):,} labelled decisions {best} came out good or better,"
        f" {worst} poor or worse",
        "One bar per strategy, cut into the shares of the five outcome classes by bps"
        " of outperformance: above +20, +10 to +20, within 10, \u221210 to \u221220,"
        " and below \u221220.",
        draw,
    )

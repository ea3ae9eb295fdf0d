"""Which features are missing how often."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradeloop.reports.drawing import Picture, dress, put
from tradeloop.reports.pictured import Float
from tradeloop.reports.text import one_line, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tradeloop.reports.palette import Palette

_MOST = 20


@dataclass(frozen=True, slots=True, eq=False)
class MissingShares:
    """Share of rows in which each feature is missing.

    Parameters
    ----------
    features : tuple of str
        Names.
    share : ndarray of float64, shape (n_features,)
        0 to 1.
    rows : int
        Rows of the dataset.
    """

    features: tuple[str, ...]
    share: Float
    rows: int


def _draw_rows(axes: "Axes", names: list[str], percent: Float, p: "Palette") -> None:
    rows = np.arange(percent.size)
    axes.barh(rows, percent, 0.62, color=p.second, alpha=0.8, lw=0)
    for row, value in enumerate(percent):
        words = written(value / 100, "share", 1)
        put(axes, words, (value, row), (5, -3), p.muted, across=False, up=False)
    axes.set_xlim(0, 1.15 * max(float(percent.max(initial=0.0)), 1.0))
    axes.set_ylim(max(percent.size, 1) - 0.4, -0.6)
    axes.set_yticks(rows, [one_line(name, 38) for name in names])
    axes.tick_params(axis="y", length=0, labelsize=9, labelcolor=p.ink)


def missing_picture(data: MissingShares) -> Picture:
    """Draw the features that are missing most often, at most 20.

    Parameters
    ----------
    data : MissingShares
        At least one feature. Equal shares keep the order in which they are given.
    """
    order = np.argsort(-data.share, kind="stable")[:_MOST]
    top = order[data.share[order] > 0]
    if not top.size:
        top = order[:1]
    whole = int((data.share == 0).sum())

    def draw(palette: "Palette") -> "Figure":
        from matplotlib.figure import Figure  # noqa: PLC0415

        high = max(0.75 + 0.26 * top.size, 1.6)
        figure = Figure(figsize=(9.6, high))
        axes = figure.subplots()
        dress(axes, palette, grid="x")
        names = [data.features[k] for k in top]
        _draw_rows(axes, names, 100.0 * data.share[top], palette)
        axes.set_xlabel(f"Missing (% of {data.rows:,} rows)")
        axes.set_ylabel("Feature")
        figure.subplots_adjust(left=0.34, right=0.985, top=0.985, bottom=0.5 / high)
        return figure

    worst = one_line(data.features[int(order[0])], 34)
    most = written(float(data.share[order[0]]), "share", 1)
    title = (
        f"{whole} of {len(data.features)} features are never missing; {worst} most"
        f" often, in {most} of the rows"
    )
    if whole == len(data.features):
        title = f"None of the {whole} features is ever missing in {data.rows:,} rows"
    return Picture(
        "missing",
        title,
        "Bars: share of rows in which a feature is missing, worst first. Most of it is"
        " the time until a window is full.",
        draw,
    )

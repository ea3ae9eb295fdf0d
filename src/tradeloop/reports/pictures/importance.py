"""What each feature adds to the model."""

from typing import TYPE_CHECKING

import numpy as np

from tradeloop.reports.drawing import Picture, dress, put
from tradeloop.reports.text import one_line, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tradeloop.reports.palette import Palette
    from tradeloop.reports.pictured import Importance, Int

_MOST = 15


def _draw_rows(axes: "Axes", data: "Importance", top: "Int", p: "Palette") -> None:
    rows, value = np.arange(top.size), data.value[top]
    axes.barh(rows, value, 0.62, color=p.accent, alpha=0.75, lw=0)
    reach = value
    if data.low is not None and data.high is not None:
        axes.hlines(rows, data.low[top], data.high[top], color=p.ink, lw=1.1)
        reach = np.maximum(value, data.high[top])
    for row, (end, number) in enumerate(zip(reach, value, strict=True)):
        put(axes, f"{number:.3f}", (end, row), (5, -3), p.muted, across=False, up=False)
    axes.set_xlim(0, 1.12 * float(reach.max()) or 1.0)
    axes.set_ylim(top.size - 0.4, -0.6)
    axes.set_yticks(rows, [one_line(data.features[k], 34) for k in top])
    axes.tick_params(axis="y", length=0, labelsize=9, labelcolor=p.ink)


def importance_picture(data: "Importance") -> Picture:
    """Draw the features that add most, at most 15.

    Parameters
    ----------
    data : Importance
        At least one feature. Equal values keep the order in which they are given.
    """
    top = np.argsort(-data.value, kind="stable")[:_MOST]

    def draw(palette: "Palette") -> "Figure":
        from matplotlib.figure import Figure  # noqa: PLC0415

        high = 0.75 + 0.27 * top.size
        figure = Figure(figsize=(5.6, max(high, 2.0)))
        axes = figure.subplots()
        dress(axes, palette, grid="x")
        _draw_rows(axes, data, top, palette)
        axes.set_xlabel(f"Importance ({one_line(data.unit, 40)})", loc="right")
        axes.set_ylabel("Feature")
        figure.subplots_adjust(
            left=0.44, right=0.97, top=0.985, bottom=0.55 / max(high, 2.0)
        )
        return figure

    first = one_line(data.features[top[0]], 34)
    sum_top, total = float(data.value[top].sum()), float(data.value.sum())
    ranges = " Thin lines span the folds." if data.low is not None else ""
    return Picture(
        "importance",
        f"{first} adds most; the {top.size} shown of {len(data.features)} features add"
        f" {written(sum_top / total if total else 0.0, 'share', 0)} together",
        f"Bars: importance of each feature, {data.unit}.{ranges} It says what the model"
        " uses, not what causes returns.",
        draw,
    )

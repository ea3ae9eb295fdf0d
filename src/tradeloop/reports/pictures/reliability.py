"""Confidence of the forecasts against how often they were right."""

from typing import TYPE_CHECKING

import numpy as np

from tradeloop.reports.drawing import Picture, dress
from tradeloop.statistics import wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tradeloop.reports.palette import Palette
    from tradeloop.reports.pictured import Reliability


def _limits(data: "Reliability") -> tuple[float, float]:
    """Part of the unit square in which the points lie, with room."""
    low = min(float(data.mean_confidence.min()), float(data.share_right.min()))
    high = max(float(data.mean_confidence.max()), float(data.share_right.max()))
    return max(0.0, low - 0.08), min(1.0, high + 0.08)


def _draw_points(axes: "Axes", data: "Reliability", p: "Palette") -> None:
    axes.plot([0, 1], [0, 1], color=p.muted, lw=1.0, ls=(0, (4, 3)))
    chance = 1 / data.classes
    axes.axhline(chance, color=p.second, lw=0.9)
    right = np.rint(data.share_right * data.count).astype(int)
    ranges = [wilson(int(k), int(n)) for k, n in zip(right, data.count, strict=True)]
    for x, y, span in zip(data.mean_confidence, data.share_right, ranges, strict=True):
        axes.plot([x, x], [span.low, span.high], color=p.accent, lw=1.2)
        axes.plot([x], [y], color=p.accent, marker="o", ms=5.5, lw=0)
    low, high = _limits(data)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.text(
        high, chance, "no skill ", ha="right", va="bottom", size=8.5, color=p.second
    )
    axes.text(
        low + 0.975 * (high - low),
        low + 0.955 * (high - low),
        "as confident as right",
        rotation=45,
        transform_rotates_text=True,
        rotation_mode="anchor",
        ha="right",
        va="top",
        fontsize=8.5,
        color=p.muted,
    )
    axes.set_ylabel("Share right (0 to 1)")


def _draw_counts(axes: "Axes", data: "Reliability", p: "Palette") -> None:
    gaps = np.diff(data.mean_confidence)
    low, high = _limits(data)
    width = 0.6 * float(gaps.min() if gaps.size else high - low)
    width = min(max(width, 0.012 * (high - low)), 0.1)
    axes.bar(data.mean_confidence, data.count, width, color=p.accent, alpha=0.55, lw=0)
    for x, n in zip(data.mean_confidence, data.count, strict=True):
        axes.text(x, n, f"{n:,}", ha="center", va="bottom", fontsize=8, color=p.muted)
    axes.set_ylim(0, 1.3 * float(data.count.max()))
    axes.locator_params(axis="y", nbins=3)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel("Forecasts")
    axes.set_xlabel("Mean confidence of the forecasts (0 to 1)")


def reliability_picture(data: "Reliability") -> Picture:
    """Draw confidence against the share right, above the counts.

    Parameters
    ----------
    data : Reliability
        At least one bin. Lines through the points are 95 % Wilson intervals.
    """

    def draw(palette: "Palette") -> "Figure":
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(5.6, 5.4))
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        dress(upper, palette, grid="both")
        dress(lower, palette)
        _draw_points(upper, data, palette)
        _draw_counts(lower, data, palette)
        figure.align_ylabels()
        figure.subplots_adjust(
            left=0.135, right=0.98, top=0.985, bottom=0.105, hspace=0.1
        )
        return figure

    total = int(data.count.sum())
    return Picture(
        "reliability",
        f"Confidence misses the share right by {100 * data.calibration_error:.1f}"
        f" points on average, over {total:,} out-of-sample forecasts",
        "Points: the share of forecasts that were right, at their mean confidence, with"
        " 95 % intervals; on the dashed diagonal confidence and truth agree. Below: how"
        " many forecasts each point stands for.",
        draw,
    )

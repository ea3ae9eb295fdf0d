"""Times on an axis and in words: UTC, as short as the span allows."""

from datetime import UTC
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tradeloop.clock import NS_PER_DAY
from tradeloop.reports.pictured import Float, Int

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def as_day(time_ns: int) -> float:
    """Days since 1970-01-01 UTC: what Matplotlib counts dates in.

    Parameters
    ----------
    time_ns : int
        ns UTC.
    """
    return time_ns / NS_PER_DAY


def as_days(time_ns: Int) -> Float:
    """`as_day` of many times.

    Parameters
    ----------
    time_ns : ndarray of int64, shape (n_times,)
        ns UTC.
    """
    return time_ns / NS_PER_DAY


def date_axis(axes: "Axes", colour: str) -> None:
    """Write dates on the x axis, with the unit in its label.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Its x is in days since 1970-01-01 UTC.
    colour : str
        Of the part of the date that all ticks share.
    """
    from matplotlib.dates import (  # noqa: PLC0415
        AutoDateLocator,
        ConciseDateFormatter,
    )

    where = AutoDateLocator(tz=UTC, minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(where)
    written = ConciseDateFormatter(where, tz=UTC)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(written)
    axes.xaxis.get_offset_text().set_color(colour)


def thin(time_ns: Int, columns: tuple[Float, ...], points: int = 900) -> Int:
    """Positions to draw so that a long line keeps its shape.

    Parameters
    ----------
    time_ns : ndarray of int64, shape (n_times,)
        Ascending.
    columns : tuple of ndarray, each of shape (n_times,)
        Lines over these times.
    points : int
        About as many positions are kept per line.

    Returns
    -------
    ndarray of int64, shape (n_kept,)
        The first and last, and of each stretch the lowest and highest of each line.
    """
    size = time_ns.shape[0]
    if size <= points:
        return np.arange(size)
    edges = np.linspace(0, size, points // 2 + 1).astype(np.int64)
    kept = {0, size - 1}
    for first, stop in pairwise(edges):
        for column in columns:
            part = column[first:stop]
            kept |= {int(first + part.argmin()), int(first + part.argmax())}
    return np.array(sorted(kept), np.int64)

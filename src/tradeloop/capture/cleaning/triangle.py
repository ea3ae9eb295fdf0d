"""Whether three prices that imply each other agree."""

from dataclasses import dataclass
from math import ceil, floor, sqrt
from statistics import NormalDist

import polars as pl

from tradeloop.errors import InputError
from tradeloop.statistics import Interval

_LEAST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Triangle:
    """How far a price lies from what two others imply.

    Parameters
    ----------
    median_error : Interval
        Median of ``abs(first * second / cross - 1)``, with the interval of its order
        statistics; the rows count as independent, which makes it too narrow where
        errors last.
    bias : float
        Median of ``first * second / cross - 1``: far from 0 one price stands apart.
    rows : int
        Times at which all three have a price.
    """

    median_error: Interval
    bias: float
    rows: int


def compare_triangle(
    first: pl.DataFrame,
    second: pl.DataFrame,
    cross: pl.DataFrame,
    *,
    level: float = 0.95,
) -> Triangle:
    """Compare a cross rate with the product of its two legs.

    Parameters
    ----------
    first, second, cross : polars.DataFrame of shape (n_rows, at least 2)
        ``event_ns`` and ``price``, each time once: AUDUSD, USDJPY and AUDJPY. Rows
        are matched by equal times.
    level : float
        Coverage of the interval, between 0 and 1.

    Raises
    ------
    InputError
        Fewer than 30 common times.
    """
    legs = [
        frame.select("event_ns", pl.col("price").alias(name))
        for name, frame in (("a", first), ("b", second), ("c", cross))
    ]
    both = legs[0].join(legs[1], on="event_ns").join(legs[2], on="event_ns")
    error = (both["a"] * both["b"] / both["c"] - 1).drop_nulls()
    if error.len() < _LEAST_ROWS:
        raise InputError(
            f"A triangle needs {_LEAST_ROWS} common times, there are {error.len()}.",
            way_out="Give three files of the same hours.",
        )
    ordered = error.abs().sort()
    half = NormalDist().inv_cdf((1 + level) / 2) * sqrt(ordered.len()) / 2
    low = max(0, floor(ordered.len() / 2 - half) - 1)
    high = min(ordered.len() - 1, ceil(ordered.len() / 2 + half))
    middle = float(ordered.quantile(0.5, "linear") or 0.0)
    interval = Interval(middle, float(ordered[low]), float(ordered[high]), level)
    return Triangle(interval, float(error.quantile(0.5, "linear") or 0.0), error.len())

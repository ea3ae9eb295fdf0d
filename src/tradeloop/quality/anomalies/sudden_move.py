"""Sudden moves: a robust z of the return by the past alone.

``z_t = (r_t - m_t) / s_t`` with m_t the median of the 101 returns before r_t (from 20
on) and ``s_t = max(1.4826 MAD_t, 1.2533 mean abs(r - m_t) / 4)`` of the same returns:
where most returns are equal the MAD is 0, and without a floor each tick would be a
sudden move. A row has ``abs(z) > 20``. A return is that from the newest bar to one
that is newer; bars that come late or twice have none, so that what comes later changes
no earlier z.

References
----------
Hampel, The influence curve and its role in robust estimation (1974).
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.fold import compiled
from tradeloop.quality.base import Detector, Evidence

WIDTH, LEAST, LIMIT = 101, 20, 20.0
_MAD, _MEAN = 1.4826, 1.2533 / 4.0

Floats = NDArray[np.float64]


@compiled
def robust_z(returns: Floats, ring: Floats, state: NDArray[np.int64]) -> Floats:
    """Robust z of each return by those before it; the window goes on from call to call.

    Parameters
    ----------
    returns : ndarray of float64, shape (n_rows,)
        NaN is skipped: its z is NaN and the window stays.
    ring : ndarray of float64, shape (width,)
        The newest returns; changed in place.
    state : ndarray of int64, shape (1,)
        Returns so far; changed in place.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        NaN before there are 20 returns, and where these are all equal.
    """
    width = ring.size
    found = np.full(returns.size, np.nan)
    ordered = np.sort(ring[: min(state[0], width)])
    filled = np.empty(width)
    filled[: ordered.size] = ordered
    for row in range(returns.size):
        x = returns[row]
        if x != x:
            continue
        size = min(state[0], width)
        if size >= LEAST:
            found[row] = _one(filled, size, x)
        at = size
        if state[0] >= width:
            at = np.searchsorted(filled, ring[state[0] % width])
        else:
            filled[at] = x
            size += 1
        filled[at] = x
        while at + 1 < size and filled[at + 1] < x:
            filled[at], filled[at + 1] = filled[at + 1], x
            at += 1
        while at > 0 and filled[at - 1] > x:
            filled[at], filled[at - 1] = filled[at - 1], x
            at -= 1
        ring[state[0] % width] = x
        state[0] += 1
    return found


@compiled
def _one(ordered: Floats, size: int, x: float) -> float:
    half = size // 2
    centre = ordered[half]
    if size % 2 == 0:
        centre = 0.5 * (ordered[half - 1] + ordered[half])
    mean = 0.0
    for k in range(size):
        mean += abs(ordered[k] - centre)
    mean *= _MEAN / size
    # The farthest is always one of the two ends: half of them are taken away.
    low, high = 0, size - 1
    for _ in range(half):
        if centre - ordered[low] > ordered[high] - centre:
            low += 1
        else:
            high -= 1
    mad = max(centre - ordered[low], ordered[high] - centre)
    scale = max(_MAD * mad, mean)
    return (x - centre) / scale if scale > 0.0 else np.nan


def find_sudden(evidence: Evidence) -> pl.DataFrame:
    """Bars whose return stands far out by the past alone.

    Returns
    -------
    polars.DataFrame of shape (n_found, 5)
        instrument, event_ns, return (log), z, row.
    """
    newest = pl.col("event_ns").cum_max().shift(1).over("instrument")
    step = pl.col("close").log().diff().over("instrument")
    returns = (
        evidence.bars.select(
            "instrument", "event_ns", "close", newest=newest, row=pl.int_range(pl.len())
        )
        .filter((pl.col("event_ns") > pl.col("newest")).fill_null(value=True))
        .with_columns(step.alias("return"))
        .filter(pl.col("return").is_finite())
        .select("instrument", "event_ns", "return", "row")
    )
    parts = [
        part.with_columns(
            z=robust_z(
                part["return"].to_numpy(), np.empty(WIDTH), np.zeros(1, np.int64)
            )
        ).filter(pl.col("z").is_not_nan() & (pl.col("z").abs() > LIMIT))
        for part in returns.partition_by("instrument", maintain_order=True)
    ]
    return pl.concat(parts) if parts else returns.with_columns(z=pl.lit(0.0))


SUDDEN = Detector(
    "sudden_move",
    f"abs(robust z) > {LIMIT:g} by the {WIDTH} returns before",
    find_sudden,
)

"""Labels summed by slices of time, and the slices drawn again in blocks."""

from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.labels.base import Floats

MEASURES = ("outperformance_bps", "net_bps")
LEAST_BLOCK = 2  # a label reaches into the next slice
_MOST_SLICES = 2_000


class Sliced(NamedTuple):
    """Sums by slice and group, each of shape (n_slices, n_groups)."""

    sums: dict[str, Floats]
    counts: Floats
    slice_ns: int


def sliced(rows: pl.DataFrame, group: NDArray[np.intp], n_groups: int) -> Sliced:
    """Sum the labels by slice; the longest label sets the length of a slice."""
    begin, end = rows["decision_ns"].to_numpy(), rows["end_ns"].to_numpy()
    longest = int((end - begin).max(initial=1))
    whole = int(begin.max() - begin.min()) + 1
    width = max(longest, ceil(whole / _MOST_SLICES), 1)
    _, place = np.unique((begin - begin.min()) // width, return_inverse=True)
    shape = (int(place.max()) + 1, n_groups)

    def summed(values: Floats) -> Floats:
        table = np.zeros(shape)
        np.add.at(table, (place, group), values)
        return table

    sums = {name: summed(rows[name].to_numpy()) for name in MEASURES}
    return Sliced(sums, summed(np.ones(rows.height)), width)


def influence_of(sliced: Sliced, measure: str) -> Floats:
    """Rows whose mean is the mean of each group, shape (n_slices, n_groups)."""
    total = np.maximum(sliced.counts.sum(axis=0), 1.0)
    found: Floats = sliced.sums[measure] * (len(sliced.counts) / total)
    return found


def block_of(influence: Floats) -> int:
    """Mean block in slices: the optimum of Politis and White, the longest of groups."""
    from arch.bootstrap import optimal_block_length  # noqa: PLC0415

    best = optimal_block_length(influence)["stationary"].to_numpy()
    longest = float(np.nanmax(best, initial=1.0))
    most = max(LEAST_BLOCK, len(influence) // 5)
    return int(np.clip(ceil(longest), LEAST_BLOCK, most))


def resampled(sliced: Sliced, *, block: int, repeats: int, seed: int) -> Floats:
    """Means of each measure and group, shape (repeats, n_measures, n_groups)."""
    from arch.bootstrap import StationaryBootstrap  # noqa: PLC0415

    n = sliced.counts.shape[1]
    table = np.concatenate([sliced.counts, *sliced.sums.values()], axis=1)

    def means(drawn: Floats) -> Floats:
        total = drawn.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(total[n:] / np.tile(total[:n], len(MEASURES)))

    draws = StationaryBootstrap(block, table, seed=np.random.default_rng(seed))
    found: Floats = draws.apply(means, repeats).reshape(repeats, len(MEASURES), n)
    return found


def widening(tail: float, blocks: float) -> float:
    """How much wider a mean of few blocks lies than its resamples show.

    Quantile of the t distribution with ``blocks - 1`` degrees over that of the normal,
    times ``sqrt(blocks / (blocks - 1))``: resamples lie around the mean of the rows,
    which took one degree, and each of them has the same spread.
    """
    from scipy.stats import norm, t  # noqa: PLC0415 - arch brings it

    free = max(blocks - 1.0, 1.0)
    wider = t.isf(tail, free) / norm.isf(tail) * sqrt(blocks / free)
    return float(wider)

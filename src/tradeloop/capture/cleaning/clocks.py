"""Faults between two clocks that stamped the same events: steps and drift.

The difference of two stamps of one event is the offset of the clocks plus the ways to
them, which wait and never hurry.

1. The time is cut into equal bins, so that a burst of messages in one queue counts as
   the moment that it is. The lower decile of a bin stands for it.
2. Around each border the medians of five bins before and after it are compared, less
   the drift. What passes within two bins is waiting; a clock that was set stays set.
3. A step is a move that chance does not make: the bound is the normal quantile at the
   level that was asked for, widened for the number of bins (Bonferroni), in robust
   deviations of all moves, or in those that the bins alone give, if they are larger.
4. Drift is the common slope of the parts between steps.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.statistics import Interval

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SIDE = 5  # bins on each side of a border
_LEAST_BINS, _LEAST_ROWS = 4 * _SIDE, 5
_MAD_TO_DEVIATION = 1.4826
# Deviation of the difference of two medians of five normal values, in deviations of the
# difference of two values: sqrt(0.2868).
_MEDIANS = 0.536


@dataclass(frozen=True, slots=True)
class ClockComparison:
    """How one clock goes against another.

    Parameters
    ----------
    offset_ns : float
        Median of other less one, ns.
    drift_ppm : Interval
        Parts in a million by which the other clock runs faster.
    steps : polars.DataFrame of shape (n_steps, 3)
        ``at_ns`` (first event after it, by the first clock), ``size_ns``, ``error_ns``
        (one deviation).
    bins : int
        Bins that were compared.
    """

    offset_ns: float
    drift_ppm: Interval
    steps: pl.DataFrame
    bins: int


def compare_clocks(
    one_ns: Integers, other_ns: Integers, *, bins: int = 100, level: float = 0.99
) -> ClockComparison:
    """Find steps and drift between two clocks.

    Parameters
    ----------
    one_ns, other_ns : ndarray of int64, shape (n_events,)
        The same events as two clocks stamped them, in order of ``one_ns``: those of two
        receivers, or of a venue and a receiver.
    bins : int
        Bins of equal time, at least 20; those with fewer than five events are left out.
        A step within five bins of an end or of another step may be missed.
    level : float
        Chance that a pair without a step shows none, and coverage of the drift, which
        takes the bins for independent.

    Raises
    ------
    InputError
        The lengths differ, the first clock runs back, or fewer than 20 bins have five
        events.
    """
    edges = _edges(one_ns, other_ns, bins)
    gap = (other_ns - one_ns).astype(np.float64)
    since = (one_ns - one_ns[0]).astype(np.float64)
    at = np.array([since[a:b].mean() for a, b in edges])
    offset = np.array([np.quantile(gap[a:b], 0.1) for a, b in edges])
    alpha = (1 - level) / 2
    moves = _moves(at, offset)
    noise = max(1.0, _deviation(moves), _MEDIANS * _deviation(np.diff(offset)))
    bound = NormalDist().inv_cdf(1 - alpha / len(edges)) * noise
    peaks = _peaks(moves, bound)
    rows = np.array([_row(gap, edges, peak + _SIDE) for peak in peaks], np.int64)
    drift, error = _drift(at, offset, rows, edges)
    half = NormalDist().inv_cdf(1 - alpha) * error
    ends = (1e6 * (drift - half), 1e6 * (drift + half))
    steps = pl.DataFrame(
        {
            "at_ns": one_ns[rows],
            "size_ns": moves[peaks],
            "error_ns": np.full(rows.size, noise),
        },
        schema={"at_ns": pl.Int64, "size_ns": pl.Float64, "error_ns": pl.Float64},
    )
    return ClockComparison(
        float(np.median(gap)), Interval(1e6 * drift, *ends, level), steps, len(edges)
    )


def _deviation(values: Floats) -> float:
    return _MAD_TO_DEVIATION * float(np.median(np.abs(values)))


def _edges(one_ns: Integers, other_ns: Integers, bins: int) -> Integers:
    """Return first and last + 1 row of each bin, shape (n_bins, 2)."""
    if one_ns.shape != other_ns.shape or np.any(np.diff(one_ns) < 0):
        raise InputError(
            f"Two clocks need stamps of the same events in order of the first, were "
            f"{one_ns.size} and {other_ns.size}.",
            way_out="Match the events, then sort both by the first clock.",
        )
    count = 0
    if one_ns.size:
        borders = np.linspace(one_ns[0], one_ns[-1] + 1, bins + 1)
        rows = np.searchsorted(one_ns, borders.astype(np.int64))
        edges = np.stack([rows[:-1], rows[1:]], axis=1)
        edges = edges[edges[:, 1] - edges[:, 0] >= _LEAST_ROWS]
        count = len(edges)
    if count < _LEAST_BINS:
        raise InputError(
            f"Two clocks need {_LEAST_BINS} bins of {_LEAST_ROWS} events, there are "
            f"{count} of {bins}.",
            way_out="Give more events, or fewer and longer bins.",
        )
    return edges.astype(np.int64)


def _moves(at: Floats, offset: Floats) -> Floats:
    """Compare the bins before each border with those after it, less the drift.

    Move k lies between bins ``k + _SIDE - 1`` and ``k + _SIDE``.
    """
    levels = np.median(sliding_window_view(offset, _SIDE), axis=1)
    times = sliding_window_view(at, _SIDE).mean(axis=1)
    rise = levels[_SIDE:] - levels[:-_SIDE]
    run = times[_SIDE:] - times[:-_SIDE]
    moves: Floats = rise - np.median(rise / run) * run
    return moves


def _peaks(moves: Floats, bound: float) -> Integers:
    """Return the middle of the highest places of each stretch beyond the bound."""
    beyond = np.flatnonzero(np.abs(moves) > bound)
    signs = np.sign(moves[beyond])
    breaks = (np.diff(beyond) > 1) | (signs[1:] != signs[:-1])
    stretches = np.split(beyond, np.flatnonzero(breaks) + 1)
    return np.array([_middle(moves, s) for s in stretches if s.size], np.int64)


def _middle(moves: Floats, stretch: Integers) -> int:
    height = np.abs(moves[stretch])
    high = stretch[height > 0.9 * height.max()]
    return int(high[high.size // 2])


def _row(gap: Floats, edges: Integers, border: int) -> int:
    """Find the first row after the step: where the sums of both sides differ most."""
    near = (max(0, border - 3), min(len(edges) - 1, border + 2))
    begin, end = int(edges[near[0], 0]), int(edges[near[1], 1])
    part = np.clip(gap[begin:end], *np.quantile(gap[begin:end], [0.05, 0.95]))
    sums = np.cumsum(part - part.mean())
    return begin + int(np.argmax(np.abs(sums[:-1]))) + 1


def _drift(
    at: Floats, offset: Floats, rows: Integers, edges: Integers
) -> tuple[float, float]:
    """Return the common slope of the parts between steps, and its error.

    Bins that hold a step belong to no part.
    """
    part = np.searchsorted(rows, edges[:, 0], side="right")
    pure = part == np.searchsorted(rows, edges[:, 1] - 1, side="right")
    part, x, y = part[pure], at[pure], offset[pure]
    count = np.maximum(1, np.bincount(part))
    x = x - (np.bincount(part, x) / count)[part]
    y = y - (np.bincount(part, y) / count)[part]
    spread = float(x @ x)
    slope = float(x @ y) / spread
    free = max(1, x.size - np.unique(part).size - 1)
    rest = y - slope * x
    return slope, float(np.sqrt(rest @ rest / free / spread))

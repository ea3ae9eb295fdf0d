"""Whether a column tells as much in one period as in the next: ranks over periods."""

from dataclasses import dataclass

import numpy as np

from tradeloop.fold import Float


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """How the ranks of columns hold over periods.

    Parameters
    ----------
    of_columns : ndarray of shape (n_columns,)
        1 less the deviation of the column's rank over the periods, in shares of the
        greatest deviation there can be: 1 where the rank never moves, 0 where it jumps
        from first to last.
    of_order : float
        Mean rank correlation (Spearman) of each two periods: 1 where the order stays, 0
        where it is drawn anew each time; 1 with one column or period.
    """

    of_columns: Float
    of_order: float


def stability(scores: Float) -> Stability:
    """Judge how stable scores are over periods.

    Parameters
    ----------
    scores : ndarray of shape (n_periods, n_columns)
        The more the better; ties share their mean rank.
    """
    periods, columns = scores.shape
    ranks = np.array([ranked(row) for row in scores]).reshape(periods, columns)
    greatest = (columns - 1) / 2
    if columns < len(("one", "other")) or periods < len(("one", "other")):
        return Stability(np.ones(columns), 1.0)
    spread = ranks.std(axis=0) / greatest
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=1))
    found = [
        float(centred[a] @ centred[b] / (size[a] * size[b]))
        if size[a] * size[b] > 0
        else 0.0
        for a in range(periods)
        for b in range(a + 1, periods)
    ]
    return Stability(1.0 - spread, float(np.mean(found)))


def ranked(values: Float) -> Float:
    """Ranks from 1 for the least; ties share their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2.0)[place], dtype=np.float64)

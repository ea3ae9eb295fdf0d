"""Sequential bootstrap: draw rows so that the sample repeats itself less.

A plain bootstrap of overlapping labels draws the same hours again and again. Here each
draw prefers rows that share little with those drawn before: the next row is i with
probability ``u_i / sum(u)``, where u_i is the mean over label interval i of
``1 / (1 + c)`` and c counts the drawn intervals (repeats too) that hold the moment.

1. `Pieces` cuts time where the concurrency may change.
2. A draw changes u only for rows that overlap the drawn one; with rows in the order of
   their starts they are a short range, and only it is worked out anew.
3. A tree of sums over u finds the row that a uniform number points at in log n. Each
   sum is made anew from its two parts, so that no rounding gathers over the draws.

References
----------
Lopez de Prado, Advances in Financial Machine Learning (2018), section 4.5.
"""

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.datasets.concurrency import Float, Pieces, pieces
from tradeloop.datasets.intervals import Rows, label_intervals
from tradeloop.errors import InputError
from tradeloop.fold import compiled, inline


@inline
def _fill(size: Float, drawn: Float, total: Float, low: int, high: int) -> None:
    """Add up 1 / (1 + drawn) by size, from 0 at ``low``."""
    total[low] = 0.0
    for piece in range(low, high):
        total[piece + 1] = total[piece] + size[piece] / (1.0 + drawn[piece])


@inline
def _climb(tree: Float, leaf: int) -> None:
    """Make anew the sums above a leaf."""
    node = leaf // 2
    while node >= 1:
        tree[node] = tree[2 * node] + tree[2 * node + 1]
        node //= 2


@inline
def _pick(tree: Float, leaves: int, share: float) -> int:
    """Leaf at a share, 0 to 1, of the sum of all leaves."""
    node, left = 1, share * tree[1]
    while node < leaves:
        node *= 2
        # A part that is 0 is never entered, wherever rounding puts the share.
        if left >= tree[node] and tree[node + 1] > 0.0:
            left -= tree[node]
            node += 1
    return node - leaves


@compiled
def _draw(
    size: Float, first: Rows, last: Rows, reach: Rows, uniform: Float
) -> tuple[Rows, Float]:
    """Draw rows, which are in the order of ``first``; also give the last u."""
    n_rows = first.size
    leaves = 1
    while leaves < n_rows:
        leaves *= 2
    tree = np.zeros(2 * leaves)
    tree[leaves : leaves + n_rows] = 1.0
    for node in range(leaves - 1, 0, -1):
        tree[node] = tree[2 * node] + tree[2 * node + 1]
    length = np.empty(n_rows)
    for row in range(n_rows):
        length[row] = size[first[row] : last[row]].sum()
    drawn, total = np.zeros(size.size), np.zeros(size.size + 1)
    taken = np.empty(uniform.size, np.int64)
    for k in range(uniform.size):
        row = _pick(tree, leaves, uniform[k])
        taken[k] = row
        drawn[first[row] : last[row]] += 1.0
        # reach is the latest end of any row so far: it grows, so it can be searched.
        begin = np.searchsorted(reach, first[row], side="right")
        stop = np.searchsorted(first, last[row], side="left")
        _fill(size, drawn, total, first[begin], reach[stop - 1])
        for other in range(begin, stop):
            if last[other] > first[row]:
                share = total[last[other]] - total[first[other]]
                tree[leaves + other] = share / length[other]
                _climb(tree, leaves + other)
    return taken, tree[leaves : leaves + n_rows].copy()


def _run(cut: Pieces, uniform: Float) -> tuple[Rows, Float]:
    """Draw with rows in the order of their starts, and put the rows back."""
    order = np.argsort(cut.first, kind="stable")
    first, last = cut.first[order], cut.last[order]
    taken, unique = _draw(cut.size, first, last, np.maximum.accumulate(last), uniform)
    back = np.empty_like(unique)
    back[order] = unique
    return order[taken], back


def sequential_bootstrap(
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    *,
    seed: int,
    draws: int | None = None,
    times_ns: ArrayLike | None = None,
) -> Rows:
    """Draw rows with replacement, each less likely the more it repeats those drawn.

    Parameters
    ----------
    decision_ns, end_ns : array-like of int, shape (n_rows,)
        Label intervals, ns UTC, in any order.
    seed : int
        Seed of the draws; the same seed draws the same rows.
    draws : int, optional
        Rows to draw; as many as there are, if absent.
    times_ns : array-like of int, shape (n_times,), optional
        Times that count; without them time is continuous, see `uniqueness`.

    Returns
    -------
    ndarray of int64, shape (n_draws,)
        Positions of the rows, in the order in which they were drawn.

    Raises
    ------
    InputError
        There are no rows, ``draws`` is below 0, or an interval holds none of the times.

    Notes
    -----
    A draw takes as many steps as rows overlap the drawn one, times log n. How much it
    gains over the plain bootstrap depends on the rows: much where crowded and lonely
    labels stand side by side, little where all moments are equally crowded.
    """
    start, end = label_intervals(decision_ns, end_ns)
    count = start.size if draws is None else draws
    if start.size == 0 or count < 0:
        raise InputError(
            f"The sequential bootstrap needs rows and draws of at least 0; there are "
            f"{start.size} rows and {count} draws.",
            way_out="Give the label intervals of the rows to draw from.",
        )
    uniform = np.random.default_rng(seed).random(count)
    return _run(pieces(start, end, times_ns), uniform)[0]

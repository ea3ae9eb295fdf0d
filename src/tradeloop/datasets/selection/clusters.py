"""Clusters of columns that say the same: complete linkage on absolute correlation.

Two clusters are as far apart as the least correlated pair between them, so that within
a cluster every pair is correlated above the limit.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import Float

Ints = NDArray[np.int64]


def correlations(values: Float) -> Float:
    """Absolute Pearson correlation of each pair, over the rows that know both.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        NaN where missing.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        Symmetric, 1 on the diagonal; 0 where one does not vary over these rows.
    """
    known = np.isfinite(values)
    if known.all():
        return _absolute(values)
    whole = _groups_of_rows(known)
    found = np.eye(values.shape[1])
    for pair in _pairs(whole):
        rows = known[:, pair[0]] & known[:, pair[1]]
        places = np.array(whole[pair[0]] + whole[pair[1]])
        part = _absolute(values[np.ix_(rows, places)])
        found[np.ix_(places, places)] = part
    # Last, so that a group's own rows count within the group.
    for first, members in whole.items():
        places = np.array(members)
        found[np.ix_(places, places)] = _absolute(
            values[np.ix_(known[:, first], places)]
        )
    return found


def clusters(distance: Float, limit: float) -> list[list[int]]:
    """Join the nearest clusters until the nearest two are further apart than ``limit``.

    Parameters
    ----------
    distance : ndarray of shape (n, n)
        Symmetric.
    limit : float
        Largest distance of two members of a cluster, exclusive.

    Returns
    -------
    list of list of int
        Members in growing order; clusters by their first member.
    """
    between = distance.astype(np.float64, copy=True)
    np.fill_diagonal(between, np.inf)
    members: dict[int, list[int]] = {k: [k] for k in range(len(between))}
    while len(members) > 1:
        one, two = divmod(int(np.argmin(between)), len(between))
        if not between[one, two] < limit:
            break
        one, two = min(one, two), max(one, two)
        members[one] += members.pop(two)
        joined = np.maximum(between[one], between[two])
        between[one], between[:, one] = joined, joined
        between[one, one] = np.inf
        between[two], between[:, two] = np.inf, np.inf
    return sorted(sorted(each) for each in members.values())


def representatives(
    groups: Sequence[Sequence[int]], correlation: Float, relevance: Float, limit: float
) -> list[int]:
    """Choose one of a cluster at the most, no two of them correlated above ``limit``.

    Clusters speak in the order of their most relevant member; each offers its members
    by relevance, and the first that is not above the limit with one already chosen is
    taken. Ties go to the column that comes first.
    """
    chosen: list[int] = []
    by_relevance = [sorted(g, key=lambda at: (-relevance[at], at)) for g in groups]
    for offered in sorted(by_relevance, key=lambda g: (-relevance[g[0]], g[0])):
        for at in offered:
            if not chosen or float(correlation[at, chosen].max()) <= limit:
                chosen.append(at)
                break
    return sorted(chosen)


def _absolute(values: Float) -> Float:
    size = values.shape[1]
    found = np.eye(size)
    if len(values) < len(("one", "other")):
        return found
    varying = np.flatnonzero(values.min(axis=0) < values.max(axis=0))
    if len(varying) > 1:
        scaled = values[:, varying] - values[:, varying].mean(axis=0)
        scaled /= np.abs(scaled).max(axis=0)
        scaled /= np.sqrt((scaled**2).sum(axis=0))
        part = np.minimum(np.abs(scaled.T @ scaled), 1.0)
        found[np.ix_(varying, varying)] = (part + part.T) / 2
    np.fill_diagonal(found, 1.0)
    return found


def _groups_of_rows(known: NDArray[np.bool_]) -> dict[int, list[int]]:
    """Columns that are known on the same rows, by the first of them."""
    groups: dict[bytes, list[int]] = {}
    for at, packed in enumerate(np.packbits(known, axis=0).T):
        groups.setdefault(packed.tobytes(), []).append(at)
    return {members[0]: members for members in groups.values()}


def _pairs(groups: dict[int, list[int]]) -> list[tuple[int, int]]:
    names = list(groups)
    return [(a, b) for k, a in enumerate(names) for b in names[k + 1 :]]

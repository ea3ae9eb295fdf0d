"""How odd a row of features is, by an isolation forest.

Odd rows are parted from all others by few random cuts. The score of a row is
``2 ** (-mean depth / c(n))``, c(n) the mean depth of an unsuccessful search among the n
rows of a tree: near 1 the row is odd, well below 0.5 it is common.

References
----------
Liu, Ting and Zhou, Isolation forest (2008).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import InputError

Floats = NDArray[np.float64]

_LEAST_ROWS = 50
_TREES, _ROWS_OF_A_TREE = 200, 256


@dataclass(frozen=True, slots=True, eq=False)
class OddRows:
    """A fitted isolation forest: what `tradeloop.quality.Scorer` asks for.

    Parameters
    ----------
    columns : tuple of str
        Columns that it scores, in order.
    limit : float
        Score above which a row is an anomaly.
    forest : object
        The fitted trees.
    """

    columns: tuple[str, ...]
    limit: float
    forest: Any = field(repr=False)

    def score(self, rows: Floats) -> Floats:
        """Score rows of shape (n_rows, n_columns), none missing; higher is odder."""
        if rows.shape[0] == 0:
            return np.zeros(0)
        scores: Floats = -self.forest.score_samples(np.asarray(rows, np.float64))
        return scores


def fit_odd_rows(
    rows: Floats, columns: Sequence[str], *, seed: int, margin: float = 0.1
) -> OddRows:
    """Fit an isolation forest on rows that are taken for usual.

    Parameters
    ----------
    rows : ndarray of float64, shape (n_rows, n_columns)
        Training rows, at least 50; rows with NaN are left out.
    columns : sequence of str
        Their names.
    seed : int
        Seed of the cuts.
    margin : float
        The limit is the highest score of these rows plus this share of the way from
        their median score to it: new rows of the same kind lie above it seldom.

    Raises
    ------
    InputError
        The names do not fit the columns, or fewer than 50 rows are whole.
    """
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - slow to import

    whole = rows[np.isfinite(rows).all(axis=1)] if rows.ndim == 2 else rows[:0]  # noqa: PLR2004
    if rows.ndim != 2 or rows.shape[1] != len(columns) or len(whole) < _LEAST_ROWS:  # noqa: PLR2004
        raise InputError(
            f"An isolation forest needs at least {_LEAST_ROWS} whole rows with a name "
            f"for each column, was {whole.shape[0]} rows and {len(columns)} names.",
            way_out="Give more training rows, or leave out columns that are missing.",
            source="rows",
        )
    forest = IsolationForest(
        n_estimators=_TREES,
        max_samples=min(_ROWS_OF_A_TREE, len(whole)),
        random_state=seed,
    ).fit(whole)
    scores = -forest.score_samples(whole)
    limit = scores.max() + margin * (scores.max() - np.median(scores))
    return OddRows(tuple(columns), float(limit), forest)

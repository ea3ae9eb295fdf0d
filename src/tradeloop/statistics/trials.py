"""How many independent trials a number of similar ones is worth."""

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.statistics.samples import at_least, finite_rows


def effective_trials(returns: ArrayLike, *, untold: int = 0) -> float:
    """Effective number of trials: ``(sum sqrt(l))^2 / sum l`` over eigenvalues.

    ``l`` are the eigenvalues of the correlation matrix of the trials' returns. Trials
    that are copies of one another count as one, uncorrelated ones one each, G groups of
    copies of equal size as G. The measure is larger than the participation ratio
    ``(sum l)^2 / sum l^2`` in between (60 against 4 for 100 trials that correlate at
    1/2), because what is left of a trial after the common part still takes part in the
    search for the best: the cautious one of the two.

    Parameters
    ----------
    returns : array_like of shape (n_rows, n_trials)
        On the same rows, at least 3; NaN is refused. A trial whose returns do not vary
        counts as one. More trials than about half of the rows cannot be told apart from
        their sample, and the figure stays below ``n_rows``.
    untold : int
        Trials without returns, such as abandoned ones; each counts as one.

    Returns
    -------
    float
        From 1 (or 0 without any trial) to ``n_trials + untold``.

    Raises
    ------
    InputError
        A value is not finite, or there are too few rows.

    References
    ----------
    Galwey (2009), Genetic Epidemiology 33(7), 559-568. For its use: Bailey and Lopez de
    Prado (2014), JPM 40(5), who ask for the number of independent trials.
    """
    more = at_least(untold, 0, name="untold")
    values = finite_rows(returns, name="returns", at_least=3, axes=2)
    spread = values.std(axis=0)
    moving = spread > 1e-14 * np.abs(values).max(axis=0, initial=0.0)
    still = int((~moving).sum())
    if not moving.any():
        return float(still + more)
    off = (values[:, moving] - values[:, moving].mean(axis=0)) / spread[moving]
    # Singular values of the rows are the roots of the eigenvalues, and cannot be NaN.
    roots = np.linalg.svd(off / np.sqrt(len(off)), compute_uv=False)
    return float(roots.sum() ** 2 / (roots**2).sum()) + still + more

"""How far a distribution has moved."""

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.statistics.samples import Floats, at_least, finite_rows

_LEAST_BINS = 2


def _shares(rows: Floats, inner_edges: Floats) -> Floats:
    """Share of rows per bin; an empty bin counts as half a row."""
    index = np.searchsorted(inner_edges, rows)
    count = np.bincount(index, minlength=len(inner_edges) + 1)
    return np.maximum(count, 0.5) / len(rows)


def population_stability(
    reference: ArrayLike, current: ArrayLike, *, bins: int = 10
) -> float:
    """Return the population stability index: ``sum (a - e) ln(a / e)`` over bins.

    ``e`` and ``a`` are the shares of the reference and of the current rows. The bins
    lie between the quantiles of the *reference* and never move with the current rows;
    the outer ones are open. A bin without rows counts as half a row, so that the index
    stays finite. It is 0 for equal shares and never negative. The usual alarms at 0.1
    and 0.25 are conventions, no significance levels.

    Parameters
    ----------
    reference : array_like of shape (n_reference,)
        At least ``bins`` rows.
    current : array_like of shape (n_current,)
        At least 1 row.
    bins : int
        Number of bins, at least 2. Equal quantiles of a reference with many equal
        values make one bin of several.

    Raises
    ------
    InputError
        A value is not finite, there are too few rows, or the reference has one value.

    References
    ----------
    Siddiqi (2006), Credit Risk Scorecards, Wiley.
    """
    at_least(bins, _LEAST_BINS, name="bins")
    old = finite_rows(reference, name="reference", at_least=bins)
    new = finite_rows(current, name="current", at_least=1)
    inner = np.unique(np.quantile(old, np.arange(1, bins) / bins))
    inner = inner[inner < old.max()]  # a bin above the maximum holds no reference row
    if not len(inner):
        raise InputError(
            f"The reference must take values in at least {_LEAST_BINS} bins, nearly "
            f"all were {old.max()}.",
            way_out="Take more bins, or compare the shares of its values instead.",
            source="reference",
        )
    expected, actual = _shares(old, inner), _shares(new, inner)
    return float(((actual - expected) * np.log(actual / expected)).sum())

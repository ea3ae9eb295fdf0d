"""Volatility that the market realised from a decision to its due time.

With p_0 the price known at the decision and p_1 .. p_n the closes of the bars after it,
``RV = sqrt(sum_i ln(p_i / p_{i-1})^2)``, a fraction over the whole horizon, not
annualised (Andersen, Bollerslev, Diebold and Labys 2003, Econometrica 71, 579-625).

The bars run up to the first that ends at or after the due time, and only as far as
they were known at ``end_ns`` of the label: RV is never known later than the return.
Labels that were cut from bars therefore have all bars; those cut from quotes may lack
the bar that was still open.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.labels import MISSING_NS, PricePath, bar_path

_STEM = "realised_volatility"
Floats = NDArray[np.float64]
Times = NDArray[np.int64]


def _sums(values: Floats, first: NDArray[np.intp], stop: NDArray[np.intp]) -> Floats:
    """Sum of ``values[first:stop]`` per window; 0 where it is empty."""
    padded = np.append(values, 0.0)
    bounds = np.column_stack([first, np.maximum(first, stop)]).ravel()
    return np.where(stop > first, np.add.reduceat(padded, bounds)[::2], 0.0)


def realised_on(
    path: PricePath, decision_ns: Times, due_ns: Times, end_ns: Times
) -> Floats:
    """Volatility that one path realised over some windows.

    Parameters
    ----------
    path : PricePath
        Bars of the instrument.
    decision_ns, due_ns, end_ns : ndarray of shape (n,)
        ns UTC; `MISSING_NS` where not known.

    Returns
    -------
    ndarray of shape (n,)
        As a fraction; NaN where no price was known at the decision, the end is not
        known, or no bar stands between.
    """
    found = np.full(decision_ns.shape, np.nan)
    if not len(path):
        return found
    entry = np.searchsorted(path.known_ns, decision_ns, side="right") - 1
    first = np.searchsorted(path.time_ns, decision_ns, side="right")
    due = np.searchsorted(path.time_ns, due_ns, side="left") + 1
    known = np.searchsorted(path.known_ns, end_ns, side="right")
    stop = np.minimum(due, known)
    good = (entry >= 0) & (stop > first) & (end_ns != MISSING_NS)
    entry, first, stop = entry[good], first[good], stop[good]
    price = np.log(path.price)
    squares = np.diff(price, prepend=price[0]) ** 2
    jump = (price[first] - price[entry]) ** 2
    found[good] = np.sqrt(jump + _sums(squares, first + 1, stop))
    return found


def realised_volatility(
    labels: pl.DataFrame, bars: pl.DataFrame, horizons: tuple[str, ...]
) -> pl.DataFrame:
    """Column ``realised_volatility_h`` of each horizon h.

    Parameters
    ----------
    labels : polars.DataFrame of shape (n_rows, any)
        Columns instrument, decision_ns, and due_ns_h and end_ns_h of each horizon.
    bars : polars.DataFrame
        Rows of the record BAR.
    horizons : tuple of str
        Such as ``("1h", "1d")``.

    Returns
    -------
    polars.DataFrame of shape (n_rows, n_horizons)
        Fraction over the horizon; null where it is not known.
    """
    names = [f"{_STEM}_{h}" for h in horizons]
    table = {name: np.full(labels.height, np.nan) for name in names}
    times = [f"{kind}_ns_{h}" for h in horizons for kind in ("due", "end")]
    whole = labels.select("instrument", pl.col("decision_ns", *times)).with_columns(
        pl.col(*times).fill_null(MISSING_NS)
    )
    paths = bars.partition_by("instrument", as_dict=True)
    numbered = whole.with_row_index("row").partition_by("instrument", as_dict=True)
    for key, part in numbered.items():
        if key not in paths:
            continue
        path, rows = bar_path(paths[key]), part["row"].to_numpy()
        decision = part["decision_ns"].to_numpy()
        for h in horizons:
            due, end = (part[f"{kind}_ns_{h}"].to_numpy() for kind in ("due", "end"))
            table[f"{_STEM}_{h}"][rows] = realised_on(path, decision, due, end)
    return pl.DataFrame(table).fill_nan(None)

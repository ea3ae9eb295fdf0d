"""What the market did on the rows of a dataset, and the parts that they fall into."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets import Dataset
from tradeloop.datasets.outcomes import horizons_of
from tradeloop.models import Realised, period_of

_BPS, _REGIME = 10_000, "market_regime"


def realised_of(
    dataset: Dataset, min_edge: float, rows: NDArray[np.int64] | None = None
) -> Realised | None:
    """Return and cost of each row; None where the dataset does not tell them of all.

    Parameters
    ----------
    dataset : Dataset
        Labelled rows.
    min_edge : float
        Least edge of a trade, that of the policy.
    rows : ndarray of int64, optional
        Of these rows only.
    """
    labels = dataset.outcome_labels
    horizons = horizons_of(labels)
    names = [
        f"{stem}_{horizon}"
        for horizon in horizons[:1]
        for stem in ("return", "outperformance_bps", "net_bps")
    ]
    if not names or any(n not in labels.columns for n in names):
        return None
    chosen = slice(None) if rows is None else rows
    moved, gross, net = (labels[n].to_numpy().astype(float)[chosen] for n in names)
    cost = np.maximum(gross - net, 0.0)
    if not (np.isfinite(moved).all() and np.isfinite(cost).all()):
        return None
    return Realised(moved * _BPS, cost, dataset.decision_ns[chosen], min_edge)


def parts_of(dataset: Dataset) -> dict[str, NDArray[np.str_]]:
    """Regime where it is told, symbol and year of each row, by group."""
    parts = {
        "symbol": dataset.decision_context["instrument"].to_numpy().astype(np.str_),
        "period": period_of(dataset.decision_ns, "Y"),
    }
    if _REGIME not in dataset.market_context.columns:
        return parts
    regime = dataset.market_context[_REGIME].cast(pl.String).fill_null("unknown")
    return {"regime": regime.to_numpy().astype(np.str_), **parts}

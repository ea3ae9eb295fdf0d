"""Rows of features that a fitted scorer finds odd, such as an isolation forest.

The scorer is given with the evidence: it was fitted on rows of the past, elsewhere.
Rows in which one of its columns is missing are not scored.
"""

import polars as pl

from tradeloop.quality.anomalies.streams import EMPTY
from tradeloop.quality.base import Detector, Evidence


def find_odd_rows(evidence: Evidence) -> pl.DataFrame:
    """Rows of features whose score lies above the limit of the scorer.

    Returns
    -------
    polars.DataFrame of shape (n_found, 3)
        instrument, event_ns, score.
    """
    scorer, features = evidence.scorer, evidence.features
    if scorer is None or features is None:
        return pl.DataFrame(schema=EMPTY)
    names = list(scorer.columns)
    whole = features.select(
        "instrument", "event_ns", *(pl.col(name).fill_nan(None) for name in names)
    ).drop_nulls(names)
    if whole.is_empty():
        return pl.DataFrame(schema=EMPTY)
    scores = scorer.score(whole.select(names).to_numpy())
    return (
        whole.select("instrument", "event_ns", score=pl.Series(scores))
        .filter(pl.col("score") > scorer.limit)
        .sort("score", descending=True, maintain_order=True)
    )


ODD_ROW = Detector(
    "odd_row", "score of the fitted scorer above its limit", find_odd_rows, "scored"
)

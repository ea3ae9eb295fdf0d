"""Decisions on an instrument of which nothing, or nothing fresh, was known.

The newest bar known at a decision is stale when it is older than the longest gap that
is usual for the instrument, and than 4 intervals, plus one interval.
"""

import polars as pl

from tradeloop.quality.base import Detector, Evidence
from tradeloop.quality.gaps import FACTOR, GAPS, table_of


def bar_ages(evidence: Evidence) -> pl.DataFrame:
    """Age of the newest bar known at each decision.

    Parameters
    ----------
    evidence : Evidence
        Its bars and decisions.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 3)
        instrument, event_ns of the decision, age_ns (null where no bar was known).
    """
    bars, decisions = evidence.bars, evidence.decisions
    if decisions is None or decisions.is_empty():
        schema = {"instrument": pl.String, "event_ns": pl.Int64, "age_ns": pl.Int64}
        return pl.DataFrame(schema=schema)
    known = (
        bars.select("instrument", "received_ns", end_ns="event_ns")
        .sort("received_ns", "end_ns")
        .with_columns(pl.col("end_ns").cum_max().over("instrument"))
    )
    return (
        decisions.select("instrument", "event_ns", "received_ns")
        .sort("received_ns")
        .join_asof(known, on="received_ns", by="instrument", check_sortedness=False)
        .select(
            "instrument", "event_ns", age_ns=pl.col("received_ns") - pl.col("end_ns")
        )
    )


def find_blind(evidence: Evidence) -> pl.DataFrame:
    """Decisions before any bar of their instrument was known."""
    return bar_ages(evidence).filter(pl.col("age_ns").is_null())


def find_stale(evidence: Evidence) -> pl.DataFrame:
    """Decisions on a bar older than the longest usual gap."""
    if evidence.decisions is None or evidence.decisions.is_empty():
        return bar_ages(evidence)
    longest = table_of(evidence.usual_for(GAPS), "longest").select(
        "instrument", limit_ns="limit"
    )
    least = FACTOR * evidence.interval_ns
    known = pl.max_horizontal("limit_ns", pl.lit(least))  # null is no longer gap
    limit = known + evidence.interval_ns
    return (
        bar_ages(evidence)
        .join(longest, on="instrument", how="left", maintain_order="left")
        .filter(pl.col("age_ns") > limit)
        .drop("limit_ns")
    )


BLIND = Detector(
    "blind_decision", "no bar of the instrument was known", find_blind, "decisions"
)
STALE = Detector(
    "stale_decision", "newest bar older than the usual gap", find_stale, "decisions"
)

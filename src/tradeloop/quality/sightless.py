"""Decisions on an instrument of which nothing, or nothing fresh, was known.

The newest bar known at a decision is stale when it is older than the longest gap that
is usual for the instrument (the largest limit of the gap rule) plus one interval.
"""

import polars as pl

from tradeloop.quality.base import Detector, Evidence
from tradeloop.quality.gaps import usual_gaps


def bar_ages(evidence: Evidence) -> pl.DataFrame:
    """Age of the newest bar known at each decision.

    Parameters
    ----------
    evidence : Evidence
        Its bars and decisions.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 4)
        instrument, event_ns of the decision, age_ns (null where no bar was known) and
        limit_ns.
    """
    bars, decisions = evidence.bars, evidence.decisions
    if decisions is None:
        decisions = bars.select("instrument", "event_ns", "received_ns").clear()
    known = (
        bars.select("instrument", "received_ns", end_ns="event_ns")
        .sort("received_ns", "end_ns")
        .with_columns(pl.col("end_ns").cum_max().over("instrument"))
    )
    limits = (
        usual_gaps(bars).group_by("instrument").agg(pl.col("limit_ns").max())
    ).with_columns(pl.col("limit_ns") + evidence.interval_ns)
    return (
        decisions.select("instrument", "event_ns", "received_ns")
        .sort("received_ns")
        .join_asof(known, on="received_ns", by="instrument", check_sortedness=False)
        .join(limits, on="instrument", how="left")
        .select(
            "instrument",
            "event_ns",
            age_ns=pl.col("received_ns") - pl.col("end_ns"),
            limit_ns=pl.col("limit_ns"),
        )
    )


def find_blind(evidence: Evidence) -> pl.DataFrame:
    """Decisions before any bar of their instrument was known."""
    return bar_ages(evidence).filter(pl.col("age_ns").is_null())


def find_stale(evidence: Evidence) -> pl.DataFrame:
    """Decisions on a bar older than the longest usual gap."""
    return bar_ages(evidence).filter(pl.col("age_ns") > pl.col("limit_ns"))


BLIND = Detector("blind_decision", "no bar of the instrument was known", find_blind)
STALE = Detector("stale_decision", "newest bar older than the usual gap", find_stale)

"""What a live labeller remembers and counts, as plain values and frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from tradeloop.labels.rules import LabelPlan


class Counts(NamedTuple):
    """Where all decisions stand: ``received = labelled + pending + censored``.

    Parameters
    ----------
    received : int
        Decisions handed in.
    labelled, censored : int
        Rows given out, by the state at the primary horizon.
    pending : int
        Decisions whose row was not given out.
    reasons : mapping of str to int
        Why the censored ones never got a class.
    """

    received: int
    labelled: int
    pending: int
    censored: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class LiveState:
    """All that a labeller remembers: numbers and frames, for JSON and Parquet.

    Parameters
    ----------
    about : dict
        Plain values for JSON: the plan, the time it has come to, the counts.
    decisions, bars, quotes : polars.DataFrame
        Pending decisions; prices that are still needed or not yet known.
    marks : polars.DataFrame
        Highest times per instrument, as `labels.live_tape.Marks`.
    """

    about: dict[str, Any]
    decisions: pl.DataFrame
    bars: pl.DataFrame
    quotes: pl.DataFrame
    marks: pl.DataFrame


def plan_mapping(plan: LabelPlan) -> dict[str, object]:
    """Plain values of a plan, to tell it from another one."""
    return {
        "horizons_ns": list(plan.horizons_ns),
        "benchmark": plan.benchmark,
        "rule": plan.rule.as_mapping(),
        "costs": plan.costs.as_mapping(),
        "wait_ns": plan.wait_ns,
    }

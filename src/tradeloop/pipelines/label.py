"""What came of each decision, and where each of them stands in the journal."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl

from tradeloop.events import DECISION, DecisionState, duration_text
from tradeloop.labels import LabelPlan, label
from tradeloop.labels.certainty import certainty
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import StateChange


def label_decisions(
    decisions: pl.DataFrame,
    bars: pl.DataFrame,
    quotes: pl.DataFrame,
    *,
    horizons_ns: Sequence[int],
    benchmark: str | None,
    rules: Rules,
    as_of_ns: int | None = None,
) -> pl.DataFrame:
    """Grade every decision by what the market did after it.

    Parameters
    ----------
    decisions, bars, quotes, horizons_ns, benchmark
        As in `tradeloop.labels.label`.
    rules : Rules
        Bounds, costs and waits.
    as_of_ns : int, optional
        Until when the market is known; the last fact of ``bars`` and ``quotes`` where
        absent, which a cut market must not decide.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, n_columns)
        As `label_by` returns it.
    """
    last_ns = max(last_received_ns(bars), last_received_ns(quotes))
    plan = LabelPlan(
        horizons_ns,
        benchmark,
        rules.outcome,
        rules.costs,
        rules.wait_ns,
        last_ns if as_of_ns is None else as_of_ns,
    )
    return label_by(decisions, bars, quotes, plan)


def label_by(
    decisions: pl.DataFrame, bars: pl.DataFrame, quotes: pl.DataFrame, plan: LabelPlan
) -> pl.DataFrame:
    """Grade decisions by a plan, and say how sure each grade is.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, n_columns)
        As `tradeloop.labels.label` returns it, with the columns of
        `tradeloop.labels.certainty`.
    """
    ticks = quotes if quotes.height else None
    labels = label(decisions, bars, ticks, **arguments_of(plan))
    sure = certainty(decisions, bars, ticks, plan=plan)
    return labels.hstack(sure.drop("decision_id"))


def arguments_of(plan: LabelPlan) -> dict[str, Any]:
    """Write a plan as the arguments of `label` and `explain`."""
    return {
        "horizons_ns": plan.horizons_ns,
        "benchmark": plan.benchmark,
        "rule": plan.rule,
        "costs": plan.costs,
        "wait_ns": plan.wait_ns,
        "as_of_ns": plan.as_of_ns,
    }


def last_received_ns(frame: pl.DataFrame) -> int:
    """When the last row was known, ns UTC; 0 where there is none."""
    return int(frame.select(pl.col("received_ns").max().fill_null(0)).item())


def settle(workspace: Workspace, labels: pl.DataFrame, primary_ns: int) -> None:
    """Write into the journal where each labelled decision stands."""
    due = pl.col(f"due_ns_{duration_text(primary_ns)}").alias("due_ns")
    states = [
        StateChange(
            row["decision_id"],
            DecisionState(row["state"]),
            row["due_ns"],
            row["reason"] or "",
        )
        for row in labels.select("decision_id", "state", "reason", due).iter_rows(
            named=True
        )
    ]
    audit = workspace.audit("settle", "decisions", rows=len(states))
    workspace.journal.settle(workspace.principal, states, audit)


def set_aside(workspace: Workspace) -> dict[str, int]:
    """Count the decisions without a label by state and reason, most frequent first."""
    states = workspace.journal.states(workspace.principal).values()
    counts = Counter(
        f"{change.state}: {change.reason}" for change in states if change.reason
    )
    counts.update(
        f"quarantined: {reject.rejected.reason}"
        for reject in workspace.journal.rejects(workspace.principal)
        if reject.kind == DECISION.kind
    )
    return dict(counts.most_common())

"""What came of each decision, and where each of them stands in the journal."""

from collections import Counter
from collections.abc import Sequence

import polars as pl

from tradeloop.events import DECISION, DecisionState, duration_text
from tradeloop.labels import label
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
        As `tradeloop.labels.label` returns it.
    """
    last_ns = max(last_received_ns(bars), last_received_ns(quotes))
    return label(
        decisions,
        bars,
        quotes if quotes.height else None,
        horizons_ns=horizons_ns,
        benchmark=benchmark,
        rule=rules.outcome,
        costs=rules.costs,
        wait_ns=rules.wait_ns,
        as_of_ns=last_ns if as_of_ns is None else as_of_ns,
    )


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

"""What came in, made durable in one go: market, decisions, fills, states."""

from dataclasses import replace

import polars as pl

from tradeloop.events import DECISION, FILL
from tradeloop.pipelines.job import Job, Kept, Looked
from tradeloop.pipelines.label import settle
from tradeloop.pipelines.progress import Progress, stage
from tradeloop.pipelines.record import record_events, record_market
from tradeloop.pipelines.workspace import Workspace


def keep(
    job: Job, looked: Looked, workspace: Workspace, progress: Progress
) -> tuple[Kept, Looked]:
    """Make durable what came in, and settle where each decision stands.

    Returns
    -------
    Kept
        What is durable now.
    Looked
        What was looked at, without the decisions and fills whose id was stored before
        with another content: those are in quarantine, nothing may learn from them.
    """
    with stage(progress, "journal and lake") as told:
        market, slices = record_market(workspace, job.market, job.series)
        decided = [
            record_events(workspace, DECISION, s.name, s.rows, s.quarantined)
            for s in looked.decisions
        ]
        filled = [
            record_events(workspace, FILL, s.name, s.rows, s.quarantined)
            for s in (looked.fills,)
            if s is not None
        ]
        captures = (*market, *decided, *filled)
        kept = Kept(captures, slices)
        good = without(looked, kept)
        settle(workspace, good.labels, job.horizons_ns[0])
        told.text = (
            f"{sum(c.captured for c in captures):,} of "
            f"{sum(c.expected for c in captures):,} events durable"
        )
    return kept, good


def without(looked: Looked, kept: Kept) -> Looked:
    """Leave out the decisions and fills that were in conflict with stored ones."""
    odd = {c.kind: pl.Series(c.conflicts, dtype=pl.String) for c in kept.summed}
    decisions, fills = odd[DECISION.kind], odd.get(FILL.kind)

    def good(frame: pl.DataFrame, key: str, refused: pl.Series) -> pl.DataFrame:
        return frame.filter(~pl.col(key).is_in(refused.implode()))

    return replace(
        looked,
        decisions=tuple(
            replace(source, rows=good(source.rows, "decision_id", decisions))
            for source in looked.decisions
        ),
        labels=good(looked.labels, "decision_id", decisions),
        fills=looked.fills
        if looked.fills is None or fills is None
        else replace(looked.fills, rows=good(looked.fills.rows, "fill_id", fills)),
    )

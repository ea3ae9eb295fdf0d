"""The model at work: registered, scoring, back-tested."""

from tradeloop.pipelines.backtest import backtest
from tradeloop.pipelines.job import Job, Learned, Used
from tradeloop.pipelines.live_open import policy_of
from tradeloop.pipelines.progress import Progress, stage
from tradeloop.pipelines.register import register
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.score import score
from tradeloop.pipelines.workspace import Workspace


def use(
    job: Job, learned: Learned, workspace: Workspace, rules: Rules, progress: Progress
) -> Used | None:
    """Register the newest model, score, and back-test; None without a model."""
    if learned.trained is None or learned.dataset is None:
        return None
    with stage(progress, "registry") as told:
        registered = register(
            workspace,
            learned.dataset,
            learned.trained,
            name=job.name,
            horizon_ns=job.horizons_ns[0],
            rules=rules,
        )
        told.text = f"{registered.name} {registered.version}, champion"
    with stage(progress, "signals") as told:
        policy = policy_of(rules)
        scored = score(learned.dataset, learned.trained, registered.artefacts, policy)
        workspace.catalog.add_signals(
            workspace.principal,
            list(scored.records()),
            audit=workspace.audit("add", "signals", rows=len(scored.signals)),
        )
        sides = scored.frame()["side"]
        told.text = (
            f"{len(sides):,}: {(sides > 0).sum():,} buy, {(sides < 0).sum():,} sell"
        )
    with stage(progress, "back-test") as told:
        replayed, figures = backtest(
            job.market.bars,
            scored.frame(),
            rules,
            periods_per_year=job.periods_per_year,
        )
        told.text = f"{figures.trades:,} trades on {figures.days:,} days"
    return Used(registered, scored, replayed, figures)

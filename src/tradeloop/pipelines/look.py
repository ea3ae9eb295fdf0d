"""Features, decisions and labels: all that is known before anything is written.

Bad input ends here, with nothing half-written.
"""

from dataclasses import replace

import polars as pl

from tradeloop.capture import QUARANTINE, Intake, fills_outside_bar, resolve
from tradeloop.events import DECISION, FILL
from tradeloop.pipelines.featurize import featurize, parity, with_series
from tradeloop.pipelines.job import Job, Looked, Source
from tradeloop.pipelines.label import label_decisions
from tradeloop.pipelines.progress import Progress, stage
from tradeloop.pipelines.rules import Rules
from tradeloop.strategies import strategy_bank

_PARITY_ROWS = 2_000


def look(job: Job, rules: Rules, progress: Progress) -> Looked:
    """Compute features, take or make decisions, grade them. Writes nothing.

    Raises
    ------
    InputError
        The benchmark is unknown, or a rule is broken.
    """
    market = job.market
    with stage(progress, "features") as told:
        bars = with_series(market.bars, job.series)
        extra = [name for name in bars.columns if name not in market.bars.columns]
        bank = rules.features.bank(bars, market.interval_ns, extra)
        features = featurize(bank, bars)
        same = parity(bank, bars, features, most_rows=_PARITY_ROWS)
        told.text = (
            f"{features.height:,} bars x {len(bank.names)} columns; live against "
            f"history: {same.differing} of {same.rows * same.columns:,} values differ"
        )
    with stage(progress, "decisions") as told:
        made, fills = _decided(job, bars, rules)
        # What a run sees is what the journal will give back.
        decisions = tuple(
            replace(source, rows=DECISION.sorted_json(source.rows)) for source in made
        )
        told.text = f"{sum(s.rows.height for s in decisions):,} with a market"
    with stage(progress, "labels") as told:
        labels = label_decisions(
            pl.concat([source.rows for source in decisions]),
            market.bars,
            market.quotes,
            horizons_ns=job.horizons_ns,
            benchmark=job.benchmark,
            rules=rules,
        )
        told.text = f"{(labels['state'] == 'labelled').sum():,} at {job.horizon}"
    odd = fills_outside_bar(FILL.empty() if fills is None else fills.rows, market.bars)
    return Looked(bank, bars, features, same, decisions, fills, labels, odd)


def _decided(
    job: Job, bars: pl.DataFrame, rules: Rules
) -> tuple[tuple[Source, ...], Source | None]:
    stale_ns = rules.stale_after_ns(job.market.interval_ns)
    fills = None if job.fills is None else _matched(job.fills, bars, stale_ns)
    if job.decisions is not None:
        return (_matched(job.decisions, bars, stale_ns),), fills
    features = featurize(strategy_bank(job.strategies), bars)
    nothing = pl.DataFrame(schema=QUARANTINE)
    decided = tuple(
        Source(rule.name, rule.decide(features, bars), nothing)
        for rule in job.strategies
    )
    return decided, fills


def _matched(intake: Intake, bars: pl.DataFrame, stale_ns: int) -> Source:
    known, unknown = resolve(intake.rows, bars, stale_after_ns=stale_ns)
    if intake.places is not None:  # resolve counts kept rows, people count lines
        where = intake.places[unknown["row"]]
        unknown = unknown.with_columns(where["source"], where["row"])
    return Source(intake.source, known, pl.concat([intake.quarantined, unknown]))

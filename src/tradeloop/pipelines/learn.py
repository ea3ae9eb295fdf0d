"""Quality, dataset, models, leak certificate; what cannot be real says why."""

from dataclasses import asdict
from typing import Any

import polars as pl

from tradeloop.datasets import (
    Dataset,
    Findings,
    Splitter,
    feature_schema,
    label_schema,
)
from tradeloop.errors import InputError
from tradeloop.pipelines.assemble import (
    Material,
    certify_dataset,
    divided,
    label_rules,
)
from tradeloop.pipelines.captured import Extent, position
from tradeloop.pipelines.compare import Compared, compare
from tradeloop.pipelines.job import Job, Kept, Learned, Looked
from tradeloop.pipelines.judge_features import judged
from tradeloop.pipelines.keep_dataset import Origin, write_dataset
from tradeloop.pipelines.lineage_inputs import Raw
from tradeloop.pipelines.progress import Progress, stage
from tradeloop.pipelines.quality_report import ticks_of
from tradeloop.pipelines.recipe import recipe_of
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.train import Trained, train
from tradeloop.pipelines.weigh import weigh
from tradeloop.pipelines.workspace import Workspace
from tradeloop.quality import Evidence, QualityReport, RowCounts, judge


def learn(
    job: Job,
    looked: Looked,
    kept: Kept,
    workspace: Workspace,
    rules: Rules,
    progress: Progress,
) -> Learned:
    """Judge the data, make the dataset, train, certify, and keep all of it."""
    quality = _quality(job, looked, progress)
    material = Material(
        bank=looked.bank,
        features=looked.features,
        decisions=looked.known,
        labels=looked.labels,
        horizons_ns=job.horizons_ns,
        series=job.series,
        fills=None if looked.fills is None else looked.fills.rows,
        benchmark=job.benchmark,
    )
    left_out: dict[str, str] = {}
    try:
        with stage(progress, "dataset") as told:
            dataset, splitter = divided(job.market, material, rules, left_out)
            told.text = f"{dataset.sample_count:,} rows, version {dataset.version[:12]}"
    except InputError as error:
        return Learned(quality, material, left_out={"dataset": str(error)})
    trained = _trained(job, looked, dataset, splitter, (rules, progress), left_out)
    with stage(progress, "leak certificate") as told:
        certificate = certify_dataset(
            dataset,
            splitter,
            job.market,
            material,
            trained.fitted if trained else (),
            seed=rules.model.seed,
            rules=rules,
        )
        good = len(certificate.checks) - len(certificate.failed)
        told.text = f"{good} of {len(certificate.checks)} checks passed"
    findings = Findings(
        certificate=certificate,
        feature_schema=feature_schema(
            dataset,
            [asdict(e) for e in looked.bank.catalogue()],
            _weighed(dataset, trained, rules, progress),
        ),
        label_schema=label_schema(dataset, label_rules(material, rules)),
        quality=judged(quality, material, dataset),
        licences=job.licences,
    )
    with stage(progress, "lake") as told:
        origin = _origin(job, material, kept, workspace, (rules, splitter))
        written = write_dataset(
            workspace, dataset, findings, bank=looked.bank, origin=origin
        )
        told.text = f"{written.files:,} files"
        left_out |= written.notes
    return Learned(
        quality=quality,
        material=material,
        dataset=dataset,
        splitter=splitter,
        certificate=certificate,
        compared=_compared(dataset, job.horizon, rules, left_out),
        trained=trained,
        written=written,
        left_out=left_out,
    )


def _origin(
    job: Job,
    material: Material,
    kept: Kept,
    workspace: Workspace,
    made: tuple[Rules, Splitter],
) -> Origin:
    """Say where this run's inputs are: its slices of the lake, its decisions."""
    rules, splitter = made
    extent = Extent(position(workspace), kept.slices)
    recipe = recipe_of(material, rules, splitter, extent, job.market.interval_ns)
    files = (*job.market.intakes, job.decisions, job.fills)
    raw = Raw(
        tuple(intake for intake in files if intake is not None),
        tuple(rule.name for rule in job.strategies),
    )
    return Origin(recipe, material.decisions, material.fills, raw)


def _weighed(
    dataset: Dataset, trained: Trained | None, rules: Rules, progress: Progress
) -> dict[str, Any] | None:
    if trained is None:
        return None
    with stage(progress, "importance") as told:
        judged = weigh(dataset, trained, rules.model)
        told.text = (
            f"{len(judged['selected'])} of {dataset.feature_count} say something"
        )
    return judged


def _compared(
    dataset: Dataset, horizon: str, rules: Rules, left_out: dict[str, str]
) -> Compared | None:
    try:
        return compare(dataset, horizon, seed=rules.model.seed)
    except InputError as error:  # results that do not vary cannot be tested
        left_out["comparison of strategies"] = error.message
        return None


def _quality(job: Job, looked: Looked, progress: Progress) -> QualityReport:
    with stage(progress, "quality") as told:
        intakes, market = job.market.intakes, job.market
        evidence = Evidence(
            bars=market.bars,
            interval_ns=market.interval_ns,
            decisions=looked.known.filter(pl.col("side") != 0),
            fills=None if looked.fills is None else looked.fills.rows,
            fills_outside=looked.odd_fills,
            rows=RowCounts(
                read=sum(i.read for i in intakes),
                quarantined=sum(i.quarantined.height for i in intakes),
                clock_cut=sum(i.clock_cut for i in intakes),
            ),
            features=looked.features,
            ticks=ticks_of(market),
        )
        report = judge(evidence)
        told.text = f"{report.overall:.4f}, {len(report.anomalies)} kinds of anomaly"
    return report


def _trained(
    job: Job,
    looked: Looked,
    dataset: Dataset,
    splitter: Splitter,
    run: tuple[Rules, Progress],
    left_out: dict[str, str],
) -> Trained | None:
    rules, progress = run
    if splitter.count() == 0:
        left_out.setdefault(
            "model",
            f"{dataset.sample_count} labelled rows are fewer than the "
            f"{rules.model.minimum_rows} that minimum_rows in model.yaml asks for",
        )
        return None
    try:
        with stage(progress, "model") as told:
            trained = train(
                dataset,
                splitter,
                horizon=job.horizon,
                fingerprint=looked.bank.fingerprint,
                rule=rules.model,
            )
            shown = trained.evaluation.model.accuracy
            told.text = (
                f"{len(trained.walk.models)} folds, accuracy {shown.value:.4f} "
                f"[{shown.low:.4f}, {shown.high:.4f}] on unseen rows"
            )
    except InputError as error:
        left_out["model"] = str(error)
        return None
    return trained

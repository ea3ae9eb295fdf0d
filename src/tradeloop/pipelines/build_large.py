"""A dataset of more decisions than fit into memory: the same version, rows and bytes.

1. Decisions are read in chunks and put aside (`gather_parts`); bars and features stay.
2. Part by part, whole days each: label, assemble, write the day files of four frames
   into a folder that nobody sees; outcomes wait aside, since they lack their fold.
3. Folds are cut by the times of all rows; the outcomes' day files follow.
4. Times are certified on all rows, the rest on a sample of what was written.
5. Texts, one rename: the dataset is there, whole.

It is never grown from an earlier version, its card has no pictures, and kinds whose
rows depend on each other are refused.
"""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tradeloop.datasets import (
    FRAMES,
    Certificate,
    Dataset,
    Findings,
    card,
    feature_schema,
    label_schema,
)
from tradeloop.datasets.certify_parts import of_all_rows
from tradeloop.datasets.parts import (
    day_parts,
    of_some_rows,
    one_of_each_fold,
    require_parts,
    sampled_runs,
    splits_among,
)
from tradeloop.events import DECISION
from tradeloop.pipelines.assemble import (
    OBSERVED,
    certify_dataset,
    label_rules,
)
from tradeloop.pipelines.catalogue_dataset import define
from tradeloop.pipelines.gather import Plan, prepared
from tradeloop.pipelines.gather_parts import gather_aside, of_part
from tradeloop.pipelines.judge_features import judged
from tradeloop.pipelines.keep_dataset import (
    Written,
    described_now,
    made_known,
    root_of,
    texts_of,
)
from tradeloop.pipelines.label import settle
from tradeloop.pipelines.lineage import with_lineage
from tradeloop.pipelines.lineage_inputs import NO_RAW
from tradeloop.pipelines.make_parts import Making, Whole, assemble_parts, cut_folds
from tradeloop.pipelines.own import usual_horizons_ns
from tradeloop.pipelines.progress import Progress, stage
from tradeloop.pipelines.quality_report import delivered_by, ticks_of
from tradeloop.pipelines.recipe import input_files, recipe_of
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace
from tradeloop.quality import Evidence, QualityReport, judge
from tradeloop.stores.lake_stream import dataset_stream
from tradeloop.stores.spill import spilling

if TYPE_CHECKING:
    from tradeloop.pipelines.build import Ask

LARGE = 400_000
"""Decisions above which a dataset is built part by part."""
PART = 100_000
"""Decisions of a part; more where one day has more."""
_RUNS, _RUN_ROWS = 8, 8_000  # sample of the certificate


def is_large(workspace: Workspace, ask: "Ask") -> bool:
    """Whether a dataset should be built part by part."""
    if ask.dataset_type in OBSERVED:
        return False
    count = workspace.journal.counts(workspace.principal).get(DECISION.kind, 0)
    return count > LARGE


def build_large(
    workspace: Workspace,
    ask: "Ask",
    rules: Rules,
    progress: Progress,
    *,
    size: int = PART,
) -> dict[str, Any]:
    """Make a dataset part by part, and keep it.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    ask : Ask
        Which dataset; it is always made in full.
    rules : Rules
        Features, bounds, costs, waits and the split.
    progress : Progress
        Hears how far it is.
    size : int
        Decisions of a part; version, rows and bytes do not depend on it.

    Returns
    -------
    dict
        Fields of `tradeloop.pipelines.build.Built`. The dataset is an outline, see
        `tradeloop.datasets.parts`: the values lie in the lake.

    Raises
    ------
    NotFoundError
        Nothing to make it of was captured.
    InputError
        No decision became a row, a rule is broken, or the type's rows depend on each
        other.
    """
    require_parts(ask.dataset_type)
    lake, who = workspace.lake, workspace.principal
    notes: dict[str, str] = {}
    with spilling(lake) as spill, dataset_stream(lake, who) as stream:
        with stage(progress, "captured") as told:
            aside = gather_aside(workspace, rules, spill, as_of_ns=ask.as_of_ns)
            gathered = aside.gathered
            told.text = (
                f"{gathered.market.bars.height:,} bars, "
                f"{gathered.decisions.height:,} decisions, up to position "
                f"{gathered.extent.until_seq:,}"
            )
        with stage(progress, "features") as told:
            usual = usual_horizons_ns(gathered.market.interval_ns)
            plan = Plan(ask.dataset_type, ask.horizons_ns or usual, ask.benchmark)
            made = Making(aside, prepared(gathered, rules, plan), rules, stream)
            rows, columns = made.material.features.height, len(made.material.bank.names)
            told.text = f"{rows:,} bars x {columns}"
        with stage(progress, "labels and dataset") as told:
            parts = day_parts(aside.received_ns, size)
            assemble_parts(made, parts)
            whole = cut_folds(made, notes)
            told.text = (
                f"{whole.dataset.sample_count:,} rows, version "
                f"{whole.dataset.version[:12]}, made in {len(parts)} parts"
            )
        with stage(progress, "quality and leak certificate") as told:
            quality = _quality(made, delivered_by(workspace, ask.as_of_ns))
            report = judged(quality, made.material, whole.dataset)
            # The certificate computes them again: both at once take twice the memory.
            made.material = replace(
                made.material, features=made.material.features.clear()
            )
            certificate = _certified(made, whole)
            good = len(certificate.checks) - len(certificate.failed)
            told.text = (
                f"{quality.overall:.4f}; {good} of {len(certificate.checks)} passed"
            )
        with stage(progress, "lake") as told:
            written = _kept(workspace, made, whole, (report, certificate))
            told.text = f"{written.files:,} files"
    return {
        "dataset": whole.dataset,
        "certificate": certificate,
        "quality": quality,
        "written": written,
        "set_aside": gathered.set_aside,
        "notes": {**notes, **written.notes},
    }


def _quality(made: Making, delivered: pl.DataFrame | None) -> QualityReport:
    market = made.aside.gathered.market
    return judge(
        Evidence(
            bars=market.bars,
            interval_ns=market.interval_ns,
            decisions=made.aside.stamps.filter(pl.col("side") != 0),
            fills=made.material.fills,
            features=made.material.features,
            ticks=ticks_of(market),
            delivered=delivered,
        )
    )


def _certified(made: Making, whole: Whole) -> Certificate:
    """Certify times on all rows, and a sample of what was written on all else."""
    dataset, market = whole.dataset, made.aside.gathered.market
    splits = list(whole.splitter.split(dataset.decision_ns, dataset.end_ns))
    sample, chosen = _sample(made, dataset)
    certificate = certify_dataset(
        sample,
        whole.splitter,
        market,
        of_part(made.material, _decisions_of(made, sample)),
        (),
        seed=made.rules.model.seed,
        rules=made.rules,
        splits=splits_among(splits, chosen, dataset.sample_count),
    )
    return of_all_rows(
        certificate,
        sample.sample_count,
        dataset,
        splits,
        market.bars,
        embargo_ns=whole.splitter.as_mapping().get("embargo_ns"),
    )


def _sample(made: Making, dataset: Dataset) -> tuple[Dataset, np.ndarray[Any, Any]]:
    """Read runs of rows back from the files; say where they stand in the whole."""
    heights = [part.rows.height for part in made.thins]
    starts = np.cumsum([0, *heights])
    seed = made.rules.model.seed
    runs = sampled_runs(heights, runs=_RUNS, rows=_RUN_ROWS, seed=seed)
    spill = made.aside.spill
    for part, first, count in runs:
        for name in FRAMES:
            mine = f"/{name}.parquet"
            files = sorted(p for p in made.paths[part] if p.endswith(mine))
            # A slice holds all of its part in memory: by way of the disk it does not.
            run = made.stream.read(files).slice(first, count)
            spill.put(f"sampled {name}", part, run)
    chosen = [starts[part] + np.arange(first, first + n) for part, first, n in runs]
    whole = {name: spill.whole(f"sampled {name}") for name in FRAMES}
    return of_some_rows(dataset, whole), np.concatenate(chosen)


def _decisions_of(made: Making, sample: Dataset) -> pl.DataFrame:
    """Decisions of the sample, as they were captured."""
    days = day_parts(sample.decision_ns, 1)
    ids = sample.decision_context.select("decision_id")
    found = (
        made.aside.between(*day).join(ids, on="decision_id", how="semi") for day in days
    )
    return pl.concat(found)


def _kept(
    workspace: Workspace,
    made: Making,
    whole: Whole,
    found: tuple[dict[str, Any], Certificate],
) -> Written:
    """Write the texts and show the dataset; say where its decisions stand."""
    (report, certificate), material = found, made.material
    dataset, gathered = whole.dataset, made.aside.gathered
    catalogue = [asdict(entry) for entry in material.bank.catalogue()]
    findings = Findings(
        certificate=certificate,
        feature_schema=feature_schema(dataset, catalogue),
        label_schema=label_schema(dataset, label_rules(material, made.rules)),
        quality=report,
    )
    root = root_of(dataset.dataset_type, dataset.version)
    new = not made.stream.lies_at(root, FRAMES)
    if new:
        recipe = recipe_of(
            material,
            made.rules,
            whole.splitter,
            gathered.extent,
            gathered.market.interval_ns,
        )
        made.stream.write(input_files(gathered.decisions, gathered.fills))
        said = described_now(workspace, dataset, findings)
        shape = one_of_each_fold(dataset, whole.rows)
        inputs = (gathered.extent, NO_RAW)
        described, lines = with_lineage(workspace, said, shape, material.bank, inputs)
        cards = {"README.md": card(described), **lines}
        made.stream.publish(root, texts_of(described, cards, shape, recipe))
        define(workspace, material.bank)
    written = made_known(workspace, root, new=new)
    for number in range(len(made.thins)):
        labels = made.aside.spill.take("label", number)
        settle(workspace, labels, material.horizons_ns[0])
    return written

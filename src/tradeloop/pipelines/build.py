"""A dataset from what was captured: now, as of a time, or again from its recipe."""

from dataclasses import asdict, dataclass, field

import polars as pl

from tradeloop.datasets import (
    Certificate,
    Dataset,
    Findings,
    Splitter,
    Undivided,
    feature_schema,
    label_schema,
)
from tradeloop.events import DatasetType
from tradeloop.pipelines.assemble import (
    OBSERVED,
    Material,
    certify_dataset,
    cut,
    divided,
    label_rules,
    splitter_for,
)
from tradeloop.pipelines.build_large import build_large, is_large
from tradeloop.pipelines.gather import (
    Gathered,
    Plan,
    gather,
    graded,
    prepared,
)
from tradeloop.pipelines.grow import base_for, grown, new_decisions
from tradeloop.pipelines.judge_features import judged
from tradeloop.pipelines.keep_dataset import Earlier, Origin, Written, write_dataset
from tradeloop.pipelines.label import settle
from tradeloop.pipelines.own import usual_horizons_ns
from tradeloop.pipelines.progress import Progress, stage
from tradeloop.pipelines.quality_report import delivered_by, ticks_of
from tradeloop.pipelines.recipe import recipe_of
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace
from tradeloop.quality import Evidence, QualityReport, judge


@dataclass(frozen=True, slots=True)
class Ask:
    """Which dataset is wanted.

    Parameters
    ----------
    dataset_type : DatasetType
        What it is to teach.
    horizons_ns : tuple of int
        The primary one first; empty: the usual ones for the bars.
    benchmark : str, optional
        Instrument to beat; None is cash.
    as_of_ns : int, optional
        Only what was recorded by then counts, ns UTC.
    full : bool
        Whether no rows of an earlier version may be taken over.
    """

    dataset_type: DatasetType = DatasetType.SIGNAL_GENERATION
    horizons_ns: tuple[int, ...] = ()
    benchmark: str | None = None
    as_of_ns: int | None = None
    full: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A dataset and what was found out about it.

    Parameters
    ----------
    dataset : Dataset
        Rows.
    certificate : Certificate
        Leak checks.
    quality : QualityReport
        Of the captured data.
    written : Written
        Where it lies.
    set_aside : dict of str to int
        Decisions without a market, by reason.
    notes : dict of str to str
        Parts that could not be real, and why.
    grown_from : str, optional
        Earlier version whose rows were taken over.
    """

    dataset: Dataset
    certificate: Certificate
    quality: QualityReport
    written: Written
    set_aside: dict[str, int]
    notes: dict[str, str] = field(default_factory=dict)
    grown_from: str | None = None


def build(workspace: Workspace, ask: Ask, rules: Rules, progress: Progress) -> Built:
    """Make a dataset of all that was captured, and keep it.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    ask : Ask
        Which dataset.
    rules : Rules
        Features, bounds, costs, waits and the split.
    progress : Progress
        Hears how far it is.

    Raises
    ------
    NotFoundError
        Nothing to make it of was captured.
    InputError
        No decision became a row, or a rule is broken.

    Notes
    -----
    Above `build_large.LARGE` decisions the dataset is made part by part: the same bytes
    in bounded memory. ``Built.dataset`` is then an outline, without values.
    """
    if is_large(workspace, ask):
        return Built(**build_large(workspace, ask, rules, progress))
    with stage(progress, "captured") as told:
        gathered = gather(
            workspace,
            rules,
            as_of_ns=ask.as_of_ns,
            needs_decisions=ask.dataset_type not in OBSERVED,
        )
        told.text = (
            f"{gathered.market.bars.height:,} bars, {gathered.decisions.height:,} "
            f"decisions, up to position {gathered.extent.until_seq:,}"
        )
    with stage(progress, "features") as told:
        usual = usual_horizons_ns(gathered.market.interval_ns)
        plan = Plan(ask.dataset_type, ask.horizons_ns or usual, ask.benchmark)
        material = prepared(gathered, rules, plan)
        told.text = f"{material.features.height:,} bars x {len(material.bank.names)}"
    notes: dict[str, str] = {}
    with stage(progress, "labels and dataset") as told:
        made = _made(workspace, ask, (gathered, material, rules), notes)
        told.text = (
            f"{made.dataset.sample_count:,} rows, version {made.dataset.version[:12]}, "
            f"{made.told}"
        )
    with stage(progress, "quality and leak certificate") as told:
        delivered = delivered_by(workspace, ask.as_of_ns)
        quality = _quality(gathered, material, delivered)
        certificate = certify_dataset(
            made.dataset,
            made.splitter,
            gathered.market,
            material,
            (),
            seed=rules.model.seed,
            rules=rules,
        )
        good = len(certificate.checks) - len(certificate.failed)
        told.text = f"{quality.overall:.4f}; {good} of {len(certificate.checks)} passed"
    with stage(progress, "lake") as told:
        written = _kept(workspace, gathered, made, rules, (quality, certificate))
        told.text = f"{written.files:,} files"
    return Built(
        dataset=made.dataset,
        certificate=certificate,
        quality=quality,
        written=written,
        set_aside=gathered.set_aside,
        notes={**notes, **written.notes},
        grown_from=made.base.name if made.base else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """A dataset, what it was made of, and how."""

    dataset: Dataset
    splitter: Splitter
    material: Material
    base: Earlier | None
    told: str


def _made(
    workspace: Workspace,
    ask: Ask,
    inputs: tuple[Gathered, Material, Rules],
    notes: dict[str, str],
) -> _Made:
    """Grow the dataset from an earlier version, or make it whole and say why."""
    gathered, material, rules = inputs
    market = gathered.market
    base, reason = None, "in full as asked"
    if not ask.full:
        wanted = recipe_of(
            material, rules, Undivided(), gathered.extent, market.interval_ns
        )
        base, reason = base_for(workspace, gathered, wanted)
    if base is None:
        whole = graded(material, market, rules, material.decisions)
        dataset, splitter = divided(market, whole, rules, notes)
        return _Made(dataset, splitter, whole, None, f"made in full: {reason}")
    fresh = graded(material, market, rules, new_decisions(gathered, base))
    labelled = int((fresh.labels["state"] == "labelled").sum())
    count = base.dataset.sample_count + labelled
    dataset, splitter = cut(
        lambda by: grown(base, gathered, fresh, rules, by),
        splitter_for(count, material.horizons_ns[0], rules),
        notes,
    )
    return _Made(dataset, splitter, fresh, base, f"grown from {base.name}")


def _kept(
    workspace: Workspace,
    gathered: Gathered,
    made: _Made,
    rules: Rules,
    found: tuple[QualityReport, Certificate],
) -> Written:
    quality, certificate = found
    material, dataset = made.material, made.dataset
    catalogue = [asdict(entry) for entry in material.bank.catalogue()]
    findings = Findings(
        certificate=certificate,
        feature_schema=feature_schema(dataset, catalogue),
        label_schema=label_schema(dataset, label_rules(material, rules)),
        quality=judged(quality, material, dataset),
    )
    recipe = recipe_of(
        material, rules, made.splitter, gathered.extent, gathered.market.interval_ns
    )
    origin = Origin(recipe, gathered.decisions, gathered.fills)
    written = write_dataset(
        workspace,
        dataset,
        findings,
        bank=material.bank,
        origin=origin,
        earlier=made.base,
    )
    if material.dataset_type not in OBSERVED:
        settle(workspace, material.labels, material.horizons_ns[0])
    return written


def _quality(
    gathered: Gathered, material: Material, delivered: pl.DataFrame | None
) -> QualityReport:
    return judge(
        Evidence(
            bars=gathered.market.bars,
            interval_ns=gathered.market.interval_ns,
            decisions=material.decisions.filter(pl.col("side") != 0),
            fills=material.fills,
            features=material.features,
            ticks=ticks_of(gathered.market),
            delivered=delivered,
        )
    )

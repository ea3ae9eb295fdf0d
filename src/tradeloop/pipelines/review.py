"""What a run found, as a page for people."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tradeloop.datasets import utc_text
from tradeloop.events import DecisionOutcome
from tradeloop.models import rows_per_block
from tradeloop.pipelines.job import Result
from tradeloop.pipelines.summary import notes
from tradeloop.pipelines.train import Trained
from tradeloop.reports import (
    EquityCurves,
    Finding,
    FoldScore,
    Importance,
    LabelCounts,
    LeakCheck,
    Ledger,
    Measure,
    Reason,
    Reliability,
    Report,
    Span,
    comparisons,
    equity_curves,
    from_interval,
    render,
)
from tradeloop.statistics import block_bootstrap, reliability_curve

_FOLD_REPEATS = 300


def write_report(result: Result, folder: Path) -> Path:
    """Write the page into ``folder`` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
    path.write_text(render(review(result)), "utf-8")
    return path


def review(result: Result) -> Report:
    """Gather what the page shows; a part that did not run is absent."""
    ledger, used = result.ledger, result.used
    trained = result.learned.trained
    return Report(
        title=f"Tradeloop: {result.job.name}",
        subtitle=_subtitle(result),
        measures=tuple(_measures(result)),
        ledger=Ledger(
            ledger.received,
            ledger.labelled,
            ledger.pending,
            ledger.censored,
            ledger.quarantined,
        ),
        reasons=tuple(
            Reason(said.partition(": ")[0], said.partition(": ")[2], count)
            for said, count in result.reasons.items()
        ),
        quality=tuple(_quality(result)),
        checks=tuple(_checks(result)),
        findings=tuple(_findings(result)),
        facts=tuple(_facts(result)),
        folds=tuple(_folds(result, trained)) if trained else (),
        comparisons=comparisons(used.performance) if used else (),
        signals=tuple(used.replay.counts.items()) if used else (),
        conventions=_conventions(result),
        paths=tuple(_paths(result)),
        equity=_equity(result),
        reliability=_reliability(trained) if trained else None,
        labels=_labels(result),
        importance=_importance(result),
        split=tuple(_spans(result, trained)) if trained else (),
    )


def _subtitle(result: Result) -> str:
    bars = result.job.market.bars
    first, last = bars["open_ns"].min(), bars["event_ns"].max()
    names = bars["instrument"].unique().sort().to_list()
    few = 4
    shown = ", ".join(names[:few]) + (
        f" and {len(names) - few} more" if names[few:] else ""
    )
    return f"{shown}; {utc_text(int(first))[:10]} to {utc_text(int(last))[:10]}, UTC"  # type: ignore[arg-type]


def _measures(result: Result) -> Iterator[Measure]:
    if result.learned.trained is not None:
        judged = result.learned.trained.evaluation
        yield from_interval(
            f"Accuracy of the {result.job.horizon} direction, out of sample",
            judged.model.accuracy,
            form="share",
            digits=1,
            baseline=judged.majority.accuracy.value,
            baseline_name="majority class",
        )
        rates = judged.no_skill.log_loss
        yield from_interval(
            "Log loss, out of sample",
            judged.model.log_loss,
            digits=4,
            baseline=None if rates is None else rates.value,
            baseline_name="base rates",
            better="lower",
        )
    if result.used is not None and result.used.performance.sharpe is not None:
        done = result.used.performance
        held = done.benchmark_sharpe
        yield from_interval(
            "Sharpe ratio after costs, out of sample",
            done.sharpe,
            baseline=None if held is None else held.value,
            baseline_name="buy and hold",
            better="",  # buy and hold is uncertain too: the difference decides
        )
        yield from_interval(
            "Sharpe ratio less that of buy and hold",
            done.sharpe_difference,
            baseline=0.0,
            baseline_name="no difference",
        )


def _quality(result: Result) -> Iterator[Measure]:
    report = result.learned.quality
    yield Measure("overall", report.overall, digits=4)
    for name in ("completeness", "consistency", "timeliness", "validity", "accuracy"):
        value = getattr(report, name)
        if value is not None:
            yield Measure(name, value, digits=4)
    if report.missing_share is not None:
        yield Measure("missing share", report.missing_share, digits=4, better="lower")


def _checks(result: Result) -> Iterator[LeakCheck]:
    if result.learned.certificate is not None:
        for check in result.learned.certificate.checks:
            yield LeakCheck(check.name.replace("_", " "), check.passed, check.detail)
        for absent in result.learned.certificate.absent:
            yield LeakCheck(absent.name.replace("_", " "), None, absent.reason)
    parity = result.looked.parity
    yield LeakCheck(
        "live equals history",
        parity.differing == 0,
        (
            f"{parity.differing} of {parity.rows * parity.columns:,} values differ in"
            " a bit when the live bank replays the first bars"
        ),
    )


def _example(found: Mapping[str, Any]) -> str:
    """Write an odd row: where and when, then its figures, ids left out."""
    said = []
    for name, value in found.items():
        if value is None or name.endswith("_id") or name == "received_ns":
            continue
        if name in ("event_ns", "open_ns", "end_ns"):
            said.append(f"{name[:-3]} {utc_text(value)[:19]}")
        elif isinstance(value, float):
            said.append(f"{name} {value:.6g}")
        else:
            said.append(str(value) if name == "instrument" else f"{name} {value}")
    return ", ".join(said)


def _findings(result: Result) -> Iterator[Finding]:
    for anomaly in result.learned.quality.anomalies:
        yield Finding(
            anomaly.name.replace("_", " "),
            anomaly.count,
            anomaly.severity,
            "; ".join(_example(each) for each in anomaly.examples[:2]),
        )
    for note in notes(result):
        yield Finding(note, 1, "note", "")


def _facts(result: Result) -> Iterator[tuple[str, str]]:
    for capture in result.kept.summed:
        yield (
            f"{capture.kind} captured",
            f"{capture.captured:,} of {capture.expected:,}",
        )
    yield "features", f"{len(result.looked.bank.names)} columns"
    yield "feature fingerprint", result.looked.bank.fingerprint[:16]
    dataset, written = result.learned.dataset, result.learned.written
    if dataset is not None and written is not None:
        yield "dataset", written.dataset_id
        yield "rows", f"{dataset.sample_count:,}"
        yield "version", dataset.version
    compared = result.learned.compared
    if compared is not None:
        for name, mean in compared.strategies.items():
            yield f"{name}, net", f"{mean:+.2f} bps a day, {result.job.horizon} horizon"
        yield (
            "best strategy by luck",
            f"p = {compared.p_value:.3f} over {compared.days:,} days (SPA test)",
        )
    for part, reason in result.learned.left_out.items():
        yield f"no {part}", reason


def _paths(result: Result) -> Iterator[tuple[str, str]]:
    if result.learned.written is not None:
        yield "dataset", str(result.learned.written.path)
        yield "card", str(result.learned.written.card)
    if result.used is not None:
        yield "model", str(result.used.registered.path)


def _conventions(result: Result) -> tuple[str, ...]:
    against = result.job.benchmark or "cash"
    labels = (
        f"Outperformance in bps: side x return of the instrument - that of {against}.",
        "Returns begin at the last price that was known at the decision.",
        f"Learned is the direction of the {result.job.horizon} return: down, flat, up.",
        "A fold's model knows only decisions whose labels had ended before its test.",
        "Signals and back-test use the fold's own model; the newest is registered.",
        "Intervals hold 95 % of block-bootstrap resamples, unless stated otherwise.",
    )
    return labels + (result.used.performance.conventions if result.used else ())


def _period(times_ns: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> str:
    first, last = int(times_ns.min()), int(times_ns.max())
    return f"{utc_text(first)[:10]} to {utc_text(last)[:10]}"


def _folds(result: Result, trained: Trained) -> Iterator[FoldScore]:
    dataset, seed = result.learned.dataset, result.rules.model.seed
    if dataset is None:
        return
    for fold, model in enumerate(trained.walk.models):
        rows = np.flatnonzero(trained.walk.fold == fold)
        right = (
            trained.walk.probabilities[rows].argmax(axis=1) - 1
            == trained.direction[rows]
        )
        counts = np.bincount(trained.direction[rows] + 1)
        accuracy = block_bootstrap(
            lambda sample: float(sample.mean()),
            right.astype(float),
            block_rows=rows_per_block(dataset.decision_ns[rows], dataset.end_ns[rows]),
            repeats=_FOLD_REPEATS,
            seed=seed,
        )
        yield FoldScore(
            name=f"fold {fold + 1}",
            period=_period(dataset.decision_ns[rows]),
            train_rows=len(model.model_rows) + len(model.calibration_rows),
            test_rows=len(rows),
            score=from_interval(
                "accuracy",
                accuracy,
                form="share",
                digits=1,
                baseline=float(counts.max() / counts.sum()),
                baseline_name="majority class",
            ),
        )


def _spans(result: Result, trained: Trained) -> Iterator[Span]:
    dataset = result.learned.dataset
    if dataset is None:
        return
    start, end = dataset.decision_ns, dataset.end_ns
    for fold, model in enumerate(trained.walk.models):
        test = np.flatnonzero(trained.walk.fold == fold)
        used = np.union1d(model.model_rows, model.calibration_rows)
        before = np.flatnonzero(start < start[test].min())
        purged = np.setdiff1d(before, used)
        parts = (
            ("train", model.model_rows),
            ("calibration", model.calibration_rows),
            ("purged", purged[start[purged] >= start[model.calibration_rows].min()]),
            ("test", test),
        )
        for kind, rows in parts:
            if len(rows):
                yield Span(
                    f"fold {fold + 1}",
                    kind,  # type: ignore[arg-type]
                    int(start[rows].min()),
                    int(end[rows].max() if kind == "test" else start[rows].max()),
                    len(rows),
                )


def _equity(result: Result) -> EquityCurves | None:
    used, trained, dataset = result.used, result.learned.trained, result.learned.dataset
    if used is None or trained is None or dataset is None:
        return None
    starts = tuple(
        int(dataset.decision_ns[trained.walk.fold == fold].min())
        for fold in range(len(trained.walk.models))
    )
    return equity_curves(used.replay, fold_starts_ns=starts, out_of_sample_ns=starts[0])


def _reliability(trained: Trained) -> Reliability:
    tested = trained.walk.tested
    curve = reliability_curve(
        trained.walk.probabilities[tested], trained.direction[tested] + 1
    )
    return Reliability(
        curve.mean_confidence, curve.share_right, curve.count, curve.calibration_error
    )


def _labels(result: Result) -> LabelCounts | None:
    dataset = result.learned.dataset
    if dataset is None:
        return None
    graded = dataset.decision_context.select("decision_id", "strategy").with_columns(
        dataset.outcome_labels["decision_outcome"]
    )
    names = tuple(graded["strategy"].unique().sort().to_list())
    counts = [
        [
            graded.filter(
                pl.col("strategy") == name, pl.col("decision_outcome") == outcome.value
            ).height
            for outcome in DecisionOutcome
        ]
        for name in names
    ]
    return LabelCounts(names, np.array(counts, dtype=np.int64))


def _importance(result: Result) -> Importance | None:
    if result.used is None:
        return None
    folds = [artefact.meta.importance for artefact in result.used.registered.artefacts]
    names = tuple(folds[-1])
    values = np.array([[fold[name] for name in names] for fold in folds])
    return Importance(
        names, values.mean(axis=0), values.min(axis=0), values.max(axis=0)
    )

"""Outcomes among the features, and outcomes that are not what they say.

In the leaks of the first kind the planted column comes from a table beside the bars, so
that recomputing it on history cut, or on a poisoned future, gives the same: only its
values give it away.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets.leaks.leak import Leak, Where, leak
from tradeloop.datasets.leaks.scene import ALSO_STAYS, HORIZON, Scene, Specimen, honest

INSIDE = "no_label_inside"
_NOISE = 0.4


def _beside(bars: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Join a table of planted values to the bars that they are to stand on."""
    planted = table.select("instrument", "event_ns", "planted")
    return honest(bars).join(
        planted, on=["instrument", "event_ns"], how="left", maintain_order="left"
    )


def _table(
    scene: Scene, clean: Specimen, values: pl.Series, where: Where, *, leaking: bool
) -> Specimen:
    """Plant a value per decision on the bar that the decision sees."""
    at = clean.dataset.decision_context.select(
        "instrument",
        "decision_id",
        received_ns=clean.dataset.outcome_labels["decision_ns"],
    )
    noise = where.draw().normal(0, 1, scene.bars.height)
    nothing = scene.bars.select("instrument", "event_ns", planted=pl.Series(noise))
    on_bar = at.with_columns(planted=values).join_asof(
        scene.bars.select("instrument", "event_ns", "received_ns").sort("received_ns"),
        on="received_ns",
        by="instrument",
        check_sortedness=False,
    )
    here = where.rows(on_bar.height)
    table = on_bar.filter(here).unique(["instrument", "event_ns"], maintain_order=True)
    rest = nothing.join(table, on=["instrument", "event_ns"], how="anti")
    known = ["instrument", "event_ns", "planted"]
    both = pl.concat([table.select(known), rest.select(known)])
    return scene.specimen(partial(_beside, table=both if leaking else nothing))


def _outcome(clean: Specimen, name: str) -> pl.Series:
    return clean.dataset.outcome_labels[f"{name}_{HORIZON}"]


@leak("the target left in the feature table", INSIDE)
def outcome_as_feature(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Keep the return that is to be learnt as a feature."""
    clean = scene.specimen()
    return _table(scene, clean, _outcome(clean, "return"), where, leaking=leaking)


@leak("profit of the trade logged beside its signal", INSIDE)
def result_as_feature(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Keep the trade's result after costs as a feature."""
    clean = scene.specimen()
    return _table(scene, clean, _outcome(clean, "net_bps"), where, leaking=leaking)


@leak("excursions kept as risk features", INSIDE)
def excursion_as_feature(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Keep the worst loss on the way, known at its end, as a feature."""
    clean = scene.specimen()
    return _table(scene, clean, _outcome(clean, "max_loss"), where, leaking=leaking)


@leak("the last trade's result, before that trade is over", INSIDE)
def next_outcome(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Keep the return of the instrument's next decision as a feature."""
    clean = scene.specimen()
    names = clean.dataset.decision_context["instrument"]
    moved = pl.DataFrame([_outcome(clean, "return"), names]).select(
        pl.first().shift(-1).over("instrument")
    )
    return _table(scene, clean, moved.to_series(), where, leaking=leaking)


@leak("a model's score trained on the same rows", INSIDE)
def outcome_with_noise(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Keep the return under some noise, as an in-sample score is."""
    clean = scene.specimen()
    target = _outcome(clean, "return").to_numpy()
    noise = where.draw().normal(0, _NOISE * float(np.std(target)), target.size)
    whole = replace(where, size=1.0)
    return _table(scene, clean, pl.Series(target + noise), whole, leaking=leaking)


@leak("a target encoder with categories of few rows", INSIDE)
def encoded_from_target(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Encode a category by the mean outcome of its own few rows."""
    clean = scene.specimen()
    target = _outcome(clean, "return")
    shuffled = where.draw().permutation(target.len())
    # Categories of one and two rows: what many rare values look like.
    category = pl.Series(shuffled * 2 // 3)
    frame = pl.DataFrame({"target": target, "category": category})
    mean = frame.select(pl.col("target").mean().over("category")).to_series()
    whole = replace(where, size=1.0)
    return _table(scene, clean, mean, whole, leaking=leaking)


@leak("the target scaled or ranked and kept by another name", INSIDE)
def outcome_in_other_units(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Keep the rank of the best gain on the way as a feature."""
    clean = scene.specimen()
    ranked = _outcome(clean, "max_gain").rank() * where.whole(1, 9)
    whole = replace(where, size=1.0)
    return _table(scene, clean, ranked, whole, leaking=leaking)


def _relabelled(
    scene: Scene, where: Where, column: str, changed: pl.Expr, *, leaking: bool
) -> Specimen:
    """Change a label in a stretch of rows, with the function that makes it anew."""
    labels = scene.labels()
    here = where.rows(labels.height)
    if leaking:
        mixed = pl.when(here).then(changed).otherwise(column)
        labels = labels.with_columns(mixed.alias(column))
    clean = scene.specimen(labels=labels)
    return replace(clean, evidence=replace(clean.evidence, relabel=scene.relabel()))


@leak("entries at the close that gave the signal", "labels_recomputed")
def entry_before_decision(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Label from a price of before the decision."""
    earlier = scene.decisions.select(
        "decision_id",
        "instrument",
        "received_ns",
        shifted=pl.col("received_ns") - where.whole(2, 6) * NS_PER_HOUR,
    ).join_asof(
        scene.bars.select("instrument", "close", "received_ns").sort("received_ns"),
        left_on="shifted",
        right_on="received_ns",
        by="instrument",
        check_sortedness=False,
    )
    price = scene.labels().join(
        earlier.select("decision_id", "close"),
        on="decision_id",
        how="left",
        maintain_order="left",
    )["close"]
    return _relabelled(scene, where, "price", pl.lit(price), leaking=leaking)


@leak("a benchmark's return of another window", "labels_recomputed")
def benchmark_of_later(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Take the benchmark's return of hours after the label."""
    base = scene.bars.filter(pl.col("instrument") == ALSO_STAYS).select(
        "received_ns", later=pl.col("close").log().diff().shift(-where.whole(5, 9))
    )
    labels = scene.labels().with_row_index("row")
    moved = labels.sort("decision_ns").join_asof(
        base, left_on="decision_ns", right_on="received_ns", check_sortedness=False
    )
    later = moved.sort("row")["later"].fill_null(0.01)
    name = f"outperformance_bps_{HORIZON}"
    changed = pl.col(name) - 1e4 * later
    return _relabelled(scene, where, name, changed, leaking=leaking)


@leak("stops moved once the path was known", "labels_recomputed")
def label_of_best_exit(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Take the return at the best price of the path."""
    best = pl.col(f"max_gain_{HORIZON}") + 1e-6
    return _relabelled(scene, where, f"return_{HORIZON}", best, leaking=leaking)


ALL: tuple[Leak, ...] = (
    outcome_as_feature,
    result_as_feature,
    excursion_as_feature,
    next_outcome,
    outcome_with_noise,
    encoded_from_target,
    outcome_in_other_units,
    entry_before_decision,
    benchmark_of_later,
    label_of_best_exit,
)

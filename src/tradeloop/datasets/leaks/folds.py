"""Folds whose training has seen the test."""

from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.folds import fold_of
from tradeloop.datasets.intervals import Split, purge
from tradeloop.datasets.leaks.leak import Leak, Where, leak
from tradeloop.datasets.leaks.scene import (
    DENSE,
    HORIZON,
    HORIZON_NS,
    STAYS,
    Scene,
    Specimen,
    relabel,
)
from tradeloop.datasets.purged_blocks import PurgedKFold
from tradeloop.datasets.splits import PurgedWalkForward

_END = f"end_ns_{HORIZON}"


def resplit(specimen: Specimen, splits: list[Split], **more: object) -> Specimen:
    """Give a specimen other folds, with the fold column that goes with them."""
    fold = pl.Series("fold", fold_of(specimen.dataset.sample_count, splits), pl.Int8)
    return replace(
        specimen.with_rows("outcome_labels", fold=pl.lit(fold)),
        splits=splits,
        **more,  # type: ignore[arg-type]
    )


def _block(where: Where, n_rows: int) -> np.ndarray:
    """Test rows in one piece, neither the first nor the last ones of the dataset."""
    first, last = where.stretch(n_rows * 8 // 10)
    last = min(last, first + n_rows // 2)
    return np.arange(first + n_rows // 10, max(last, first + 5) + n_rows // 10)


def _split_of(data: Dataset, test: np.ndarray, *, forward: bool) -> Split:
    """Purge all other rows, or all earlier ones, for a test."""
    rows = np.arange(data.sample_count)
    train = rows[data.decision_ns < data.decision_ns[test].min()] if forward else rows
    return purge(data.decision_ns, data.end_ns, (train, test)), test


@leak("KFold(shuffle=True), train_test_split", "no_overlap")
def shuffled_split(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Send rows to training and test by lot."""
    clean = scene.specimen()
    data = clean.dataset
    folds = where.whole(3, 5)
    if not leaking:
        splitter = PurgedKFold(folds, min_rows=3)
        splits = list(splitter.split(data.decision_ns, data.end_ns))
        return resplit(clean, splits, forward=False)
    lots = np.array_split(where.draw().permutation(data.sample_count), folds)
    splits = [
        (np.setdiff1d(np.arange(data.sample_count), test), np.sort(test))
        for test in lots
    ]
    return resplit(clean, splits, forward=False)


@leak("TimeSeriesSplit without a gap", "no_overlap")
def unpurged_split(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Keep training labels that end within the test."""
    clean = scene.specimen()
    test = _block(where, clean.dataset.sample_count)
    train, _ = _split_of(clean.dataset, test, forward=True)
    at = clean.dataset.decision_ns
    earlier = np.flatnonzero(at < at[test[0]])
    return resplit(clean, [(earlier if leaking else train, test)])


@leak("an embargo counted in rows, labels of any length", "no_overlap")
def purged_by_row_count(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Leave out a number of rows, fewer than the longest label spans."""
    clean = scene.specimen()
    test = _block(where, clean.dataset.sample_count)
    kept = _split_of(clean.dataset, test, forward=True)
    if not leaking:
        return resplit(clean, [kept])
    at = clean.dataset.decision_ns
    counted = np.flatnonzero(at < at[test[0]])[:-1]
    return resplit(clean, [(counted, test)])


@leak("K-fold around the test, reported as a back-test", "no_overlap")
def training_after_test(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Train after the test where a walk-forward was promised."""
    clean = scene.specimen()
    test = _block(where, clean.dataset.sample_count)
    return resplit(clean, [_split_of(clean.dataset, test, forward=not leaking)])


@leak("train and test split by instrument", "no_overlap")
def split_by_instrument(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Train on one instrument and test others over the same hours."""
    clean = scene.specimen()
    data = clean.dataset
    names = data.decision_context["instrument"].to_numpy()
    middle = np.median(data.decision_ns)
    test = np.flatnonzero((names != STAYS) & (data.decision_ns > middle))
    if not leaking:
        return resplit(clean, [_split_of(data, test, forward=True)])
    train = np.flatnonzero(names == STAYS)
    return resplit(clean, [(train, test[: max(5, round(where.size * test.size))])])


@leak("an embargo of rows where time was promised", "embargoed")
def embargo_too_short(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Train sooner after the test than the embargo allows."""
    promised = where.whole(6, 15) * NS_PER_HOUR
    clean = scene.specimen()
    data = clean.dataset
    splitter = PurgedKFold(4, embargo_ns=0 if leaking else promised, min_rows=3)
    splits = list(splitter.split(data.decision_ns, data.end_ns))
    given = replace(clean.evidence, embargo_ns=promised)
    return resplit(clean, splits, forward=False, evidence=given)


@leak("a walk-forward without its embargo", "embargoed")
def embargo_before_forgotten(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Train right up to the test in a walk-forward with an embargo."""
    promised = where.whole(6, 15) * NS_PER_HOUR
    clean = scene.specimen()
    data = clean.dataset
    splitter = PurgedWalkForward(
        3, embargo_ns=0 if leaking else promised, min_rows=3, min_train_share=0.4
    )
    splits = list(splitter.split(data.decision_ns, data.end_ns))
    given = replace(clean.evidence, embargo_ns=promised)
    return resplit(clean, splits, evidence=given)


@leak("a fold column kept from an older version", "no_overlap")
def fold_column_of_others(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Name other test rows in the fold column than are tested."""
    clean = scene.specimen()
    moved = pl.col("fold").shift(where.whole(1, 4), fill_value=-1)
    return clean.with_rows("outcome_labels", fold=moved) if leaking else clean


def _ends_early(
    bars: pl.DataFrame, *, decisions: pl.DataFrame, early: frozenset[str], by_ns: int
) -> pl.DataFrame:
    """Label decisions and date some labels before they were known."""
    labels = relabel(decisions, bars)
    end = pl.max_horizontal("decision_ns", pl.col(_END) - by_ns)
    moved = pl.when(pl.col("decision_id").is_in(early)).then(end)
    return labels.with_columns(moved.otherwise(_END).alias(_END))


@leak("label ends written as the decision's own bar", "labels_recomputed")
def label_end_too_early(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Date labels before they were known, so that the purge fails."""
    ids = scene.labels()["decision_id"]
    early = frozenset(ids.filter(where.rows(ids.len())) if leaking else ())
    by_ns = where.whole(1, 3) * NS_PER_HOUR
    again = partial(_ends_early, decisions=scene.decisions, early=early, by_ns=by_ns)
    clean = scene.specimen(labels=again(scene.bars), sampling=DENSE)
    return replace(clean, evidence=replace(clean.evidence, relabel=again))


@leak("two feeds of one market, or oversampling before the split", "no_twins")
def copied_rows(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Repeat training rows in the test under other ids and times."""
    clean = scene.specimen()
    if not leaking:
        return clean
    data = clean.dataset
    train, test = clean.splits[-1]
    count = max(1, round(where.size * min(train.size, test.size)))
    ours, theirs = train[:count], test[:count]
    source = np.arange(data.sample_count)
    source[theirs] = ours
    vectors = data.feature_vectors[source].with_columns(
        decision_id=data.feature_vectors["decision_id"],
        known_ns=data.feature_vectors["known_ns"],
    )
    labels = data.outcome_labels
    times = [n for n in labels.columns if n.endswith("_ns") or "_ns_" in n]
    copied = labels[source].with_columns(labels[["decision_id", "fold", *times]])
    again = replace(data, feature_vectors=vectors, outcome_labels=copied)
    return replace(clean, dataset=again)


@leak("rows of one decision counted as many samples", "no_overlap")
def horizon_ignored(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Purge by the shortest horizon where the label has a longer one."""
    clean = scene.specimen()
    data = clean.dataset
    test = _block(where, data.sample_count)
    earlier = np.arange(data.sample_count)[
        data.decision_ns < data.decision_ns[test].min()
    ]
    short = data.decision_ns + (HORIZON_NS // 8 if leaking else 0)
    end = short if leaking else data.end_ns
    return resplit(clean, [(purge(data.decision_ns, end, (earlier, test)), test)])


ALL: tuple[Leak, ...] = (
    shuffled_split,
    unpurged_split,
    purged_by_row_count,
    training_after_test,
    split_by_instrument,
    embargo_too_short,
    embargo_before_forgotten,
    fold_column_of_others,
    label_end_too_early,
    copied_rows,
    horizon_ignored,
)

"""A small corpus of planted leaks, each found, and clean twins that pass."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets import (
    CombinatorialPurged,
    Fitted,
    Recipe,
    Sampling,
    Undivided,
    as_of,
    assemble,
    certify,
)
from tradeloop.errors import InputError

STEP = pl.col("close").log().diff()


def leaking(expression):
    """Features of which one looks where it must not."""

    def compute(bars):
        return bars.select(
            "instrument",
            "event_ns",
            "received_ns",
            expression.over("instrument").alias("leak"),
        )

    return compute


def scaled(bars):
    """Scale by the mean and deviation of the whole sample: a global scaler."""
    level = pl.col("close")
    return bars.select(
        "instrument",
        "event_ns",
        "received_ns",
        ((level - level.mean()) / level.std()).over("instrument").alias("leak"),
    )


LOOKS_AHEAD = {
    "centred window": leaking(STEP.rolling_mean(5, center=True)),
    "next bar's return": leaking(STEP.shift(-1)),
    "return two bars ahead only": leaking(STEP.shift(-2)),
    "next bar's range": leaking((pl.col("high") / pl.col("low")).log().shift(-1)),
    "next bar's direction": leaking(
        (pl.col("close") > pl.col("open")).cast(pl.Float64).shift(-1, fill_value=0.0)
    ),
    "backward filled gap": leaking(
        pl.when(STEP.abs() > 5e-4).then(pl.col("close")).backward_fill()
    ),
    "rank over the whole sample": leaking(pl.col("close").rank()),
    "seeded at the end": leaking(pl.col("close").reverse().ewm_mean(span=9).reverse()),
    "global scaler": scaled,
}


def failed(certificate):
    return {check.name for check in certificate.failed}


def with_frame(dataset, **frames):
    return replace(dataset, **frames)


@pytest.mark.parametrize("name", LOOKS_AHEAD)
def test_a_feature_that_looks_ahead_is_found_by_cutting_and_by_poison(world, name):
    compute = LOOKS_AHEAD[name]
    dataset = world.dataset(compute(world.bars))
    certificate = certify(dataset, world.splits(), world.bars, compute)
    assert failed(certificate) == {"recomputed", "poisoned_future"}


@pytest.mark.parametrize("window", [1, 5, 50])
def test_the_clean_twin_of_a_centred_window_passes(world, window):
    compute = leaking(STEP.rolling_mean(window))
    dataset = world.dataset(compute(world.bars))
    certificate = certify(dataset, world.splits(), world.bars, compute)
    assert certificate.passed, certificate.failed
    assert len(certificate.checks) == 7
    assert len(certificate.absent) == 7


def test_the_honest_dataset_passes_with_its_fits(world, dataset):
    fitted = [Fitted("scaler", k, train) for k, (train, _) in enumerate(world.splits())]
    certificate = certify(
        dataset, world.splits(), world.bars, world.compute, fitted=fitted
    )
    assert certificate.passed, certificate.failed


def test_a_feature_row_stamped_before_it_was_known_is_found(world):
    early = world.compute(world.bars).with_columns(
        received_ns=pl.col("received_ns") - NS_PER_HOUR
    )
    certificate = certify(
        world.dataset(early), world.splits(), world.bars, world.compute
    )
    assert "recomputed" in failed(certificate)


def test_bars_stamped_at_their_open_are_found(world):
    opened = world.bars.with_columns(received_ns=pl.col("open_ns"))
    lying = world.with_bars(opened)
    certificate = certify(lying.dataset(), world.splits(), opened, world.compute)
    assert failed(certificate) == {"known_before"}


def test_a_stated_clock_skew_is_no_leak(world):
    skewed = world.with_bars(
        world.bars.with_columns(received_ns=pl.col("event_ns") - 10**9)
    )
    arguments = (skewed.dataset(), world.splits(), skewed.bars, world.compute)
    assert failed(certify(*arguments)) == {"known_before"}
    assert certify(*arguments, clock_skew_ns=10**9).passed


def test_a_value_known_after_its_decision_is_found_in_any_frame(world, dataset):
    for name in ("market_context", "execution_context", "feature_vectors"):
        frame = dataset.frames[name]
        late = pl.int_range(pl.len()) == 40
        known = pl.when(late).then(pl.col("known_ns") * 2).otherwise("known_ns")
        planted = with_frame(dataset, **{name: frame.with_columns(known_ns=known)})
        certificate = certify(planted, world.splits(), world.bars, world.compute)
        assert failed(certificate) == {"known_before"}
        assert "first row 40" in certificate.failed[0].detail


def test_one_wrong_bit_in_one_row_is_found(world, dataset):
    row = pl.int_range(pl.len()) == 17
    up = pl.col("drift") * (1 + 2.0**-52)
    vectors = dataset.feature_vectors.with_columns(
        drift=pl.when(row).then(up).otherwise("drift")
    )
    planted = with_frame(dataset, feature_vectors=vectors)
    certificate = certify(planted, world.splits(), world.bars, world.compute)
    assert failed(certificate) == {"recomputed"}
    assert "first row 17 in drift" in certificate.failed[0].detail


def test_a_shuffled_split_is_found_even_without_overlapping_labels(world, dataset):
    rows = np.random.default_rng(0).permutation(dataset.sample_count)
    split = (np.sort(rows[60:]), np.sort(rows[:60]))
    fold = np.full(rows.size, -1, np.int8)
    fold[split[1]] = 0
    short = dataset.outcome_labels.with_columns(
        pl.Series("fold", fold), end_ns=pl.col("decision_ns")
    )
    planted = with_frame(dataset, outcome_labels=short)
    certificate = certify(planted, [split], world.bars, world.compute)
    assert failed(certificate) == {"no_overlap"}


def test_label_intervals_that_overlap_are_found(world, dataset):
    splits = world.splits()
    train, test = splits[1]
    before = dataset.decision_ns < dataset.decision_ns[test[0]]
    unpurged = (np.flatnonzero(before), test)
    assert unpurged[0].size > train.size
    planted = [splits[0], unpurged, splits[2]]
    certificate = certify(dataset, planted, world.bars, world.compute)
    assert failed(certificate) == {"no_overlap"}
    assert "fold 1" in certificate.failed[0].detail


def test_a_fold_column_that_names_other_rows_is_found(world, dataset):
    moved = dataset.outcome_labels.with_columns(pl.col("fold").shift(1))
    planted = with_frame(dataset, outcome_labels=moved)
    certificate = certify(planted, world.splits(), world.bars, world.compute)
    assert failed(certificate) == {"no_overlap"}


def test_a_fold_column_without_folds_is_found(world, dataset):
    assert failed(certify(dataset, [], world.bars, world.compute)) == {"no_overlap"}


def test_an_undivided_dataset_tests_nothing_and_so_leaks_nothing(world):
    splitter = Undivided()
    inputs = replace(world.inputs, split=splitter.as_mapping())
    dataset = assemble(world.sources(), Recipe(inputs, splitter))
    splits = list(splitter.split(dataset.decision_ns, dataset.end_ns))
    assert len(splits) == splitter.count() == 0
    assert (dataset.fold == -1).all()
    certificate = certify(dataset, splits, world.bars, world.compute)
    assert certificate.passed
    assert "no folds" in certificate.checks[0].detail
    scaler = [Fitted("scaler", 0, np.arange(3))]
    assert failed(
        certify(dataset, splits, world.bars, world.compute, fitted=scaler)
    ) == {"fitted_inside"}


def test_a_purged_split_around_the_test_passes_unless_it_must_be_forward(
    world, dataset
):
    splitter = CombinatorialPurged(groups=4, test_groups=1, min_rows=5)
    split = list(splitter.split(dataset.decision_ns, dataset.end_ns))[1]
    fold = np.full(dataset.sample_count, -1, np.int8)
    fold[split[1]] = 0
    labels = dataset.outcome_labels.with_columns(pl.Series("fold", fold))
    arguments = (
        with_frame(dataset, outcome_labels=labels),
        [split],
        world.bars,
        world.compute,
    )
    assert certify(*arguments, forward=False).passed
    assert failed(certify(*arguments)) == {"no_overlap"}


@pytest.mark.parametrize(
    ("rows", "fold"),
    [("all", 0), ("test", 1), ("purged", 1), ("train", 3), ("train", -1)],
)
def test_a_scaler_fitted_outside_its_training_rows_is_found(world, dataset, rows, fold):
    train, test = world.splits()[min(max(fold, 0), 2)]
    chosen = {
        "all": np.arange(dataset.sample_count),
        "test": test[:1],
        "purged": np.array([test[0] - 1]),
        "train": train,
    }[rows]
    certificate = certify(
        dataset,
        world.splits(),
        world.bars,
        world.compute,
        fitted=[Fitted("scaler", fold, chosen)],
    )
    assert failed(certificate) == {"fitted_inside"}


def late_bars(world, row=200, by_ns=10 * NS_PER_HOUR):
    """One bar comes ten bars late, as a correction does."""
    late = pl.int_range(pl.len()) == row
    received = pl.when(late).then(pl.col("received_ns") + by_ns)
    return world.with_bars(
        world.bars.with_columns(received_ns=received.otherwise("received_ns"))
    )


def test_a_late_correction_seen_too_early_is_found(world):
    """Features of later bars used the late bar, but are stamped with their own time."""
    late = late_bars(world)
    certificate = certify(late.dataset(), world.splits(), late.bars, world.compute)
    assert failed(certificate) == {"recomputed"}


def test_the_clean_twin_of_a_late_correction_passes(world):
    """Each decision's row is computed on what had come by then."""
    late = late_bars(world)
    honest = late.dataset()
    rows = []
    for decision in late.decisions.iter_slices(1):
        if decision["decision_id"][0] not in honest.feature_vectors["decision_id"]:
            continue
        known = late.bars.filter(pl.col("received_ns") <= decision["received_ns"][0])
        names = list(honest.feature_names)
        rows.append(as_of(decision, world.compute(known), columns=names))
    vectors = pl.concat(rows).drop("decision_ns")
    assert not vectors.equals(honest.feature_vectors)
    clean = with_frame(honest, feature_vectors=vectors)
    certificate = certify(clean, world.splits(), late.bars, world.compute)
    assert certificate.passed, certificate.failed
    assert "with a late bar" in certificate.checks[2].detail


def test_nothing_is_certified_by_a_recompute_that_leaves_out_a_feature(world, dataset):
    with pytest.raises(InputError, match="range"):
        certify(
            dataset,
            world.splits(),
            world.bars,
            lambda bars: world.compute(bars).drop("range"),
        )


def test_nothing_is_certified_by_a_recompute_that_drops_bars(world, dataset):
    with pytest.raises(InputError, match="one row per bar"):
        certify(
            dataset, world.splits(), world.bars, lambda bars: world.compute(bars)[:-1]
        )


def test_cuts_depend_on_the_seed_alone(world, dataset):
    def details(seed):
        seen = []

        def compute(bars):
            seen.append(bars.height)
            return world.compute(bars)

        sampling = Sampling(cuts=4, seed=seed)
        certify(dataset, world.splits(), world.bars, compute, sampling=sampling)
        return seen

    assert details(1) == details(1) != details(2)


def test_the_mapping_counts_checks_and_failures(world, dataset):
    mapping = certify(dataset, [], world.bars, world.compute).as_mapping()
    assert (mapping["checks"], mapping["failed"]) == (7, 1)
    assert [result["passed"] for result in mapping["results"]].count(False) == 1
    assert mapping["absent"][0]["name"] == "embargoed"


def test_ten_thousand_bars_of_forty_features_are_certified(world):
    large = world.of(n_bars=5_000)

    def compute(bars):
        wide = [
            STEP.rolling_mean(k).over("instrument").alias(f"f{k}") for k in range(2, 42)
        ]
        return bars.select("instrument", "event_ns", "received_ns", *wide)

    dataset = large.dataset(compute(large.bars))
    splits = list(large.splitter.split(dataset.decision_ns, dataset.end_ns))
    certificate = certify(dataset, splits, large.bars, compute)
    assert certificate.passed

"""Parts of a dataset: each decision once, rows that do not know of each other."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.conftest import INPUTS, SPLITTER
from tradeloop.clock import NS_PER_DAY
from tradeloop.datasets import (
    FRAMES,
    Occasion,
    StateRule,
    certify,
    croissant,
    day_files,
    feature_schema,
    fold_of,
    frame_hash,
    label_schema,
    market_state,
    metadata,
)
from tradeloop.datasets.assemble import rows_of, with_fold
from tradeloop.datasets.certify_parts import of_all_rows
from tradeloop.datasets.metadata import Findings
from tradeloop.datasets.parts import (
    day_parts,
    joined,
    of_some_rows,
    one_of_each_fold,
    outline,
    require_parts,
    sampled_runs,
    splits_among,
    thin,
)
from tradeloop.datasets.paths import day_frames
from tradeloop.datasets.version import columns_hash
from tradeloop.errors import InputError
from tradeloop.events import DatasetType

TIMES = st.lists(st.integers(-3 * NS_PER_DAY, 9 * NS_PER_DAY), max_size=40)
CATALOGUE = [{"name": name} for name in ("step", "drift", "range")]


@given(TIMES, st.integers(1, 50))
def test_parts_hold_each_decision_once_in_whole_days(times, size):
    at = np.array(times, dtype=np.int64)
    parts = day_parts(at, size)
    held = [((at >= begin) & (at < end)).sum() for begin, end in parts]
    assert sum(held) == at.size
    assert all(count > 0 for count in held)
    edges = [edge for part in parts for edge in part]
    assert edges == sorted(edges)
    assert all(edge % NS_PER_DAY == 0 for edge in edges)
    for count, (begin, end) in zip(held, parts, strict=True):
        inside = at[(at >= begin) & (at < end)]
        assert count <= size or np.unique(inside // NS_PER_DAY).size == 1


def test_parts_are_as_few_as_their_size_allows():
    at = np.repeat(np.arange(6), [3, 3, 1, 9, 2, 2]) * NS_PER_DAY
    cut = [(a // NS_PER_DAY, b // NS_PER_DAY) for a, b in day_parts(at, 6)]
    assert cut == [(0, 2), (2, 3), (3, 4), (4, 6)]
    assert day_parts(at[:0], 6) == []
    with pytest.raises(InputError, match="at least 1"):
        day_parts(at, 0)


def made_in_parts(world, size, **more):
    """Rows of each part; all parts share the state of the market."""
    recipe = world.recipe()
    state = market_state(world.bars, recipe.state)
    at = pl.col("received_ns")
    for begin, end in day_parts(world.decisions["received_ns"].to_numpy(), size):
        mine = world.decisions.filter((at >= begin) & (at < end))
        labels = world.labels.join(mine, on="decision_id", how="semi")
        sources = world.sources(state=state, **more)
        yield rows_of(replace(sources, decisions=mine, labels=labels), recipe)


@pytest.mark.parametrize("size", [1, 20, 10_000])
def test_parts_put_together_are_the_dataset_bit_by_bit(world, dataset, size):
    parts = list(made_in_parts(world, size))
    assert (len(parts) > 10) == (size == 1)
    full = [part for part in parts if part.frames]
    for name in FRAMES:
        whole = pl.concat([part.frames[name] for part in full])
        if name == "outcome_labels":
            whole = with_fold(whole, dataset.fold)
        assert frame_hash(whole) == frame_hash(dataset.frames[name]), name
    assert joined([thin(part) for part in parts]).left_out == dataset.left_out


def test_files_of_parts_are_the_files_of_the_dataset(world, dataset):
    files = {}
    for part in made_in_parts(world, 20):
        if part.frames:
            at = part.frames["outcome_labels"]["decision_ns"]
            found = day_frames(part.frames, at)
            assert not files.keys() & found.keys()
            files |= found
    wanted = day_files(dataset)
    assert files.keys() == wanted.keys()
    for path, frame in wanted.items():
        assert files[path].equals(frame.drop("fold", strict=False)), path


@pytest.fixture(scope="module")
def outlined(world):
    whole = joined([thin(part) for part in made_in_parts(world, 20)])
    times = whole.rows["decision_ns"], whole.rows["end_ns"]
    splits = list(SPLITTER.split(*times))
    fold = fold_of(whole.rows.height, splits)
    return whole, outline(whole, fold, INPUTS), splits


def test_an_outline_has_every_time_and_count_of_the_dataset(dataset, outlined):
    _, thin_one, _ = outlined
    assert thin_one.version == dataset.version
    assert thin_one.sample_count == dataset.sample_count
    assert thin_one.feature_names == dataset.feature_names
    assert (thin_one.decision_ns == dataset.decision_ns).all()
    assert (thin_one.end_ns == dataset.end_ns).all()
    assert (thin_one.fold == dataset.fold).all()
    assert thin_one.label_distribution == dataset.label_distribution
    for name, frame in dataset.frames.items():
        other = thin_one.frames[name]
        assert other.columns == frame.columns
        assert other["decision_id"].equals(frame["decision_id"])
        if "known_ns" in frame.columns and name != "decision_context":
            assert other["known_ns"].equals(frame["known_ns"]), name


def test_an_outline_holds_no_feature_and_no_price(outlined):
    _, thin_one, _ = outlined
    assert np.isnan(thin_one.X).all()
    assert thin_one.outcome_labels["return_20h"].null_count() == thin_one.sample_count
    assert thin_one.feature_vectors.schema["step"] == pl.Null  # which takes no memory


def described(dataset, world, splits, texts_of=None):
    certificate = certify(world.dataset(), splits, world.bars, world.compute)
    quality = {"quality_score": 1.0, "data_quality_metrics": {}}
    findings = Findings(
        certificate,
        feature_schema(dataset, CATALOGUE),
        label_schema(dataset, INPUTS.label_rules),
        quality,
    )
    told = metadata(dataset, Occasion("d", 0, "there"), findings)
    return told, croissant(told, texts_of or dataset, {})


def test_metadata_and_croissant_are_those_of_the_dataset(world, dataset, outlined):
    whole, thin_one, splits = outlined
    few = one_of_each_fold(thin_one, whole)
    assert sorted(few.fold) == sorted(set(dataset.fold))
    ours = described(thin_one, world, splits, few)
    assert ours == described(dataset, world, splits)


def test_times_are_certified_on_all_rows_and_the_rest_on_a_sample(
    world, dataset, outlined
):
    _, thin_one, splits = outlined
    rows = np.arange(10, 60)
    some = {name: frame[10:60] for name, frame in dataset.frames.items()}
    sample = of_some_rows(dataset, some)
    among = splits_among(splits, rows, dataset.sample_count)
    found = certify(sample, among, world.bars, world.compute)
    told = of_all_rows(found, 50, thin_one, splits, world.bars, embargo_ns=0)
    assert told.passed
    seen = {check.name: check.detail for check in told.checks}
    everything = f"all {dataset.sample_count} rows"
    assert seen["no_overlap"].startswith(everything)
    assert seen["known_before"].startswith(everything)
    assert seen["recomputed"].startswith(f"sample of 50 of {dataset.sample_count}")
    assert "rows" not in seen["fitted_inside"].split(",")[0]


def test_a_leak_outside_of_the_sample_is_found_by_its_times(world, dataset, outlined):
    _, thin_one, splits = outlined
    some = {name: frame[:20] for name, frame in dataset.frames.items()}
    among = splits_among(splits, np.arange(20), dataset.sample_count)
    sample = of_some_rows(dataset, some)
    found = certify(sample, among, world.bars, world.compute)
    late = thin_one.feature_vectors.with_columns(
        known_ns=pl.when(pl.int_range(pl.len()) == 40)
        .then(pl.lit(2**62))
        .otherwise("known_ns")
    )
    leaking = of_some_rows(thin_one, {**thin_one.frames, "feature_vectors": late})
    told = of_all_rows(found, 20, leaking, splits, world.bars, embargo_ns=None)
    assert [check.name for check in told.failed] == ["known_before"]
    overlapping = [(np.union1d(train, test[:1]), test) for train, test in splits]
    told = of_all_rows(found, 20, thin_one, overlapping, world.bars, embargo_ns=None)
    assert [check.name for check in told.failed] == ["no_overlap"]


def test_a_wrong_feature_in_the_sample_is_found(world, dataset, outlined):
    _, thin_one, splits = outlined
    vectors = dataset.feature_vectors.with_columns(pl.col("step") + 1e-12)
    some = {
        name: (vectors if name == "feature_vectors" else frame)[10:60]
        for name, frame in dataset.frames.items()
    }
    among = splits_among(splits, np.arange(10, 60), dataset.sample_count)
    sample = of_some_rows(dataset, some)
    found = certify(sample, among, world.bars, world.compute)
    told = of_all_rows(found, 50, thin_one, splits, world.bars, embargo_ns=None)
    assert [check.name for check in told.failed] == ["recomputed"]


def test_the_state_of_the_market_may_be_given(world, dataset):
    state = market_state(world.bars, StateRule())
    given = rows_of(world.sources(state=state), world.recipe()).frames
    assert given["market_context"].equals(dataset.market_context)
    assert given["execution_context"].equals(dataset.execution_context)


def test_no_rows_at_all_are_refused_with_their_reasons(world):
    nothing = world.labels.with_columns(state=pl.lit("pending"))
    rows = rows_of(replace(world.sources(), labels=nothing), world.recipe())
    assert not rows.frames
    with pytest.raises(InputError, match="not labelled"):
        joined([thin(rows), thin(rows)])


def test_kinds_whose_rows_depend_on_each_other_are_refused_with_the_reason():
    with pytest.raises(InputError, match="ranked among all rows of their time"):
        require_parts(DatasetType.PORTFOLIO_OPTIMIZATION)
    with pytest.raises(InputError, match="observations of the market"):
        require_parts(DatasetType.MARKET_PREDICTION)
    for kind in ("SIGNAL_GENERATION", "RISK_PREDICTION", "EXECUTION_OPTIMIZATION"):
        require_parts(DatasetType(kind))


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=12).filter(any),
    st.integers(1, 6),
    st.integers(1, 12),
    st.integers(0, 99),
)
def test_a_sample_is_runs_within_parts_the_same_for_a_seed(heights, runs, rows, seed):
    found = sampled_runs(heights, runs=runs, rows=rows, seed=seed)
    assert found == sampled_runs(heights, runs=runs, rows=rows, seed=seed)
    parts = [part for part, _, _ in found]
    assert parts == sorted(set(parts))
    assert len(found) == min(runs, sum(height > 0 for height in heights))
    for part, first, count in found:
        assert first >= 0
        assert first + count <= heights[part]
        assert count == min(rows, heights[part])


@given(st.integers(2, 40), st.data())
def test_folds_of_some_rows_are_those_of_the_whole(n_rows, data):
    rows = st.lists(st.integers(0, n_rows - 1), unique=True).map(sorted)
    train, test, chosen = (np.array(data.draw(rows), dtype=np.int64) for _ in range(3))
    ((ours, theirs),) = splits_among([(train, test)], chosen, n_rows)
    assert chosen[ours].tolist() == [row for row in train if row in chosen]
    assert chosen[theirs].tolist() == [row for row in test if row in chosen]


def test_a_hash_taken_column_by_column_is_that_of_the_frame(dataset):
    for frame in dataset.frames.values():
        columns = (frame[name].clone() for name in frame.columns)
        assert columns_hash(frame.height, columns) == frame_hash(frame)

"""The wide row: keys, raw bar, features, labels of all horizons, quality."""

from dataclasses import replace

import polars as pl
import pytest

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets import KINDS, Recipe, Schedule, assemble, wide
from tradeloop.datasets.wide import KEYS, QUALITY, RAW
from tradeloop.errors import InputError
from tradeloop.events import DatasetType
from tradeloop.labels import label

HORIZONS = ("1h", "4h", "1d")
HOURS = (NS_PER_HOUR, 4 * NS_PER_HOUR, 24 * NS_PER_HOUR)


@pytest.fixture(scope="module")
def market(world):
    kind = KINDS[DatasetType.MARKET_PREDICTION]
    rows = kind.observations(None, world.bars, Schedule(NS_PER_HOUR, every=3))
    labels = label(rows, world.bars, horizons_ns=HOURS)
    sources = replace(world.sources(), decisions=rows, labels=labels)
    inputs = replace(world.inputs, dataset_type=kind.dataset_type.value)
    return assemble(sources, Recipe(inputs, world.splitter))


def test_the_keys_come_first_and_the_quality_last(market, world):
    columns = wide(market, world.bars).columns
    assert tuple(columns[: len(KEYS)]) == KEYS
    assert tuple(columns[len(KEYS) : len(KEYS) + len(RAW)]) == RAW
    assert tuple(columns[-2:]) == QUALITY
    assert len(set(columns)) == len(columns)


def test_labels_of_all_horizons_stand_side_by_side_under_the_names_of_the_contract(
    market,
):
    columns = wide(market).columns
    stems = ("direction", "return", "max_gain", "max_loss")
    wanted = [f"label_{stem}_{h}" for stem in stems for h in HORIZONS]
    start = columns.index(wanted[0])
    assert columns[start : start + len(wanted)] == wanted
    assert {f"label_realised_volatility_{h}" for h in HORIZONS} <= set(columns)


def test_every_value_is_that_of_the_dataset_and_none_is_lost(market):
    table = wide(market)
    for name in market.feature_names:
        assert table[name].equals(market.feature_vectors[name])
    for name in market.outcome_labels.columns:
        kept = name if name in KEYS else f"label_{name}"
        assert table[kept].equals(market.outcome_labels[name])
    assert table["strategy"].equals(market.decision_context["strategy"])


def test_the_raw_bar_is_the_last_one_known_at_the_decision(market, world):
    table = wide(market, world.bars)
    for row in table[::37].iter_rows(named=True):
        known = world.bars.filter(
            (pl.col("instrument") == row["instrument"])
            & (pl.col("received_ns") <= row["decision_ns"])
        ).sort("event_ns")
        assert [row[name] for name in RAW] == list(known.select(RAW).row(-1))


def test_quality_tells_the_share_of_known_features_and_their_age(dataset):
    lacking = replace(
        dataset,
        feature_vectors=dataset.feature_vectors.with_columns(
            step=pl.Series(
                [None, float("nan"), 1.0] + [0.0] * (dataset.sample_count - 3)
            )
        ),
    )
    table = wide(lacking)
    assert table["quality_completeness"][:3].to_list() == pytest.approx(
        [2 / 3, 2 / 3, 1]
    )
    age = dataset.decision_ns - dataset.feature_vectors["known_ns"].to_numpy()
    assert (table["quality_age_ns"].to_numpy() == age).all()
    assert (age >= 0).all()


def test_a_feature_with_the_name_of_another_column_is_refused(dataset, world):
    named = replace(
        dataset, feature_vectors=dataset.feature_vectors.rename({"step": "close"})
    )
    assert "close" in wide(named).columns
    with pytest.raises(InputError, match="close"):
        wide(named, world.bars)
    keyed = replace(
        dataset, feature_vectors=dataset.feature_vectors.rename({"step": "fold"})
    )
    with pytest.raises(InputError, match="fold"):
        wide(keyed)

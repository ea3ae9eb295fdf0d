"""Feature metadata: the contract's fields, measured on the rows that are given."""

import json

import numpy as np
import polars as pl
import pytest

from tradeloop.datasets.feature_metadata import (
    correlation_matrix,
    feature_metadata,
    statistics_of,
)
from tradeloop.errors import InputError
from tradeloop.features.normalise import fit

CONTRACT = {
    "feature_names",
    "feature_types",
    "normalization_stats",
    "feature_importance",
    "correlation_matrix",
}
TYPES = {"a": "technical", "b": "risk", "flat": "risk", "empty": "sentiment"}


def features(rows=300, seed=3):
    draw = np.random.default_rng(seed)
    a = draw.normal(0, 1, rows)
    return pl.DataFrame(
        {
            "instrument": ["X"] * rows,
            "a": a,
            "b": pl.Series(a * 0.5 + draw.normal(0, 1, rows)),
            "flat": np.full(rows, 2.0),
            "empty": pl.Series([None] * rows, dtype=pl.Float64),
        }
    ).with_columns(b=pl.when(pl.int_range(pl.len()) >= 20).then("b"))


def test_the_fields_of_the_contract_are_there_and_are_json():
    frame = features()
    found = feature_metadata(
        frame,
        TYPES,
        normalisation=fit(frame, list(TYPES), "robust"),
        importance={"a": 0.7, "b": 0.3, "side": 0.1},
    )
    assert set(found) >= CONTRACT
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["feature_names"] == list(TYPES)
    assert found["feature_types"] == TYPES
    assert found["feature_importance"] == {"a": 0.7, "b": 0.3}
    assert set(found["normalization_stats"]) == {"a", "b", "flat"}
    assert found["normalization_method"] == "robust"


def test_rows_outside_the_mask_change_nothing():
    frame, other = features(), features(seed=8)
    mask = np.arange(frame.height) < 200
    mixed = pl.concat([frame[:200], other[200:]])
    assert feature_metadata(mixed, TYPES, rows=mask) == feature_metadata(
        frame, TYPES, rows=mask
    )
    assert feature_metadata(frame[:200], TYPES) == feature_metadata(
        frame, TYPES, rows=mask
    )


def test_statistics_are_those_of_the_known_values():
    frame = features()
    told = feature_metadata(frame, TYPES)["feature_statistics"]
    b = frame["b"].drop_nulls().to_list()
    assert told["b"]["count"] == 280
    assert told["b"]["missing_share"] == pytest.approx(20 / 300)
    assert told["b"]["mean"] == pytest.approx(sum(b) / 280)
    assert (told["b"]["min"], told["b"]["max"]) == (min(b), max(b))
    assert told["b"]["median"] == pytest.approx(float(np.median(b)))
    assert told["flat"]["standard_deviation"] == 0
    assert told["empty"] == {"count": 0.0, "missing_share": 1.0}
    assert "standard_deviation" not in statistics_of(np.array([3.0]))


def test_correlation_is_that_of_the_rows_that_know_all():
    frame = features()
    found = correlation_matrix(frame, ["a", "b", "flat"])
    assert set(found) == {"a", "b"}
    known = frame[20:]
    right = np.corrcoef(known["a"], known["b"])[0, 1]
    assert found["a"]["b"] == pytest.approx(right, abs=1e-12)
    assert found["a"]["b"] == found["b"]["a"]
    assert found["a"]["a"] == pytest.approx(1)
    assert all(abs(v) <= 1 for row in found.values() for v in row.values())


def test_without_two_features_or_rows_there_is_no_correlation():
    frame = features()
    assert correlation_matrix(frame, []) == {}
    assert correlation_matrix(frame, ["a", "empty"]) == {}
    assert correlation_matrix(frame, ["a", "flat"]) == {}


def test_a_feature_that_is_not_there_is_named():
    with pytest.raises(InputError, match="'absent'"):
        feature_metadata(features(), {"absent": "risk"})

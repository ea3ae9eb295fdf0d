"""Croissant: required properties, and fields that point at what is there."""

import json
from dataclasses import replace
from hashlib import sha256

import polars as pl
import pytest

from tradeloop.datasets import (
    Findings,
    Occasion,
    certify,
    croissant,
    day_files,
    feature_schema,
    label_schema,
    metadata,
)
from tradeloop.errors import InputError

REQUIRED = {
    "@context",
    "@type",
    "conformsTo",
    "name",
    "description",
    "license",
    "url",
    "creator",
    "datePublished",
    "version",
    "distribution",
    "recordSet",
    "citeAs",
    "isLiveDataset",
}
TEXTS = {"metadata.json": '{"é": 1}', "README.md": "# card"}


@pytest.fixture(scope="module")
def described(world, dataset):
    catalogue = [{"name": n, "formula": f"f({n})"} for n in dataset.feature_names]
    findings = Findings(
        certify(dataset, world.splits(), world.bars, world.compute),
        feature_schema(dataset, catalogue),
        label_schema(dataset, world.inputs.label_rules),
        {},
        {"bars": "CC0-1.0", "decisions": "MIT"},
    )
    return metadata(dataset, Occasion("small-1", 86_400 * 10**9, "t/x"), findings)


@pytest.fixture(scope="module")
def told(described, dataset):
    return croissant(described, dataset, TEXTS, creator="Somebody")


def test_everything_that_the_specification_requires_is_said(told):
    assert set(told) >= REQUIRED
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert told["@type"] == "sc:Dataset"
    assert told["isLiveDataset"] is False
    assert told["license"] == "CC0-1.0 AND MIT"
    assert told["creator"]["name"] == "Somebody"
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_the_version_has_three_numbers_and_the_datasets_own_digits(told, dataset):
    numbers, build = told["version"].split("+")
    assert numbers == "1.0.0"
    assert dataset.version.startswith(build)
    assert told["identifier"] == dataset.version
    assert dataset.version in told["citeAs"]


def test_texts_have_the_hash_of_their_bytes(told):
    files = {f["@id"]: f for f in told["distribution"] if f["@type"] == "cr:FileObject"}
    assert set(files) == set(TEXTS)
    for name, text in TEXTS.items():
        assert files[name]["sha256"] == sha256(text.encode()).hexdigest()
        assert files[name]["contentSize"] == f"{len(text.encode())} B"


def test_every_field_refers_to_a_column_of_files_that_are_there(
    told, dataset, tmp_path
):
    for path, frame in day_files(dataset).items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(file)
    globs = {
        f["@id"]: f["includes"]
        for f in told["distribution"]
        if f["@type"] == "cr:FileSet"
    }
    assert len(globs) == len(dataset.frames)
    taken = set()
    for record in told["recordSet"]:
        for field in record["field"]:
            if "source" not in field:
                continue
            found = list(tmp_path.glob(globs[field["source"]["fileSet"]["@id"]]))
            taken |= set(found)
            schema = pl.read_parquet_schema(found[0])
            assert field["source"]["extract"]["column"] in schema
    assert taken == set(tmp_path.rglob("*.parquet"))


def test_every_column_of_every_frame_is_a_field_with_a_meaning(told, dataset):
    records = {r["@id"]: r for r in told["recordSet"]}
    for name, frame in dataset.frames.items():
        assert [f["name"] for f in records[name]["field"]] == frame.columns
        assert all(f["description"] for f in records[name]["field"])
    kinds = {f["name"]: f["dataType"] for f in records["decision_context"]["field"]}
    assert kinds["decision_id"] == "sc:Text"
    assert kinds["side"] == "sc:Integer"
    assert kinds["decision_timestamp"] == "sc:DateTime"
    features = {f["name"]: f for f in records["feature_vectors"]["field"]}
    assert features["step"]["description"] == "f(step)"


def test_every_id_is_unique_and_every_reference_is_to_one(told):
    ids = [f["@id"] for f in told["distribution"]]
    ids += [r["@id"] for r in told["recordSet"]]
    ids += [f["@id"] for r in told["recordSet"] for f in r["field"]]
    assert len(set(ids)) == len(ids)

    def pointed(node):
        if isinstance(node, dict):
            if set(node) == {"@id"}:
                yield node["@id"]
            for value in node.values():
                yield from pointed(value)
        elif isinstance(node, list):
            for value in node:
                yield from pointed(value)

    parts = [told["distribution"], told["recordSet"]]
    assert set(pointed(parts)) <= set(ids)


def test_the_splits_are_the_folds_of_the_rows(told, dataset):
    splits = next(r for r in told["recordSet"] if r["@id"] == "splits")
    folds = {row["splits/fold"] for row in splits["data"]}
    assert folds == set(dataset.fold.tolist())
    fields = {f["@id"] for f in splits["field"]}
    assert all(set(row) == fields for row in splits["data"])


def test_a_column_without_a_type_is_refused(described, dataset):
    odd = dataset.market_context.with_columns(pl.lit([1.0]).alias("list"))
    with pytest.raises(InputError, match="list"):
        croissant(described, replace(dataset, market_context=odd), TEXTS)

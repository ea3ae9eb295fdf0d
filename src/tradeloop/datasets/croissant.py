"""Croissant 1.0: the dataset told to machines, as JSON-LD beside the files.

One file set per frame (the day files, by a glob), one record set per frame with a field
per column, and one record set with the splits. Texts beside the days are file objects
with their SHA-256; the day files' own hashes stand in manifest.json, which cannot be
hashed here since it holds the hash of this file.

References
----------
Croissant format specification 1.0, http://mlcommons.org/croissant/1.0
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import polars as pl

from tradeloop.datasets.dataset import Dataset
from tradeloop.errors import InputError

FILE = "croissant.json"
CONFORMS = "http://mlcommons.org/croissant/1.0"
_DAYS = "year=*/month=*/day=*"
_PARQUET = "application/x-parquet"
_SPLITS = {
    "train": "https://mlcommons.org/definitions/training_split",
    "test": "https://mlcommons.org/definitions/test_split",
}
_KINDS = {".json": "application/json", ".md": "text/markdown", ".svg": "image/svg+xml"}
_OF_CROISSANT = (
    "citeAs",
    "column",
    "field",
    "fileObject",
    "fileSet",
    "includes",
    "isLiveDataset",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "separator",
    "source",
    "subField",
    "transform",
    "extract",
    "fileProperty",
    "format",
    "jsonPath",
    "equivalentProperty",
    "samplingRate",
)


def _context() -> dict[str, Any]:
    """Names of the vocabulary, as the specification gives them."""
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "sc": "https://schema.org/",
        "dct": "http://purl.org/dc/terms/",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        **{name: f"cr:{name}" for name in _OF_CROISSANT},
    }


def _data_type(name: str, dtype: pl.DataType) -> str:
    if dtype == pl.Boolean:
        return "sc:Boolean"
    if dtype.is_integer():
        return "sc:Integer"
    if dtype.is_float():
        return "sc:Float"
    if isinstance(dtype, pl.Datetime):
        return "sc:DateTime"
    if dtype == pl.String:
        return "sc:Text"
    raise InputError(
        f"A column of type {dtype} has no type in Croissant.",
        way_out="Store it as a number, text or time.",
        column=name,
    )


def _file_objects(texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name, text in texts.items():
        data = text.encode()
        suffix = name[name.rfind(".") :]
        yield {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": name,
            "contentSize": f"{len(data)} B",
            "encodingFormat": _KINDS.get(suffix, "text/plain"),
            "sha256": sha256(data).hexdigest(),
        }


def _file_sets(dataset: Dataset) -> Iterator[dict[str, Any]]:
    for name in dataset.frames:
        yield {
            "@type": "cr:FileSet",
            "@id": f"{name}-days",
            "name": f"{name}-days",
            "description": f"{name}, one file per day of the decision (UTC)",
            "encodingFormat": _PARQUET,
            "includes": f"{_DAYS}/{name}.parquet",
        }


def _meanings(described: Mapping[str, Any]) -> dict[str, str]:
    features = described["feature_schema"]["feature_definitions"]
    told = {f["name"]: str(f.get("formula") or f["name"]) for f in features}
    return told | dict(described["label_schema"]["label_definitions"])


def _record_set(
    name: str, frame: pl.DataFrame, meanings: Mapping[str, str]
) -> dict[str, Any]:
    fields = []
    for column, dtype in frame.schema.items():
        field: dict[str, Any] = {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": column,
            "description": meanings.get(column, column.replace("_", " ")),
            "dataType": _data_type(column, dtype),
            "source": {
                "fileSet": {"@id": f"{name}-days"},
                "extract": {"column": column},
            },
        }
        if column == "decision_id" and name != "decision_context":
            field["references"] = {"field": {"@id": "decision_context/decision_id"}}
        if column == "fold":
            field["references"] = {"field": {"@id": "splits/fold"}}
        fields.append(field)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"{name}: one record per decision",
        "key": {"@id": f"{name}/decision_id"},
        "field": fields,
    }


def _splits(dataset: Dataset) -> dict[str, Any]:
    """Record set of the folds: fold -1 only trains; each other one is tested once."""
    folds = dataset.outcome_labels["fold"].unique().sort().to_list()
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "what the column fold says: rows of fold k are tested by the "
        "model that did not learn from them; those of fold -1 only train",
        "dataType": "cr:Split",
        "key": {"@id": "splits/fold"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"splits/{name}",
                "name": name,
                "dataType": kind,
            }
            for name, kind in (
                ("fold", "sc:Integer"),
                ("name", "sc:Text"),
                ("url", "sc:URL"),
            )
        ],
        "data": [
            {
                "splits/fold": fold,
                "splits/name": "train" if fold < 0 else f"test_{fold}",
                "splits/url": _SPLITS["train" if fold < 0 else "test"],
            }
            for fold in folds
        ],
    }


def _licence(described: Mapping[str, Any]) -> str:
    told = sorted(set(described["licences"].values()))
    return " AND ".join(told) if told else "not stated"


def _citation(described: Mapping[str, Any], creator: str) -> str:
    year = described["creation_timestamp"][:4]
    name = described["dataset_id"]
    return (
        f"@misc{{{name}, title={{{name}}}, author={{{creator}}}, year={{{year}}}, "
        f"note={{version {described['version']}}}}}"
    )


def croissant(
    described: Mapping[str, Any],
    dataset: Dataset,
    texts: Mapping[str, str],
    *,
    creator: str = "not stated",
    url: str | None = None,
) -> dict[str, Any]:
    """Describe a dataset in Croissant.

    Parameters
    ----------
    described : mapping
        What `metadata` returned.
    dataset : Dataset
        Gives the columns and the folds.
    texts : mapping of str to str
        Files beside the days and what they hold, such as metadata.json.
    creator : str
        Who made it.
    url : str, optional
        Where it can be had; a name made of the version without it.

    Returns
    -------
    dict
        JSON-LD; its ``version`` is 1.0.0 with the first 16 digits of the dataset's
        version as build, since readers ask for three numbers.

    Raises
    ------
    InputError
        A column has a type that Croissant has no name for.
    """
    meanings, version = _meanings(described), described["version"]
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": described["dataset_id"],
        "description": f"{described['sample_count']} rows for "
        f"{described['dataset_type']}: features known at each decision, and what came "
        "of it.",
        "license": _licence(described),
        "url": url or f"urn:sha256:{version}",
        "creator": {"@type": "sc:Organization", "name": creator},
        "datePublished": described["creation_timestamp"],
        "version": f"1.0.0+{version[:16]}",
        "identifier": version,
        "isLiveDataset": False,
        "citeAs": _citation(described, creator),
        "temporalCoverage": "/".join(described["data_period"].values()),
        "keywords": ["finance", "trading", described["dataset_type"]],
        "distribution": [*_file_objects(texts), *_file_sets(dataset)],
        "recordSet": [
            _splits(dataset),
            *(
                _record_set(name, frame, meanings)
                for name, frame in dataset.frames.items()
            ),
        ],
    }

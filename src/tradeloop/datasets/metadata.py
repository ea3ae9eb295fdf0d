"""What metadata.json says: the training dataset as entity and as event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tradeloop.datasets.checks import Certificate
from tradeloop.datasets.dataset import Dataset

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_text(at_ns: int) -> str:
    """Write a time, ns UTC, in ISO 8601 to the microsecond."""
    return (_EPOCH + timedelta(microseconds=at_ns // 1_000)).isoformat()


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is not hashed: name and time of this making of the dataset.

    Parameters
    ----------
    dataset_id : str
        Unique within the tenant, at most 100 characters.
    created_ns : int
        When it was made, ns UTC.
    storage_location : str
        Where it lies, at most 500 characters.
    """

    dataset_id: str
    created_ns: int
    storage_location: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found out about a dataset beside its rows.

    Parameters
    ----------
    certificate : Certificate
        Leak checks.
    feature_schema, label_schema : mapping
        See `feature_schema` and `label_schema`.
    quality : mapping
        The quality report as a mapping; its ``quality_score`` and
        ``data_quality_metrics`` go into the event.
    licences : mapping of str to str
        Name of each input to its licence, as the caller knows it.
    """

    certificate: Certificate
    feature_schema: Mapping[str, Any]
    label_schema: Mapping[str, Any]
    quality: Mapping[str, Any]
    licences: Mapping[str, str] = field(default_factory=dict)


def metadata(
    dataset: Dataset, occasion: Occasion, findings: Findings
) -> dict[str, Any]:
    """Describe a dataset with the fields of the entity and of the event.

    Parameters
    ----------
    dataset : Dataset
        What is described.
    occasion : Occasion
        Id, time and place.
    findings : Findings
        Certificate, schemas and quality.

    Returns
    -------
    dict
        Plain JSON data: TrainingDataset, TrainingDatasetEvent, and the version with its
        manifest, the certificate, folds, left out decisions and licences.
    """
    quality = dict(findings.quality)
    first, last = dataset.decision_ns[0], dataset.decision_ns[-1]
    folds = dataset.outcome_labels["fold"].value_counts(sort=False).sort("fold")
    return {
        "dataset_id": occasion.dataset_id,
        "dataset_type": dataset.dataset_type,
        "creation_timestamp": utc_text(occasion.created_ns),
        "sample_count": dataset.sample_count,
        "feature_count": dataset.feature_count,
        "label_distribution": dict(dataset.label_distribution),
        "data_period": {
            "start_date": utc_text(int(first)),
            "end_date": utc_text(int(last)),
        },
        "quality_score": quality.get("quality_score"),
        "data_quality_metrics": quality.get("data_quality_metrics", {}),
        "feature_schema": dict(findings.feature_schema),
        "label_schema": dict(findings.label_schema),
        "data_quality_report": quality,
        "storage_location": occasion.storage_location,
        "version": dataset.version,
        "inputs": json.loads(dataset.manifest),
        "certificate": findings.certificate.as_mapping(),
        "rows_per_fold": {str(fold): rows for fold, rows in folds.iter_rows()},
        "left_out": dict(dataset.left_out),
        "licences": dict(findings.licences),
    }


def generated_event(described: Mapping[str, Any], event_id: str) -> dict[str, Any]:
    """Make the event ``training_dataset_generated`` of a dataset's metadata.

    Parameters
    ----------
    described : mapping
        What `metadata` returned.
    event_id : str
        Id of the event.
    """
    about = (
        "dataset_id",
        "dataset_type",
        "sample_count",
        "feature_count",
        "label_distribution",
        "data_period",
        "quality_score",
    )
    return {
        "event_type": "training_dataset_generated",
        "event_id": event_id,
        "timestamp": described["creation_timestamp"],
        "training_dataset": {name: described[name] for name in about},
        "data_quality_metrics": described["data_quality_metrics"],
    }

"""What the catalog is told about a dataset: its features, its rule, itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tradeloop.events import DatasetType, instant_ns
from tradeloop.features import Bank
from tradeloop.pipelines.rule_book import of_run
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import (
    DatasetRecord,
    FeatureDefinition,
    LabelingRule,
    QualityRecord,
)


@dataclass(frozen=True, slots=True)
class Told:
    """What was defined in the catalog already, by whoever writes many datasets.

    Parameters
    ----------
    banks, rules : set of str
        Fingerprints of feature banks, and labelling rules as text.
    """

    banks: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)


def define(workspace: Workspace, bank: Bank) -> None:
    """Put the features of a bank into the catalog."""
    audit = workspace.audit("define", "features")
    workspace.catalog.define_features(workspace.principal, definitions(bank), audit)


def defined(workspace: Workspace, bank: Bank, told: Told | None) -> Told:
    """Define the features of a bank unless that was done."""
    known = told or Told()
    if bank.fingerprint not in known.banks:
        define(workspace, bank)
        known.banks.add(bank.fingerprint)
    return known


def created_ns(described: Mapping[str, Any]) -> int:
    """When a dataset was made, ns UTC, by what it says of itself."""
    return instant_ns(described["creation_timestamp"])


def definitions(bank: Bank) -> list[FeatureDefinition]:
    """List what the published columns of a bank mean, for the catalog."""
    return [
        FeatureDefinition(
            feature_name=entry.name,
            feature_type="float64",
            feature_category=entry.category,
            calculation_method=entry.formula,
            data_sources=tuple(entry.inputs),
        )
        for entry in bank.catalogue()
    ]


def register(workspace: Workspace, described: Mapping[str, Any], told: Told) -> None:
    """Register what the lake holds; a crash between the two is mended the next time.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    described : mapping
        What the dataset says of itself.
    told : Told
        What need not be defined again.
    """
    at_ns = created_ns(described)
    rule = LabelingRule(**of_run(described["inputs"]["label_rules"]).as_row())
    rule_text = json.dumps([rule.criteria, rule.thresholds], sort_keys=True)
    if rule_text not in told.rules:
        audit = workspace.audit("define", "labelling rules")
        workspace.catalog.define_rules(workspace.principal, [rule], audit)
        told.rules.clear()  # one name, the last content counts
        told.rules.add(rule_text)
    record = DatasetRecord(
        dataset_id=described["dataset_id"],
        dataset_type=DatasetType(described["dataset_type"]),
        creation_ns=at_ns,
        sample_count=described["sample_count"],
        feature_count=described["feature_count"],
        label_distribution=described["label_distribution"],
        quality_score=described["quality_score"],
        storage_location=described["storage_location"],
        feature_schema=described["feature_schema"],
        label_schema=described["label_schema"],
    )
    quality = described["data_quality_report"]
    report = QualityRecord(
        dataset_id=record.dataset_id,
        report_ns=at_ns,
        quality_metrics=quality,
        validation_results=described["certificate"],
        anomaly_results={
            name: quality.get(name, [])
            for name in ("anomaly_detection_results", "closures")
        },
        data_lineage={**described["inputs"], **quality.get("data_lineage", {})},
    )
    workspace.catalog.register_dataset(
        workspace.principal,
        record,
        workspace.audit("register", record.dataset_id, rows=record.sample_count),
        report=report,
    )

"""Disks: journal, catalog, lake, artefacts, tracking. Only pipelines come in here."""

from tradeloop.stores.artefacts import Artefact, Artefacts
from tradeloop.stores.base import (
    Event,
    EventLog,
    Gap,
    Ledger,
    Receipt,
    Rejected,
    StateChange,
    StoredEvent,
    StoredReject,
)
from tradeloop.stores.catalog import Catalog, open_catalog
from tradeloop.stores.journal import Journal, open_journal
from tradeloop.stores.lake import Lake, Slice
from tradeloop.stores.manifest import FileEntry, Manifest
from tradeloop.stores.records import (
    DatasetRecord,
    FeatureDefinition,
    LabelingRule,
    QualityRecord,
    SignalRecord,
    StoredSignal,
)
from tradeloop.stores.tracking import ModelVersion, Tracking, open_tracking

ALL = (open_journal,)  # every backend of the journal

__all__ = [
    "ALL",
    "Artefact",
    "Artefacts",
    "Catalog",
    "DatasetRecord",
    "Event",
    "EventLog",
    "FeatureDefinition",
    "FileEntry",
    "Gap",
    "Journal",
    "LabelingRule",
    "Lake",
    "Ledger",
    "Manifest",
    "ModelVersion",
    "QualityRecord",
    "Receipt",
    "Rejected",
    "SignalRecord",
    "Slice",
    "StateChange",
    "StoredEvent",
    "StoredReject",
    "StoredSignal",
    "Tracking",
    "open_catalog",
    "open_journal",
    "open_tracking",
]

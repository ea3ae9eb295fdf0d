"""Disks: journal, catalog, lake, artefacts, tracking. Only pipelines come in here."""

from tradeloop.stores.artefacts import Artefact, Artefacts
from tradeloop.stores.base import (
    START,
    Entry,
    Event,
    Gap,
    Lease,
    Ledger,
    Numbered,
    Position,
    Receipt,
    Rejected,
    StateChange,
    StoredEvent,
    StoredReject,
    Submission,
)
from tradeloop.stores.catalog import Catalog, open_catalog
from tradeloop.stores.dvc import DvcProject
from tradeloop.stores.event_log import EventLog
from tradeloop.stores.features import FeatureStore, Stored
from tradeloop.stores.journal import Journal, open_journal
from tradeloop.stores.lake import Lake
from tradeloop.stores.lake_parts import Slice, Taken
from tradeloop.stores.manifest import FileEntry, Manifest
from tradeloop.stores.opening import open_log
from tradeloop.stores.records import (
    DatasetRecord,
    FeatureDefinition,
    ImportanceRecord,
    LabelingRule,
    QualityRecord,
    SignalRecord,
    StoredSignal,
)
from tradeloop.stores.tracking import ModelVersion, Tracking, open_tracking

ALL = (open_journal,)  # every backend of the journal

__all__ = [
    "ALL",
    "START",
    "Artefact",
    "Artefacts",
    "Catalog",
    "DatasetRecord",
    "DvcProject",
    "Entry",
    "Event",
    "EventLog",
    "FeatureDefinition",
    "FeatureStore",
    "FileEntry",
    "Gap",
    "ImportanceRecord",
    "Journal",
    "LabelingRule",
    "Lake",
    "Lease",
    "Ledger",
    "Manifest",
    "ModelVersion",
    "Numbered",
    "Position",
    "QualityRecord",
    "Receipt",
    "Rejected",
    "SignalRecord",
    "Slice",
    "StateChange",
    "Stored",
    "StoredEvent",
    "StoredReject",
    "StoredSignal",
    "Submission",
    "Taken",
    "Tracking",
    "open_catalog",
    "open_journal",
    "open_log",
    "open_tracking",
]

"""Disks: journal, catalog, lake, artefacts, tracking. Only pipelines come in here."""

from tradeloop.stores.artefacts import Artefact, Artefacts
from tradeloop.stores.artefacts import Change as VersionChange
from tradeloop.stores.base import (
    START,
    Consumed,
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
from tradeloop.stores.deploying import GATE, Move
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
from tradeloop.stores.records_models import (
    AlertRecord,
    Deployment,
    EvaluationRecord,
    ExperimentRecord,
    Grounds,
    JobRecord,
    ModelRecord,
    StoredModel,
    TrialRecord,
)
from tradeloop.stores.stages import STAGES, Stage
from tradeloop.stores.tracking import ModelVersion, Tracking, open_tracking
from tradeloop.stores.tracking_client import TrackingAwayError

ALL = (open_journal,)  # every backend of the journal

__all__ = [
    "ALL",
    "GATE",
    "STAGES",
    "START",
    "AlertRecord",
    "Artefact",
    "Artefacts",
    "Catalog",
    "Consumed",
    "DatasetRecord",
    "Deployment",
    "DvcProject",
    "Entry",
    "EvaluationRecord",
    "Event",
    "EventLog",
    "ExperimentRecord",
    "FeatureDefinition",
    "FeatureStore",
    "FileEntry",
    "Gap",
    "Grounds",
    "ImportanceRecord",
    "JobRecord",
    "Journal",
    "LabelingRule",
    "Lake",
    "Lease",
    "Ledger",
    "Manifest",
    "ModelRecord",
    "ModelVersion",
    "Move",
    "Numbered",
    "Position",
    "QualityRecord",
    "Receipt",
    "Rejected",
    "SignalRecord",
    "Slice",
    "Stage",
    "StateChange",
    "Stored",
    "StoredEvent",
    "StoredModel",
    "StoredReject",
    "StoredSignal",
    "Submission",
    "Taken",
    "Tracking",
    "TrackingAwayError",
    "TrialRecord",
    "VersionChange",
    "open_catalog",
    "open_journal",
    "open_log",
    "open_tracking",
]

"""Rows a model may learn from: joined as of the decision, split without leaks."""

from tradeloop.datasets.asof import as_of, as_of_series, last_known
from tradeloop.datasets.assemble import Recipe, Sources, assemble
from tradeloop.datasets.card import card
from tradeloop.datasets.certificate import certify
from tradeloop.datasets.checks import Certificate, Check, Fitted
from tradeloop.datasets.contexts import (
    decision_context,
    execution_context,
    market_context,
)
from tradeloop.datasets.dataset import FRAMES, Dataset
from tradeloop.datasets.folds import TimedSplits, fold_of
from tradeloop.datasets.intervals import label_intervals, meets, purge
from tradeloop.datasets.market_state import STATE_COLUMNS, StateRule, market_state
from tradeloop.datasets.metadata import (
    Findings,
    Occasion,
    generated_event,
    metadata,
    utc_text,
)
from tradeloop.datasets.outcomes import outcome_labels
from tradeloop.datasets.paths import dataset_folder, day_files, day_folders
from tradeloop.datasets.recompute import Recompute, Sampling
from tradeloop.datasets.schema import feature_schema, label_schema
from tradeloop.datasets.splits import (
    ALL,
    CombinatorialPurged,
    HoldOut,
    PurgedWalkForward,
    Splitter,
)
from tradeloop.datasets.undivided import Undivided
from tradeloop.datasets.version import DatasetInputs, canonical_json, frame_hash
from tradeloop.datasets.window_rules import REDUCERS, Ahead, Before
from tradeloop.datasets.windows import quote_windows

__all__ = [
    "ALL",
    "FRAMES",
    "REDUCERS",
    "STATE_COLUMNS",
    "Ahead",
    "Before",
    "Certificate",
    "Check",
    "CombinatorialPurged",
    "Dataset",
    "DatasetInputs",
    "Findings",
    "Fitted",
    "HoldOut",
    "Occasion",
    "PurgedWalkForward",
    "Recipe",
    "Recompute",
    "Sampling",
    "Sources",
    "Splitter",
    "StateRule",
    "TimedSplits",
    "Undivided",
    "as_of",
    "as_of_series",
    "assemble",
    "canonical_json",
    "card",
    "certify",
    "dataset_folder",
    "day_files",
    "day_folders",
    "decision_context",
    "execution_context",
    "feature_schema",
    "fold_of",
    "frame_hash",
    "generated_event",
    "label_intervals",
    "label_schema",
    "last_known",
    "market_context",
    "market_state",
    "meets",
    "metadata",
    "outcome_labels",
    "purge",
    "quote_windows",
    "utc_text",
]

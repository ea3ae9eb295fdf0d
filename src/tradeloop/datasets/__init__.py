"""Rows a model may learn from: joined as of the decision, split without leaks."""

from tradeloop.datasets.asof import as_of, as_of_series, last_known
from tradeloop.datasets.assemble import Recipe, Sources, assemble
from tradeloop.datasets.card import CardPicture, card
from tradeloop.datasets.certificate import certify
from tradeloop.datasets.checks import Absent, Certificate, Check, Fitted
from tradeloop.datasets.contexts import (
    decision_context,
    execution_context,
    market_context,
)
from tradeloop.datasets.croissant import croissant
from tradeloop.datasets.dataset import FRAMES, Dataset
from tradeloop.datasets.evidence import Evidence
from tradeloop.datasets.export import Shaped, arrays, as_matrix, shape
from tradeloop.datasets.fill_checks import fills_possible
from tradeloop.datasets.folds import TimedSplits, fold_of
from tradeloop.datasets.intervals import label_intervals, meets, purge
from tradeloop.datasets.kinds import ALL as KINDS
from tradeloop.datasets.kinds import Kind, Schedule, Target, covariance_of, kind_of
from tradeloop.datasets.market_state import STATE_COLUMNS, StateRule, market_state
from tradeloop.datasets.metadata import (
    Findings,
    Occasion,
    generated_event,
    metadata,
    utc_text,
)
from tradeloop.datasets.outcomes import Execution, outcome_labels
from tradeloop.datasets.paths import dataset_folder, day_files, day_folders
from tradeloop.datasets.purged_blocks import (
    CombinatorialPurged,
    PurgedKFold,
    stitch_paths,
)
from tradeloop.datasets.recompute import Recompute, Sampling
from tradeloop.datasets.schema import feature_schema, label_schema
from tradeloop.datasets.sequential_bootstrap import sequential_bootstrap
from tradeloop.datasets.splits import ALL, HoldOut, PurgedWalkForward
from tradeloop.datasets.splitter import Splitter
from tradeloop.datasets.undivided import Undivided
from tradeloop.datasets.version import DatasetInputs, canonical_json, frame_hash
from tradeloop.datasets.weights import (
    exponential_decay,
    linear_decay,
    return_attribution,
    to_sum,
    uniqueness,
    uniqueness_weights,
)
from tradeloop.datasets.wide import wide
from tradeloop.datasets.window_rules import REDUCERS, Ahead, Before
from tradeloop.datasets.windows import quote_windows

__all__ = [
    "ALL",
    "FRAMES",
    "KINDS",
    "REDUCERS",
    "STATE_COLUMNS",
    "Absent",
    "Ahead",
    "Before",
    "CardPicture",
    "Certificate",
    "Check",
    "CombinatorialPurged",
    "Dataset",
    "DatasetInputs",
    "Evidence",
    "Execution",
    "Findings",
    "Fitted",
    "HoldOut",
    "Kind",
    "Occasion",
    "PurgedKFold",
    "PurgedWalkForward",
    "Recipe",
    "Recompute",
    "Sampling",
    "Schedule",
    "Shaped",
    "Sources",
    "Splitter",
    "StateRule",
    "Target",
    "TimedSplits",
    "Undivided",
    "arrays",
    "as_matrix",
    "as_of",
    "as_of_series",
    "assemble",
    "canonical_json",
    "card",
    "certify",
    "covariance_of",
    "croissant",
    "dataset_folder",
    "day_files",
    "day_folders",
    "decision_context",
    "execution_context",
    "exponential_decay",
    "feature_schema",
    "fills_possible",
    "fold_of",
    "frame_hash",
    "generated_event",
    "kind_of",
    "label_intervals",
    "label_schema",
    "last_known",
    "linear_decay",
    "market_context",
    "market_state",
    "meets",
    "metadata",
    "outcome_labels",
    "purge",
    "quote_windows",
    "return_attribution",
    "sequential_bootstrap",
    "shape",
    "stitch_paths",
    "to_sum",
    "uniqueness",
    "uniqueness_weights",
    "utc_text",
    "wide",
]

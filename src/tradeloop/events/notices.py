"""What Tradeloop tells others: a dataset was made, data was measured, a signal given.

The names of the payloads are those of the public contract; its ``timestamp`` is our
``event_ns`` (see `tradeloop.events.message`).
"""

import polars as pl

from tradeloop.events.columns import Column, Record, Shape
from tradeloop.events.common import (
    EVENT,
    FLOAT,
    INSTRUMENT,
    INT,
    RECEIVED,
    SIDE,
    TEXT,
    instant,
    optional,
    price,
    share,
)
from tradeloop.events.enumerations import DatasetType, SignalType

_EVENT_ID = Column("event_id", TEXT, "unique within the tenant")


def _score(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, FLOAT, meaning, nullable, least=0, most=1)


def _object(name: str, meaning: str, *members: Column) -> Column:
    return Column(name, pl.String(), meaning, shape=Shape(members))


_METRICS = _object(
    "data_quality_metrics",
    "JSON: scores from 0 to 1; null where nothing could be judged",
    _score("completeness_score", "share of rows that are there", nullable=True),
    _score("accuracy_score", "agreement with a reference, if any", nullable=True),
    _score("consistency_score", "agreement of related values", nullable=True),
    _score("timeliness_score", "share of rows that came in time", nullable=True),
    _score("validity_score", "share of rows that keep the rules", nullable=True),
    Column(
        "missing_data_percentage",
        FLOAT,
        "share of missing values, percent",
        nullable=True,
        least=0,
        most=100,
    ),
)

_DATASET = _object(
    "training_dataset",
    "JSON: the dataset that was made",
    Column("dataset_id", TEXT, "id of the dataset", longest=100),
    Column(
        "dataset_type",
        TEXT,
        "what it is made to teach",
        allowed=tuple(sorted(kind.value for kind in DatasetType)),
    ),
    Column("sample_count", INT, "rows", least=0),
    Column("feature_count", INT, "features", least=0),
    Column(
        "label_distribution",
        TEXT,
        "rows by label",
        shape=Shape(values=Column("label", INT, "rows", least=0)),
    ),
    _object(
        "data_period",
        "first and last day of the decisions, UTC",
        Column("start_date", TEXT, "first day", form="date"),
        Column("end_date", TEXT, "last day", form="date"),
    ),
    _score("quality_score", "0 to 1"),
)

TRAINING_DATASET_GENERATED = Record(
    "training_dataset_generated",
    (_EVENT_ID, EVENT, RECEIVED, _DATASET, _METRICS),
    ("event_id",),
)

DATA_QUALITY = Record(
    "data_quality",
    (
        _EVENT_ID,
        EVENT,
        RECEIVED,
        Column("subject", TEXT, "dataset or source that was measured"),
        _score("quality_score", "0 to 1"),
        _METRICS,
    ),
    ("event_id",),
)

SIGNAL = Record(
    "signal",
    (
        Column("signal_id", TEXT, "unique within the tenant", longest=200),
        INSTRUMENT,
        EVENT,
        RECEIVED,
        Column(
            "signal_type",
            TEXT,
            "what it says to do",
            allowed=tuple(sorted(kind.value for kind in SignalType)),
        ),
        Column("side", SIDE, "+1 buy, -1 sell, 0 hold", least=-1, most=1),
        share("confidence", "calibrated probability of the side's direction"),
        share("confidence_low", "lower end of its 95 % interval"),
        share("confidence_high", "upper end of it"),
        share("probability_down", "calibrated"),
        share("probability_flat", "calibrated"),
        share("probability_up", "calibrated"),
        Column("horizon_ns", INT, "how far ahead it looks, ns", least=1),
        instant("expires_ns", "from when on it no longer holds, ns UTC"),
        price("target_price", "where the gain is taken", nullable=True),
        price("stop_loss", "where the loss is taken", nullable=True),
        share("position_size", "share of the capital"),
        Column("reasoning", TEXT, "why, in words", shortest=0, longest=100_000),
        Column("model_version", TEXT, "model and version", longest=200),
        Column(
            "status",
            TEXT,
            "active, abstained with its reason, or superseded by another model's",
            allowed=("abstained", "active", "superseded"),
        ),
        optional("abstain_reason", "why there is no trade"),
        optional("status_reason", "why it is superseded, with the figures", 10_000),
        optional("decision_id", "decision that it answers"),
        optional("experiment", "experiment that chose the version"),
        Column(
            "arm",
            TEXT,
            "arm of the experiment that answers",
            nullable=True,
            allowed=("challenger", "champion"),
        ),
        optional("other_model_version", "version of the other arm"),
        Column(
            "other_side",
            SIDE,
            "what it would have done",
            nullable=True,
            least=-1,
            most=1,
        ),
        share("other_probability_down", "calibrated, of the other arm"),
        share("other_probability_flat", "calibrated, of the other arm"),
        share("other_probability_up", "calibrated, of the other arm"),
        Column(
            "features",
            TEXT,
            "JSON: feature to value; those that are missing are left out",
            nullable=True,
            shape=Shape(values=Column("feature", FLOAT, "its value")),
        ),
    ),
    ("signal_id",),
)

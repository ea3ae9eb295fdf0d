"""Known only later: outcome, returns, barriers and trends after a decision."""

from tradeloop.labels.apply import label, label_schema
from tradeloop.labels.base import (
    CENSORED,
    LABELLED,
    MISSING_NS,
    PENDING,
    PricePath,
    PricesAt,
    bar_path,
    price_at,
    tick_path,
)
from tradeloop.labels.cusum import Events, cusum_events
from tradeloop.labels.direction import Direction, direction_of
from tradeloop.labels.excursion import Excursion
from tradeloop.labels.extreme_time import ExtremeTime
from tradeloop.labels.horizon_return import HorizonReturn
from tradeloop.labels.meta_label import MetaLabel
from tradeloop.labels.outcome import Outcome, outcome_of
from tradeloop.labels.protocol import Label, Labelled, Output
from tradeloop.labels.rules import LabelPlan, OutcomeRule
from tradeloop.labels.span import Span, span
from tradeloop.labels.trend_scan import TrendScan
from tradeloop.labels.triple_barrier import TripleBarrier
from tradeloop.labels.units import ALL
from tradeloop.labels.volatility import row_volatility, volatility_at

__all__ = [
    "ALL",
    "CENSORED",
    "LABELLED",
    "MISSING_NS",
    "PENDING",
    "Direction",
    "Events",
    "Excursion",
    "ExtremeTime",
    "HorizonReturn",
    "Label",
    "LabelPlan",
    "Labelled",
    "MetaLabel",
    "Outcome",
    "OutcomeRule",
    "Output",
    "PricePath",
    "PricesAt",
    "Span",
    "TrendScan",
    "TripleBarrier",
    "bar_path",
    "cusum_events",
    "direction_of",
    "label",
    "label_schema",
    "outcome_of",
    "price_at",
    "row_volatility",
    "span",
    "tick_path",
    "volatility_at",
]

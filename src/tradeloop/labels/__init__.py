"""Known only later: outcome, returns, direction and excursions of a decision."""

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
from tradeloop.labels.direction import Direction, direction_of
from tradeloop.labels.excursion import Excursion
from tradeloop.labels.horizon_return import HorizonReturn
from tradeloop.labels.outcome import Outcome, outcome_of
from tradeloop.labels.protocol import Label, Labelled, Output
from tradeloop.labels.rules import LabelPlan, OutcomeRule
from tradeloop.labels.span import Span, span
from tradeloop.labels.units import ALL

__all__ = [
    "ALL",
    "CENSORED",
    "LABELLED",
    "MISSING_NS",
    "PENDING",
    "Direction",
    "Excursion",
    "HorizonReturn",
    "Label",
    "LabelPlan",
    "Labelled",
    "Outcome",
    "OutcomeRule",
    "Output",
    "PricePath",
    "PricesAt",
    "Span",
    "bar_path",
    "direction_of",
    "label",
    "label_schema",
    "outcome_of",
    "price_at",
    "span",
    "tick_path",
]

"""Execution truth from fills: shortfall, slippage, spreads, markouts, suspects."""

from tradeloop.labels.execution.execution_truth import execution_truth
from tradeloop.labels.execution.fill_truth import fill_truth
from tradeloop.labels.execution.markouts import markout, markouts
from tradeloop.labels.execution.mids import Known, Mids, mids_of
from tradeloop.labels.execution.rule import ExecutionRule
from tradeloop.labels.execution.schema import Figure, execution_schema, fill_schema
from tradeloop.labels.execution.shortfall import Parts, Shortfall, shortfall
from tradeloop.labels.execution.slippage import slippage
from tradeloop.labels.execution.spreads import Spreads, effective_spread, spreads
from tradeloop.labels.execution.suspicion import REASONS

__all__ = [
    "REASONS",
    "ExecutionRule",
    "Figure",
    "Known",
    "Mids",
    "Parts",
    "Shortfall",
    "Spreads",
    "effective_spread",
    "execution_schema",
    "execution_truth",
    "fill_schema",
    "fill_truth",
    "markout",
    "markouts",
    "mids_of",
    "shortfall",
    "slippage",
    "spreads",
]

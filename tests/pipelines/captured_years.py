"""Years of real bars and the decisions of a rule, captured into a workspace."""

import polars as pl

from tradeloop.capture import Market, packaged_market
from tradeloop.clock import NS_PER_DAY
from tradeloop.events import DECISION, QUOTE, TRADE
from tradeloop.pipelines.featurize import featurize
from tradeloop.pipelines.record import record_events, record_market
from tradeloop.pipelines.rules import ModelRule, Rules
from tradeloop.strategies import ALL, strategy_bank

RULES = Rules(model=ModelRule(folds=2, trees=10))
BREAKOUT = next(rule for rule in ALL if rule.name == "breakout")


def bars(days):
    """Daily bars of the S&P 500."""
    all_of_them = packaged_market()[0].bars
    return all_of_them.filter(pl.col("instrument") == "SP500").head(days)


def capture_bars(workspace, frame):
    market = Market(frame, QUOTE.empty(), TRADE.empty(), NS_PER_DAY, ())
    record_market(workspace, market, None)


def decisions(frame):
    """What the breakout rule decides on these bars."""
    return BREAKOUT.decide(featurize(strategy_bank([BREAKOUT]), frame), frame)


def capture_decisions(workspace, rows):
    nothing = DECISION.empty().head(0).select("decision_id")
    record_events(workspace, DECISION, "breakout", rows, nothing)


def capture(workspace, days):
    """Capture bars and the decisions made on them."""
    frame = bars(days)
    capture_bars(workspace, frame)
    capture_decisions(workspace, decisions(frame))

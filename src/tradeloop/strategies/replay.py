"""Replay strategies over bars: what they would have decided, in time order."""

from collections.abc import Sequence

import polars as pl

from tradeloop.events import DECISION
from tradeloop.features.bank import Bank
from tradeloop.features.base import Column, Feature
from tradeloop.features.compute import compute
from tradeloop.strategies.base import Strategy


def strategy_bank(strategies: Sequence[Strategy]) -> Bank:
    """Bank of all columns that these strategies read, each once."""
    wanted: dict[str, Column] = {}
    for strategy in strategies:
        for item in strategy.features:
            columns = item.columns if isinstance(item, Feature) else (item,)
            wanted |= {column.name: column for column in columns}
    return Bank(list(wanted.values()))


def replay(bars: pl.DataFrame, strategies: Sequence[Strategy]) -> pl.DataFrame:
    """Decisions of these strategies on every bar, from what was known at each.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_rows, any)
        Sorted by instrument and ``event_ns``.
    strategies : sequence of Strategy
        Such as `tradeloop.strategies.ALL`.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, n_columns)
        Rows of `tradeloop.events.DECISION` by ``received_ns`` and ``decision_id``.
    """
    features = compute(strategy_bank(strategies), bars)
    found = [strategy.decide(features, bars) for strategy in strategies]
    return pl.concat([DECISION.empty(), *found]).sort("received_ns", "decision_id")

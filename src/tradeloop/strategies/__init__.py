"""Documented rules that decide from what was known."""

from tradeloop.strategies.base import Conduct, Strategy
from tradeloop.strategies.breakout import Breakout
from tradeloop.strategies.mean_reversion import MeanReversion
from tradeloop.strategies.replay import replay, strategy_bank
from tradeloop.strategies.volatility_contraction import VolatilityContraction

ALL: tuple[Strategy, ...] = (Breakout(), MeanReversion(), VolatilityContraction())

__all__ = [
    "ALL",
    "Breakout",
    "Conduct",
    "MeanReversion",
    "Strategy",
    "VolatilityContraction",
    "replay",
    "strategy_bank",
]

"""Replay of signals over bars with costs, and what it is worth."""

from tradeloop.backtest.config import BacktestConfig
from tradeloop.backtest.performance import Performance, performance
from tradeloop.backtest.replay import Replay, replay
from tradeloop.backtest.returns import Bootstrap, daily_equity, daily_returns, drawdown

__all__ = [
    "BacktestConfig",
    "Bootstrap",
    "Performance",
    "Replay",
    "daily_equity",
    "daily_returns",
    "drawdown",
    "performance",
    "replay",
]

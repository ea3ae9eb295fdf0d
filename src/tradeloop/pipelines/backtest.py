"""Signals against the market, with costs, over the period that no model had seen."""

import polars as pl

from tradeloop.backtest import BacktestConfig, Performance, Replay, performance, replay
from tradeloop.pipelines.rules import Rules


def backtest(
    bars: pl.DataFrame,
    signals: pl.DataFrame,
    rules: Rules,
    *,
    periods_per_year: float | None = None,
) -> tuple[Replay, Performance]:
    """Run the signals from the first of them on.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, n_columns)
        The BAR record, all of the history.
    signals : polars.DataFrame of shape (n_signals, 7)
        As `Scored.frame` gives them.
    rules : Rules
        Costs.
    periods_per_year : float, optional
        Days with bars in a year; measured where absent.
    """
    traded = signals["instrument"].unique().implode()
    judged = bars.filter(
        pl.col("instrument").is_in(traded),
        pl.col("open_ns") >= signals["created_ns"].min(),
    )
    config = BacktestConfig(periods_per_year=periods_per_year)
    done = replay(judged, signals, costs=rules.costs, config=config)
    return done, performance(done)

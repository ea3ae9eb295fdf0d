"""Daily returns of a back-test, its drawdown, and Sharpe ratios with intervals."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import polars as pl

from tradeloop.backtest.panel import Float
from tradeloop.backtest.replay import Replay
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.statistics import Interval, block_bootstrap, sharpe_interval

LEAST_DAYS = 20
"""Fewer daily returns than this are not scaled to a year."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How intervals are drawn.

    Parameters
    ----------
    seed : int
        Of the random blocks.
    block_days : int, optional
        Mean length of a block; without it the larger of the cube root of the days and
        the mean time a trade is held.
    repeats : int
        Resamples.
    level : float
        Coverage.
    """

    seed: int = 0
    block_days: int | None = None
    repeats: int = 1000
    level: float = 0.95


def drawdown(equity: Float, capital: float) -> Float:
    """Fall from the highest equity so far, as a share of it.

    Parameters
    ----------
    equity : ndarray of shape (n_times,)
        Quote currency.
    capital : float
        Equity before the first time; the first peak.

    Returns
    -------
    ndarray of shape (n_times,)
        ``1 - equity / peak``: 0 at a peak, 0.2 a fifth below it.
    """
    peak = np.maximum(np.maximum.accumulate(equity), capital)
    fall: Float = 1.0 - equity / peak
    return fall


def daily_equity(curve: pl.DataFrame) -> pl.DataFrame:
    """Equity at the last close of each UTC day that has one.

    Parameters
    ----------
    curve : polars.DataFrame of shape (n_times, any)
        event_ns, ascending, and equity. A close at midnight ends the day before.

    Returns
    -------
    polars.DataFrame of shape (n_days, 2)
        event_ns, equity.
    """
    day = (pl.col("event_ns") - 1) // NS_PER_DAY
    return (
        curve.lazy()
        .group_by(day.alias("day"), maintain_order=True)
        .agg(pl.col("event_ns", "equity").last())
        .select("event_ns", "equity")
        .collect()
    )


def daily_returns(replay: Replay) -> tuple[Float, Float]:
    """Daily returns of strategy and benchmark, each of shape (n_days,).

    Parameters
    ----------
    replay : Replay
        The strategy's are ``(E_t - E_t-1) / capital``, the benchmark's
        ``E_t / E_t-1 - 1``; both start from the capital.
    """
    capital = replay.config.capital
    own, held = (
        np.concatenate(([capital], daily_equity(curve)["equity"].to_numpy()))
        for curve in (replay.curve, replay.benchmark)
    )
    return np.diff(own) / capital, held[1:] / held[:-1] - 1.0


def _sharpe(rows: Float) -> float:
    spread = float(rows.std(ddof=1))
    return float(rows.mean()) / spread if spread > 0 else float("nan")


def sharpe_of(
    returns: Float, per_year: float, block: int, how: Bootstrap
) -> Interval | None:
    """Annual Sharpe ratio with its interval.

    Parameters
    ----------
    returns : ndarray of shape (n_days,)
        Daily returns.
    per_year : float
        Days in a year.
    block : int
        Mean block, days.
    how : Bootstrap
        How the interval is drawn.

    Returns
    -------
    Interval or None
        None below `LEAST_DAYS`, or where the returns, or those of a resample, do not
        vary: a strategy that trades on very few days has no measurable ratio.
    """
    if len(returns) < LEAST_DAYS:
        return None
    try:
        return sharpe_interval(
            returns,
            periods_per_year=per_year,
            block_rows=block,
            seed=how.seed,
            repeats=how.repeats,
            level=how.level,
        )
    except InputError:
        return None


def sharpe_difference(
    own: Float, held: Float, per_year: float, block: int, how: Bootstrap
) -> Interval | None:
    """Sharpe ratio of the strategy less the benchmark's, from the same resampled days.

    Parameters
    ----------
    own, held : ndarray of shape (n_days,)
        Daily returns of strategy and benchmark.
    per_year, block, how
        As in `sharpe_of`.
    """
    scale = sqrt(per_year)
    return block_bootstrap(
        lambda rows: scale * (_sharpe(rows[:, 0]) - _sharpe(rows[:, 1])),
        np.column_stack((own, held)),
        block_rows=block,
        repeats=how.repeats,
        level=how.level,
        seed=how.seed,
    )

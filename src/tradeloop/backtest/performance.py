"""What a back-test is worth, in figures whose conventions are stated.

1. The equity curve is sampled at the last close of each UTC day that has bars.
2. The strategy's daily return is its profit over the capital at the start, since
   profits are not reinvested; the benchmark's is the change over the day before, since
   buy-and-hold reinvests by itself.
3. Annual figures scale by the number of such days in a year.
4. Intervals come from a stationary block bootstrap of the daily returns.
"""

from dataclasses import dataclass
from math import ceil, sqrt

import polars as pl

from tradeloop.backtest.replay import Replay
from tradeloop.backtest.returns import (
    LEAST_DAYS,
    Bootstrap,
    daily_returns,
    drawdown,
    sharpe_difference,
    sharpe_of,
)
from tradeloop.clock import NS_PER_DAY
from tradeloop.statistics import DeflatedSharpe, Interval, deflated_sharpe, wilson

_YEAR_NS = 365.25 * NS_PER_DAY
_BPS = 1e4


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of a back-test; an absent figure (None) could not be known.

    Parameters
    ----------
    start_ns, end_ns : int
        First open and last close of the bars.
    days : int
        Daily returns: UTC days that have bars.
    periods_per_year : float
        Daily returns in a year, as given or as measured.
    total_return, benchmark_return : float
        Equity at the end over the capital, less 1.
    cagr, benchmark_cagr : float, optional
        ``(equity / capital) ** (1 / years) - 1``; -1 when nothing is left.
    volatility, benchmark_volatility : float, optional
        Standard deviation (n - 1) of the daily returns, annual.
    sharpe, benchmark_sharpe : Interval, optional
        Mean over standard deviation of the daily returns, annual, no interest taken
        off; interval by block bootstrap. None below 20 days or without variation.
    sharpe_difference : Interval, optional
        Sharpe of the strategy less that of the benchmark, both from the same days of
        each resample.
    deflated : DeflatedSharpe, optional
        Probability that the true Sharpe ratio is above what the best of ``trials``
        strategies without an edge would show.
    trials : int
        Strategies that were tried.
    max_drawdown, benchmark_max_drawdown : float
        Deepest fall from the highest equity so far, share of that peak, at closes.
        Above 1 when the equity fell below zero.
    turnover : float
        Traded notional over the capital, both sides counted.
    turnover_per_year : float, optional
        The same for a year.
    costs : float
        Costs and financing paid, share of the capital.
    trades, open_trades : int
        Round trips ended, and still open at the end.
    hit_rate : Interval, optional
        Share of ended trades whose net profit is above 0; Wilson interval.
    mean_trade_bps : float, optional
        Mean net profit of ended trades, bps of their largest notional.
    exposure : float
        Mean over the closes of the absolute positions' value over the capital.
    conventions : tuple of str
        How the figures are to be read, in sentences.

    References
    ----------
    Sharpe (1994), JPM 21(1); Bailey and Lopez de Prado (2014), JPM 40(5).
    """

    start_ns: int
    end_ns: int
    days: int
    periods_per_year: float
    total_return: float
    benchmark_return: float
    cagr: float | None
    benchmark_cagr: float | None
    volatility: float | None
    benchmark_volatility: float | None
    sharpe: Interval | None
    benchmark_sharpe: Interval | None
    sharpe_difference: Interval | None
    deflated: DeflatedSharpe | None
    trials: int
    max_drawdown: float
    benchmark_max_drawdown: float
    turnover: float
    turnover_per_year: float | None
    costs: float
    trades: int
    open_trades: int
    hit_rate: Interval | None
    mean_trade_bps: float | None
    exposure: float
    conventions: tuple[str, ...]


def _cagr(total_return: float, years: float) -> float:
    """Annual growth; -1 when nothing is left."""
    return float(max(1.0 + total_return, 0.0) ** (1.0 / years)) - 1.0


def _block(trades: pl.DataFrame, days: int, how: Bootstrap) -> int:
    """Mean block: as long as returns may depend on one another."""
    held = trades.select((pl.col("exit_ns") - pl.col("entry_ns")).mean()).item()
    natural = max(ceil(days ** (1 / 3)), ceil((held or 0) / NS_PER_DAY))
    return min(how.block_days or natural, max(days // 2, 1))


def _conventions(
    replay: Replay, per_year: float, block: int, how: Bootstrap
) -> tuple[str, ...]:
    source = "given" if replay.config.periods_per_year else "measured from the bars"
    caps = replay.config
    sentences = (
        """A signal trades at the open of the first bar that starts at or after it was
        created, and is held to the first open at or after its horizon.""",
        """Positions are shares of the capital at the start; profits are not
        reinvested.""",
        f"""Overlapping signals of an instrument net; the net position is at most
        {caps.max_instrument_exposure:g} of the capital, all together at most
        {caps.max_total_exposure:g}, when they are taken.""",
        """Costs are paid on every change of position; a position open at the end is
        marked at the last close, its exit not yet paid.""",
        """Returns are daily: UTC days that have bars. The strategy's are profit over
        the capital at the start, the benchmark's change over the day before.""",
        f"""Annual figures use {per_year:.4g} days a year ({source}). No interest is
        taken off for the Sharpe ratio.""",
        f"""Intervals hold {how.level * 100:g} % of {how.repeats} resamples of the daily
        returns in random blocks of {block} days on average.""",
        """The benchmark buys every instrument once in equal shares at its first open,
        pays costs once, and holds.""",
        "Drawdown is the fall from the highest equity so far, at closes.",
    )
    return tuple(" ".join(sentence.split()) for sentence in sentences)


def performance(
    replay: Replay,
    *,
    trials: int = 1,
    sharpe_variance: float | None = None,
    bootstrap: Bootstrap | None = None,
) -> Performance:
    """Measure a back-test.

    Parameters
    ----------
    replay : Replay
        What was done.
    trials : int
        Strategies that were tried before this one was chosen, itself included.
    sharpe_variance : float, optional
        Variance of the daily Sharpe ratios over the trials. Without it that of an
        estimate without an edge: ``1 / (n_days - 1)``.
    bootstrap : Bootstrap, optional
        How intervals are drawn.

    Returns
    -------
    Performance
    """
    how = bootstrap or Bootstrap()
    own, held = daily_returns(replay)
    days, capital = len(own), replay.config.capital
    start_ns, end_ns = replay.start_ns, int(replay.curve["event_ns"][-1])
    years, annual = (end_ns - start_ns) / _YEAR_NS, days >= LEAST_DAYS
    per_year = replay.config.periods_per_year or days / years
    block = _block(replay.trades, days, how)
    sharpe = sharpe_of(own, per_year, block, how)
    benchmark_sharpe = sharpe_of(held, per_year, block, how)
    both = sharpe is not None and benchmark_sharpe is not None
    variance = 1.0 / max(days - 1, 1) if sharpe_variance is None else sharpe_variance
    equity, bench = (c["equity"].to_numpy() for c in (replay.curve, replay.benchmark))
    total, held_total = equity[-1] / capital - 1.0, bench[-1] / capital - 1.0
    turnover = float(replay.fills["traded"].abs().sum()) / capital
    ended = replay.trades.filter(~pl.col("open"))
    wins, gain = (ended["net_pnl"] > 0).sum(), ended["net_pnl"] / ended["peak_notional"]
    return Performance(
        start_ns=start_ns,
        end_ns=end_ns,
        days=days,
        periods_per_year=per_year,
        total_return=float(total),
        benchmark_return=float(held_total),
        cagr=_cagr(float(total), years) if annual else None,
        benchmark_cagr=_cagr(float(held_total), years) if annual else None,
        volatility=float(own.std(ddof=1)) * sqrt(per_year) if annual else None,
        benchmark_volatility=(
            float(held.std(ddof=1)) * sqrt(per_year) if annual else None
        ),
        sharpe=sharpe,
        benchmark_sharpe=benchmark_sharpe,
        sharpe_difference=(
            sharpe_difference(own, held, per_year, block, how) if both else None
        ),
        deflated=(
            deflated_sharpe(own, trials=trials, sharpe_variance=variance)
            if sharpe is not None
            else None
        ),
        trials=trials,
        max_drawdown=float(drawdown(equity, capital).max()),
        benchmark_max_drawdown=float(drawdown(bench, capital).max()),
        turnover=turnover,
        turnover_per_year=turnover / years if annual else None,
        costs=float(replay.curve["costs"][-1]) / capital,
        trades=ended.height,
        open_trades=replay.trades.height - ended.height,
        hit_rate=(
            wilson(int(wins), ended.height, level=how.level) if ended.height else None
        ),
        mean_trade_bps=float(gain.mean()) * _BPS if ended.height else None,  # type: ignore[arg-type]
        exposure=float(replay.curve["gross"].mean()) / capital,  # type: ignore[arg-type]
        conventions=_conventions(replay, per_year, block, how),
    )

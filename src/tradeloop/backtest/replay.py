"""The back-test: signals over bars, with costs, beside buy-and-hold.

1. `panel` lays the bars out as arrays and checks them.
2. `match` finds the open at which each signal enters and leaves.
3. `net_changes` nets overlapping signals and applies the caps.
4. `fill` executes the changes at the opens; `mark` values them at every close.
5. `round_trips` lists the trades; the same books are kept for buy-and-hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tradeloop.backtest.config import WHOLE, BacktestConfig
from tradeloop.backtest.exposure import Changes, net_changes
from tradeloop.backtest.ledger import Fills, Marks, fill, financing_rate, mark
from tradeloop.backtest.matching import REASONS, Schedule, counts, match
from tradeloop.backtest.panel import Panel, panel
from tradeloop.backtest.trades import round_trips
from tradeloop.clock import NS_PER_DAY

if TYPE_CHECKING:
    from tradeloop.costs.model import CostModel


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """What a back-test did.

    Parameters
    ----------
    config : BacktestConfig
        What it was run with.
    instruments : tuple of str
        Instruments of the bars.
    start_ns : int
        Start of the first bar.
    curve : polars.DataFrame of shape (n_times, 6)
        event_ns (every bar end of any instrument); equity, cash, positions (value),
        gross (sum of absolute values), costs (paid so far): quote currency.
        ``equity = cash + positions``.
    benchmark : polars.DataFrame of shape (n_times, 6)
        The same for buy-and-hold: equal shares of the capital, each bought at the first
        open of its instrument with costs paid once, no financing.
    trades : polars.DataFrame of shape (n_trades, 11)
        Round trips; see `tradeloop.backtest.trades.round_trips`.
    fills : polars.DataFrame of shape (n_fills, 7)
        instrument, at_ns, price, units (after), traded (signed notional), cost, weight
        (after, share of capital).
    signals : polars.DataFrame of shape (n_signals, any + 5)
        The signals as given, with reason (null when executed), entry_ns, exit_ns (null
        when still held at the end), entry_price, exit_price.
    counts : mapping of str to int
        Signals executed, and unexecuted by reason; they sum to n_signals.
    capped : int
        Changes of position that a cap kept below what the signals asked for.
    """

    config: BacktestConfig
    instruments: tuple[str, ...]
    start_ns: int
    curve: pl.DataFrame
    benchmark: pl.DataFrame
    trades: pl.DataFrame
    fills: pl.DataFrame
    signals: pl.DataFrame
    counts: Mapping[str, int]
    capped: int


def _curve(market: Panel, marks: Marks) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "event_ns": market.clock_ns,
            "equity": marks.equity,
            "cash": marks.cash,
            "positions": marks.positions,
            "gross": marks.gross,
            "costs": marks.costs,
        }
    )


def _fill_frame(market: Panel, fills: Fills) -> pl.DataFrame:
    names = pl.Series(market.instruments, dtype=pl.String)
    return pl.DataFrame(
        {
            "instrument": names.gather(fills.changes.instrument),
            "at_ns": market.open_ns[fills.changes.bar],
            "price": fills.price,
            "units": fills.units,
            "traded": fills.traded,
            "cost": fills.cost,
            "weight": fills.changes.weight / WHOLE,
        }
    )


def _outcomes(market: Panel, signals: pl.DataFrame, schedule: Schedule) -> pl.DataFrame:
    """Add to the signals what became of them."""
    reasons = pl.Series([r or None for r in REASONS], dtype=pl.String)
    columns = [reasons.gather(schedule.reason).alias("reason")]
    for name, row in (("entry", schedule.entry), ("exit", schedule.leave)):
        for kind, values in (("ns", market.open_ns), ("price", market.open)):
            series = pl.Series(f"{name}_{kind}", values[np.maximum(row, 0)])
            columns.append(series.set(pl.Series(row < 0), None))
    return signals.with_columns(columns)


def _buy_and_hold(market: Panel, *, capital: float, cost_bps: float) -> Marks:
    """Keep the books of equal shares bought at the first opens."""
    count = len(market.instruments)
    each = np.full(count, WHOLE // count, np.int64)
    changes = Changes(np.arange(count), market.offsets[:-1], each, 0)
    fills = fill(market, changes, capital=capital, cost_bps=cost_bps)
    return mark(market, fills, np.zeros(count), capital=capital)


def replay(
    bars: pl.DataFrame,
    signals: pl.DataFrame,
    *,
    costs: "CostModel",
    config: BacktestConfig | None = None,
) -> Replay:
    """Run signals over bars.

    Give only the bars of the period that is to be judged: time without a position
    counts, and the benchmark is bought at the first of them.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        The BAR record, sorted by (instrument, event_ns).
    signals : polars.DataFrame of shape (n_signals, any)
        instrument, created_ns (when it was known), side (-1, 0, +1), position_size
        (share of capital), horizon_ns; further columns are carried along.
    costs : CostModel
        Paid per side in bps of the traded notional, and financing for the time held.
    config : BacktestConfig, optional
        Capital, caps and calendar.

    Returns
    -------
    Replay

    Raises
    ------
    InputError
        Bars or signals break a rule; names column and row.
    """
    config = config or BacktestConfig()
    market, capital = panel(bars), config.capital
    cost_bps = costs.trade_cost_bps(config.participation)
    per_ns = costs.financing_bps(NS_PER_DAY) / NS_PER_DAY
    schedule = match(market, signals)
    changes = net_changes(market, schedule, config)
    fills = fill(market, changes, capital=capital, cost_bps=cost_bps)
    rate = financing_rate(changes, capital=capital, bps_per_ns=per_ns)
    held = _buy_and_hold(market, capital=capital, cost_bps=cost_bps)
    return Replay(
        config=config,
        instruments=market.instruments,
        start_ns=int(market.open_ns[market.offsets[:-1]].min()),
        curve=_curve(market, mark(market, fills, rate, capital=capital)),
        benchmark=_curve(market, held),
        trades=round_trips(market, fills, rate),
        fills=_fill_frame(market, fills),
        signals=_outcomes(market, signals, schedule),
        counts=counts(schedule.reason),
        capped=changes.capped,
    )

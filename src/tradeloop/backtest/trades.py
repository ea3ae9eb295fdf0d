"""Round trips: from the open that leaves zero to the one that returns to it.

A trade of an instrument starts when its net position leaves zero or changes side, and
ends when it returns to zero or changes side. A fill that turns a long into a short
belongs to both: its notional and its cost are split by the units closed and opened. A
trade that is still open is marked at the last close, its exit not yet paid.
"""

import numpy as np
import polars as pl

from tradeloop.backtest.ledger import Fills
from tradeloop.backtest.panel import Float, Int, Panel
from tradeloop.fold import compiled

_SIDE, _ENTRY, _GROSS, _COSTS, _PEAK, _LAST, _OPEN = range(7)


@compiled
def _begin(row: Float, k: int, units: float, price: float, cost: float) -> None:
    row[:] = 0.0
    row[0] = 1.0 if units > 0.0 else -1.0
    row[1], row[2], row[3], row[4] = k, -units * price, cost, abs(units) * price
    row[5], row[6] = k, 1.0


@compiled
def _apply(
    out: Float,
    count: int,
    k: int,
    units: tuple[float, float],
    paid: tuple[float, float],
) -> int:
    """Book fill ``k`` on the open trade, close it, begin the next; return the count.

    ``units`` before and after; ``paid`` is the price and the cost of the fill.
    """
    before, after = units
    price, cost = paid
    if before != 0.0:
        row = out[count]
        kept = after if before * after > 0.0 else 0.0
        share = 1.0 if kept != 0.0 else abs(before) / abs(after - before)
        row[2] -= (kept - before) * price
        row[3] += cost * share
        row[4] = max(row[4], abs(kept) * price)
        row[5] = k
        if kept != 0.0:
            return count
        row[6] = 0.0
        count += 1
        cost -= cost * share
    if after != 0.0:
        _begin(out[count], k, after, price, cost)
    return count


@compiled
def _round_trips(
    fills: tuple[Int, Int],
    amounts: tuple[Float, Float, Float, Float],
    ends: tuple[Float, Int],
    out: Float,
    owner: Int,
) -> int:
    """Write one row per trade; return how many."""
    offsets, since_ns = fills
    units, price, cost, rate = amounts
    last_close, last_ns = ends
    count = 0
    for i in range(offsets.shape[0] - 1):
        held, first = 0.0, count
        for k in range(offsets[i], offsets[i + 1]):
            if held != 0.0:
                out[count, 3] += rate[k - 1] * (since_ns[k] - since_ns[k - 1])
            count = _apply(out, count, k, (held, units[k]), (price[k], cost[k]))
            held = units[k]
        if held != 0.0:
            k = offsets[i + 1] - 1
            out[count, 2] += held * last_close[i]
            out[count, 3] += rate[k] * (last_ns[i] - since_ns[k])
            count += 1
        owner[first:count] = i
    return count


def round_trips(panel: Panel, fills: Fills, rate: Float) -> pl.DataFrame:
    """Trades of a back-test.

    Parameters
    ----------
    panel : Panel
        The bars.
    fills : Fills
        What was traded.
    rate : ndarray of float64, shape (n_fills,)
        Financing of each position, quote currency per nanosecond.

    Returns
    -------
    polars.DataFrame of shape (n_trades, 11)
        instrument; side (+1, -1); entry_ns and exit_ns (opens of the bars; exit_ns null
        while open); entry_price and exit_price (first and last fill; the last close
        while open); peak_notional, gross_pnl, costs, net_pnl (quote currency); open.
        Sorted by instrument and entry. ``net_pnl = gross_pnl - costs``, and the sum of
        net_pnl is the change of equity.
    """
    out = np.zeros((2 * fills.units.shape[0] + 1, 7))
    owner = np.zeros(out.shape[0], np.int64)
    stops = panel.offsets[1:] - 1
    count = _round_trips(
        (fills.offsets, fills.since_ns),
        (fills.units, fills.price, fills.cost, rate),
        (panel.close[stops], panel.event_ns[stops]),
        out,
        owner,
    )
    rows, owner = out[:count], owner[:count]
    entry, last = rows[:, _ENTRY].astype(np.int64), rows[:, _LAST].astype(np.int64)
    is_open = rows[:, _OPEN] > 0
    opened_ns = panel.open_ns[fills.changes.bar]
    frame = pl.DataFrame(
        {
            "instrument": pl.Series(panel.instruments, dtype=pl.String).gather(owner),
            "side": rows[:, _SIDE].astype(np.int8),
            "entry_ns": opened_ns[entry],
            "exit_ns": opened_ns[last],
            "entry_price": fills.price[entry],
            "exit_price": np.where(
                is_open, panel.close[stops][owner], fills.price[last]
            ),
            "peak_notional": rows[:, _PEAK],
            "gross_pnl": rows[:, _GROSS],
            "costs": rows[:, _COSTS],
            "net_pnl": rows[:, _GROSS] - rows[:, _COSTS],
            "open": is_open,
        }
    )
    closed = pl.when(~pl.col("open")).then(pl.col("exit_ns"))
    return frame.with_columns(closed.alias("exit_ns"))

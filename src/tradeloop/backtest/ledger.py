"""Money: fills, the equity curve and round trips of given position changes.

For each instrument, with ``units`` held since a change at an open::

    fill      units = weight * capital / open; traded = (units - units before) * open
    cost      |traded| * cost_bps / 1e4, paid at each change
    financing |weight| * capital * bps a year * time held, paid as time passes
    level     -sum(traded) - costs - financing + units * close

Equity is the capital plus the levels of all instruments, each at its last close.
"""

from dataclasses import dataclass

import numpy as np

from tradeloop.backtest.config import WHOLE
from tradeloop.backtest.exposure import Changes
from tradeloop.backtest.panel import Float, Int, Panel
from tradeloop.fold import compiled

BPS = 1e4


@dataclass(frozen=True, slots=True, eq=False)
class Fills:
    """One fill per change of position, sorted by instrument and bar.

    Parameters
    ----------
    changes : Changes
        What changed, where.
    offsets : ndarray of int64, shape (n_instruments + 1,)
        Fills of instrument ``i`` are rows ``offsets[i]`` to ``offsets[i + 1]``.
    price : ndarray of float64, shape (n_fills,)
        Open of the bar, quote currency.
    units : ndarray of float64, shape (n_fills,)
        Position after the fill, base units.
    traded : ndarray of float64, shape (n_fills,)
        Notional bought (positive) or sold (negative), quote currency.
    cost : ndarray of float64, shape (n_fills,)
        Paid for the trade, quote currency, never negative for a cost model above 0.
    since_ns : ndarray of int64, shape (n_fills,)
        Time from which the new position is financed.
    """

    changes: Changes
    offsets: Int
    price: Float
    units: Float
    traded: Float
    cost: Float
    since_ns: Int


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """The books on the portfolio clock; every array has shape (n_times,).

    Parameters
    ----------
    equity, cash, positions, gross, costs : ndarray of float64
        Quote currency: equity; cash after all payments; value of the positions; sum of
        their absolute values; costs and financing paid so far.
    """

    equity: Float
    cash: Float
    positions: Float
    gross: Float
    costs: Float


def fill(panel: Panel, changes: Changes, *, capital: float, cost_bps: float) -> Fills:
    """Execute changes of position at the opens of their bars.

    Parameters
    ----------
    panel : Panel
        The bars.
    changes : Changes
        Net weights, sorted by instrument and bar.
    capital : float
        Quote currency; a weight is a share of it.
    cost_bps : float
        Paid per side, bps of what is traded.

    Returns
    -------
    Fills
    """
    instruments = np.arange(len(panel.instruments) + 1)
    offsets = np.searchsorted(changes.instrument, instruments).astype(np.int64)
    price = panel.open[changes.bar]
    units = changes.weight / WHOLE * capital / price
    before = np.empty_like(units)
    before[1:] = units[:-1]
    before[offsets[:-1][offsets[:-1] < units.shape[0]]] = 0.0
    traded = (units - before) * price
    previous = panel.event_ns[np.maximum(changes.bar - 1, 0)]
    first = np.isin(changes.bar, panel.offsets[:-1])
    since = panel.open_ns[changes.bar]
    # A bar may start before the last one ended (a day of 23 hours): pay no hour twice.
    since = np.where(first, since, np.maximum(since, previous))
    cost = np.abs(traded) * (cost_bps / BPS)
    return Fills(changes, offsets, price, units, traded, cost, since)


@compiled
def _post(to: Float, at: int, now: Float, last: Float) -> None:
    """Add what changed since the last mark of this instrument, and remember it."""
    for j in range(now.shape[0]):
        to[j, at] += now[j] - last[j]
        last[j] = now[j]


@compiled
def _sum_up(table: Float, start: Float) -> None:
    """Turn changes into levels in place, with Neumaier's compensated sum."""
    for j in range(table.shape[0]):
        total, lost = start[j], 0.0
        for at in range(table.shape[1]):
            step = table[j, at]
            new = total + step
            if abs(total) >= abs(step):
                lost += (total - new) + step
            else:
                lost += (step - new) + total
            total = new
            table[j, at] = total + lost


@compiled
def _clock_at(clock_ns: Int, first: int, at_ns: int) -> int:
    """Position of ``at_ns`` on the clock, from ``first`` on: gallop, then halve."""
    step = 1
    while first + step < clock_ns.shape[0] and clock_ns[first + step] < at_ns:
        step *= 2
    low, high = first, min(first + step, clock_ns.shape[0] - 1)
    while low < high:
        middle = (low + high) // 2
        if clock_ns[middle] < at_ns:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _mark_span(
    bars: tuple[Int, Float, Int],
    span: tuple[int, int, int],
    position: tuple[float, float, int],
    books: tuple[float, float],
    out: tuple[Float, Float, Float],
) -> int:
    """Mark one position from its fill to the next one; return the place on the clock.

    ``span`` is first bar, end, and place on the clock; ``position`` is units, financing
    and since when; ``books`` is the cash flow and the costs so far; ``out`` is the
    table, the last marks and room for the new ones.
    """
    event_ns, close, clock_ns = bars
    first, stop, at = span
    units, rate, since_ns = position
    flow, paid = books
    table, last, now = out
    for bar in range(first, stop):
        while clock_ns[at] < event_ns[bar]:
            at += 1
        costs = paid + rate * (event_ns[bar] - since_ns)
        value = units * close[bar]
        now[0], now[1], now[2] = flow + value - costs, flow - costs, value
        now[3], now[4] = abs(value), costs
        _post(table, at, now, last)
        if units == 0.0:
            break  # flat: nothing moves until the next change
    return at


@compiled
def _mark(
    bars: tuple[Int, Int, Float, Int],
    fills: tuple[Int, Int, Int],
    amounts: tuple[Float, Float, Float, Float],
    table: Float,
) -> None:
    """Post every instrument's marks to the clock, as changes."""
    offsets, event_ns, close, clock_ns = bars
    fill_offsets, bar, since_ns = fills
    units, traded, cost, rate = amounts
    last, now = np.zeros(table.shape[0]), np.zeros(table.shape[0])
    for i in range(offsets.shape[0] - 1):
        last[:] = 0.0
        flow, paid, at = 0.0, 0.0, 0
        for k in range(fill_offsets[i], fill_offsets[i + 1]):
            if k > fill_offsets[i]:
                paid += rate[k - 1] * (since_ns[k] - since_ns[k - 1])
            flow, paid = flow - traded[k], paid + cost[k]
            more = k + 1 < fill_offsets[i + 1]
            stop = bar[k + 1] if more else offsets[i + 1]
            at = _clock_at(clock_ns, at, event_ns[bar[k]])
            at = _mark_span(
                (event_ns, close, clock_ns),
                (bar[k], stop, at),
                (units[k], rate[k], since_ns[k]),
                (flow, paid),
                (table, last, now),
            )


def financing_rate(changes: Changes, *, capital: float, bps_per_ns: float) -> Float:
    """Quote currency that each position costs per nanosecond.

    Parameters
    ----------
    changes : Changes
        Net weights.
    capital : float
        Quote currency.
    bps_per_ns : float
        Financing, bps of the notional at entry per nanosecond.

    Returns
    -------
    ndarray of float64, shape (n_changes,)
    """
    rate: Float = np.abs(changes.weight) / WHOLE * capital * (bps_per_ns / BPS)
    return rate


def mark(panel: Panel, fills: Fills, rate: Float, *, capital: float) -> Marks:
    """Value the books at each time of the portfolio clock.

    Parameters
    ----------
    panel : Panel
        The bars.
    fills : Fills
        What was traded.
    rate : ndarray of float64, shape (n_fills,)
        Financing of each position, quote currency per nanosecond.
    capital : float
        Cash at the start.

    Returns
    -------
    Marks
    """
    table: Float = np.zeros((5, panel.clock_ns.shape[0]))
    _mark(
        (panel.offsets, panel.event_ns, panel.close, panel.clock_ns),
        (fills.offsets, fills.changes.bar, fills.since_ns),
        (fills.units, fills.traded, fills.cost, rate),
        table,
    )
    _sum_up(table, np.array([capital, capital, 0.0, 0.0, 0.0]))
    return Marks(table[0], table[1], table[2], table[3], table[4])

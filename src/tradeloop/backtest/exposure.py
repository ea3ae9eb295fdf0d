"""Net positions and caps: from signals to changes of position.

1. An executed signal adds its weight at its entry and takes it back at its exit.
2. At each instant the weights of an instrument net. The net is cut to the cap of one
   instrument.
3. Where the sum over instruments would pass the total cap, the instruments that change
   at this instant share the room that the others leave, in proportion to what they ask
   for. An instrument keeps its position until its own next change.

Weights are whole billionths of the capital, so that netting is exact.
"""

from dataclasses import dataclass

import numpy as np

from tradeloop.backtest.config import WHOLE, BacktestConfig
from tradeloop.backtest.matching import Schedule
from tradeloop.backtest.panel import Int, Panel
from tradeloop.fold import compiled


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Changes of position, sorted by instrument and bar.

    Parameters
    ----------
    instrument : ndarray of int64, shape (n_changes,)
        Position in ``Panel.instruments``.
    bar : ndarray of int64, shape (n_changes,)
        Row of the panel at whose open the position changes.
    weight : ndarray of int64, shape (n_changes,)
        Net weight from then on, billionths of the capital.
    capped : int
        Times a cap kept a net weight below what the signals asked for.
    """

    instrument: Int
    bar: Int
    weight: Int
    capped: int


@compiled
def _cut(asked: int, cap: int) -> int:
    return min(max(asked, -cap), cap)


@compiled
def _group_end(times_ns: Int, first: int) -> int:
    """First position after ``first`` with another time."""
    stop = first
    while stop < times_ns.shape[0] and times_ns[stop] == times_ns[first]:
        stop += 1
    return stop


@compiled
def _share(
    group: Int, net: tuple[Int, Int], cap: int, total_cap: int, gross: int
) -> float:
    """Part of what the group's instruments ask for that the total cap leaves room for.

    ``group`` holds the instrument of each event, sorted, so that equal ones adjoin.
    """
    raw, held = net
    asked, room = 0, total_cap - gross
    for k in range(group.shape[0]):
        if k == 0 or group[k] != group[k - 1]:
            asked += abs(_cut(raw[group[k]], cap))
            room += abs(held[group[k]])
    return 1.0 if asked <= room else room / asked


@compiled
def _net(
    events: tuple[Int, Int, Int, Int],
    instruments: int,
    caps: tuple[int, int],
    out: tuple[Int, Int, Int],
) -> tuple[int, int]:
    """Walk the events in time; return how many changes were written and were capped."""
    times_ns, instrument, bar, weight = events
    raw, held = np.zeros(instruments, np.int64), np.zeros(instruments, np.int64)
    gross, count, capped, first = 0, 0, 0, 0
    while first < times_ns.shape[0]:
        stop = _group_end(times_ns, first)
        for k in range(first, stop):
            raw[instrument[k]] += weight[k]
        share = _share(instrument[first:stop], (raw, held), caps[0], caps[1], gross)
        for k in range(first, stop):
            i = instrument[k]
            want = _cut(raw[i], caps[0])
            if share < 1.0:
                want = int(want * share)  # towards 0: never above the cap
            capped += want != raw[i] and (k == first or i != instrument[k - 1])
            if want != held[i]:
                gross += abs(want) - abs(held[i])
                held[i] = want
                out[0][count], out[1][count], out[2][count] = i, bar[k], want
                count += 1
        first = stop
    return count, capped


def net_changes(panel: Panel, schedule: Schedule, config: BacktestConfig) -> Changes:
    """Net and cap the executed signals.

    Parameters
    ----------
    panel : Panel
        The bars.
    schedule : Schedule
        Entries, exits and weights of the signals.
    config : BacktestConfig
        The caps.

    Returns
    -------
    Changes
    """
    entered, left = schedule.entry >= 0, schedule.leave >= 0
    bar = np.concatenate((schedule.entry[entered], schedule.leave[left]))
    instrument = np.concatenate(
        (schedule.instrument[entered], schedule.instrument[left])
    )
    weight = np.concatenate((schedule.weight[entered], -schedule.weight[left]))
    times_ns = panel.open_ns[bar]
    order = np.lexsort((instrument, times_ns))
    out = tuple(np.empty(bar.shape[0], np.int64) for _ in range(3))
    caps = (
        round(config.max_instrument_exposure * WHOLE),
        round(config.max_total_exposure * WHOLE),
    )
    events = (times_ns[order], instrument[order], bar[order], weight[order])
    count, capped = _net(events, len(panel.instruments), caps, out)
    by_instrument = np.argsort(out[0][:count], kind="stable")
    held = [column[:count][by_instrument] for column in out]
    return Changes(held[0], held[1], held[2], int(capped))

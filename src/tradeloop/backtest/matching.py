"""When each signal trades: at the open of the first bar that starts after it.

A signal created at t enters at the open of the first bar with ``open_ns >= t``: never
in the bar that it was computed from. It leaves at the first open at or after
``t + horizon``. No signal is lost: each is executed, or unexecuted with its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.backtest.config import WHOLE
from tradeloop.backtest.panel import Float, Int, Panel
from tradeloop.errors import InputError
from tradeloop.fold import compiled

REASONS = (
    "",
    "HOLD",
    "zero size",
    "unknown instrument",
    "no later bar",
    "horizon over before the next open",
)
"""Why a signal was not executed; position 0 stands for executed."""

_NEEDED = ("instrument", "created_ns", "side", "position_size", "horizon_ns")
_MANY = 1000.0  # times the capital: above it a size is units, not a share


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Entry and exit of each signal, as rows of the panel.

    Parameters
    ----------
    instrument : ndarray of int64, shape (n_signals,)
        Position in ``Panel.instruments``, -1 when unknown.
    entry, leave : ndarray of int64, shape (n_signals,)
        Row of the bar at whose open the signal enters and leaves. -1 when it does not;
        an executed signal that never leaves is open at the end.
    weight : ndarray of int64, shape (n_signals,)
        Side times size, in billionths of the capital.
    reason : ndarray of int64, shape (n_signals,)
        Position in `REASONS`.
    """

    instrument: Int
    entry: Int
    leave: Int
    weight: Int
    reason: Int


@compiled
def _first_open(open_ns: Int, start: int, stop: int, at_ns: int) -> int:
    """Row of the first bar in [start, stop) that opens at or after ``at_ns``."""
    low, high = start, stop
    while low < high:
        middle = (low + high) // 2
        if open_ns[middle] < at_ns:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _match(
    bars: tuple[Int, Int], signals: tuple[Int, Int, Int], found: tuple[Int, Int, Int]
) -> None:
    """Fill in entry, leave and reason of each signal that wants to trade."""
    offsets, open_ns = bars
    instrument, created_ns, horizon_ns = signals
    entry, leave, reason = found
    for k in range(instrument.shape[0]):
        if reason[k] != 0:
            continue
        start, stop = offsets[instrument[k]], offsets[instrument[k] + 1]
        enter = _first_open(open_ns, start, stop, created_ns[k])
        if enter == stop:
            reason[k] = 4
            continue
        until = _first_open(open_ns, enter, stop, created_ns[k] + horizon_ns[k])
        if until == enter:
            reason[k] = 5
            continue
        entry[k] = enter
        leave[k] = until if until < stop else -1


def _refuse(
    broken: NDArray[np.bool_], rule: str, values: Any, column: str, way_out: str
) -> None:
    if broken.any():
        row = int(broken.argmax())
        raise InputError(
            f"{rule}, was {values[row]}.", way_out=way_out, column=column, row=row
        )


def _read(signals: pl.DataFrame) -> tuple[Int, Int, Int, Float]:
    """Check the signals; return when created, horizon, side and size."""
    absent = [name for name in _NEEDED if name not in signals.columns]
    if absent:
        raise InputError(
            f"The signals lack the columns {absent}.",
            way_out=f"Signals need {', '.join(_NEEDED)}.",
        )
    for name in ("instrument", "created_ns", "side", "horizon_ns"):
        missing = signals[name].is_null().to_numpy()
        _refuse(
            missing, f"A signal must have {name}", signals[name], name, "Fill it in."
        )
    created = np.ascontiguousarray(signals["created_ns"].to_numpy(), np.int64)
    horizon = np.ascontiguousarray(signals["horizon_ns"].to_numpy(), np.int64)
    side = np.ascontiguousarray(signals["side"].to_numpy(), np.int64)
    size = signals["position_size"].cast(pl.Float64).fill_null(0.0).to_numpy()
    _refuse(
        ~np.isin(side, (-1, 0, 1)),
        "A side must be -1, 0 or +1",
        side,
        "side",
        "Use +1 to buy, -1 to sell, 0 to hold.",
    )
    _refuse(
        ~((size >= 0) & (size <= _MANY)),
        f"A position size must lie in [0, {_MANY:g}]",
        size,
        "position_size",
        "Give it as a share of capital; the side carries the sign.",
    )
    _refuse(
        horizon <= 0,
        "A horizon must be above 0 ns",
        horizon,
        "horizon_ns",
        "Give how long the position is to be held.",
    )
    return created, horizon, side, size


def match(panel: Panel, signals: pl.DataFrame) -> Schedule:
    """Find entry and exit of every signal.

    Parameters
    ----------
    panel : Panel
        The bars.
    signals : polars.DataFrame of shape (n_signals, any)
        instrument, created_ns, side (-1, 0, +1), position_size (share of capital; null
        counts as 0), horizon_ns. Any order.

    Returns
    -------
    Schedule

    Raises
    ------
    InputError
        A column is missing or a value is outside its range; names column and row.
    """
    created, horizon, side, size = _read(signals)
    places = {name: i for i, name in enumerate(panel.instruments)}
    named = signals["instrument"].replace_strict(
        places, default=-1, return_dtype=pl.Int64
    )
    instrument = np.ascontiguousarray(named.to_numpy(), np.int64)
    # Whole billionths add up exactly: positions that net to nothing are nothing.
    weight = side * np.rint(size * WHOLE).astype(np.int64)
    reason = np.select([side == 0, weight == 0, instrument < 0], [1, 2, 3], 0)
    entry, leave = np.full(side.shape, -1), np.full(side.shape, -1)
    _match(
        (panel.offsets, panel.open_ns),
        (instrument, created, horizon),
        (entry, leave, reason),
    )
    return Schedule(instrument, entry, leave, weight, reason)


def counts(reason: Int) -> Mapping[str, int]:
    """Count signals by what became of them.

    Parameters
    ----------
    reason : ndarray of int64, shape (n_signals,)
        Positions in `REASONS`.

    Returns
    -------
    mapping of str to int
        ``executed``, and each reason that occurred; they sum to n_signals.
    """
    found = {
        name or "executed": int((reason == i).sum()) for i, name in enumerate(REASONS)
    }
    return {k: v for k, v in found.items() if v or k == "executed"}

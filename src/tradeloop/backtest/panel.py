"""Bars as flat arrays: one block of rows per instrument, one clock for all of them."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.fold import compiled

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_NEEDED = ("instrument", "open_ns", "event_ns", "open", "close")
_RULES = (
    "",
    "a bar must end after it starts",
    "bars of an instrument must be sorted by time, each once",
    "open and close must be finite and above 0",
)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """The bars of a back-test as arrays.

    Parameters
    ----------
    instruments : tuple of str
        Names, in the order of their blocks.
    offsets : ndarray of int64, shape (n_instruments + 1,)
        Block ``i`` is the rows from ``offsets[i]`` to ``offsets[i + 1]``.
    open_ns, event_ns : ndarray of int64, shape (n_bars,)
        Start and end of each bar.
    open, close : ndarray of float64, shape (n_bars,)
        First and last price, quote currency.
    clock_ns : ndarray of int64, shape (n_times,)
        Every bar end of any instrument, once, ascending: the portfolio's clock.
    """

    instruments: tuple[str, ...]
    offsets: Int
    open_ns: Int
    event_ns: Int
    open: Float
    close: Float
    clock_ns: Int


@compiled
def _damage(
    offsets: Int, open_ns: Int, event_ns: Int, opens: Float, closes: Float
) -> tuple[int, int]:
    """Row and rule of the first bar that breaks a rule; rule 0 when none does."""
    for i in range(offsets.shape[0] - 1):
        last_open, last_event = np.int64(-(2**62)), np.int64(-(2**62))
        for row in range(offsets[i], offsets[i + 1]):
            if event_ns[row] <= open_ns[row]:
                return row, 1
            if open_ns[row] <= last_open or event_ns[row] <= last_event:
                return row, 2
            if not (0.0 < opens[row] < np.inf and 0.0 < closes[row] < np.inf):
                return row, 3
            last_open, last_event = open_ns[row], event_ns[row]
    return 0, 0


@compiled
def _union(left: Int, right: Int) -> Int:
    """Merge two ascending arrays; a value of both stands once."""
    merged = np.empty(left.shape[0] + right.shape[0], np.int64)
    i, j, count = 0, 0, 0
    while i < left.shape[0] and j < right.shape[0]:
        merged[count] = min(left[i], right[j])
        i += left[i] <= merged[count]
        j += right[j] <= merged[count]
        count += 1
    rest = left[i:] if i < left.shape[0] else right[j:]
    merged[count : count + rest.shape[0]] = rest
    return merged[: count + rest.shape[0]].copy()


def _clock(blocks: list[Int]) -> Int:
    """Merge the bar ends of all instruments, two and two."""
    while len(blocks) > 1:
        pairs = zip(blocks[::2], blocks[1::2], strict=False)
        odd = blocks[-1:] if len(blocks) % 2 else []
        blocks = [a if np.array_equal(a, b) else _union(a, b) for a, b in pairs] + odd
    return blocks[0]


def _blocks(bars: pl.DataFrame) -> tuple[tuple[str, ...], Int]:
    """Names and offsets of the runs of equal instruments."""
    runs = bars["instrument"].rle().struct.unnest()
    names = tuple(runs["value"].to_list())
    if len(set(names)) < len(names):
        raise InputError(
            "The bars must be sorted by (instrument, event_ns).",
            way_out="Sort them by these two columns.",
            column="instrument",
        )
    offsets = np.zeros(len(names) + 1, np.int64)
    np.cumsum(runs["len"].to_numpy(), out=offsets[1:])
    return names, offsets


def _array(bars: pl.DataFrame, name: str, dtype: Any) -> Any:
    """One column as a contiguous array; a missing value is refused."""
    column = bars[name]
    if column.null_count():
        raise InputError(
            f"Bars must have {name}, was null.",
            way_out="Quarantine bars without it.",
            column=name,
            row=int(column.is_null().arg_max() or 0),
        )
    return np.ascontiguousarray(column.to_numpy(), dtype)


def panel(bars: pl.DataFrame) -> Panel:
    """Lay out bars for the back-test and check them.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        The BAR record, sorted by (instrument, event_ns). Of it instrument, open_ns,
        event_ns, open and close are read.

    Returns
    -------
    Panel

    Raises
    ------
    InputError
        A column is missing, there are no bars, or a bar breaks a rule.
    """
    absent = [name for name in _NEEDED if name not in bars.columns]
    if absent:
        raise InputError(
            f"The bars lack the columns {absent}.",
            way_out="Give the BAR record of tradeloop.events.",
        )
    if bars.is_empty():
        raise InputError("There are no bars.", way_out="Give at least one bar.")
    names, offsets = _blocks(bars)
    open_ns, event_ns = (_array(bars, n, np.int64) for n in ("open_ns", "event_ns"))
    opens, closes = (_array(bars, n, np.float64) for n in ("open", "close"))
    row, rule = _damage(offsets, open_ns, event_ns, opens, closes)
    if rule:
        raise InputError(
            f"The bars break a rule: {_RULES[rule]}; was {bars.row(row)}.",
            way_out="Capture the file with tradeloop: it quarantines such rows.",
            row=row,
        )
    clock = _clock([event_ns[a:b] for a, b in itertools.pairwise(offsets)])
    return Panel(names, offsets, open_ns, event_ns, opens, closes, clock)

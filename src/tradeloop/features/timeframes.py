"""Bars of longer timeframes, made of shorter ones; features on any of them.

A longer bar is a stream of its own, ``bar_5m``: its features step when it closes, and
bars of the base see the last closed one. It closes with the base bar that ends it, or
with the first one after it; that is when it was known. History and live run the same
compiled step.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import polars as pl

from tradeloop.errors import InputError
from tradeloop.events import duration_ns, duration_text
from tradeloop.features.base import BAR_CLOCK, Column, Feature, Source, stream_of
from tradeloop.features.frames import (
    ArrowStream,
    frame_of,
    known_by,
    lane_bounds,
    whole_ns,
)
from tradeloop.fold import compiled

_SUMS = ("volume", "signed_volume")
_LASTS = ("close", "bid", "ask", "bid_size", "ask_size")
COLUMNS = ("open", "high", "low", *_LASTS, *_SUMS)
"""Columns of a longer bar; those that the base lacks are missing in it, too."""

_NEVER = -(2**63)
_N_LASTS = len(_LASTS)
Item = TypeVar("Item", Feature, Column)


@compiled
def _close(pending: Any, end_ns: Any, by: Any, made: Any, n: Any) -> Any:
    """Write the pending bar out; ``by`` is the base bar's known time and its end."""
    _, times, values = made
    times[n, 0], times[n, 1], times[n, 2] = end_ns, by[0], by[1]
    values[n, :] = pending


@compiled
def _add(pending: Any, row: Any) -> None:
    # One that is missing is less than none, and greater than none.
    if row[1] > pending[1] or pending[1] != pending[1]:
        pending[1] = row[1]
    if row[2] < pending[2] or pending[2] != pending[2]:
        pending[2] = row[2]
    for k in range(3, 3 + _N_LASTS):
        pending[k] = row[k]
    for k in range(3 + _N_LASTS, pending.size):
        if pending[k] != pending[k]:
            pending[k] = row[k]
        elif row[k] == row[k]:
            pending[k] += row[k]


@compiled
def _fold(given: Any, bounds: Any, length: Any, memory: Any, made: Any) -> Any:
    """Fold base bars into longer ones; return the count of those that closed.

    ``given`` is end, time of receipt and values of each base bar; ``memory`` the end of
    the bar at hand (n_lanes,) and what it holds so far (n_lanes, n_columns); ``made``
    takes lanes, times and values of the bars that closed.
    """
    ends, known, rows = given
    open_until, pending = memory
    lanes, n = made[0], 0
    for lane in range(bounds.size - 1):
        for row in range(bounds[lane], bounds[lane + 1]):
            end = -(-ends[row] // length) * length
            by = (known[row], ends[row])
            if open_until[lane] != _NEVER and open_until[lane] != end:
                lanes[n] = lane
                _close(pending[lane], open_until[lane], by, made, n)
                open_until[lane] = _NEVER
                n += 1
            if open_until[lane] == _NEVER:
                pending[lane, :] = rows[row]
            else:
                _add(pending[lane], rows[row])
            open_until[lane] = end
            if ends[row] == end:
                lanes[n] = lane
                _close(pending[lane], end, by, made, n)
                open_until[lane] = _NEVER
                n += 1
    return n


def stream_of_interval(interval_ns: int) -> str:
    """Stream of the bars of a timeframe, such as ``bar_5m``."""
    return f"{BAR_CLOCK}_{duration_text(interval_ns)}"


def interval_of(stream: str) -> int:
    """Length of the bars of a stream in nanoseconds; 0 where its name says none."""
    _, _, length = stream.partition("_")
    try:
        interval_ns = duration_ns(length)
    except InputError:
        return 0
    # One name for one length: bar_60m is no timeframe, bar_1h is.
    return interval_ns if stream_of_interval(interval_ns) == stream else 0


def resample(bars: ArrowStream, interval_ns: int) -> pl.DataFrame:
    """Bars of a longer timeframe, each known once it was closed.

    Parameters
    ----------
    bars : table of shape (n_rows, n_columns)
        Bars sorted by instrument and ``event_ns`` (their end).
    interval_ns : int
        Length; windows end at its multiples since 1970 UTC, and a bar belongs to the
        window in which it ends. Windows without bars leave none.

    Returns
    -------
    polars.DataFrame
        The columns of ``bars``, as a bar has them: ``event_ns`` is the window's end,
        ``received_ns`` when the base bar that closed it was known, ``closed_ns`` the
        end of that bar. The bar at hand, not yet closed, is not among them.

    Raises
    ------
    InputError
        The rows are not sorted, or the length is no positive count.
    """
    if interval_ns <= 0:
        raise InputError(
            f"A timeframe must be longer than 0 ns, was {interval_ns}.",
            way_out="Give its length in nanoseconds.",
            source="resample",
        )
    frame = frame_of(bars)
    bounds = lane_bounds(frame)
    state = _State(bounds.size - 1)
    ends = whole_ns(frame, "event_ns")
    lanes, times, values = state.fold(
        ends, known_by(frame, bounds), _rows(frame), bounds, interval_ns
    )
    names = frame["instrument"].gather(bounds[:-1]).gather(lanes)
    return pl.DataFrame(
        [
            names.alias("instrument"),
            pl.Series("open_ns", times[:, 0] - interval_ns),
            pl.Series("event_ns", times[:, 0]),
            pl.Series("received_ns", times[:, 1]),
            pl.Series("closed_ns", times[:, 2]),
            *(
                pl.Series(name, values[:, k], nan_to_null=True)
                for k, name in enumerate(COLUMNS)
                if name in frame.columns
            ),
        ]
    )


def longer_bars(
    needed: set[str], tables: Mapping[str, ArrowStream]
) -> dict[str, ArrowStream]:
    """Make of the bars the timeframes that are needed and were not given."""
    wanted = {name: interval_of(name) for name in sorted(needed - set(tables))}
    return {
        name: resample(tables[BAR_CLOCK], interval_ns)
        for name, interval_ns in wanted.items()
        if interval_ns and BAR_CLOCK in tables
    }


def _rows(frame: pl.DataFrame) -> Any:
    rows = np.full((frame.height, len(COLUMNS)), np.nan)
    for k, name in enumerate(COLUMNS):
        if name in frame.columns:
            rows[:, k] = frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return rows


class _State:
    """Bars at hand of some lanes."""

    def __init__(self, lanes: int) -> None:
        self.open_until = np.full(lanes, _NEVER, np.int64)
        self.pending = np.full((lanes, len(COLUMNS)), np.nan)

    def fold(
        self, ends: Any, known: Any, rows: Any, bounds: Any, interval_ns: int
    ) -> tuple[Any, Any, Any]:
        """Lanes, (end, known) and values of the bars that closed."""
        most = 2 * ends.size
        times, values = np.empty((most, 3), np.int64), np.empty((most, len(COLUMNS)))
        lanes = np.empty(most, np.intp)
        memory = self.open_until, self.pending
        given, made = (ends, known, rows), (lanes, times, values)
        n = _fold(given, bounds, interval_ns, memory, made)
        return lanes[:n], times[:n], values[:n]


class LiveTimeframe:
    """Longer bars, live: give it each base bar, get those that it closed.

    Parameters
    ----------
    interval_ns : int
        Length of the longer bars.
    """

    def __init__(self, interval_ns: int) -> None:
        self.interval_ns = interval_ns
        self.stream = stream_of_interval(interval_ns)
        self._lanes: dict[str, _State] = {}
        self._known: dict[str, int] = {}

    def update(self, instrument: str, bar: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Take a base bar in; bars that it closed, oldest first: none, one or two."""
        state = self._lanes.setdefault(instrument, _State(1))
        event_ns = int(bar["event_ns"])
        received = int(bar.get("received_ns") or event_ns)
        known = self._known[instrument] = max(received, self._known.get(instrument, 0))
        given = [bar.get(name) for name in COLUMNS]
        row = np.array([[np.nan if v is None else float(v) for v in given]])
        ends, bounds = np.array([event_ns]), np.array([0, 1])
        _, times, values = state.fold(
            ends, np.array([known]), row, bounds, self.interval_ns
        )
        return [
            {
                "open_ns": int(end) - self.interval_ns,
                "event_ns": int(end),
                "received_ns": int(at),
                "closed_ns": int(closed),
                **{k: float(v) for k, v in zip(COLUMNS, line, strict=True)},
            }
            for (end, at, closed), line in zip(times, values, strict=True)
        ]

    @staticmethod
    def checked(bar: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a longer bar takes of a bar, as numbers.

        Raises
        ------
        InputError
            A value is no number.
        """
        found = {k: bar.get(k) for k in ("event_ns", "received_ns")}
        for name in COLUMNS:
            value = bar.get(name)
            if value is not None and not isinstance(value, int | float | np.number):
                raise InputError(
                    f"A value of a bar must be a number, was {value!r}.",
                    way_out="Send it as a number, or leave it out.",
                    column=name,
                )
            found[name] = value
        return found

    def saved(self) -> dict[str, Any]:
        """Return the bars at hand as plain values."""
        return {
            name: [
                self._known[name],
                int(state.open_until[0]),
                [None if v != v else float(v) for v in state.pending[0]],
            ]
            for name, state in self._lanes.items()
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `saved` gave."""
        self._lanes, self._known = {}, {}
        for name, (known, until, pending) in saved.items():
            state = self._lanes[name] = _State(1)
            state.open_until[0] = until
            state.pending[0] = [np.nan if v is None else v for v in pending]
            self._known[name] = known


def on(stream: str, item: Item) -> Item:
    """Move a feature to another stream of bars, and its nodes with it.

    Parameters
    ----------
    stream : str
        Such as ``bar_5m``; its ending becomes the ending of the name.
    item : Feature or Column
        Inputs of other streams than ``bar`` stay.
    """
    if isinstance(item, Column):
        return Column(on(stream, item.feature), item.output)
    ending = stream.removeprefix(f"{BAR_CLOCK}_")
    inputs = tuple(_moved(stream, source) for source in item.inputs)
    if inputs == item.inputs:
        return item
    clock = stream if item.clock == BAR_CLOCK else item.clock
    return replace(
        item,
        name=f"{item.name}_{ending}",
        inputs=inputs,
        clock=clock,
        titles=tuple(f"{title}_{ending}" for title in item.titles),
    )


def _moved(stream: str, source: Source) -> Source:
    if isinstance(source, Column):
        return on(stream, source)
    return f"{stream}.{source}" if stream_of(source) == BAR_CLOCK else source

"""History of a bank whose features step on several streams.

Each feature steps on the events of its clock and reads other streams as they were last
known. Live that is one table of last values; history gets the same values stream by
stream: a stage is all features of one clock that need no later stage, and what it reads
of another clock is gathered as of each of its rows.

Of events known at one instant those that happened before are seen, and of those that
happened at one instant those of a lower `rank`: bars see quotes and trades of their
last nanosecond, and never the other way round.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.features.bank import Bank
from tradeloop.features.base import BAR_CLOCK, Column, stream_of
from tradeloop.features.frames import (
    KEY,
    ArrowStream,
    frame_of,
    input_column,
    instrument_bounds,
    known_by,
    lane_bounds,
    latest,
    require_key,
    series,
    whole_ns,
)
from tradeloop.features.panel import address_of, fresh_columns, run_panel
from tradeloop.features.timeframes import interval_of, longer_bars
from tradeloop.fold import Float, compiled

_FIRST = (
    "session",
    "macro",
    "market",
    "benchmark",
    "portfolio",
    "sentiment",
    "option",
    "book",
    "quote",
    "trade",
)
_ASKER = "?"  # rows that only look
Index = NDArray[np.intp]


def rank(stream: str) -> tuple[int, str]:
    """Place of a stream among events known at one instant.

    Bars come last, those of short timeframes before those of long ones, those of the
    base after all.
    """
    if stream == _ASKER:
        return 4, ""
    if stream == BAR_CLOCK:
        return 3, ""
    if stream.startswith(f"{BAR_CLOCK}_"):
        # Bars of no fixed length, such as dollar bars, go by their name.
        length = interval_of(stream)
        return 2, f"{length:020}" if length else stream
    return (0, f"{_FIRST.index(stream):02}") if stream in _FIRST else (1, stream)


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Rows of one stream, lane after lane.

    Parameters
    ----------
    name : str
        The stream.
    frame : polars.DataFrame
        Its rows, in the order in which they happened.
    shared : bool
        Whether all instruments see the rows.
    lanes : mapping of str to int
        Place of each instrument.
    bounds : ndarray of shape (n_lanes + 1,)
        First row of each lane.
    known_ns : ndarray of shape (n_rows,)
        When each row and all before it of its lane were received.
    order_ns : ndarray of shape (n_rows,)
        Among rows known at one instant: when each and all before it happened; of a
        longer bar, the end of the bar that closed it.
    """

    name: str
    frame: pl.DataFrame
    shared: bool
    lanes: Mapping[str, int]
    bounds: Index
    known_ns: NDArray[np.int64]
    order_ns: NDArray[np.int64]


def stream_rows(name: str, table: ArrowStream) -> Stream:
    """Make a stream of a table; without an ``instrument`` it is shared by all.

    Raises
    ------
    InputError
        An instrument's rows are apart, or a time is absent.
    """
    frame = frame_of(table)
    shared = "instrument" not in frame.columns
    if shared:
        frame = frame.with_columns(instrument=pl.lit(""))
    in_order = lane_bounds if name == BAR_CLOCK else instrument_bounds
    bounds = in_order(frame)
    names = frame["instrument"].gather(bounds[:-1]).to_list()
    lanes = {each: place for place, each in enumerate(names)}
    known = known_by(frame, bounds)
    if name == _ASKER:
        order = np.full(known.size, np.iinfo(np.int64).max)
    else:
        happened = "closed_ns" if "closed_ns" in frame.columns else "event_ns"
        order = latest(whole_ns(frame, happened), bounds)
    return Stream(name, frame, shared, lanes, bounds, known, order)


@compiled
def _as_of(
    now: Any, bounds: Any, news: Any, starts: Any, lane_of: Any, tie: Any
) -> Any:
    """Row of the news last seen at each row, -1 before the first.

    ``now`` and ``news`` are (known, order): what was known before, and of what was
    known at the same instant what happened before.
    """
    known, order = now
    source, place = news
    found = np.full(known.size, -1, np.intp)
    for lane in range(bounds.size - 1):
        if lane_of[lane] < 0:
            continue
        at, end = starts[lane_of[lane]], starts[lane_of[lane] + 1]
        first = at
        for row in range(bounds[lane], bounds[lane + 1]):
            while at < end and source[at] <= known[row]:
                same = source[at] == known[row]
                if same and place[at] > order[row]:
                    break
                if same and place[at] == order[row] and not tie:
                    break
                at += 1
            found[row] = at - 1 if at > first else -1
    return found


@compiled
def _gather(values: Any, rows: Any, found: Any) -> Any:
    for k in range(rows.size):
        found[k] = values[rows[k]] if rows[k] >= 0 else np.nan


def as_of_rows(to: Stream, of: Stream) -> Index:
    """Row of ``of`` that each row of ``to`` sees, -1 where there is none yet."""
    if of.shared:
        lane_of = [0 if of.frame.height else -1] * (to.bounds.size - 1)
    else:
        lane_of = [of.lanes.get(name, -1) for name in to.lanes]
    if to.shared and not of.shared:
        raise InputError(
            f"The stream {to.name!r} is shared by all instruments and cannot read "
            f"{of.name!r}, which is of one.",
            way_out="Give its rows an instrument.",
        )
    tie = rank(of.name) < rank(to.name)
    return _as_of(  # type: ignore[no-any-return]
        (to.known_ns, to.order_ns),
        to.bounds,
        (of.known_ns, of.order_ns),
        of.bounds,
        np.array(lane_of, np.intp),
        tie,
    )


def stages(bank: Bank) -> list[tuple[str, list[int]]]:
    """Features in groups of one clock, each after the groups that it reads.

    Returns
    -------
    list of (clock, places)
        Places in ``bank.features``.
    """
    level: dict[str, tuple[int, str]] = {}
    groups: dict[tuple[int, str], list[int]] = {}
    for place, (feature, clock) in enumerate(
        zip(bank.features, bank.clocks, strict=True)
    ):
        read = [s for s in feature.inputs if isinstance(s, Column)]
        deep = [level[s.feature.name] for s in read]
        own = max((n + (other != clock) for n, other in deep), default=0)
        level[feature.name] = own, clock
        groups.setdefault((own, clock), []).append(place)
    return [(clock, groups[own, clock]) for own, clock in sorted(groups)]


class _Tables:
    """Columns of every clock, filled stage by stage."""

    def __init__(self, bank: Bank, streams: Mapping[str, Stream]) -> None:
        self.bank, self.streams = bank, streams
        self.values: dict[str, Float] = {}
        self.clock = {name: stream_of(name) for name in bank.inputs}
        self._rows: dict[tuple[str, str], Index] = {}
        for feature, clock in zip(bank.features, bank.clocks, strict=True):
            self.clock |= {column.name: clock for column in feature.columns}
        for name in bank.inputs:
            stream = streams[stream_of(name)]
            self.values[name] = input_column(stream.frame, name, stream.name)

    def seen(self, name: str, to: Stream) -> Float:
        """Return a column as each row of a stream sees it."""
        clock = self.clock[name]
        if clock == to.name:
            return self.values[name]
        key = to.name, clock
        if key not in self._rows:
            self._rows[key] = as_of_rows(to, self.streams[clock])
        found: Float = fresh_columns(1, to.known_ns.size)[0]
        _gather(self.values[name], self._rows[key], found)
        return found

    def run(self, clock: str, places: list[int], state: Float, kept: set[str]) -> None:
        """Run a stage; ``kept`` names the outputs that something else reads."""
        stream, bank = self.streams[clock], self.bank
        features = [bank.features[place] for place in places]
        made = [column.name for f in features for column in f.columns]
        read = {
            s if isinstance(s, str) else s.name for f in features for s in f.inputs
        } - set(made)
        given = {name: self.seen(name, stream) for name in read}
        wanted = [name for name in made if name in kept]
        found = fresh_columns(len(wanted), stream.known_ns.size)
        self.values |= dict(zip(wanted, found, strict=True))
        hidden = {name: k for k, name in enumerate(n for n in made if n not in kept)}
        columns = {n: np.ascontiguousarray(v) for n, v in given.items()}
        columns |= {name: self.values[name] for name in wanted}
        where = np.array(
            [
                address_of(columns[n]) if n in columns else hidden.get(n, 0)
                for n in bank.columns
            ],
            np.uintp,
        )
        run_panel(bank.part(places), state, where, stream.bounds, max(1, len(hidden)))


def compute_streams(
    bank: Bank, tables: Mapping[str, ArrowStream], at: str | ArrowStream = BAR_CLOCK
) -> pl.DataFrame:
    """Features of several streams, as known at the rows of one of them.

    Parameters
    ----------
    bank : Bank
        Features of any clocks.
    tables : mapping of str to table
        Rows of each stream that the bank reads, by its name: ``instrument`` (absent
        where all instruments share the rows), ``event_ns``, ``received_ns`` and the
        raw columns without the prefix. Instruments stand together, rows as they
        happened. Timeframes that are not given are made of the bars.
    at : str or table
        The stream at whose rows the features are wanted; or a table with
        ``instrument``, ``event_ns`` and ``received_ns``, such as decisions, whose rows
        see all that was received by then.

    Returns
    -------
    polars.DataFrame of shape (n_rows, 3 + n_names)
        As `tradeloop.features.compute`; equal to the bit to `LiveBank` fed with the
        same events in the order in which they were known.

    Raises
    ------
    InputError
        A stream or a column is absent, or rows are not in order.
    """
    needed = {stream_of(name) for name in bank.inputs} | set(bank.clocks)
    tables = {**longer_bars(needed, tables), **tables}
    absent = sorted(needed - set(tables))
    if absent:
        raise InputError(
            f"The bank reads the stream {absent[0]!r}, which was not given.",
            way_out=f"Give the rows of {', '.join(sorted(needed))}.",
            source=absent[0],
        )
    streams = {name: stream_rows(name, tables[name]) for name in sorted(needed)}
    made = _Tables(bank, streams)
    kept = _kept(bank)
    states = {s.name: bank.state(s.bounds.size - 1) for s in streams.values()}
    for clock, places in stages(bank):
        made.run(clock, places, states[clock], kept)
    if isinstance(at, str) and at not in {*streams, *tables}:
        raise InputError(
            f"There are no rows of the stream {at!r} to see the features at.",
            way_out="Give its rows, or at=... one of "
            f"{', '.join(sorted({*streams, *tables}))}, or a table.",
            source="at",
        )
    if isinstance(at, str):
        to = streams[at] if at in streams else stream_rows(at, tables[at])
        return _as_known(made, to)
    asked = frame_of(at)
    require_key(asked, "Rows to see the features at")
    rows = asked.select(KEY).with_row_index("row").sort("instrument", "received_ns")
    found = _as_known(made, stream_rows(_ASKER, rows))
    return found.with_columns(rows["row"]).sort("row").drop("row")


def _as_known(made: _Tables, to: Stream) -> pl.DataFrame:
    names = made.bank.names
    return to.frame.select("instrument", "event_ns").with_columns(
        pl.Series("received_ns", to.known_ns),
        *series(names, [made.seen(name, to) for name in names]),
    )


def _kept(bank: Bank) -> set[str]:
    """Columns that are published, or read by a feature of another stage."""
    stage = {p: k for k, (_, places) in enumerate(stages(bank)) for p in places}
    made = {f.name: stage[place] for place, f in enumerate(bank.features)}
    kept = set(bank.names)
    for place, feature in enumerate(bank.features):
        for source in feature.inputs:
            if isinstance(source, Column) and made[source.feature.name] != stage[place]:
                kept.add(source.name)
    return kept

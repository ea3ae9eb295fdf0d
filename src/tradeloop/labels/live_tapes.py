"""Prices of all instruments as they come in, as many as are still needed.

1. `offered` checks new bars and quotes.
2. `Tapes.receive` puts their rows by; `Tapes.admit` gives those that have become known
   to the tape of their instrument.
3. `Tapes.forget` cuts the tapes that have grown long.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import polars as pl

from tradeloop.errors import InputError
from tradeloop.events import BAR, QUOTE, Record
from tradeloop.labels.groups import Prices
from tradeloop.labels.live_tape import KNOWN_NS, Kind, Marks, Tape, in_order
from tradeloop.labels.rules import LabelPlan

_RECORD: Mapping[Kind, Record] = {"bar": BAR, "tick": QUOTE}
_COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    "bar": ("instrument", "open_ns", "event_ns", "received_ns", "high", "low", "close"),
    "tick": ("instrument", "event_ns", "received_ns", "bid", "ask"),
}
_LOWEST: Mapping[Kind, pl.Expr] = {  # null where one of them is NaN or infinite
    "bar": pl.min_horizontal("high", "low", "close"),
    "tick": (pl.col("bid") + pl.col("ask")) / 2,
}
_MARKS = {
    "instrument": pl.String(),
    "kind": pl.String(),
    "begin_ns": pl.Int64(),
    "time_ns": pl.Int64(),
}


class Tapes:
    """Tapes of all instruments, and the rows that are not known yet."""

    def __init__(self) -> None:
        self._of: dict[str, Tape] = {}
        self._inbox: dict[Kind, list[pl.DataFrame]] = {"bar": [], "tick": []}

    def __len__(self) -> int:
        inbox = sum(part.height for parts in self._inbox.values() for part in parts)
        return inbox + sum(len(tape) for tape in self._of.values())

    def __contains__(self, instrument: object) -> bool:
        return instrument in self._of

    def latest_ns(self, instrument: str) -> int | None:
        """When the last known price of the instrument stood; None without one."""
        tape = self._of.get(instrument)
        return None if tape is None else tape.latest_ns

    def receive(self, kind: Kind, rows: pl.DataFrame) -> None:
        """Put rows of `offered` by until they are known."""
        self._inbox[kind].append(rows)

    def admit(self, as_of_ns: int) -> tuple[set[str], bool]:
        """Give the rows that are known by a time to their tapes.

        Returns
        -------
        tuple of set of str and bool
            Instruments with new rows, and whether one of them is read otherwise from
            now on: it had bars, and quotes have come.
        """
        touched, turned = set(), False
        for kind, name, rows in self._known(as_of_ns):
            tape = self._of.get(name)
            if tape is not None and tape.kind != kind:
                if kind == "bar":
                    continue  # its quotes are read
                turned, tape = True, None
            if tape is None:
                tape = self._of[name] = Tape(kind)
            tape.admit(rows)
            touched.add(name)
        return touched, turned

    def _known(self, as_of_ns: int) -> Iterator[tuple[Kind, str, pl.DataFrame]]:
        for kind, parts in self._inbox.items():
            if not parts:
                continue
            rows = pl.concat(parts)
            known = rows.select(KNOWN_NS[kind] <= as_of_ns).to_series()
            later = rows.filter(~known)
            self._inbox[kind] = [later] if later.height else []
            ready = in_order(kind, rows.filter(known))
            for (name,), part in ready.partition_by("instrument", as_dict=True).items():
                yield kind, str(name), part

    def frames(self, instruments: Iterable[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return bars and quotes of these instruments, as far as they are kept."""
        tapes = [self._of[name] for name in instruments if name in self._of]
        bars, quotes = (
            pl.concat([_empty(kind), *(t.rows for t in tapes if t.kind == kind)])
            for kind in _COLUMNS
        )
        return bars, quotes

    def forget(
        self,
        needed_ns: Callable[[], Mapping[str, int]],
        otherwise_ns: int,
        plan: LabelPlan,
    ) -> None:
        """Cut the tapes that have grown long.

        Parameters
        ----------
        needed_ns : callable
            Returns by instrument the time of the oldest decision that may still ask;
            called only if a tape is long.
        otherwise_ns : int
            The same for instruments that it lacks, ns UTC.
        plan : LabelPlan
            As in `Tape.forget`.
        """
        grown = [name for name, tape in self._of.items() if tape.is_long]
        needed = needed_ns() if grown else {}
        for name in grown:
            self._of[name].forget(
                min(needed.get(name, otherwise_ns), otherwise_ns), plan
            )

    def state(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Bars, quotes and marks: all that is remembered, for `restored`."""
        bars, quotes = self.frames(self._of)
        marks = [
            (name, tape.kind, *tape.marks)
            for name, tape in self._of.items()
            if tape.marks is not None
        ]
        return (
            pl.concat([bars, *self._inbox["bar"]]),
            pl.concat([quotes, *self._inbox["tick"]]),
            pl.DataFrame(marks, schema=_MARKS, orient="row"),
        )

    @classmethod
    def restored(
        cls, frames: Mapping[Kind, pl.DataFrame], marks: pl.DataFrame, as_of_ns: int
    ) -> "Tapes":
        """Make the tapes that `state` tells of."""
        tapes = cls()
        for kind, rows in frames.items():
            known = rows.select(KNOWN_NS[kind] <= as_of_ns).to_series()
            later = rows.filter(~known)
            tapes._inbox[kind] = [later] if later.height else []
            kept = rows.filter(known).partition_by("instrument", as_dict=True)
            own = marks.filter(pl.col("kind") == kind)
            for name, _, begin_ns, time_ns in own.iter_rows():
                tape = Tape(kind, kept[(name,)], Marks(begin_ns, time_ns))
                tapes._of[name] = tape
        return tapes


def _empty(kind: Kind) -> pl.DataFrame:
    """Return the columns of a tape without a row."""
    return _RECORD[kind].empty().select(_COLUMNS[kind])


def _checked(kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that a tape keeps, or say which price cannot be one.

    Raises
    ------
    InputError
        A price is not finite or not above 0.
    """
    schema = _RECORD[kind].schema
    kept = rows.select(pl.col(name).cast(schema[name]) for name in _COLUMNS[kind])
    lowest = kept.select(_LOWEST[kind].alias("price")).to_series()
    numbers = kept.select(pl.col(pl.Float64).is_finite()).fold(lambda a, b: a & b)
    wrong = ~(numbers & (lowest > 0))
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise InputError(
            f"A price must be finite and above 0, was {kept.row(row, named=True)}.",
            way_out="Returns need prices above 0: put such rows aside.",
            source=f"{_RECORD[kind].kind}s",
            row=row,
        )
    return kept


def check_new(rows: pl.DataFrame, after_ns: int, source: str) -> None:
    """Refuse rows received at or before a time up to which everything is in.

    Parameters
    ----------
    rows : polars.DataFrame
        With received_ns.
    after_ns : int
        That time, ns UTC.
    source : str
        What the rows are, for the message.

    Raises
    ------
    InputError
        A row was received by then.
    """
    late = rows["received_ns"] <= after_ns
    if late.any():
        row = int(late.arg_max() or 0)
        raise InputError(
            f"Everything received by {after_ns} ns was said to be in, this row was "
            f"received at {rows['received_ns'][row]} ns.",
            way_out="Advance only as far as all feeds have come.",
            source=source,
            column="received_ns",
            row=row,
        )


def offered(
    bars: pl.DataFrame | None, quotes: pl.DataFrame | None, after_ns: int
) -> dict[Kind, pl.DataFrame]:
    """Return the columns of new prices, or say which one is refused.

    Parameters
    ----------
    bars, quotes : polars.DataFrame or None
        Columns of the bar and quote records.
    after_ns : int
        Until when everything is in, ns UTC.

    Raises
    ------
    InputError
        A column is absent or holds a null, a price is not finite or not above 0, or a
        row was received at or before ``after_ns``.
    """
    Prices(BAR.empty() if bars is None else bars, quotes)  # columns and nulls
    given: dict[Kind, pl.DataFrame | None] = {"bar": bars, "tick": quotes}
    found = {
        kind: _checked(kind, rows)
        for kind, rows in given.items()
        if rows is not None and rows.height
    }
    for kind, rows in found.items():
        check_new(rows, after_ns, f"{_RECORD[kind].kind}s")
    return found

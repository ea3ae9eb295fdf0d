"""A bank that goes on event by event, for any number of instruments."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import ArtefactError, DamagedError, InputError
from tradeloop.features.bank import Bank
from tradeloop.features.base import BAR_CLOCK, CLOCK_INPUTS, stream_of
from tradeloop.features.lanes import Lane
from tradeloop.features.streams import rank
from tradeloop.features.timeframes import LiveTimeframe, interval_of
from tradeloop.fold import Float

_DIGEST = 32  # bytes of SHA-256
_LENGTH = 8  # bytes that say how long the header is
_NEVER = -(2**63)
Key = tuple[int, int, tuple[int, str]]
_SHARED = ""  # the lane of streams that all instruments see


class LiveBank:
    """The live form of a bank: the steps of the history, one event at a time.

    Parameters
    ----------
    bank : Bank
        The same bank as in history gives the same values to the bit.
    shared : sequence of str
        Streams that are not of one instrument, such as ``benchmark``; their events come
        with the instrument None.
    resample : bool
        Whether longer timeframes are made of the bars; else their bars come as events
        of their own streams, too.
    """

    def __init__(
        self, bank: Bank, shared: Sequence[str] = (), *, resample: bool = True
    ) -> None:
        self.bank, self.shared = bank, frozenset(shared)
        clocks = {name: stream_of(name) for name in bank.inputs}
        for feature, clock in zip(bank.features, bank.clocks, strict=True):
            clocks |= {column.name: clock for column in feature.columns}
        self._of_all = [
            k for k, name in enumerate(bank.columns) if clocks[name] in self.shared
        ]
        self._inputs = {
            stream: [
                (place, name if stream == BAR_CLOCK else name.partition(".")[2])
                for place, name in enumerate(bank.inputs)
                if stream_of(name) == stream
            ]
            for stream in {*clocks.values(), BAR_CLOCK}
        }
        self._mixed = len(set(clocks.values())) > 1
        self._common = Lane(bank, None, ()) if self.shared else None
        self._lanes: dict[str, Lane] = {}
        self._last: dict[str, Key] = {}
        self._known: dict[tuple[str, str], tuple[int, int]] = {}
        longer = [interval_of(stream) for stream in self._inputs]
        self._timeframes = [
            LiveTimeframe(length) for length in sorted(longer) if length and resample
        ]
        self._last_ns: dict[str, int] = {}

    @property
    def instruments(self) -> tuple[str, ...]:
        """Instruments that have had a row."""
        return tuple(self._lanes)

    def last_ns(self, instrument: str) -> int | None:
        """``event_ns`` of the last bar given as a mapping; None before the first."""
        last = self._last_ns.get(instrument, _NEVER)
        return None if last == _NEVER else last

    def lane(self, instrument: str) -> Lane:
        """Return the lane of an instrument; a new one starts with a fresh state.

        Raises
        ------
        InputError
            The name is empty.
        """
        found = self._lanes.get(instrument)
        if found is None:
            _require_name(instrument)
            found = Lane(self.bank, self._common, self._of_all)
            self._lanes[instrument] = found
        return found

    def update(
        self,
        instrument: str | None,
        row: Mapping[str, Any] | NDArray[np.float64],
        stream: str = BAR_CLOCK,
    ) -> Float:
        """Advance one instrument by one event.

        Parameters
        ----------
        instrument : str or None
            A new one starts with a fresh state; None for a shared stream.
        row : mapping or ndarray of shape (n_inputs,)
            An event with its columns by name, ``event_ns`` among them; or the values of
            ``bank.inputs`` in their order, as one row for all features, without any
            check. None or NaN is missing.
        stream : str
            What kind of event it is.

        Returns
        -------
        ndarray of shape (n_names,)
            Features known after this event; NaN where one is not known.

        Raises
        ------
        InputError
            The event lacks an input, or comes before one that was seen already.
        """
        if isinstance(row, np.ndarray):
            lane = self.lane(instrument or _SHARED)
            lane.row[:] = row
            lane.step()
            return lane.values.copy()
        name = instrument or _SHARED
        self._require(instrument, stream)
        values = self._values(instrument, row, stream)
        key = self._key(name, row, stream)
        if stream == BAR_CLOCK:
            self._later(name, int(row["event_ns"]))
            longer = [each.checked(row) for each in self._timeframes]
            self._last_ns[name] = int(row["event_ns"])
            for each, bar in zip(self._timeframes, longer, strict=True):
                for closed in each.update(name, bar):
                    given = self._values(instrument, closed, each.stream)
                    at = self._key(name, closed, each.stream)
                    self._take(instrument, each.stream, given, at)
        lane = self._take(instrument, stream, values, key)
        return self._seen(lane)

    def _take(
        self, instrument: str | None, stream: str, values: Sequence[float], key: Key
    ) -> Lane:
        name = instrument or _SHARED
        self._last[name], self._known[name, stream] = key, key[:2]
        lane = self._lane_of(instrument)
        for (place, _), value in zip(self._inputs[stream], values, strict=True):
            lane.row[place] = value
        lane.step_on(stream)
        return lane

    def _seen(self, lane: Lane) -> Float:
        """Return published values, those of shared streams included."""
        found = lane.values.copy()
        if self._common is not None:
            first = len(self.bank.inputs)
            for place in self._of_all:
                if first <= place < first + found.size:
                    found[place - first] = self._common.table[place]
        return found

    def _require(self, instrument: str | None, stream: str) -> None:
        if instrument is not None:
            _require_name(instrument)
        if (instrument is None) != (stream in self.shared):
            raise InputError(
                f"An event of the stream {stream!r} came with the instrument "
                f"{instrument!r}.",
                way_out="Shared streams have none, all others have one; say which are "
                "shared with LiveBank(shared=...).",
                source=stream,
            )
        if stream not in self._inputs:
            raise InputError(
                f"The bank reads nothing of the stream {stream!r}.",
                way_out=f"It reads {', '.join(sorted(self._inputs))}.",
                source=stream,
            )

    def _lane_of(self, instrument: str | None) -> Lane:
        if instrument is None:
            assert self._common is not None  # noqa: S101 - the stream is shared
            return self._common
        return self.lane(instrument)

    def _values(
        self, instrument: str | None, row: Mapping[str, Any], stream: str
    ) -> list[float]:
        wanted = self._inputs[stream]
        absent = [
            name
            for name in (*(name for _, name in wanted), "event_ns")
            if name not in row and name not in CLOCK_INPUTS
        ]
        if absent:
            raise InputError(
                "An event must bring every input of the bank.",
                way_out="The bank reads "
                f"{', '.join(n for _, n in wanted)} and event_ns.",
                source=instrument or stream,
                column=absent[0],
            )
        day, ns_of_day = divmod(int(row["event_ns"]), NS_PER_DAY)
        clock = {**dict(zip(CLOCK_INPUTS, (day, ns_of_day), strict=True)), **row}
        return [np.nan if clock[n] is None else float(clock[n]) for _, n in wanted]

    def _later(self, name: str, event_ns: int) -> None:
        """Keep bars in their order, each once."""
        last = self._last_ns.get(name, _NEVER)
        if event_ns <= last:
            raise InputError(
                f"A bar must be later than the last one, was {event_ns} after {last}.",
                way_out="Send each bar once, in the order of event_ns.",
                source=name,
                column="event_ns",
            )

    def _key(self, name: str, row: Mapping[str, Any], stream: str) -> Key:
        """Place of an event among all, as history sees it."""
        event = int(row.get("closed_ns") or row["event_ns"])
        known, order = self._known.get((name, stream), (_NEVER, _NEVER))
        received = int(row.get("received_ns") or row["event_ns"])
        key = max(received, known), max(event, order), rank(stream)
        seen = [last for lane, last in self._last.items() if lane in (name, _SHARED)]
        if name == _SHARED:
            seen = list(self._last.values())
        if self._mixed and any(last > key for last in seen):
            raise InputError(
                f"An event of {stream!r} came after one that was known later, or at "
                "the same instant and sees it.",
                way_out="Send events in the order of received_ns; at one instant in "
                "that of event_ns, and then bars last, trades before them, quotes "
                "before these.",
                source=name or stream,
                column="received_ns",
            )
        return key

    def state_bytes(self) -> bytes:
        """Everything that the next rows depend on, with the bank's fingerprint."""
        lanes = self._all_lanes()
        header = json.dumps(
            {
                "fingerprint": self.bank.fingerprint,
                "shared": sorted(self.shared),
                "lanes": list(lanes),
                "last_ns": self._last_ns,
                "last": self._last,
                "known": [[*key, *seen] for key, seen in self._known.items()],
                "timeframes": [each.saved() for each in self._timeframes],
            }
        ).encode()
        floats = b"".join(
            part.astype("<f8").tobytes()
            for lane in lanes.values()
            for part in (lane.state, lane.table)
        )
        body = len(header).to_bytes(_LENGTH, "little") + header + floats
        return sha256(body).digest() + body

    def _all_lanes(self) -> dict[str, Lane]:
        common = {} if self._common is None else {_SHARED: self._common}
        return common | self._lanes

    def restore(self, saved: bytes) -> None:
        """Go back to what `state_bytes` gave; the next rows come out as they would.

        Raises
        ------
        DamagedError
            The bytes are not as they were saved.
        ArtefactError
            They belong to another bank.
        """
        digest, body = saved[:_DIGEST], saved[_DIGEST:]
        if sha256(body).digest() != digest:
            raise DamagedError("The saved state of a bank does not match its hash.")
        start = _LENGTH + int.from_bytes(body[:_LENGTH], "little")
        header = json.loads(body[_LENGTH:start])
        given = header["fingerprint"], header["shared"], len(header["timeframes"])
        wanted = self.bank.fingerprint, sorted(self.shared), len(self._timeframes)
        if given != wanted:
            raise ArtefactError(
                f"The state belongs to the bank {given[0][:12]} (shared streams "
                f"{given[1]}, {given[2]} timeframes), this one is {wanted[0][:12]} "
                f"({wanted[1]}, {wanted[2]}). Replay the events instead."
            )
        self._lanes = {}
        width = self.bank.n_state + len(self.bank.columns)
        floats = np.frombuffer(body[start:], "<f8").reshape(-1, width)
        for name, values in zip(header["lanes"], floats, strict=True):
            common = self._common if name == _SHARED else None
            lane = common or self.lane(name)
            lane.state[0], lane.table[:] = np.split(values, [self.bank.n_state])
        self._last_ns = header["last_ns"]
        self._last = {n: (ns, at, (*r,)) for n, (ns, at, r) in header["last"].items()}
        self._known = {(n, s): (ns, at) for n, s, ns, at in header["known"]}
        for longer, held in zip(self._timeframes, header["timeframes"], strict=True):
            longer.restore(held)


def _require_name(instrument: str) -> None:
    if not instrument:
        raise InputError(
            "An event of one instrument must name it; the name was empty.",
            way_out="Name it, or None for a stream that all instruments see.",
            source="LiveBank",
            column="instrument",
        )

"""A bank that goes on row by row, for any number of instruments."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import ArtefactError, DamagedError, InputError
from tradeloop.features.bank import Bank
from tradeloop.features.base import CLOCK_INPUTS
from tradeloop.fold import Float

_DIGEST = 32  # bytes of SHA-256
_LENGTH = 8  # bytes that say how long the header is
_NEVER = -(2**63)


class LiveBank:
    """The live form of a bank: the steps of the history, one row at a time.

    Parameters
    ----------
    bank : Bank
        The same bank as in history gives the same values to the bit.
    """

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self._state: dict[str, Float] = {}
        self._last_ns: dict[str, int] = {}
        self._table = np.empty((len(bank.columns), 1))
        self._row = self._table[: len(bank.inputs), 0]
        self._column = self._table[:, 0]

    @property
    def instruments(self) -> tuple[str, ...]:
        """Instruments that have had a row."""
        return tuple(self._state)

    def last_ns(self, instrument: str) -> int | None:
        """``event_ns`` of the last bar given as a mapping; None before the first."""
        last = self._last_ns.get(instrument, _NEVER)
        return None if last == _NEVER else last

    def update(
        self, instrument: str, row: Mapping[str, Any] | NDArray[np.float64]
    ) -> Float:
        """Advance one instrument by one bar.

        Parameters
        ----------
        instrument : str
            A new one starts with a fresh state.
        row : mapping or ndarray of shape (n_inputs,)
            A bar with its columns by name, ``event_ns`` among them; or the values of
            ``bank.inputs`` in their order, without any check. None or NaN is missing.

        Returns
        -------
        ndarray of shape (n_names,)
            Features known after this bar; NaN where one is not known.

        Raises
        ------
        InputError
            The bar lacks an input, or is not later than the last one.
        """
        state = self._state.get(instrument)
        if isinstance(row, Mapping):
            self._take(instrument, row)
        else:
            self._row[:] = row
        if state is None:
            state = self._state[instrument] = self.bank.state()
            self._last_ns.setdefault(instrument, _NEVER)
        self.bank.live(state, self._table)
        return self._column[self.bank.published]

    def _take(self, instrument: str, row: Mapping[str, Any]) -> None:
        absent = [
            name
            for name in (*self.bank.inputs, "event_ns")
            if name not in row and name not in CLOCK_INPUTS
        ]
        if absent:
            raise InputError(
                "A bar must bring every input of the bank.",
                way_out=f"The bank reads {', '.join(self.bank.inputs)} and event_ns.",
                source=instrument,
                column=absent[0],
            )
        event_ns = int(row["event_ns"])
        last = self._last_ns.get(instrument, _NEVER)
        if event_ns <= last:
            raise InputError(
                f"A bar must be later than the last one, was {event_ns} after {last}.",
                way_out="Send each bar once, in the order of event_ns.",
                source=instrument,
                column="event_ns",
            )
        day, ns_of_day = divmod(event_ns, NS_PER_DAY)
        clock = dict(zip(CLOCK_INPUTS, (day, ns_of_day), strict=True))
        for place, name in enumerate(self.bank.inputs):
            value = clock[name] if name in clock else row[name]
            self._row[place] = np.nan if value is None else value
        self._last_ns[instrument] = event_ns

    def state_bytes(self) -> bytes:
        """Everything that the next rows depend on, with the bank's fingerprint."""
        header = json.dumps(
            {"fingerprint": self.bank.fingerprint, "last_ns": self._last_ns}
        ).encode()
        floats = b"".join(
            self._state[name].astype("<f8").tobytes() for name in self._last_ns
        )
        body = len(header).to_bytes(_LENGTH, "little") + header + floats
        return sha256(body).digest() + body

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
        if header["fingerprint"] != self.bank.fingerprint:
            raise ArtefactError(
                f"The state belongs to the bank {header['fingerprint'][:12]}, this one "
                f"is {self.bank.fingerprint[:12]}. Replay the bars instead."
            )
        last_ns: dict[str, int] = header["last_ns"]
        floats = np.frombuffer(body[start:], "<f8").reshape(
            len(last_ns), self.bank.n_state
        )
        self._last_ns = last_ns
        self._state = {
            name: floats[k : k + 1].astype(np.float64) for k, name in enumerate(last_ns)
        }

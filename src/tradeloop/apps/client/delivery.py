"""Delivery: send what waits in the spool until it is acknowledged.

1. A thread takes the oldest messages, sends them as one request, and drops those that
   were answered.
2. No answer, an answer that asks for patience, or any failure here: they stay, and are
   sent again, after a pause that doubles up to five seconds, or after what the answer
   asks for. `Sending.trouble` says why.
3. A request that is refused as a whole is sent again message by message; the one that
   is refused alone is set aside in the spool, with its reason. Nothing is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Protocol

from tradeloop.apps.client.spool import Spool, Waiting
from tradeloop.clock import monotonic_s
from tradeloop.errors import InputError, TradeloopError

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the other side says of a message: its id, what became of it, and why."""

    event_id: str
    status: str
    reason: str = ""


class LaterError(TradeloopError):
    """The other side cannot take messages now.

    Parameters
    ----------
    message : str
        Why.
    after_s : float, optional
        When to ask again; None for the client's own patience.
    """

    def __init__(self, message: str, after_s: float | None = None) -> None:
        self.after_s = after_s
        super().__init__(message)


class RefusedError(InputError):
    """The other side has read what was sent, and takes it in no form."""


class Road(Protocol):
    """How messages get to the journal."""

    def send(self, body: bytes) -> list[Outcome]:
        """Send NDJSON; return what became of each line, in order, all durable.

        Raises
        ------
        LaterError
            Nothing is known of the request: send it again.
        RefusedError
            It is refused as a whole, and always will be.
        """

    def rest(self) -> None:
        """Give back what is not needed while nothing waits."""


@dataclass(frozen=True, slots=True)
class Sending:
    """Where a client stands.

    Parameters
    ----------
    waiting : int
        Messages on its disk that were not acknowledged yet.
    stored, duplicate, conflict, quarantined : int
        Acknowledged since the client was made, by what became of them.
    refused : int
        Set aside in the spool: the other side takes them in no form.
    trouble : str
        Why the last request was not answered; empty when it was.
    """

    waiting: int
    stored: int
    duplicate: int
    conflict: int
    quarantined: int
    refused: int
    trouble: str


class Delivery:
    """The thread that empties a spool.

    Parameters
    ----------
    spool : Spool
        What to send.
    road : Road
        How.
    most : int
        Most messages of a request.
    """

    def __init__(self, spool: Spool, road: Road, most: int) -> None:
        self._spool, self._road, self._most = spool, road, most
        self._news, self._ended = Condition(), False
        self._counts = dict.fromkeys(
            ("stored", "duplicate", "conflict", "quarantined"), 0
        )
        self._trouble = ""
        self._thread = Thread(target=self._run, name="tradeloop-delivery", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something new to send."""
        with self._news:
            self._news.notify_all()

    def status(self) -> Sending:
        """Say where the delivery stands."""
        waiting, refused = self._spool.count(), len(self._spool.refused())
        with self._news:
            return Sending(
                waiting=waiting,
                **self._counts,
                refused=refused,
                trouble=self._trouble,
            )

    def flush(self, timeout_s: float) -> int:
        """Wait until all is acknowledged or the time is over; return what waits."""
        until_s = monotonic_s() + timeout_s
        self.wake()
        while (left := self._spool.count()) and monotonic_s() < until_s:
            with self._news:
                self._news.wait(min(0.05, max(0.0, until_s - monotonic_s())))
        return left

    def end(self, timeout_s: float) -> None:
        """Stop after the request that is under way, or without its answer.

        What was sent and not answered in time stays in the spool: it is sent again, and
        found to be there.
        """
        with self._news:
            self._ended = True
            self._news.notify_all()
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._road.rest()

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._ended:
            try:
                if batch := self._spool.waiting(self._most):
                    self._send(batch)
                else:
                    self._road.rest()
                    self._sleep(_LONGEST_PAUSE_S, empty=True)
                pause_s = _FIRST_PAUSE_S
            except Exception as error:  # noqa: BLE001  # a dead thread would be silent
                self._note(f"{type(error).__name__}: {error}")
                asked_s = getattr(error, "after_s", None)
                wait_s = pause_s if asked_s is None else asked_s
                self._sleep(min(wait_s, _LONGEST_PAUSE_S), empty=False)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _send(self, batch: Sequence[Waiting]) -> None:
        try:
            told = self._road.send(ndjson(batch, self._spool.epoch))
        except RefusedError as error:
            if len(batch) > 1:
                for message in batch:
                    self._send([message])
            else:
                self._spool.refuse(batch[0], str(error))
            return
        if [one.event_id for one in told] != [one.event_id for one in batch]:
            raise LaterError("The answer does not name the messages that were sent.")
        self._spool.drop([message.n for message in batch])
        with self._news:
            for one in told:
                self._counts[one.status] += 1
            self._trouble = ""
            self._news.notify_all()

    def _note(self, trouble: str) -> None:
        with self._news:
            self._trouble = trouble

    def _sleep(self, for_s: float, *, empty: bool) -> None:
        """Wait for news or the end; a pause after trouble is not cut by news."""
        until_s = monotonic_s() + for_s
        with self._news:
            while not self._ended and (left_s := until_s - monotonic_s()) > 0:
                self._news.wait(left_s)
                if empty:
                    return


def ndjson(batch: Sequence[Waiting], epoch: int) -> bytes:
    """Write messages one a line, each with its number."""
    lines = [
        f'{one.envelope[:-1]},"epoch":"{epoch}","sequence":"{one.n}"}}' for one in batch
    ]
    return "\n".join(lines).encode()

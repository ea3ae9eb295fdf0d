"""Capture from a trading process: three lines of Python, nothing lost.

>>> from tradeloop import Client
>>> with Client("my-workspace", source="breakout") as client:
...     client.emit("decision", instrument="EURUSD", side=1, strategy="breakout")
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from tradeloop.apps.client.delivery import Delivery, Sending
from tradeloop.apps.client.roads import road_to
from tradeloop.apps.client.spool import Spool
from tradeloop.clock import Clock, LiveClock
from tradeloop.errors import InputError
from tradeloop.events import Message, envelope_of, message_of
from tradeloop.events.strict_json import check

_MOST_OF_A_REQUEST = 500
_PATIENCE_S = 1.0
_LONGEST_NAME = 200  # with an ending it has to fit into the name of a file


class Client:
    """Sends events to a journal: durable when `emit` returns, there once in the end.

    Parameters
    ----------
    target : str or Path
        Address of a server, such as ``http://127.0.0.1:8800``, or the folder of a
        workspace: its journal is written while nobody serves it, and its server is
        used while one does.
    source : str
        Name of the sender; its events are numbered from 1, so that a gap shows.
    spool : Path
        Folder for what is not acknowledged yet, in ``SOURCE.spool``. A client that
        is made again with the same spool goes on where the last one ended.
    clock : Clock, optional
        Says when an event happened that has no time of its own.
    """

    def __init__(
        self,
        target: str | Path,
        *,
        source: str,
        spool: str | Path = "tradeloop-spool",
        clock: Clock | None = None,
    ) -> None:
        self._source, self._clock = _named(source), clock or LiveClock()
        road = road_to(target, self._clock)
        path = Path(spool) / f"{source}.spool"
        self._spool = Spool(path, source, self._clock)
        self._delivery = Delivery(self._spool, road, _MOST_OF_A_REQUEST)
        self._left: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def emit(
        self,
        kind: str,
        /,
        *,
        event_id: str | None = None,
        event_ns: int | None = None,
        received_ns: int | None = None,
        **body: Any,
    ) -> str:
        """Keep one event; it is on this machine's disk when this returns.

        Parameters
        ----------
        kind : str
            Such as ``decision``, ``order_event``, ``fill``, ``skip``.
        event_id : str, optional
            The same id with the same content is the same event; a new id if absent.
        event_ns : int, optional
            When it happened, ns UTC; now if absent.
        received_ns : int, optional
            When it was known here, ns UTC; ``event_ns`` if absent, or now if that is
            later.
        **body
            Fields of the kind, see ``tradeloop schemas``.

        Returns
        -------
        str
            Its id.

        Raises
        ------
        InputError
            A field breaks the contract of its kind; nothing is kept.
        FullError
            This disk is full; nothing is kept.
        """
        times = {"event_ns": event_ns, "received_ns": received_ns}
        given: dict[str, Any] = {k: at for k, at in times.items() if at is not None}
        given |= {} if event_id is None else {"event_id": event_id}
        return self.emit_all(kind, [{**body, **given}])[0]

    def emit_all(self, kind: str, events: Iterable[Mapping[str, Any]]) -> list[str]:
        """Keep several events of one kind with one sync to the disk; all or none.

        Parameters
        ----------
        kind : str
            As for `emit`.
        events : iterable of mapping
            Fields of each, with ``event_id``, ``event_ns`` and ``received_ns`` where
            they are known.

        Returns
        -------
        list of str
            Their ids.
        """
        now_ns = self._clock.now_ns()
        kept = [self._message(kind, dict(event), now_ns) for event in events]
        if kept:
            self._spool.put(kept)
            self._delivery.wake()
        return [event_id for event_id, _ in kept]

    def flush(self, timeout_s: float = 10.0) -> int:
        """Wait until all is acknowledged or the time is over; return what waits."""
        return self._delivery.flush(timeout_s)

    def status(self) -> Sending:
        """Say what waits, what was acknowledged, and what is in the way."""
        return self._delivery.status()

    def refused(self) -> list[tuple[str, str]]:
        """Return id and reason of each message that the other side never takes."""
        return [(one.event_id, reason) for one, reason in self._spool.refused()]

    def close(self, timeout_s: float = 10.0) -> int:
        """Flush and stop; return what waits: it is sent by the next client.

        Parameters
        ----------
        timeout_s : float
            How long to wait for the acknowledgements; 0 to stop at once, which leaves a
            request that is under way a second.
        """
        if self._left is None:
            self._left = self._delivery.flush(timeout_s)
            self._delivery.end(max(timeout_s, _PATIENCE_S))
            self._spool.close()
        return self._left

    def _message(self, kind: str, body: dict[str, Any], now_ns: int) -> tuple[str, str]:
        event_ns = body.pop("event_ns", now_ns)
        if type(event_ns) is not int:
            raise InputError(
                f"It must be ns UTC, an int, was {event_ns!r:.80}.",
                way_out="Leave it out for now, or use int(...).",
                column="event_ns",
            )
        message = Message(
            kind=kind,
            source=self._source,
            event_id=body.pop("event_id", None) or str(uuid4()),
            event_ns=event_ns,
            received_ns=body.pop("received_ns", max(event_ns, now_ns)),
            epoch=0,
            n=None,
            body={name: value for name, value in body.items() if value is not None},
        )
        envelope = envelope_of(message)
        # The number is the spool's: it is written in when the message is sent.
        for name in ("epoch", "sequence"):
            envelope.pop(name, None)
        check(envelope)
        message_of(envelope)
        text = json.dumps(envelope, ensure_ascii=False, allow_nan=False)
        return message.event_id, text


def _named(source: str) -> str:
    plain = str(source).replace("-", "").replace("_", "").replace(".", "")
    fits = isinstance(source, str) and len(source) <= _LONGEST_NAME
    named = plain.isalnum() and plain.isascii() and not str(source).startswith(".")
    if not (fits and named):
        raise InputError(
            "A source is named by letters, digits and - _ ., at most "
            f"{_LONGEST_NAME}, was {source!r:.80}.",
            way_out="Rename it; it names the file of the spool too.",
            source="source",
        )
    return source

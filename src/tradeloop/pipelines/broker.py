"""The broker's commands, on a journal that no server holds."""

import os
import socket
from contextlib import closing
from dataclasses import dataclass

from tradeloop.clock import Clock
from tradeloop.pipelines.reconcile import (
    Rebuilt,
    Reconciled,
    published_upto,
    rebuild_stream,
    reconcile,
    repair,
)
from tradeloop.pipelines.relay import Relayed, relay_once
from tradeloop.pipelines.workspace import Places
from tradeloop.stores import EventLog, Position, open_log
from tradeloop.stores.broker import StreamLimits, open_broker, open_stream


@dataclass(frozen=True, slots=True)
class Mended:
    """What was found, and what was done about it.

    Parameters
    ----------
    found : Reconciled
        The stream against the journal.
    repaired : int
        Messages that were published again; 0 where nothing was asked for.
    complete : bool
        Whether the stream holds everything now.
    """

    found: Reconciled
    repaired: int
    complete: bool


def this_process() -> str:
    """Name of this process as the holder of a lease."""
    return f"{socket.gethostname()}:{os.getpid()}"


def relay_places(
    places: Places, clock: Clock, url: str, *, limits: StreamLimits | None = None
) -> Relayed:
    """Publish what is in the journal now.

    Raises
    ------
    BusyError
        A server holds the journal, and relays by itself.
    UnreachableError
        The broker does not answer.
    """
    with (
        open_log(places.journal, clock) as journal,
        closing(open_broker(url, limits=limits)) as broker,
    ):
        return relay_once(journal, broker, clock, owner=this_process())


def reconcile_places(
    places: Places, clock: Clock, url: str, *, mend: bool = False
) -> Mended:
    """Compare the stream with the journal; with ``mend`` publish what is missing.

    Raises
    ------
    BusyError
        A server holds the journal.
    UnreachableError
        The broker does not answer.
    InputError
        The broker is none whose events can be read back.
    """
    with open_log(places.journal, clock) as journal:
        upto = published_upto(journal, this_process())
        return mended(journal, url, upto=upto, mend=mend)


def mended(journal: EventLog, url: str, *, upto: Position, mend: bool) -> Mended:
    """Compare the stream with the journal; with ``mend`` publish what is missing.

    Parameters
    ----------
    journal : EventLog
        Open, for reading at least.
    url : str
        The broker.
    upto : Position
        Place in the outbox up to which everything was published.
    mend : bool
        Whether to publish what is missing.

    Raises
    ------
    UnreachableError
        The broker does not answer.
    InputError
        The broker is none whose events can be read back.
    """
    with closing(open_stream(url)) as stream:
        found = reconcile(journal, stream, upto=upto)
        if not (mend and found.missing):
            return Mended(found, 0, found.complete)
        told = repair(journal, stream, found)
        again = reconcile(journal, stream, upto=upto)
        return Mended(found, told.published, again.complete)


def rebuild_places(
    places: Places, clock: Clock, url: str, *, limits: StreamLimits | None = None
) -> Rebuilt:
    """Empty the stream and publish everything from the journal, in order.

    Raises
    ------
    BusyError
        A server holds the journal.
    UnreachableError
        The broker does not answer: call again.
    InputError
        The broker is none whose events can be read back.
    """
    with (
        open_log(places.journal, clock) as journal,
        closing(open_stream(url, limits=limits)) as stream,
    ):
        return rebuild_stream(journal, stream, clock, owner=this_process())

"""``tradeloop capture relay``, ``reconcile`` and ``rebuild-stream``."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tradeloop.apps.commanding import commanded
from tradeloop.apps.settings import FILE, Settings, load
from tradeloop.apps.terminal import answers, table
from tradeloop.clock import LiveClock
from tradeloop.errors import BusyError, InputError
from tradeloop.pipelines.broker import rebuild_places, reconcile_places, relay_places
from tradeloop.pipelines.serve import served_at


def relay(folder: Path) -> Mapping[str, Any]:
    """Publish what the journal of ``folder`` holds and the broker does not have.

    Returns
    -------
    mapping
        See `tradeloop.pipelines.relay.Relayed`.

    Raises
    ------
    InputError
        No broker is set.
    BusyError
        A server holds the journal; it relays by itself.
    """
    settings = _with_broker(folder)
    done = relay_places(settings.places(folder), LiveClock(), settings.broker)
    return asdict(done)


def reconcile(folder: Path, *, repair: bool) -> Mapping[str, Any]:
    """Compare the stream with the journal; with ``repair`` publish what is missing.

    While a server holds the journal, it compares.

    Returns
    -------
    mapping
        See `tradeloop.pipelines.broker.Mended`.
    """
    settings = _with_broker(folder)
    places = settings.places(folder)
    try:
        return asdict(
            reconcile_places(places, LiveClock(), settings.broker, mend=repair)
        )
    except BusyError:
        address = served_at(places)
        if address is None:
            raise
    told: Mapping[str, Any] = commanded(
        address, "/capture/reconcile", {"repair": repair}
    )
    return told


def rebuild(folder: Path) -> Mapping[str, Any]:
    """Empty the stream and publish everything from the journal, in order.

    Returns
    -------
    mapping
        See `tradeloop.pipelines.reconcile.Rebuilt`.

    Raises
    ------
    BusyError
        A server holds the journal; stop it first.
    """
    settings = _with_broker(folder)
    places = settings.places(folder)
    return asdict(rebuild_places(places, LiveClock(), settings.broker))


def show_published(answer: Mapping[str, Any]) -> None:
    """Print how much was published."""
    answers.print(f"{answer['published']:,} messages published and acknowledged")


def show_reconciled(answer: Mapping[str, Any]) -> None:
    """Print the counts by tenant and kind, and what is missing."""
    rows = [
        (
            one["tenant"],
            one["kind"],
            *(f"{one[name]:,}" for name in ("journal", "stream")),
            *(f"{len(one[name]):,}" for name in ("missing", "extra")),
        )
        for one in answer["found"]["kinds"]
    ]
    head = ("tenant", "kind", "in the journal", "in the stream", "missing", "extra")
    answers.print(table("", head, rows))
    for one in answer["found"]["kinds"]:
        for name in one["missing"][:10]:
            answers.print(f"missing  {name}", markup=False)
    if answer["repaired"]:
        answers.print(f"{answer['repaired']:,} messages published again")
    answers.print("complete" if answer["complete"] else "not complete: see above")


def _with_broker(folder: Path) -> Settings:
    settings = load(folder)
    if not settings.broker:
        raise InputError(
            "No broker is set.",
            way_out='Write broker = "nats://HOST:4222", or TRADELOOP_BROKER.',
            source=FILE,
            column="broker",
        )
    return settings

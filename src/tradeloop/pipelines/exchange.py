"""A broker beside the journal: events go out, messages and ticks come in."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from tradeloop.clock import Clock
from tradeloop.pipelines.accept import Door
from tradeloop.pipelines.consume import Consumer, Submit, TickConsumer
from tradeloop.pipelines.relay import Relay, Relayed, keep_on
from tradeloop.stores import START, EventLog, Position
from tradeloop.stores.broker import (
    StreamLimits,
    TickStream,
    is_nats,
    open_broker,
    open_intake,
)
from tradeloop.stores.group_commit import GroupCommit

_IDLE_S, _WATCH_S = 0.05, 2.0


@dataclass(frozen=True, slots=True)
class Sides:
    """What a broker is joined to.

    Parameters
    ----------
    journal : EventLog
        Open for writing.
    group : GroupCommit
        Writes to it.
    door : Door
        Checks messages for it.
    submit : callable, optional
        Makes ticks durable: `TickIntake.submit`. Without it no ticks are taken.
    clock : Clock
        The journal's.
    """

    journal: EventLog
    group: GroupCommit
    door: Door
    clock: Clock
    submit: Submit | None = None


@dataclass(slots=True)
class Exchange:
    """What goes on between journal and broker.

    Parameters
    ----------
    position : Position
        Place in the outbox up to which everything is published; pass it to `reconcile`.
    renewed : bool
        The broker had lost its stream: rebuild it.
    trouble : dict of str to str
        What does not work at the moment, by part, and why.
    """

    position: Position = START
    renewed: bool = False
    trouble: dict[str, str] = field(default_factory=dict)

    def troubled(self, part: str, why: str) -> None:
        """Note why a part does not work; an empty text when it does again."""
        if why:
            self.trouble[part] = why
        else:
            self.trouble.pop(part, None)

    def heard(self, done: Relayed) -> None:
        """Note what the relay has done."""
        self.position = max(self.position, done.position)
        self.renewed |= done.renewed


@contextmanager
def exchanging(
    url: str, sides: Sides, *, owner: str, limits: StreamLimits | None = None
) -> Iterator[Exchange]:
    """Relay and consume in threads of their own, until the block is left.

    No part ends when the broker does: each tries again until it is back.

    Parameters
    ----------
    url : str
        ``nats://`` or ``kafka://``; ticks come over NATS only.
    sides : Sides
        What the broker is joined to.
    owner : str
        Who relays; another name for each process.
    limits : StreamLimits, optional
        Of the streams of NATS, where they have to be made.

    Raises
    ------
    InputError
        The URL names no broker that we know.
    MissingExtraError
        Its driver is not installed.
    """
    exchange, stop = Exchange(), threading.Event()
    with ExitStack() as stack:
        broker = open_broker(url, limits=limits)
        stack.callback(broker.close)
        relay = Relay(sides.journal, broker, sides.clock, owner=owner)
        stack.callback(relay.give_back)
        consumer = Consumer(sides.door, sides.group, sides.clock)
        intake = open_intake(url, consumer.take, limits=limits)
        stack.callback(intake.close)
        steps = {
            "relay": (lambda: exchange.heard(relay.round()), _IDLE_S),
            "messages": (intake.go_on, _WATCH_S),
        }
        if is_nats(url) and sides.submit is not None:
            stream = TickStream(url, limits=limits)
            stack.callback(stream.close)
            ticks = TickConsumer(stream, sides.submit, sides.group, sides.clock)
            steps["ticks"] = (lambda: _take(ticks), 0.0)
        stack.enter_context(_threads(steps, exchange, stop))
        yield exchange


@contextmanager
def _threads(
    steps: Mapping[str, tuple[Callable[[], None], float]],
    exchange: Exchange,
    stop: threading.Event,
) -> Iterator[None]:
    def go_on(name: str, step: Callable[[], None], idle_s: float) -> None:
        keep_on(step, stop, idle_s=idle_s, trouble=partial(exchange.troubled, name))

    threads = [
        threading.Thread(target=go_on, args=(name, *step), name=f"broker-{name}")
        for name, step in steps.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _take(ticks: TickConsumer) -> None:
    ticks.round()

"""Events on NATS JetStream: in the order of the journal, without a hole."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tradeloop.stores.broker.base import (
    Held,
    Outgoing,
    Published,
    UnreachableError,
)
from tradeloop.stores.broker.link import NatsLink
from tradeloop.stores.broker.sending import (
    ID,
    KNOWN,
    NO_STREAM,
    OWN_ID,
    PLACE,
    WRONG_PLACE,
    Sent,
    Tail,
    send,
)
from tradeloop.stores.broker.streams import EVENTS, StreamLimits, make_streams
from tradeloop.stores.broker.subjects import ALL_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext
    from nats.js.api import StreamInfo

    Reading = JetStreamContext.PullSubscription

_CHUNK = 500
_FETCH, _FETCH_S, _FORGET_S = 1_000, 5.0, 60.0
_PATIENCE = 5  # tries without progress; another writer may have come between


class NatsBroker:
    """A stream of events on NATS JetStream; follows `Stream`.

    Parameters
    ----------
    url : str
        ``nats://host:port``, several with commas between them.
    limits : StreamLimits
        Of the streams, where they have to be made.
    timeout_s : float
        How long one call of the broker may take, seconds; less than a lease.
    """

    def __init__(
        self, url: str, *, limits: StreamLimits | None = None, timeout_s: float = 10.0
    ) -> None:
        self._limits = limits or StreamLimits()
        self._link = NatsLink(url, timeout_s)

    def prepare(self) -> bool:
        """Make the streams that are not there; see `Broker`."""

        async def work(client: Client) -> Tail:
            await make_streams(client.jetstream(), self._limits)
            return await self._tail(client)

        return self._link.run(work).seq == 0

    def publish(self, messages: Sequence[Outgoing], *, named: bool = True) -> Published:
        """Publish in this order; see `Broker`."""
        stored = known = failures = 0
        renewed, size = False, _CHUNK
        tail: Tail | None = None
        while (at := stored + known) < len(messages):
            tail = self._link.run(self._tail) if tail is None else tail
            renewed |= tail.seq == 0
            chunk = messages[at : at + size]
            sent = self._link.run(partial(send, chunk=chunk, tail=tail, named=named))
            stored, known, tail = stored + sent.stored, known + sent.known, sent.tail
            failures = 0 if sent.stored + sent.known else failures + 1
            if sent.failed:
                _check_may_go_on(sent, failures)
            # The stream looks at the place of a message before it looks at its id: of
            # several that it knows it answers the first and refuses the others.
            size = 1 if sent.failed or sent.known else min(2 * size, _CHUNK)
        return Published(stored, known, renewed)

    def held(self) -> Iterator[Held]:
        """Give every event of the stream; see `Stream`."""
        reading = self._link.run(_reader)
        while reading is not None:
            found = self._link.run(partial(_fetched, reading))
            yield from map(_held, found)
            if not found or found[-1].metadata.num_pending == 0:
                break

    def drops_old(self) -> bool:
        """Whether events leave the stream by their age."""
        return bool(self._link.run(self._info).config.max_age)

    def clear(self) -> None:
        """Remove all events; see `Stream`."""
        self.prepare()
        self._link.run(lambda client: client.jetstream().purge_stream(EVENTS))

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()

    async def _tail(self, client: Client) -> Tail:
        info = await self._info(client)
        return Tail(info.state.last_seq, together=bool(info.config.allow_atomic))

    async def _info(self, client: Client) -> StreamInfo:
        from nats.js.errors import NotFoundError  # noqa: PLC0415  # an extra

        stream = client.jetstream()
        try:
            return await stream.stream_info(EVENTS)
        except NotFoundError:
            await make_streams(stream, self._limits)
            return await stream.stream_info(EVENTS)


def _check_may_go_on(sent: Sent, failures: int) -> None:
    """Let a message be sent again that came at the wrong place, some times."""
    if failures < _PATIENCE and sent.code in {*WRONG_PLACE, KNOWN, NO_STREAM}:
        return
    raise UnreachableError(
        f"The broker does not take events: {sent.failed}. They stay in the journal. "
        "Look for a full stream, or for another writer of it."
    )


async def _reader(client: Client) -> Reading | None:
    """Begin to read all events there are, without their payload."""
    from nats.js.api import AckPolicy, ConsumerConfig  # noqa: PLC0415  # an extra
    from nats.js.errors import NotFoundError  # noqa: PLC0415  # an extra

    stream = client.jetstream()
    try:
        if (await stream.stream_info(EVENTS)).state.messages == 0:
            return None
    except NotFoundError:
        return None
    config = ConsumerConfig(
        ack_policy=AckPolicy.NONE, headers_only=True, inactive_threshold=_FORGET_S
    )
    return await stream.pull_subscribe(ALL_EVENTS, stream=EVENTS, config=config)


async def _fetched(reading: Reading, _: Client) -> list[Msg]:
    return await reading.fetch(_FETCH, timeout=_FETCH_S)


def _held(message: Msg) -> Held:
    headers = message.headers or {}
    transaction, _, seq = headers.get(PLACE, "0/0").partition("/")
    name = headers.get(ID) or headers.get(OWN_ID) or message.subject
    return Held(name, (int(transaction), int(seq)))

"""Ticks on NATS JetStream: Arrow batches as payload, numbered by their source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from tradeloop.errors import InputError
from tradeloop.stores.broker.base import UnreachableError
from tradeloop.stores.broker.link import NatsLink
from tradeloop.stores.broker.sending import ID, tell_each
from tradeloop.stores.broker.streams import TICKS, StreamLimits, make_streams
from tradeloop.stores.broker.subjects import ALL_TICKS, message_id, tick_subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

_DURABLE = "tradeloop-ticks"
_SOURCE, _EPOCH, _N = "Tradeloop-Source", "Tradeloop-Epoch", "Tradeloop-N"
_ARROW = "application/vnd.apache.arrow.stream"
_AT_ONCE = 64  # batches on their way: about 64 MiB at most
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class TickBatch:
    """Ticks of one source.

    Parameters
    ----------
    tenant, kind : str
        Whose, and of what record.
    source : str
        Who sends them.
    epoch, n : int
        Life of the source and number of the batch in it, from 1.
    payload : bytes
        An Arrow IPC stream, not compressed; NATS takes 1 MiB by default.
    """

    tenant: str
    kind: str
    source: str
    epoch: int
    n: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message as it came; it comes again until it is acknowledged.

    Parameters
    ----------
    subject : str
        Where it came.
    payload : bytes
        What it brought.
    headers : dict of str to str
        What it says of itself.
    token : object
        What the broker knows it by.
    """

    subject: str
    payload: bytes
    headers: dict[str, str]
    token: Any

    def number(self) -> tuple[str, int, int]:
        """Source, epoch and number of the batch.

        Raises
        ------
        InputError
            The message does not say them.
        """
        try:
            told = self.headers
            return unquote(told[_SOURCE]), int(told.get(_EPOCH, "0")), int(told[_N])
        except (KeyError, ValueError) as error:
            raise InputError(
                f"A batch needs the headers {_SOURCE}, {_EPOCH} and {_N}: {error}.",
                way_out="Send the name of the source, its epoch and a count from 1.",
            ) from error


class TickStream:
    """Arrow batches on NATS JetStream, sent and fetched.

    Parameters
    ----------
    url : str
        ``nats://host:port``, several with commas between them.
    limits : StreamLimits
        Of the streams, where they have to be made.
    again_s : float
        When a batch that was not acknowledged is delivered again, seconds.
    """

    def __init__(
        self, url: str, *, limits: StreamLimits | None = None, again_s: float = 30.0
    ) -> None:
        self._limits, self._again_s = limits or StreamLimits(), again_s
        self._link = NatsLink(url, _TIMEOUT_S)
        self._reading: tuple[Client, JetStreamContext.PullSubscription] | None = None

    def send(self, batches: Sequence[TickBatch]) -> None:
        """Send batches; all are acknowledged by the broker on return.

        Raises
        ------
        UnreachableError
            Some may not be there; send them again, under the same numbers.
        """
        for k in range(0, len(batches), _AT_ONCE):
            self._link.run(partial(self._send, batches=batches[k : k + _AT_ONCE]))

    def fetch(self, limit: int, wait_s: float) -> list[Delivered]:
        """Fetch up to ``limit`` messages; wait for the first, but no longer.

        Raises
        ------
        UnreachableError
            The broker does not answer, or ended the reading; call again.
        """
        found = self._link.run(partial(self._fetch, limit=limit, wait_s=wait_s))
        return [Delivered(m.subject, m.data, dict(m.headers or {}), m) for m in found]

    def acknowledge(self, delivered: Sequence[Delivered]) -> None:
        """Say that messages are durable with us; the broker removes them.

        Raises
        ------
        UnreachableError
            They will come again.
        """

        async def work(client: Client) -> None:
            for one in delivered:
                await one.token.ack()
            await client.flush()

        self._link.run(work)

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()

    async def _send(self, client: Client, batches: Sequence[TickBatch]) -> None:
        await make_streams(client.jetstream(), self._limits)
        answers = await tell_each(
            client,
            [(tick_subject(b.tenant, b.kind), b.payload) for b in batches],
            [_headers(batch) for batch in batches],
        )
        for answer in answers:
            if "error" in answer:
                told = answer["error"].get("description")
                raise UnreachableError(f"The broker does not take ticks: {told}.")

    async def _fetch(self, client: Client, limit: int, wait_s: float) -> list[Msg]:
        if self._reading is None or self._reading[0] is not client:
            self._reading = (client, await self._reader(client))
        try:
            return await self._reading[1].fetch(limit, timeout=wait_s)
        except TimeoutError:
            # The driver's own error, or a bare one where the broker's "no messages"
            # came after the time: whether the broker is there, the check says.
            await self._check()
            return []

    async def _reader(self, client: Client) -> JetStreamContext.PullSubscription:
        from nats.js.api import ConsumerConfig  # noqa: PLC0415  # an extra

        stream = client.jetstream()
        await make_streams(stream, self._limits)
        config = ConsumerConfig(ack_wait=self._again_s)
        return await stream.pull_subscribe(
            ALL_TICKS, durable=_DURABLE, stream=TICKS, config=config
        )

    async def _check(self) -> None:
        """See that our reading still stands: a broker that was emptied knows it not."""
        reading, self._reading = self._reading, None
        if reading is not None:
            await reading[1].consumer_info()
            self._reading = reading


def _headers(batch: TickBatch) -> dict[str, str]:
    number = f"{batch.source}/{batch.epoch}/{batch.n}"
    return {
        "content-type": _ARROW,
        ID: message_id(batch.tenant, batch.kind, number),
        _SOURCE: quote(batch.source),
        _EPOCH: str(batch.epoch),
        _N: str(batch.n),
    }

"""Messages in, through FastStream: one function takes those of NATS and of Kafka."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from tradeloop.errors import MissingExtraError
from tradeloop.stores.broker.kafka import fast_kafka
from tradeloop.stores.broker.streams import INTAKE
from tradeloop.stores.broker.subjects import ALL_IN

READER = "tradeloop-journal"
_BATCH, _POLL_S = 500, 0.05
_PAUSE_S = 0.25
_KAFKA_IN = r"tradeloop\.[A-Za-z0-9_-]+\.in\.[A-Za-z0-9_-]+"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it came.

    Parameters
    ----------
    subject : str
        Subject of NATS or topic of Kafka.
    body : bytes
        What it holds, not looked at.
    """

    subject: str
    body: bytes


Take = Callable[[Sequence[Letter]], Awaitable[None]]
"""Makes letters durable; they are acknowledged after it, and come again if it fails."""


class Fast(Protocol):
    """A broker of FastStream."""

    async def start(self) -> None:
        """Connect and begin to take letters."""

    async def stop(self) -> None:
        """Take no more letters and disconnect."""


def receiver(take: Take) -> Callable[..., Awaitable[None]]:
    """Make the function that FastStream calls, whichever the broker."""
    from faststream import Context, StreamMessage  # noqa: PLC0415  # an extra

    async def receive(
        message: Annotated[StreamMessage[Any], Context("message")],
    ) -> None:
        try:
            await take([_letter(raw) for raw in message.raw_message])
        except Exception:
            await asyncio.sleep(_PAUSE_S)  # what failed will come again, at once
            raise

    return receive


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of NATS, and how.

    Parameters
    ----------
    subject, stream : str
        Messages for the journal; or another journal's events, ``tradeloop.*.*`` of the
        stream `EVENTS`.
    again_s : float
        When a letter that was not acknowledged is delivered again, seconds.
    """

    subject: str = ALL_IN
    stream: str = INTAKE
    again_s: float = 10.0


def fast_nats(url: str, take: Take, reading: Reading) -> Fast:
    """Make FastStream's broker for NATS, which reads one stream.

    Parameters
    ----------
    url : str
        ``nats://host:port``, several with commas between them.
    take : callable
        See `Take`.
    reading : Reading
        What is read.

    Raises
    ------
    MissingExtraError
        FastStream for NATS is not installed.
    """
    try:
        from faststream import AckPolicy  # noqa: PLC0415  # an extra
        from faststream.nats import (  # noqa: PLC0415  # an extra
            JStream,
            NatsBroker,
            PullSub,
        )
        from nats.js.api import ConsumerConfig  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtraError("faststream.nats", "nats") from error
    broker = NatsBroker(url.split(","), name=READER, logger=None)
    subscriber = broker.subscriber(
        reading.subject,
        stream=JStream(reading.stream, declare=False),
        durable=READER,
        config=ConsumerConfig(ack_wait=reading.again_s),
        pull_sub=PullSub(batch_size=_BATCH, timeout=_POLL_S, batch=True),
        ack_policy=AckPolicy.NACK_ON_ERROR,
        decoder=_as_it_is,
    )
    subscriber(receiver(take))
    return _FastNats(broker, subscriber)


class _FastNats:
    """FastStream's broker for NATS, without a fault of how it gathers a batch."""

    def __init__(self, broker: Any, subscriber: Any) -> None:
        self._broker, self._subscriber = broker, subscriber

    async def start(self) -> None:
        """Connect and begin to take letters."""
        await self._broker.start()
        self._subscriber.subscription = _Gathering(self._subscriber.subscription)

    async def stop(self) -> None:
        """Take no more letters and disconnect."""
        await self._broker.stop()


class _Gathering:
    """A reading whose fetch ends late in one way only.

    nats-py 2.16 has two errors for it. FastStream 0.7.8 knows one; with the other it
    forgets the letters that it had gathered, and they come only when they come again.
    """

    def __init__(self, reading: Any) -> None:
        self._reading = reading

    async def fetch(self, batch: int, timeout: float) -> list[Any]:  # noqa: ASYNC109 - FastStream's name
        from nats.errors import TimeoutError as LateError  # noqa: PLC0415  # an extra

        try:
            found: list[Any] = await self._reading.fetch(batch=batch, timeout=timeout)
        except TimeoutError as error:
            raise LateError from error
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reading, name)


def fast_kafka_intake(url: str, take: Take) -> Fast:
    """Make FastStream's broker for Kafka, which reads all topics of messages in.

    Raises
    ------
    MissingExtraError
        FastStream for Kafka is not installed.
    """
    broker = fast_kafka(url)
    from faststream import AckPolicy  # noqa: PLC0415  # an extra, which is there

    subscriber = broker.subscriber(
        pattern=_KAFKA_IN,
        group_id=READER,
        auto_offset_reset="earliest",
        batch=True,
        max_records=_BATCH,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        decoder=_as_it_is,
    )
    subscriber(receiver(take))
    return broker


async def _as_it_is(message: Any) -> Any:
    """Leave the bytes alone: they are read strictly, later, and may be anything."""
    return message.body


def _letter(raw: Any) -> Letter:
    if hasattr(raw, "topic"):  # a record of Kafka
        return Letter(raw.topic, raw.value or b"")
    return Letter(raw.subject, raw.data)

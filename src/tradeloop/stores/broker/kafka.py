"""Events on Kafka, through FastStream: in order within a partition.

Kafka knows no ids of messages: what is sent again is there again. Readers keep to the
event's id, which is the key of its record.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tradeloop.errors import MissingExtraError
from tradeloop.stores.broker.base import Outgoing, Published, UnreachableError
from tradeloop.stores.broker.loop import LoopThread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from faststream.kafka import KafkaBroker as FastKafka

_TIMEOUT_S = 30.0


def servers_of(url: str) -> list[str]:
    """Hosts and ports of a ``kafka://`` URL."""
    return [one.strip() for one in url.removeprefix("kafka://").split(",")]


def fast_kafka(url: str) -> FastKafka:
    """Make FastStream's broker: acknowledged by all replicas that are in sync.

    Raises
    ------
    MissingExtraError
        FastStream for Kafka is not installed.
    """
    try:
        from faststream.kafka import KafkaBroker as Fast  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtraError("faststream.kafka", "kafka") from error
    return Fast(
        servers_of(url),
        client_id="tradeloop",
        acks="all",
        enable_idempotence=True,
        logger=None,
    )


class KafkaBroker:
    """Topics of events on Kafka; follows `Broker`.

    Parameters
    ----------
    url : str
        ``kafka://host:port``, several with commas between them.
    fast : FastStream's broker, optional
        Instead of one that is made for the URL.
    """

    def __init__(self, url: str, *, fast: FastKafka | None = None) -> None:
        self._fast = fast or fast_kafka(url)
        self._thread = LoopThread("kafka")
        self._ready = False

    def prepare(self) -> bool:
        """Connect; topics are the server's business, made by it or by its keeper."""
        self._run(self._started)
        return False

    def publish(self, messages: Sequence[Outgoing], *, named: bool = True) -> Published:
        """Publish in this order; see `Broker`. ``named`` makes no difference."""
        del named  # Kafka leaves nothing out

        async def work() -> None:
            await self._started()
            sent = [await self._fast.publish(**_record(m)) for m in messages]
            # The in-memory broker gives nothing to wait for.
            await asyncio.gather(*[one for one in sent if asyncio.isfuture(one)])

        self._run(work)
        return Published(len(messages))

    def close(self) -> None:
        """Let go of the connection."""
        self._run(self._fast.stop)
        self._thread.close()

    async def _started(self) -> None:
        if not self._ready:
            await self._fast.connect()
            self._ready = True

    def _run(self, work: Callable[[], Awaitable[Any]]) -> None:
        async def tried() -> None:
            await work()

        try:
            self._thread.run(tried(), _TIMEOUT_S)
        except Exception as error:  # the driver has no common base for its errors
            raise UnreachableError(
                f"The broker does not answer: {error or type(error).__name__}. "
                "Nothing is lost: what was not acknowledged is sent again."
            ) from error


def _record(message: Outgoing) -> dict[str, Any]:
    """Arguments of a publication that gives a future of its acknowledgement."""
    return {
        "message": message.payload,
        "topic": message.subject,
        "key": message.message_id.encode(),
        "headers": {
            "content-type": "application/cloudevents+json",
            "Tradeloop-Position": "{}/{}".format(*message.position),
        },
        "no_confirm": True,
    }

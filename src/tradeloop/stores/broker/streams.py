"""The streams of NATS JetStream: all that is set up, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradeloop.stores.broker.subjects import ALL_EVENTS, ALL_IN, ALL_TICKS

if TYPE_CHECKING:
    from nats.js import JetStreamContext
    from nats.js.api import StreamConfig

EVENTS, INTAKE, TICKS = "TRADELOOP_EVENTS", "TRADELOOP_IN", "TRADELOOP_TICKS"


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What a stream may hold, and how safe it is kept.

    Parameters
    ----------
    replicas : int
        Servers that hold each message: 1, or 3 in production.
    duplicate_window_s : float
        How long the broker knows the ids that it was sent. A comfort: that an effect is
        there once does not rest on it.
    max_bytes : int
        Bytes of one stream, -1 for all that the server allows. A full stream refuses
        what is new and drops nothing: the relay waits, and so do senders.
    max_age_s : float
        How long events stay on the broker, 0 for ever. Messages for the journal and
        ticks stay until they are acknowledged.
    """

    replicas: int = 1
    duplicate_window_s: float = 120.0
    max_bytes: int = -1
    max_age_s: float = 0.0


async def make_streams(stream: JetStreamContext, limits: StreamLimits) -> None:
    """Make the streams that are not there; those that are stay as they are."""
    from nats.js.errors import NotFoundError  # noqa: PLC0415  # an extra

    for config in _configs(limits):
        try:
            await stream.stream_info(str(config.name))
        except NotFoundError:
            await stream.add_stream(config)


def _configs(limits: StreamLimits) -> list[StreamConfig]:
    """Events stay; what comes in is removed once it is acknowledged."""
    from nats.js.api import (  # noqa: PLC0415  # an extra
        DiscardPolicy,
        RetentionPolicy,
        StorageType,
        StreamConfig,
    )

    stay, until_acknowledged = RetentionPolicy.LIMITS, RetentionPolicy.WORK_QUEUE
    return [
        StreamConfig(
            name=name,
            subjects=[subjects],
            retention=retention,
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
            num_replicas=limits.replicas,
            max_bytes=limits.max_bytes,
            max_age=limits.max_age_s if retention is stay else 0.0,
            duplicate_window=limits.duplicate_window_s,
            allow_direct=True,
            allow_atomic=name == EVENTS,
        )
        for name, subjects, retention in (
            (EVENTS, ALL_EVENTS, stay),
            (INTAKE, ALL_IN, until_acknowledged),
            (TICKS, ALL_TICKS, until_acknowledged),
        )
    ]

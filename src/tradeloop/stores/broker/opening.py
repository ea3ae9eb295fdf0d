"""The broker behind a URL."""

from tradeloop.errors import InputError
from tradeloop.stores.broker.base import Broker, Stream
from tradeloop.stores.broker.jetstream import NatsBroker
from tradeloop.stores.broker.kafka import KafkaBroker
from tradeloop.stores.broker.streams import StreamLimits

NATS, KAFKA = ("nats://", "tls://"), ("kafka://",)


def is_nats(url: str) -> bool:
    """Whether a URL names NATS."""
    return url.startswith(NATS)


def open_broker(url: str, *, limits: StreamLimits | None = None) -> Broker:
    """Open the broker of a URL; it is not asked for anything yet.

    Parameters
    ----------
    url : str
        ``nats://host:4222`` or ``kafka://host:9092``, several servers with commas
        between them.
    limits : StreamLimits, optional
        Of the streams of NATS, where they have to be made.

    Raises
    ------
    InputError
        The URL names no broker that we know.
    MissingExtraError
        Its driver is not installed.
    """
    if is_nats(url):
        return NatsBroker(url, limits=limits)
    if url.startswith(KAFKA):
        return KafkaBroker(url)
    raise InputError(
        f"broker must be a URL of NATS or Kafka, was {url[:80]!r}.",
        way_out="Write nats://host:4222 or kafka://host:9092.",
    )


def open_stream(url: str, *, limits: StreamLimits | None = None) -> Stream:
    """Open a broker whose events can be read back: NATS.

    Raises
    ------
    InputError
        The URL names another broker.
    """
    if is_nats(url):
        return NatsBroker(url, limits=limits)
    raise InputError(
        f"Only events on NATS are compared with the journal, was {url[:80]!r}.",
        way_out="Set broker to nats://host:4222.",
    )

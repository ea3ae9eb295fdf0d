"""Brokers: NATS JetStream and Kafka, events out, messages and ticks in."""

from tradeloop.stores.broker.base import (
    Broker,
    Held,
    Outgoing,
    Published,
    Stream,
    UnreachableError,
)
from tradeloop.stores.broker.fast import Letter, Reading, Take
from tradeloop.stores.broker.intake import Intake, open_intake
from tradeloop.stores.broker.opening import is_nats, open_broker, open_stream
from tradeloop.stores.broker.streams import EVENTS, INTAKE, TICKS, StreamLimits
from tradeloop.stores.broker.subjects import (
    event_subject,
    in_subject,
    message_id,
    tenant_and_kind,
    tick_subject,
)
from tradeloop.stores.broker.ticks import Delivered, TickBatch, TickStream

__all__ = [
    "EVENTS",
    "INTAKE",
    "TICKS",
    "Broker",
    "Delivered",
    "Held",
    "Intake",
    "Letter",
    "Outgoing",
    "Published",
    "Reading",
    "Stream",
    "StreamLimits",
    "Take",
    "TickBatch",
    "TickStream",
    "UnreachableError",
    "event_subject",
    "in_subject",
    "is_nats",
    "message_id",
    "open_broker",
    "open_intake",
    "open_stream",
    "tenant_and_kind",
    "tick_subject",
]

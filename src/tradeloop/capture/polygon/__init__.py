"""Polygon.io, also known as Massive: history and live stream, with the user's key."""

from tradeloop.capture.polygon.access import (
    VENDOR_REST,
    VENDOR_STREAM,
    FeedError,
    Key,
)
from tradeloop.capture.polygon.channels import CHANNELS
from tradeloop.capture.polygon.following import Follower, Gap
from tradeloop.capture.polygon.history import History
from tradeloop.capture.polygon.pages import Patience
from tradeloop.capture.polygon.shapes import ROUND_LOT
from tradeloop.capture.polygon.spans import days_between, zone_of
from tradeloop.capture.polygon.stream import Down, Frame, Limits, Stream, Up

__all__ = [
    "CHANNELS",
    "ROUND_LOT",
    "VENDOR_REST",
    "VENDOR_STREAM",
    "Down",
    "FeedError",
    "Follower",
    "Frame",
    "Gap",
    "History",
    "Key",
    "Limits",
    "Patience",
    "Stream",
    "Up",
    "days_between",
    "zone_of",
]

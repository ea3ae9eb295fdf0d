"""The outside world becomes events: files, their checks, bars, symbols and fills."""

from tradeloop.capture.bars import bars_from_ticks, default_interval_ns
from tradeloop.capture.files import (
    KINDS,
    fills_of,
    read_decisions,
    read_events,
    read_fills,
    read_market,
)
from tradeloop.capture.fills import fills_in_bars, fills_outside_bar
from tradeloop.capture.intake import QUARANTINE, Intake, Market
from tradeloop.capture.packaged import RELEASES, packaged_market
from tradeloop.capture.records import NO_INSTRUMENT
from tradeloop.capture.resolve import instrument_names, resolve

__all__ = [
    "KINDS",
    "NO_INSTRUMENT",
    "QUARANTINE",
    "RELEASES",
    "Intake",
    "Market",
    "bars_from_ticks",
    "default_interval_ns",
    "fills_in_bars",
    "fills_of",
    "fills_outside_bar",
    "instrument_names",
    "packaged_market",
    "read_decisions",
    "read_events",
    "read_fills",
    "read_market",
    "resolve",
]

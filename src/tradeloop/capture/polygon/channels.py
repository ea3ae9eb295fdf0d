"""Channels of the vendor's stream: an event and a ticker, such as ``T.AAPL``."""

import re
from collections.abc import Sequence

from tradeloop.errors import InputError

CHANNELS = {"T": "trade", "Q": "quote", "A": "bar", "AM": "bar"}
"""Kind of record of the channels that are understood."""
_CHANNEL = re.compile(r"(T|Q|A|AM)\.([A-Za-z0-9][A-Za-z0-9.:_-]{0,39}|\*)")


def channels_of(channels: Sequence[str]) -> tuple[str, ...]:
    """Check channels, and name each once.

    Raises
    ------
    InputError
        There is none, one is not understood, or bars of two lengths are asked for.
    """
    unknown = [name for name in channels if not _CHANNEL.fullmatch(name)]
    if unknown or not channels:
        raise InputError(
            f"These are no channels of the stream: {unknown!r:.100}.",
            way_out="Give T.TICKER (trades), Q.TICKER (quotes), A.TICKER or AM.TICKER "
            "(bars of a second or a minute); * stands for all tickers.",
            source="channel",
        )
    if {"A", "AM"} <= {name.partition(".")[0] for name in channels}:
        raise InputError(
            "Bars of a second and of a minute were asked for at once.",
            way_out="Ask for A or AM: bars of one kind have one length.",
            source="channel",
        )
    return tuple(dict.fromkeys(channels))

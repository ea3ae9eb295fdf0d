"""Numbers of the stream: what came twice, and what never came.

The vendor's reference says that numbers rise for each ticker, are unique, begin again
with each session, and need not be consecutive. So a step over numbers proves a gap only
where

- a connection was lost between the two messages, or
- the feed was seen to count by one: the rule of the cleaning flag ``sequence_gap``.

Other steps are counted.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from tradeloop.capture.polygon.shapes import Message
from tradeloop.clock import NS_PER_HOUR

LEAST, SHARE = 20, 0.95
"""Steps before a feed is judged, and the share of them that must be by one."""
_REMEMBERED = 200_000
_SESSION_NS = 2 * NS_PER_HOUR

Verdict = Literal["new", "duplicate", "conflict", "corrected"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that never came.

    Parameters
    ----------
    channel : str
        Such as ``T``.
    instrument : str
        Of which instrument.
    after, before : int
        The numbers that came last and next.
    from_ns, to_ns : int
        When those two happened, ns UTC.
    cause : {"interruption", "step"}
        A connection was lost between them, or a feed that counts by one did not.
    """

    channel: str
    instrument: str
    after: int
    before: int
    from_ns: int
    to_ns: int
    cause: Literal["interruption", "step"]


@dataclass(slots=True)
class _Track:
    number: int
    event_ns: int
    connection: int
    steps: int = 0
    by_one: int = 0


class Follower:
    """Remembers what came; not for several threads.

    Parameters
    ----------
    remembered : int
        Messages that are remembered to know one that comes again.

    Attributes
    ----------
    skipped : int
        Numbers that were left out where that proves nothing.
    backwards : int
        Messages with a number below one that came before, and not seen before.
    """

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self.skipped = self.backwards = 0
        self._most = remembered
        self._seen: OrderedDict[tuple[object, ...], int] = OrderedDict()
        self._tracks: dict[tuple[str, str], _Track] = {}

    def judge(self, message: Message) -> Verdict:
        """Say whether a message came before.

        Parameters
        ----------
        message : mapping
            Of the stream; one that is a row.

        Returns
        -------
        {"new", "duplicate", "conflict", "corrected"}
            ``duplicate``: the same message came before. ``conflict``: another one with
            its number did. ``corrected``: a bar that is sent again with other values,
            as the vendor does when trades come late.
        """
        channel = message["ev"]
        bar = channel in {"A", "AM"}
        number = message.get("s") if bar else message.get("q")
        if number is None:
            return "new"
        # Numbers begin again with each session: the time is part of the key.
        time = message.get("e") if bar else message.get("t")
        key = (channel, message["sym"], time, number)
        content = hash(json.dumps(message, sort_keys=True))
        known = self._seen.get(key)
        if known == content:
            return "duplicate"
        if known is not None and not bar:
            return "conflict"
        self._remember(key, content)
        return "new" if known is None else "corrected"

    def _remember(self, key: tuple[object, ...], content: int) -> None:
        self._seen[key] = content
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)

    def follow(
        self, channel: str, instrument: str, number: int, event_ns: int, connection: int
    ) -> Gap | None:
        """Note the number of a new message; return the gap before it, if there is one.

        Parameters
        ----------
        channel, instrument : str
            Numbers are per channel and instrument.
        number : int
            Of the message.
        event_ns : int
            When it happened, ns UTC.
        connection : int
            Over which connection it came.
        """
        track = self._tracks.get((channel, instrument))
        if track is None or self._is_new_session(track, number, event_ns):
            self._tracks[channel, instrument] = _Track(number, event_ns, connection)
            return None
        if number <= track.number:
            self.backwards += 1
            return None
        gap = self._gap(track, (channel, instrument), number, event_ns, connection)
        if track.connection == connection:
            track.steps += 1
            track.by_one += number == track.number + 1
        track.number, track.event_ns, track.connection = number, event_ns, connection
        return gap

    def _gap(
        self,
        track: _Track,
        place: tuple[str, str],
        number: int,
        event_ns: int,
        connection: int,
    ) -> Gap | None:
        left_out = number - track.number - 1
        if not left_out:
            return None
        lost = connection != track.connection
        if not lost and not _counts(track):
            self.skipped += left_out
            return None
        cause: Literal["interruption", "step"] = "interruption" if lost else "step"
        return Gap(*place, track.number, number, track.event_ns, event_ns, cause)

    def _is_new_session(self, track: _Track, number: int, event_ns: int) -> bool:
        return number < track.number and event_ns - track.event_ns > _SESSION_NS


def _counts(track: _Track) -> bool:
    """Whether a feed counted by one so far."""
    return track.steps >= LEAST and track.by_one >= SHARE * track.steps

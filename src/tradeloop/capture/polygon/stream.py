"""The vendor's live stream: connected, authorised and subscribed again after each loss.

Words are those of the pages "WebSocket Quickstart", "Trades", "Quotes" and "Aggregates"
of the vendor's WebSocket reference: on connection it says ``connected``; it is told
``auth`` with the key and says ``auth_success`` or ``auth_failed``; it is told
``subscribe`` with channels such as ``T.AAPL,Q.AAPL``. A frame is a JSON array of
messages with the event in ``ev``.

What was sent while no connection stood is not sent again: a loss is a gap, and said.
"""

import json
import logging
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradeloop.capture.polygon.access import (
    VENDOR_STREAM,
    FeedError,
    Key,
    endpoint,
)
from tradeloop.capture.polygon.channels import channels_of
from tradeloop.clock import Clock, monotonic_s
from tradeloop.errors import InputError, MissingExtraError
from tradeloop.events.strict_json import loads

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

_FRAME_BYTES = 16 << 20
_SHOWN = 300
_DRAINED = 64
_SILENT = logging.CRITICAL + 1
_REFUSALS = ("auth_failed", "not_authorized", "error")


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient a stream is.

    Parameters
    ----------
    first_tries : int
        How often the first connection is tried. Once there was one, it is tried until
        it is back.
    first_s, longest_s : float
        The wait before a new try doubles from the first to the longest.
    open_s : float
        How long a connection and its authorisation may take.
    poll_s : float
        How long to listen before the caller gets a turn.
    """

    first_tries: int = 5
    first_s: float = 0.5
    longest_s: float = 30.0
    open_s: float = 10.0
    poll_s: float = 0.1


@dataclass(frozen=True, slots=True)
class Frame:
    """What came at once.

    Parameters
    ----------
    received_ns : int
        When it came, by our clock.
    messages : tuple
        Messages that are no status, as they came.
    garbage : tuple of (str, str)
        What is no JSON array: its text without the key, and why.
    """

    received_ns: int
    messages: tuple[Any, ...]
    garbage: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Up:
    """A connection stands, and all channels are asked for."""

    connection: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Down:
    """A connection was lost; what is sent from now on is missed."""

    connection: int
    at_ns: int
    reason: str


class _LostError(Exception):
    """The connection ended, or never came to be."""


class Stream:
    """Listens to the vendor; opens no connection before it is asked.

    Parameters
    ----------
    key : Key
        Of the user's account.
    channels : sequence of str
        Such as ``T.AAPL``, ``Q.AAPL`` or ``AM.*``.
    clock : Clock
        Tells when a frame came.
    url : str
        Where the vendor is; wss, or this machine.
    stop : threading.Event
        Ends listening.
    limits : Limits, optional
        How patient.

    Attributes
    ----------
    confirmed : set of str
        Channels that the vendor said it sends.

    Raises
    ------
    InputError
        No channel, one that is not understood, or bars of two lengths.
    """

    def __init__(
        self,
        key: Key,
        channels: Sequence[str],
        clock: Clock,
        *,
        stop: threading.Event,
        url: str = VENDOR_STREAM,
        limits: Limits | None = None,
    ) -> None:
        self.channels = channels_of(channels)
        self.confirmed: set[str] = set()
        self._key, self._clock, self._stop = key, clock, stop
        self._url = endpoint(url, secure="wss", plain="ws", path=True)
        self._limits = limits or Limits()
        self._connection = self._lost = 0
        self._heard = self._was_up = False

    def frames(self) -> Generator[Frame | Up | Down | None, None, None]:
        """Listen until the event ``stop`` is set.

        Yields
        ------
        Frame, Up, Down or None
            None where nothing came for a while.

        Raises
        ------
        InputError
            The first connection is refused: the key, the plan or a channel.
        FeedError
            There is no first connection, however often it is tried.
        MissingExtraError
            The driver is not installed.
        """
        failed = 0
        while not self._stop.is_set():
            before, self._heard = self._connection, False
            try:
                yield from self._one_connection()
            except _LostError as lost:
                reason = self._key.hidden(str(lost))
                failed = 1 if self._heard else failed + 1
                if self._connection > before:
                    self._lost += 1
                    yield Down(self._connection, self._clock.now_ns(), reason)
                elif not self._connection and failed >= self._limits.first_tries:
                    raise FeedError(
                        f"The vendor's stream cannot be reached: {reason}."
                    ) from None
            if self._rests(failed):
                return

    def _rests(self, failed: int) -> bool:
        """Wait before the next try; whether it was asked to stop meanwhile."""
        limits = self._limits
        wait_s = min(limits.longest_s, limits.first_s * 2.0 ** min(failed - 1, 20))
        return self._stop.wait(wait_s)

    def _one_connection(self) -> Iterator[Frame | Up | None]:
        with self._linked() as link:
            self._authorise(link)
            said = {"action": "subscribe", "params": ",".join(self.channels)}
            link.send(json.dumps(said))
            self._connection += 1
            yield Up(self._connection, self._clock.now_ns())
            while not self._stop.is_set():
                heard = _received(link, self._limits.poll_s)
                if heard is None:
                    yield None
                else:
                    yield from self._frame(heard)
            # What is here already is no loss; what still comes is after the end. The
            # driver's thread may be about to hand on what it has read: wait for it.
            for _ in range(_DRAINED):
                if (heard := _received(link, self._limits.poll_s)) is None:
                    return
                yield from self._frame(heard)

    @contextmanager
    def _linked(self) -> "Iterator[ClientConnection]":
        try:
            from websockets.exceptions import (  # noqa: PLC0415  # an extra
                WebSocketException,
            )
            from websockets.sync.client import connect  # noqa: PLC0415  # an extra
        except ImportError as error:
            raise MissingExtraError("websockets", "polygon") from error
        # At debug level the driver writes down what it sends: the key is among it.
        silent = logging.Logger("silent", _SILENT)  # noqa: LOG001  # of no tree
        try:
            link = connect(
                self._url,
                open_timeout=self._limits.open_s,
                close_timeout=1,
                max_size=_FRAME_BYTES,
                proxy=None,
                logger=silent,
            )
            with link:
                yield link
        except (OSError, EOFError, WebSocketException) as error:
            raise _LostError(f"{type(error).__name__}: {error}") from None

    def _authorise(self, link: "ClientConnection") -> None:
        until_s = monotonic_s() + self._limits.open_s
        self._await(link, "connected", until_s)
        link.send(json.dumps(self._key.greeting()))
        self._await(link, "auth_success", until_s)

    def _await(self, link: "ClientConnection", wanted: str, until_s: float) -> None:
        while monotonic_s() < until_s and not self._stop.is_set():
            heard = _received(link, self._limits.poll_s)
            if heard is None:
                continue
            for message in self._messages(heard)[0]:
                if _status(message) == wanted:
                    return
                self._refused(message)
        raise _LostError(f"the vendor did not say {wanted!r}")

    def _has_worked(self) -> bool:
        """Whether data came, and a refusal does not answer what was asked first."""
        asked = self._lost == 0 and not self.confirmed.issuperset(self.channels)
        return self._was_up and not asked

    def _frame(self, heard: str | bytes) -> Iterator[Frame]:
        """Give the data of what came; then take its statuses to heart."""
        now_ns = self._clock.now_ns()
        messages, garbage = self._messages(heard)
        data = tuple(message for message in messages if _status(message) is None)
        if data:
            self._heard = self._was_up = True
        yield Frame(now_ns, data, garbage)
        for message in messages:
            if _status(message) is not None:
                self._told(message)

    def _messages(
        self, heard: str | bytes
    ) -> tuple[list[Any], tuple[tuple[str, str], ...]]:
        data = heard.encode() if isinstance(heard, str) else heard
        data = self._key.covered(data)
        try:
            value = loads(data)
        except InputError as error:
            reason = f"no_json: {error.message}"
        else:
            if isinstance(value, list):
                return value, ()
            reason = "no_array"
        return [], ((data.decode("utf-8", "replace"), reason),)

    def _told(self, message: dict[str, Any]) -> None:
        said = str(message.get("message", ""))
        if message["status"] == "success" and said.startswith("subscribed to:"):
            named = said.removeprefix("subscribed to:").split(",")
            self.confirmed.update(name.strip() for name in named)
        self._refused(message)

    def _refused(self, message: Any) -> None:
        """Raise what a status says against us; before the first data, for good."""
        status = _status(message)
        if status is None or status in {"connected", "auth_success", "success"}:
            return
        said = self._key.hidden(f"{status}: {message.get('message', '')}"[:_SHOWN])
        if status in _REFUSALS and not self._has_worked():
            raise InputError(
                f"The vendor's stream refuses: {said}.",
                way_out="Check polygon_key, the channels, and what the plan includes.",
            )
        raise _LostError(said)


def _received(link: "ClientConnection", wait_s: float) -> str | bytes | None:
    try:
        return link.recv(timeout=wait_s)
    except TimeoutError:
        return None


def _status(message: Any) -> str | None:
    """Return what a status message says; None where it is no status."""
    if not isinstance(message, dict) or message.get("ev") != "status":
        return None
    return str(message.get("status", ""))[:_SHOWN]

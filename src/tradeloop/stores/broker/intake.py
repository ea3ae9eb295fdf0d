"""Letters are taken in a thread of their own; begun anew if the broker was emptied."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tradeloop.stores.broker.base import UnreachableError
from tradeloop.stores.broker.fast import (
    READER,
    Fast,
    Reading,
    Take,
    fast_kafka_intake,
    fast_nats,
)
from tradeloop.stores.broker.link import NatsLink
from tradeloop.stores.broker.loop import LoopThread
from tradeloop.stores.broker.opening import is_nats
from tradeloop.stores.broker.streams import StreamLimits, make_streams

_TIMEOUT_S = 30.0


class Intake:
    """Takes letters until it is closed.

    Parameters
    ----------
    make : callable
        Makes FastStream's broker; called again when the reading has to begin anew.
    watch : StreamWatch, optional
        Sees whether the broker still knows our place.
    """

    def __init__(
        self, make: Callable[[], Fast], watch: "StreamWatch | None" = None
    ) -> None:
        self._make, self._watch = make, watch
        self._going: tuple[Fast, LoopThread] | None = None

    def go_on(self) -> None:
        """Begin, or begin anew where the broker does not know us any more.

        Call it every few seconds; letters are taken between the calls.

        Raises
        ------
        UnreachableError
            The broker does not answer; where the reading had begun it goes on by
            itself when the broker is back.
        """
        if self._going is not None and (self._watch is None or self._watch.known()):
            return
        self._stop()
        if self._watch is not None:
            self._watch.prepare()
        self._going = self._make(), LoopThread("intake")
        fast, thread = self._going
        try:
            thread.run(fast.start(), _TIMEOUT_S)
        except Exception as error:  # the drivers have no common base for their errors
            self._stop()
            raise UnreachableError(
                f"The broker does not answer: {error or type(error).__name__}."
            ) from error

    def close(self) -> None:
        """Finish what was taken, and end; a second call does nothing."""
        self._stop()
        if self._watch is not None:
            self._watch.close()

    def _stop(self) -> None:
        """End the reading; what a broken connection leaves ends with its loop."""
        going, self._going = self._going, None
        if going is not None:
            fast, thread = going
            with suppress(Exception):  # a driver that looks for its server cannot drain
                thread.run(fast.stop(), _TIMEOUT_S)
            thread.close()


class StreamWatch:
    """Sees that a stream is there, and that our place in it is known.

    A broker that was emptied knows neither, and FastStream does not notice.

    Parameters
    ----------
    url : str
        Of NATS.
    stream : str
        Which stream is read.
    limits : StreamLimits, optional
        Of the streams, where they have to be made.
    """

    def __init__(self, url: str, stream: str, limits: StreamLimits | None) -> None:
        self._link = NatsLink(url, _TIMEOUT_S)
        self._limits, self._stream = limits or StreamLimits(), stream

    def prepare(self) -> None:
        """Make the streams that are not there."""
        self._link.run(lambda c: make_streams(c.jetstream(), self._limits))

    def known(self) -> bool:
        """Whether the broker knows our place."""
        from nats.js.errors import NotFoundError  # noqa: PLC0415  # an extra

        async def work(client: Any) -> bool:
            try:
                await client.jetstream().consumer_info(self._stream, READER)
            except NotFoundError:
                return False
            return True

        return self._link.run(work)

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()


def open_intake(
    url: str,
    take: Take,
    *,
    limits: StreamLimits | None = None,
    reading: Reading | None = None,
) -> Intake:
    """Make what takes letters from a broker; it begins with `Intake.go_on`.

    Parameters
    ----------
    url : str
        ``nats://`` or ``kafka://``.
    take : callable
        Makes letters durable; see `Take`.
    limits : StreamLimits, optional
        Of the streams of NATS, where they have to be made.
    reading : Reading, optional
        What is read of NATS; without it messages for the journal.
    """
    what = reading or Reading()
    if not is_nats(url):
        return Intake(lambda: fast_kafka_intake(url, take))
    return Intake(
        lambda: fast_nats(url, take, what), StreamWatch(url, what.stream, limits)
    )

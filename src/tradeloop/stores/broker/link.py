"""A connection to NATS that is made when it is needed and dropped when it fails.

The driver's own reconnection is off: it would send what it had buffered after later
messages had gone another way. Here a failure ends the connection, the caller hears of
it as `UnreachableError`, and the next call connects anew.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from tradeloop.errors import MissingExtraError
from tradeloop.stores.broker.base import UnreachableError
from tradeloop.stores.broker.loop import LoopThread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from nats.aio.client import Client

T = TypeVar("T")
_CONNECT_S = 2
_CLOSE_S = 5.0


class NatsLink:
    """Runs work on a connection.

    Parameters
    ----------
    url : str
        ``nats://host:port``, or several with commas between them: the first that
        answers is taken.
    timeout_s : float
        How long one piece of work may take, seconds.

    Raises
    ------
    MissingExtraError
        The driver is not installed.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        try:
            import nats  # noqa: F401, PLC0415  # an extra
        except ImportError as error:
            raise MissingExtraError("nats", "nats") from error
        self._urls = [one.strip() for one in url.split(",") if one.strip()]
        self._timeout_s = timeout_s
        self._client: Client | None = None
        self._gone = asyncio.Event()
        self._thread = LoopThread("nats")

    def run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Connect where there is no connection, and do the work.

        Raises
        ------
        UnreachableError
            No server answers, or it stopped answering; the connection is gone.
        """
        from nats.errors import Error  # noqa: PLC0415  # an extra

        async def connected() -> T:
            return await self._unless_gone(work(await self._connected()))

        try:
            return self._thread.run(connected(), self._timeout_s)
        except (Error, OSError, TimeoutError) as error:
            self._drop()
            raise UnreachableError(
                f"The broker does not answer: {error or type(error).__name__}. "
                "Nothing is lost: what was not acknowledged is sent again."
            ) from error

    def close(self) -> None:
        """End the connection and its thread; a second call does nothing."""
        self._drop()
        self._thread.close()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # it is gone anyway
                self._thread.run(client.close(), _CLOSE_S)

    async def _unless_gone(self, work: Awaitable[T]) -> T:
        """Wait for the work, but not for answers that will never come."""
        doing = asyncio.ensure_future(work)
        ending = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({doing, ending}, return_when="FIRST_COMPLETED")
            if doing.done():
                return doing.result()
        finally:
            for one in (doing, ending):
                one.cancel()
            await asyncio.gather(doing, ending, return_exceptions=True)
        raise ConnectionError("the connection ended")

    async def _connected(self) -> Client:
        if self._client is None or not self._client.is_connected:
            self._gone = asyncio.Event()
            self._client = await self._connect(self._gone)
        return self._client

    async def _connect(self, gone: asyncio.Event) -> Client:
        import nats  # noqa: PLC0415  # an extra

        async def ended() -> None:
            gone.set()

        failed: Exception = ConnectionError("no address was given")
        for url in self._urls:
            try:
                return await nats.connect(
                    url,
                    name="tradeloop",
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=_CONNECT_S,
                    error_cb=_silent,
                    closed_cb=ended,
                )
            except (nats.errors.Error, OSError, TimeoutError) as error:
                failed = error
        raise failed


async def _silent(_: Any) -> None:
    """Log nothing: the caller hears of an error by its exception."""

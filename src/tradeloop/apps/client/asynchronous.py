"""The client for asyncio: what waits for the disk waits in a thread."""

from asyncio import to_thread
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from tradeloop.apps.client.client import Client
from tradeloop.apps.client.delivery import Sending
from tradeloop.clock import Clock


class AsyncClient:
    """`Client` whose calls do not block the event loop; parameters are the same.

    Make it inside a coroutine or before; it holds no reference to a loop.
    """

    def __init__(
        self,
        target: str | Path,
        *,
        source: str,
        spool: str | Path = "tradeloop-spool",
        clock: Clock | None = None,
    ) -> None:
        self._client = Client(target, source=source, spool=spool, clock=clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def emit(self, kind: str, /, **fields: Any) -> str:
        """Keep one event; see `Client.emit`."""
        return await to_thread(self._client.emit, kind, **fields)

    async def emit_all(
        self, kind: str, events: Iterable[Mapping[str, Any]]
    ) -> list[str]:
        """Keep several events; see `Client.emit_all`."""
        return await to_thread(self._client.emit_all, kind, list(events))

    async def flush(self, timeout_s: float = 10.0) -> int:
        """Wait until all is acknowledged; see `Client.flush`."""
        return await to_thread(self._client.flush, timeout_s)

    async def status(self) -> Sending:
        """Say where the client stands; see `Client.status`."""
        return await to_thread(self._client.status)

    async def close(self, timeout_s: float = 10.0) -> int:
        """Flush and stop; see `Client.close`."""
        return await to_thread(self._client.close, timeout_s)

"""The server's end: not ready first, then no new connections, then every answer due."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from tradeloop.clock import monotonic_s

if TYPE_CHECKING:
    from types import FrameType

_NOT_READY_S = 0.3
"""How long the server says that it is not ready before it takes no connections."""
_UPLOAD_S = 2.0
"""How long it waits then for bodies that have not arrived whole."""


class DrainingServer(uvicorn.Server):
    """uvicorn, asked to end: says so on ``/readyz``, answers what it took, exits 0.

    Parameters
    ----------
    config : uvicorn.Config
        ``timeout_graceful_shutdown`` bounds the wait for the answers.
    state : object
        State of the application; its ``draining`` becomes true.
    """

    def __init__(self, config: uvicorn.Config, state: Any) -> None:
        super().__init__(config)
        self._state, self._asked_s = state, 0.0

    def handle_exit(self, sig: int, frame: "FrameType | None") -> None:
        """Take the first signal as a wish to end, a second one as an order."""
        if self._asked_s:
            super().handle_exit(sig, frame)
        else:
            self._asked_s = monotonic_s()
            self._state.draining = True

    async def on_tick(self, counter: int) -> bool:
        """End the main loop once the time of not being ready is over."""
        if self._asked_s and monotonic_s() - self._asked_s >= _NOT_READY_S:
            self.should_exit = True
            self._hurry()
        return await super().on_tick(counter)

    def _hurry(self) -> None:
        """Let bodies that are still on their way arrive soon, or not at all."""
        until_s = asyncio.get_running_loop().time() + _UPLOAD_S
        for limit in list(self._state.uploads):
            limit.reschedule(min(until_s, limit.when() or until_s))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Keep the signals: an end that was asked for is no failure."""
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()

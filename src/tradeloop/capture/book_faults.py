"""What was wrong with the messages of a book."""

import numpy as np
import polars as pl

from tradeloop.capture.book_messages import BAD_SIDE, BAD_SIZE, REASONS, Messages

NEVER = -(2**62)
"""A time and a sequence before all others."""

FAULT_SCHEMA = {
    "reason": pl.String(),
    "event_ns": pl.Int64(),
    "received_ns": pl.Int64(),
    "after_sequence": pl.Int64(),
    "last_sequence": pl.Int64(),
    "detail": pl.String(),
}
"""One row a fault; it concerns the numbers above ``after_sequence`` up to
``last_sequence``."""


class Faults:
    """Gathers the faults of one book.

    Parameters
    ----------
    stale_after_ns : int
        A longer silence between two messages is a fault.
    """

    def __init__(self, stale_after_ns: int) -> None:
        self.stale_after_ns = stale_after_ns
        self._last_ns = NEVER
        self._rows: list[tuple[str, int, int, int, int, str]] = []

    def frame(self) -> pl.DataFrame:
        """Everything so far, with the columns of `FAULT_SCHEMA`."""
        return pl.DataFrame(self._rows, schema=FAULT_SCHEMA, orient="row")

    def is_silent(self, now_ns: int) -> bool:
        """Whether the last message is longer ago than ``stale_after_ns``."""
        return now_ns - self._last_ns > self.stale_after_ns

    def note(
        self,
        reason: str,
        messages: Messages,
        at: int = 0,
        span: tuple[int, int] | None = None,
        detail: str = "",
    ) -> None:
        """Add a fault of a message, or of the numbers in ``span``."""
        times = int(messages.event_ns[at]), int(messages.received_ns[at])
        own = int(messages.previous[at]), int(messages.last[at])
        self._rows.append((reason, *times, *(span or own), detail))

    def note_refused(self, message: Messages) -> None:
        """Add a message that could not be read, with the value at fault."""
        fault = int(message.fault[0])
        bad_size = ~(np.isfinite(message.size) & (message.size >= 0.0))
        if fault == BAD_SIZE:
            detail = f"size {message.size[bad_size][0]}"
        elif fault == BAD_SIDE:
            detail = "side is neither +1 nor -1"
        else:
            detail = f"price {message.price[message.tick.argmin()]}"
        self.note(REASONS[fault], message, detail=detail)

    def note_silence(self, messages: Messages) -> None:
        """Add the messages before which nothing came for too long."""
        if messages.count == 0:
            return
        before = np.concatenate([[self._last_ns], messages.received_ns[:-1]])
        silent = messages.received_ns - before > self.stale_after_ns
        for at in np.flatnonzero(silent & (before > NEVER)):
            lasted = int(messages.received_ns[at] - before[at])
            self.note("stale", messages, int(at), detail=f"silent for {lasted} ns")
        self._last_ns = int(messages.received_ns[-1])

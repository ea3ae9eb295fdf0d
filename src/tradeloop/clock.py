"""The only reader of time: int64 nanoseconds since 1970-01-01 UTC."""

import time
from dataclasses import dataclass
from typing import Protocol

NS_PER_SECOND = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_SECOND
NS_PER_HOUR = 60 * NS_PER_MINUTE
NS_PER_DAY = 24 * NS_PER_HOUR


class Clock(Protocol):
    """What tells the time."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""


class LiveClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC, as the machine believes."""
        return time.time_ns()


@dataclass(slots=True)
class ReplayClock:
    """A clock that stands where the replay has come to.

    Parameters
    ----------
    at_ns : int
        Nanoseconds since 1970-01-01 UTC.
    """

    at_ns: int

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC of the last replayed event."""
        return self.at_ns

    def advance(self, at_ns: int) -> None:
        """Move forward to ``at_ns``; an earlier time leaves the clock where it is."""
        self.at_ns = max(self.at_ns, at_ns)


def monotonic_s() -> float:
    """Seconds of a clock that never goes back: for durations only."""
    return time.perf_counter()


def monotonic_ns() -> int:
    """Nanoseconds of a clock that never goes back: for durations only."""
    return time.perf_counter_ns()

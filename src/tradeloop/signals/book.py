"""The signals that hold now, by key and by symbol; those that no longer do go out.

What leaves the book is handed to the caller once, with its last status, to be archived.
Time is given: a signal expires at ``expires_ns`` exactly, not a nanosecond later.
"""

from heapq import heapify, heappop, heappush

from tradeloop.errors import InputError, NotFoundError
from tradeloop.signals.signal import Signal, SignalStatus


class SignalBook:
    """Active signals in memory.

    Parameters
    ----------
    most : int
        Most signals, at least 1. Where one more comes, the one that expires first is
        cancelled and handed out.

    Raises
    ------
    InputError
        The number is below 1.
    """

    __slots__ = ("_by_key", "_by_symbol", "_ends", "_most")

    def __init__(self, most: int = 100_000) -> None:
        if most < 1:
            raise InputError(
                f"A book holds at least one signal, was {most}.",
                way_out="Take a larger number.",
                source="SignalBook.most",
            )
        self._most = most
        self._by_key: dict[str, Signal] = {}
        self._by_symbol: dict[str, dict[str, Signal]] = {}
        self._ends: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def add(self, signal: Signal, now_ns: int) -> tuple[Signal, ...]:
        """Take a signal in.

        Parameters
        ----------
        signal : Signal
            One that is not active goes straight out; one of a known key is the same
            signal and changes nothing.
        now_ns : int
            Time, ns UTC.

        Returns
        -------
        tuple of Signal
            What left the book: expired ones, the one for which there was no room, and
            ``signal`` itself if it does not hold.
        """
        left = self.expire(now_ns)
        if signal.status_at(now_ns) is not SignalStatus.ACTIVE:
            return *left, _over(signal, now_ns)
        if signal.key in self._by_key:
            return left
        self._by_key[signal.key] = signal
        self._by_symbol.setdefault(signal.symbol, {})[signal.key] = signal
        heappush(self._ends, (signal.expires_ns, signal.key))
        if len(self._by_key) <= self._most:
            return left
        reason = f"the book holds {self._most} signals and this one expires first"
        first = self._first()
        return *left, self._drop(first).becoming(SignalStatus.CANCELLED, reason)

    def expire(self, now_ns: int) -> tuple[Signal, ...]:
        """Take out what has expired by ``now_ns``, in the order in which it did."""
        left = []
        while self._ends and self._ends[0][0] <= now_ns:
            key = heappop(self._ends)[1]
            if key in self._by_key:
                left.append(self._drop(key).becoming(SignalStatus.EXPIRED))
        return tuple(left)

    def settle(self, key: str, status: SignalStatus, reason: str = "") -> Signal:
        """Take a signal out because it was executed, superseded or cancelled.

        Returns
        -------
        Signal
            With its last status.

        Raises
        ------
        NotFoundError
            The book has no such signal.
        InputError
            No signal can become that.
        """
        found = self.get(key).becoming(status, reason)
        self._drop(key)
        self._compact()
        return found

    def get(self, key: str) -> Signal:
        """Return the signal of a key.

        Raises
        ------
        NotFoundError
            The book has no such signal.
        """
        found = self._by_key.get(key)
        if found is None:
            raise NotFoundError(
                f"No active signal {key!r}; it expired or was settled, or never was."
            )
        return found

    def active(self, now_ns: int, symbol: str | None = None) -> tuple[Signal, ...]:
        """Signals that hold at ``now_ns``, the oldest first; the book stays as it is.

        Parameters
        ----------
        now_ns : int
            Time, ns UTC.
        symbol : str, optional
            Of this symbol only.
        """
        held = self._by_key if symbol is None else self._by_symbol.get(symbol, {})
        return tuple(s for s in held.values() if now_ns < s.expires_ns)

    def _first(self) -> str:
        """Key of the signal that expires first."""
        while self._ends[0][1] not in self._by_key:
            heappop(self._ends)
        return self._ends[0][1]

    def _drop(self, key: str) -> Signal:
        signal = self._by_key.pop(key)
        held = self._by_symbol[signal.symbol]
        del held[key]
        if not held:
            del self._by_symbol[signal.symbol]
        return signal

    def _compact(self) -> None:
        """Forget the ends of settled signals before they outnumber the others."""
        if len(self._ends) > 2 * len(self._by_key) + 16:
            self._ends = [(s.expires_ns, key) for key, s in self._by_key.items()]
            heapify(self._ends)


def _over(signal: Signal, now_ns: int) -> Signal:
    """Return a signal that does not hold with the status that says so."""
    if signal.status is SignalStatus.ACTIVE and now_ns >= signal.expires_ns:
        return signal.becoming(SignalStatus.EXPIRED)
    return signal

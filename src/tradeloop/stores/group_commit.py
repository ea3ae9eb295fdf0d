"""Many submitters, one transaction: the sync of one group is the wait of the next.

1. `submit` checks a submission and writes its bodies in canonical form on the thread of
   the submitter, and puts it in a queue that is bounded by events and by characters,
   with a share for each tenant.
2. One thread takes what is there, up to `GROUP_EVENTS` or `GROUP_SIZE`, and writes it
   in one transaction. It waits for nothing: what comes while the disk syncs is the
   next group.
3. After the commit each submitter gets its receipts. What was not written gets an
   error, never an answer.
"""

from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Condition, Thread

from tradeloop.clock import monotonic_s
from tradeloop.errors import BusyError, OverloadedError, TradeloopError
from tradeloop.stores.base import Receipt, Submission
from tradeloop.stores.event_log import EventLog
from tradeloop.stores.journal_prepare import Prepared, prepare

GROUP_EVENTS = 2_048
GROUP_SIZE = 4 * 1024 * 1024
"""Events, and characters of bodies, of one transaction; one submission may be more."""
_FIRST_RATE = 5_000.0  # events a second, until the first group says better
_MEMORY = 0.2  # how much a group moves the measured rate
_LEAST_S, _MOST_S = 0.05, 60.0  # of a wait that is asked for

Waiting = tuple[Prepared, Future[list[Receipt]]]


class GroupCommit:
    """Writes the submissions of many threads by one, a group at a time.

    Parameters
    ----------
    journal : EventLog
        Open for writing; whoever opened it closes it, after `close`.
    most_events : int
        Events that may wait; a submission without events counts as one.
    most_bytes : int
        Characters of bodies that may wait.
    per_tenant_share : float
        Part of both that one tenant may fill, above 0, at most 1.
    """

    def __init__(
        self,
        journal: EventLog,
        *,
        most_events: int = 50_000,
        most_bytes: int = 64 * 1024 * 1024,
        per_tenant_share: float = 0.5,
    ) -> None:
        self._journal = journal
        self._most = (most_events, most_bytes)
        self._share = per_tenant_share
        self._queue: deque[Waiting] = deque()
        self._waiting: Counter[str] = Counter()  # events by tenant, "" for all
        self._size: Counter[str] = Counter()
        self._changed = Condition()
        self._closing = False
        self._rate = _FIRST_RATE
        self._writer = Thread(target=self._run, name="group-commit", daemon=True)
        self._writer.start()

    @property
    def waiting(self) -> int:
        """Events that wait for their transaction or are in it."""
        return self._waiting[""]

    def submit(self, submission: Submission) -> Future[list[Receipt]]:
        """Hand over a submission; its receipts come after the commit.

        Parameters
        ----------
        submission : Submission
            Checked at once, on this thread.

        Returns
        -------
        Future
            The receipts, in the order of the entries, or the error for which nothing of
            it was stored. Where the process ends first there is no answer, and the
            submission may have been stored or not: send it again.

        Raises
        ------
        InputError
            An entry that cannot be stored.
        OverloadedError
            The queue is full, or the tenant's share of it; says when to come again.
        BusyError
            Closing.
        """
        prepared = prepare(submission)
        future: Future[list[Receipt]] = Future()
        with self._changed:
            if self._closing:
                raise BusyError("The journal is closing. Send it again in a moment.")
            self._check_room(prepared)
            self._count(prepared, 1)
            self._queue.append((prepared, future))
            self._changed.notify()
        return future

    def close(self, timeout_s: float = 10.0) -> bool:
        """Take nothing more, write what waits, and end the thread.

        Parameters
        ----------
        timeout_s : float
            How long to write; what is not in a transaction by then gets a `BusyError`.

        Returns
        -------
        bool
            Whether the thread has ended: False where the disk holds up a transaction,
            whose submitters then stay without an answer.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._writer.join(timeout_s)
        with self._changed:
            left = list(self._queue)
            self._queue.clear()
            for prepared, _ in left:
                self._count(prepared, -1)
        error = BusyError("The journal was closed before this was written. Send again.")
        _answer(left, [error] * len(left))
        self._writer.join(_LEAST_S if timeout_s else 0)
        return not self._writer.is_alive()

    def _check_room(self, given: Prepared) -> None:
        tenant = given.principal.tenant
        for whose, part in (("", 1.0), (tenant, self._share)):
            used = (self._waiting[whose], self._size[whose])
            new = (_events_of(given), given.size)
            if any(
                u and u + n > part * most
                for u, n, most in zip(used, new, self._most, strict=True)
            ):
                held = f"of tenant {whose!r} " if whose else ""
                raise OverloadedError(
                    f"{used[0]:,} events {held}wait to be written.",
                    retry_after_s=self._wait_s(used[0]),
                )

    def _wait_s(self, events: int) -> float:
        """How long half of what waits will take, at the measured rate."""
        return round(min(max(events / 2 / self._rate, _LEAST_S), _MOST_S), 3)

    def _count(self, given: Prepared, sign: int) -> None:
        events = _events_of(given)
        for whose in ("", given.principal.tenant):
            self._waiting[whose] += sign * events
            self._size[whose] += sign * given.size
            if not self._waiting[whose]:
                del self._waiting[whose], self._size[whose]

    def _run(self) -> None:
        while group := self._take():
            begun_s = monotonic_s()
            answers = self._write([prepared for prepared, _ in group])
            self._done(group, monotonic_s() - begun_s)
            _answer(group, answers)

    def _take(self) -> list[Waiting]:
        """Take what is there; wait only where nothing is, until the end."""
        group: list[Waiting] = []
        events = size = 0
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            while self._queue:
                prepared, _ = self._queue[0]
                events += _events_of(prepared)
                size += prepared.size
                if group and (events > GROUP_EVENTS or size > GROUP_SIZE):
                    break
                group.append(self._queue.popleft())
        return group

    def _write(
        self, submissions: list[Prepared]
    ) -> Sequence[list[Receipt] | Exception]:
        try:
            return self._journal.write(submissions)
        except Exception as error:  # noqa: BLE001 - the thread lives on
            return [_own(error)] * len(submissions)

    def _done(self, group: list[Waiting], took_s: float) -> None:
        events = sum(_events_of(prepared) for prepared, _ in group)
        with self._changed:
            for prepared, _ in group:
                self._count(prepared, -1)
            self._rate += _MEMORY * (events / max(took_s, 1e-6) - self._rate)


def _events_of(given: Prepared) -> int:
    return len(given.entries) or 1


def _own(error: Exception) -> TradeloopError:
    if isinstance(error, TradeloopError):
        return error
    told = TradeloopError(f"The write failed: {type(error).__name__}: {error}.")
    told.__cause__ = error
    return told


def _answer(group: list[Waiting], answers: Sequence[list[Receipt] | Exception]) -> None:
    for (_, future), answer in zip(group, answers, strict=True):
        if not future.set_running_or_notify_cancel():
            continue  # nobody waits for it any more
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)

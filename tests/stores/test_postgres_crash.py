"""The server killed while it commits: what was acknowledged is there, once.

Each round: three clients write to two tenants, and note what was acknowledged; kill -9
hits every process of the server at once; it starts again, and the clients send again
what they had no answer to. The control asks for commits that do not wait for the log:
it must lose something that it acknowledged, or the harness could not see a loss.

``TRADELOOP_CRASH_ROUNDS`` is the number of rounds.
"""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import pytest

from stores.appended import CLOCK
from stores.server import Server, empty, server
from tradeloop.errors import InputError, TradeloopError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import postgres_database
from tradeloop.stores.base import Event
from tradeloop.stores.postgres import PostgresJournal, open_postgres

ROUNDS = int(os.environ.get("TRADELOOP_CRASH_ROUNDS", "25"))
# The log is written at commits only, not by a timer in between: what a commit does not
# wait for is lost for sure.
LAZY = "wal_writer_delay=10s"
GROUP = 3


@pytest.fixture(scope="module")
def mortal() -> Iterator[Server]:
    with server() as made:
        yield made


@dataclass
class Client:
    """Sends groups of events and notes what became of them."""

    name: str
    who: Principal
    acknowledged: set[str] = field(default_factory=set)
    unanswered: list[Event] = field(default_factory=list)
    sent: int = 0
    resent: list[str] = field(default_factory=list)

    def send_until_it_fails(self, log: PostgresJournal, told: Callable[[], object]):
        try:
            self.resent += self._send(log) if self.unanswered else []
        except TradeloopError:
            return  # killed again while it was sent again: it still waits
        while True:
            first, self.sent = self.sent, self.sent + GROUP
            self.unanswered = [
                Event(f"{self.name}-{k}", k, k, {"k": k}, n=k + 1)
                for k in range(first, first + GROUP)
            ]
            try:
                self._send(log)
            except TradeloopError:
                return
            told()

    def _send(self, log: PostgresJournal) -> list[str]:
        audit = AuditEntry(self.who, 5, "record decision", self.name)
        given = log.append(self.who, "decision", self.name, self.unanswered, audit)
        assert {receipt.status for receipt in given} <= {"stored", "duplicate"}
        self.acknowledged |= {receipt.event_id for receipt in given}
        self.unanswered = []
        return [receipt.status for receipt in given]


def until_killed(mortal: Server, clients: list[Client], url: str, random: Random):
    """Let the clients write at once, and kill the server in the middle of it."""
    enough, count = threading.Semaphore(0), random.randint(10, 60)
    with (
        open_postgres(url, CLOCK) as first,
        open_postgres(url, CLOCK) as second,
        open_postgres(url, CLOCK) as third,
    ):
        threads = [
            threading.Thread(
                target=client.send_until_it_fails, args=(log, enough.release)
            )
            for client, log in zip(clients, (first, second, third), strict=True)
        ]
        for thread in threads:
            thread.start()
        for _ in range(count):
            assert enough.acquire(timeout=30)
        mortal.kill()
        for thread in threads:
            thread.join(30)


def stored(log: PostgresJournal, who: Principal) -> list[str]:
    assert log.ledger(who).balanced
    assert log.gaps(who) == []
    return [event.event_id for event in log.events(who, "decision")]


@dataclass
class Figures:
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    halves: int = 0
    resent: dict[str, int] = field(default_factory=dict)


def crash(mortal: Server, rounds: int, seed: int) -> Figures:
    random, figures = Random(seed), Figures()  # noqa: S311 - a test's kill times
    tenants = [Principal("one", "ann"), Principal("two", "bob")]
    clients = [
        Client("a", tenants[0]),
        Client("b", tenants[0]),
        Client("c", tenants[1]),
    ]
    mortal.start(LAZY)
    with empty(mortal.url) as url:
        for _ in range(rounds):
            until_killed(mortal, clients, url, random)
            mortal.start(LAZY)
            with open_postgres(url, CLOCK) as log:
                there = [key for who in tenants for key in stored(log, who)]
                assert log.verify() == len(there)
            acknowledged = set().union(*(one.acknowledged for one in clients))
            figures.lost = len(acknowledged - set(there))
            figures.twice += len(there) - len(set(there))
            figures.halves += len(there) % GROUP
        figures.acknowledged = len(acknowledged)
    mortal.stop()
    resent = [status for one in clients for status in one.resent]
    figures.resent = {s: resent.count(s) for s in ("stored", "duplicate")}
    return figures


def test_a_server_killed_while_it_commits_loses_and_doubles_nothing(mortal: Server):
    figures = crash(mortal, ROUNDS, 3)
    print(figures)  # noqa: T201 - for `make crash`
    assert figures.acknowledged > ROUNDS * GROUP * 10
    assert (figures.lost, figures.twice, figures.halves) == (0, 0, 0)


def test_the_harness_sees_commits_that_do_not_wait_for_the_disk(
    mortal: Server, monkeypatch
):
    weak = postgres_database._WRITE.replace("commit = on", "commit = off")
    assert weak != postgres_database._WRITE
    monkeypatch.setattr(postgres_database, "_WRITE", weak)
    # One round for each journal: what follows a loss would be a gap.
    figures = [crash(mortal, 1, seed) for seed in range(max(2, ROUNDS // 5))]
    print(figures)  # noqa: T201 - for `make crash`
    assert sum(one.lost for one in figures) > 0


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_may_lose_what_it_commits_is_refused(
    setting: str, mortal: Server
):
    mortal.start(f"{setting}=off")
    try:
        with pytest.raises(InputError, match=f"{setting} = off"):
            open_postgres(mortal.url, CLOCK)
    finally:
        mortal.stop()

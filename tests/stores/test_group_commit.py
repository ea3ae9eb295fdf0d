"""Many threads, one writer: every answer is true, and a full queue says so."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event as Flag
from threading import Thread

import pytest

from stores.appended import ANN, AUDIT
from tradeloop.errors import (
    BusyError,
    FullError,
    InputError,
    OverloadedError,
    TradeloopError,
)
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.base import Entry, Event, Receipt, Submission
from tradeloop.stores.group_commit import GROUP_EVENTS, GroupCommit
from tradeloop.stores.journal import Journal

BOB = Principal("other", "bob")


def submission(*ids: str, who: Principal = ANN, text: str = "") -> Submission:
    entries = tuple(Entry("decision", "feed", Event(i, 1, 1, {"x": text})) for i in ids)
    audit = AUDIT if who == ANN else AuditEntry(who, 5, "record decision", "feed")
    return Submission(who, entries, audit)


class Held:
    """A journal whose disk waits until it is let go; keeps the size of each group."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.journal, self.go, self.begun = journal, Flag(), Flag()
        self.groups: list[int] = []

    def write(self, submissions):
        self.begun.set()
        assert self.go.wait(10)
        self.groups.append(len(submissions))
        if self.journal:
            return self.journal.write(submissions)
        return [
            [Receipt(e.content.event_id, 1, "stored") for e in s.entries]
            for s in submissions
        ]


@pytest.fixture
def held(journal: Journal):
    return Held(journal)


def test_each_of_many_threads_gets_its_own_receipts(journal: Journal):
    group = GroupCommit(journal)

    def send(k: int) -> list[Receipt]:
        return group.submit(submission(f"a{k}", f"b{k}")).result(10)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(200)))
    assert group.close()
    for k, answer in enumerate(answers):
        assert [r.event_id for r in answer] == [f"a{k}", f"b{k}"]
        assert {r.status for r in answer} == {"stored"}
        assert [journal.get(ANN, "decision", r.event_id).seq for r in answer] == [
            r.seq for r in answer
        ]
    assert journal.verify() == 400
    assert len(journal.audit_trail(ANN)) == 200


def test_what_comes_while_the_disk_is_busy_becomes_one_group(held: Held):
    group = GroupCommit(held)
    first = group.submit(submission("first"))
    assert held.begun.wait(5)
    later = [group.submit(submission(f"d{k}")) for k in range(20)]
    held.go.set()
    assert [f.result(5)[0].status for f in (first, *later)] == ["stored"] * 21
    assert held.groups == [1, 20]
    assert group.close()


def test_no_group_is_larger_than_its_bound():
    held = Held()
    group = GroupCommit(held)
    group.submit(submission("first"))
    assert held.begun.wait(5)
    many = [f"{k}" for k in range(GROUP_EVENTS // 2)]
    later = [group.submit(submission(*many)) for _ in range(4)]
    large = group.submit(submission(*map(str, range(2 * GROUP_EVENTS))))
    held.go.set()
    assert all(len(f.result(5)) == GROUP_EVENTS // 2 for f in later)
    assert len(large.result(5)) == 2 * GROUP_EVENTS
    assert held.groups == [1, 2, 2, 1]
    assert group.close()


def test_nothing_is_answered_before_it_is_committed(held: Held, journal: Journal):
    group = GroupCommit(held)
    future = group.submit(submission("d"))
    assert held.begun.wait(5)
    assert not future.done()
    assert group.waiting == 1
    held.go.set()
    future.result(5)
    assert group.waiting == 0
    assert journal.counts(ANN) == {"decision": 1}
    assert group.close()


def test_a_full_queue_says_when_to_come_again_and_takes_nothing():
    held = Held()
    group = GroupCommit(held, most_events=10, per_tenant_share=1.0)
    taken = [group.submit(submission("a", "b")) for _ in range(5)]
    with pytest.raises(OverloadedError, match="Send it again in") as caught:
        group.submit(submission("c"))
    assert 0 < caught.value.retry_after_s <= 60
    held.go.set()
    assert [len(f.result(5)) for f in taken] == [2] * 5
    assert group.submit(submission("c")).result(5)[0].status == "stored"
    assert group.close()


def test_a_queue_is_bounded_by_the_size_of_bodies_too():
    held = Held()
    group = GroupCommit(held, most_bytes=1_000, per_tenant_share=1.0)
    group.submit(submission("a", text="x" * 900))
    with pytest.raises(OverloadedError):
        group.submit(submission("b", text="x" * 900))
    held.go.set()
    assert group.close()


def test_one_tenant_cannot_fill_the_queue_of_another():
    held = Held()
    group = GroupCommit(held, most_events=10, per_tenant_share=0.5)
    for k in range(5):
        group.submit(submission(f"a{k}"))
    with pytest.raises(OverloadedError, match="tenant 'acme'"):
        group.submit(submission("a9"))
    quiet = group.submit(submission("b", who=BOB))
    held.go.set()
    assert quiet.result(5)[0].status == "stored"
    assert group.close()


def test_a_submission_larger_than_the_queue_is_taken_when_nothing_waits():
    held = Held()
    held.go.set()
    group = GroupCommit(held, most_events=2)
    assert len(group.submit(submission("a", "b", "c")).result(5)) == 3
    assert group.close()


def test_a_bad_submission_is_refused_at_once_and_harms_no_other(journal: Journal):
    group = GroupCommit(journal)
    bad = Submission(
        ANN, (Entry("decision", "f", Event("b", 1, 1, {"x": 1e400})),), AUDIT
    )
    good = group.submit(submission("good"))
    with pytest.raises(InputError, match="row 0"):
        group.submit(bad)
    assert good.result(5)[0].status == "stored"
    assert group.waiting == 0
    assert group.close()


@pytest.mark.parametrize("error", [FullError("full"), ValueError("a bug")])
def test_a_failed_write_answers_all_of_its_group_and_the_thread_lives_on(
    journal: Journal, error: Exception
):
    def fails(_):
        raise error

    class Failing:
        write = staticmethod(fails)

    failing = Failing()
    group = GroupCommit(failing)
    with pytest.raises(TradeloopError, match=str(error)):
        group.submit(submission("a")).result(5)
    failing.write = journal.write
    assert group.submit(submission("a")).result(5)[0].status == "stored"
    assert group.close()


def test_closing_writes_what_waits_and_takes_nothing_more(held: Held, journal: Journal):
    group = GroupCommit(held)
    futures = [group.submit(submission(f"d{k}")) for k in range(50)]
    held.go.set()
    assert group.close()
    assert [f.result(0)[0].status for f in futures] == ["stored"] * 50
    with pytest.raises(BusyError, match="closing"):
        group.submit(submission("late"))
    assert journal.counts(ANN) == {"decision": 50}


def test_closing_in_time_leaves_no_answer_half_given(held: Held, journal: Journal):
    group = GroupCommit(held)
    first = group.submit(submission("first"))
    assert held.begun.wait(5)
    later: list[Future[list[Receipt]]] = [
        group.submit(submission(f"d{k}")) for k in range(9)
    ]
    assert group.close(timeout_s=0.05) is False  # the disk hangs
    for future in later:
        with pytest.raises(BusyError, match="closed before"):
            future.result(0)
    assert not first.done()
    held.go.set()
    assert first.result(5)[0].status == "stored"
    assert group.close()
    assert journal.counts(ANN) == {"decision": 1}


def test_closing_under_load_answers_every_submitter(journal: Journal):
    group = GroupCommit(journal)
    told: list[str] = []

    def send(thread: int) -> None:
        for k in range(10_000):
            try:
                group.submit(submission(f"{thread}-{k}")).result(10)
            except BusyError:
                return
            told.append(f"{thread}-{k}")

    threads = [Thread(target=send, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    while len(told) < 20:
        threads[0].join(0.01)
    assert group.close()
    for thread in threads:
        thread.join(10)
    found = {event.event_id for event in journal.events(ANN, "decision")}
    assert set(told) == found


def test_a_cancelled_wait_does_not_stop_the_writer(held: Held):
    group = GroupCommit(held)
    group.submit(submission("first"))
    assert held.begun.wait(5)
    cancelled, kept = group.submit(submission("a")), group.submit(submission("b"))
    assert cancelled.cancel()
    held.go.set()
    assert kept.result(5)[0].status == "stored"
    assert group.close()

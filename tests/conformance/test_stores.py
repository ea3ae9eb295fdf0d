"""The laws of the journal: every backend keeps them, planted bad ones do not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tradeloop import stores
from tradeloop.clock import ReplayClock
from tradeloop.errors import InputError
from tradeloop.events import Principal
from tradeloop.stores import checks
from tradeloop.stores.base import Receipt, Rejected
from tradeloop.stores.journal import Journal, open_journal

NOW_NS = 1_750_000_000_000_000_000


LAWS = checks.ALL + checks.SINGLE_WRITER


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_journal_on_sqlite_keeps_every_law(law, tmp_path: Path):
    assert law(lambda: open_journal(tmp_path / "j.db", ReplayClock(NOW_NS))) == ""


class Planted:
    """A real journal of which one thing is wrong."""

    def __init__(self, path: Path) -> None:
        self.journal: Journal = open_journal(path, ReplayClock(NOW_NS))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.journal.close()

    def __getattr__(self, name: str):
        return getattr(self.journal, name)


class AcknowledgesWhatItDrops(Planted):
    def append(self, principal, kind, source, events, audit):
        kept = self.journal.append(principal, kind, source, events[:-1], audit)
        last = [stores.Receipt(e.event_id, 10**6, "stored") for e in events[-1:]]
        return kept + last


class MixesTenants(Planted):
    def append(self, principal, kind, source, events, audit):
        same = Principal("all", principal.name)
        shared = replace(audit, principal=same)
        return self.journal.append(same, kind, source, events, shared)

    def events(self, principal, kind, after_seq=0):
        return self.journal.events(replace(principal, tenant="all"), kind, after_seq)


class LastWriteWins(Planted):
    def append(self, principal, kind, source, events, audit):
        self.last = {event.event_id: event.body for event in events}
        return self.journal.append(principal, kind, source, events, audit)

    def get(self, principal, kind, event_id):
        found = self.journal.get(principal, kind, event_id)
        return replace(found, body=self.last[event_id])


class RoundsTimes(Planted):
    def events(self, principal, kind, after_seq=0):
        found = self.journal.events(principal, kind, after_seq)
        return [replace(e, event_ns=e.event_ns // 1000 * 1000) for e in found]


class SortsByTime(Planted):
    def events(self, principal, kind, after_seq=0):
        found = self.journal.events(principal, kind, after_seq)
        return sorted(found, key=lambda e: e.event_ns)


class StoresOneByOne(Planted):
    def append(self, principal, kind, source, events, audit):
        append = self.journal.append
        return [append(principal, kind, source, [e], audit)[0] for e in events]


class ForgetsQuarantine(Planted):
    def rejects(self, principal):
        return self.journal.rejects(principal)[1:]

    def ledger(self, principal):
        return replace(self.journal.ledger(principal), quarantined=0)


class WritesNoAudit(Planted):
    def audit_trail(self, principal):
        return self.journal.audit_trail(principal)[:1]


class CountsTwice(Planted):
    def ledger(self, principal):
        found = self.journal.ledger(principal)
        return replace(found, received=found.received + found.quarantined)


class DropsNeighbours(Planted):
    def write(self, submissions):
        said = self.journal.write(submissions[:1])
        error = next((s for s in said if not isinstance(s, list)), None)
        return said + [error or InputError("x", way_out="y") for _ in submissions[1:]]


class KeepsHalfOfABadOne(Planted):
    def write(self, submissions):
        said = self.journal.write(submissions)
        for submission, answer in zip(submissions, said, strict=True):
            if not isinstance(answer, list):
                half = replace(submission, entries=submission.entries[:1])
                self.journal.write([half])
        return said


class ForgetsRefusedRows(Planted):
    def write(self, submissions):
        said = self.journal.write(
            [
                replace(
                    s,
                    entries=tuple(
                        e for e in s.entries if not isinstance(e.content, Rejected)
                    ),
                )
                for s in submissions
            ]
        )
        row = Receipt("key", 1, "quarantined")
        return [
            a + [row] * (len(s.entries) - len(a))
            for a, s in zip(said, submissions, strict=True)
        ]


class StoresAllUnderOneKind(Planted):
    def write(self, submissions):
        one = submissions[0].entries[0].kind
        return self.journal.write(
            [
                replace(s, entries=tuple(replace(e, kind=one) for e in s.entries))
                for s in submissions
            ]
        )


class LooksUpOncePerWrite(Planted):
    def write(self, submissions):
        said = self.journal.write(submissions)
        return [
            [replace(r, status="stored") if r.status == "conflict" else r for r in one]
            for one in said
        ]


class KeepsNulls(Planted):
    def get(self, principal, kind, event_id):
        found = self.journal.get(principal, kind, event_id)
        return replace(found, body=found.body | {"later": None})


class TellsNullFromAbsent(Planted):
    def append(self, principal, kind, source, events, audit):
        said = self.journal.append(principal, kind, source, events, audit)
        return [
            replace(r, status="conflict") if r.status == "duplicate" else r
            for r in said
        ]


class CountsTheLimitFromTheStart(Planted):
    def events(self, principal, kind, after_seq=0, limit=None):
        found = self.journal.events(principal, kind)[:limit]
        return [event for event in found if event.seq > after_seq]


class TakesThePositionOfAnotherKind(Planted):
    def last_seq(self, principal, kind, as_of_ns=None):  # noqa: ARG002
        return self.journal.mark().seq


class SkipsOneOfTheOutbox(Planted):
    def outbox(self, after, limit):
        found = self.journal.outbox(after, limit)
        return [f for f in found if f[0][1] != 3]


class GivesOneOfTheOutboxTwice(Planted):
    def outbox(self, after, limit):
        return self.journal.outbox((0, max(after[1] - 1, 0)), limit)


class OutboxOfOneKind(Planted):
    def outbox(self, after, limit):
        found = self.journal.outbox(after, 99)
        return [f for f in found if f[1].kind == "decision"][:limit]


class LeasesToAll(Planted):
    def lease(self, name, *_):
        return self.journal.lease(name, "one", 0)


class HasNoFence(Planted):
    def advance(self, lease, position):
        now = self.journal.lease(lease.name, "bob", 10**18)
        return self.journal.advance(replace(lease, fence=now.fence), position)


class FencesItsOwnHolder(Planted):
    def lease(self, name, owner, for_ns):
        held = self.journal.lease(name, owner, for_ns)
        self.leased = getattr(self, "leased", 0) + 1
        return replace(held, fence=self.leased)


class ForgetsCursors(Planted):
    def lease(self, name, owner, for_ns):
        return replace(self.journal.lease(name, owner, for_ns), position=stores.START)


class MovesBack(Planted):
    def advance(self, lease, position):
        try:
            return self.journal.advance(lease, position)
        except InputError:
            return replace(lease, position=position)


class ForgetsMarks(Planted):
    def write(self, submissions):
        return self.journal.write([replace(s, consumed=None) for s in submissions])


class KeepsMarksInMemory(Planted):
    def write(self, submissions):
        seen: set[object] = set()
        said = []
        for s in submissions:
            known = s.consumed in seen and s.consumed is not None
            seen.add((s.principal, s.consumed))
            ids = [Receipt(e.content.event_id, 0, "duplicate") for e in s.entries]
            said += [ids] if known else self.journal.write([replace(s, consumed=None)])
        return said


class OneMarkForAllTenants(Planted):
    def write(self, submissions):
        said = self.journal.write(submissions)
        return [
            [replace(r, status="duplicate") for r in one]
            if s.principal.tenant == "other"
            else one
            for s, one in zip(submissions, said, strict=True)
        ]


class GivesNewPositions(Planted):
    def append(self, principal, kind, source, events, audit):
        found = self.journal.append(principal, kind, source, events, audit)
        return [replace(r, seq=r.seq + 1, status="stored") for r in found]


PLANTED: tuple[tuple[Callable[[Path], Planted], str], ...] = (
    (AcknowledgesWhatItDrops, "what_was_acknowledged_survives_closing"),
    (MixesTenants, "tenants_do_not_meet"),
    (LastWriteWins, "a_conflict_keeps_the_original"),
    (RoundsTimes, "events_come_back_as_they_were"),
    (SortsByTime, "events_come_back_as_they_were"),
    (StoresOneByOne, "a_bad_event_refuses_its_group"),
    (ForgetsQuarantine, "the_ledger_balances_after_every_write"),
    (WritesNoAudit, "every_write_leaves_its_audit_entry"),
    (CountsTwice, "the_ledger_balances_after_every_write"),
    (GivesNewPositions, "same_content_is_stored_once"),
    (DropsNeighbours, "a_bad_submission_leaves_the_others"),
    (KeepsHalfOfABadOne, "a_bad_submission_leaves_the_others"),
    (ForgetsRefusedRows, "a_submission_may_hold_all_kinds"),
    (StoresAllUnderOneKind, "a_submission_may_hold_all_kinds"),
    (LooksUpOncePerWrite, "submissions_of_one_write_see_each_other"),
    (KeepsNulls, "a_null_says_nothing"),
    (TellsNullFromAbsent, "a_null_says_nothing"),
    (CountsTheLimitFromTheStart, "a_long_journal_is_read_in_chunks"),
    (TakesThePositionOfAnotherKind, "a_long_journal_is_read_in_chunks"),
    (SkipsOneOfTheOutbox, "the_outbox_gives_each_event_once_in_order"),
    (GivesOneOfTheOutboxTwice, "the_outbox_gives_each_event_once_in_order"),
    (OutboxOfOneKind, "the_outbox_gives_each_event_once_in_order"),
    (LeasesToAll, "a_cursor_is_moved_by_its_holder_only"),
    (HasNoFence, "a_cursor_is_moved_by_its_holder_only"),
    (FencesItsOwnHolder, "a_cursor_is_moved_by_its_holder_only"),
    (ForgetsCursors, "a_cursor_stays_where_it_is"),
    (MovesBack, "a_cursor_stays_where_it_is"),
    (ForgetsMarks, "an_effect_is_there_once"),
    (KeepsMarksInMemory, "an_effect_is_there_once"),
    (OneMarkForAllTenants, "an_effect_is_there_once"),
)


@pytest.mark.parametrize(
    ("bad", "law"), PLANTED, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_planted_bad_journal_breaks_its_law(bad, law, tmp_path: Path):
    assert getattr(checks, law)(lambda: bad(tmp_path / "journal.db")) != ""


def test_a_journal_without_a_lock_breaks_the_law_of_one_writer(tmp_path: Path):
    opened = iter(range(9))

    def unlocked() -> Journal:
        return open_journal(tmp_path / f"{next(opened)}.db", ReplayClock(NOW_NS))

    assert checks.a_second_writer_is_refused(unlocked) != ""


def test_every_law_fails_on_some_planted_journal():
    broken = {law for _, law in PLANTED} | {"a_second_writer_is_refused"}
    assert broken == {law.__name__ for law in LAWS}

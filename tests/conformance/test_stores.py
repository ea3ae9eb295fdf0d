"""The laws of the journal: every backend keeps them, planted bad ones do not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tradeloop import stores
from tradeloop.clock import ReplayClock
from tradeloop.events import Principal
from tradeloop.stores import checks
from tradeloop.stores.journal import Journal, open_journal

NOW_NS = 1_750_000_000_000_000_000


@pytest.mark.parametrize("law", checks.ALL, ids=lambda law: law.__name__)
@pytest.mark.parametrize("backend", stores.ALL, ids=lambda backend: backend.__name__)
def test_every_journal_keeps_every_law(backend, law, tmp_path: Path):
    assert law(lambda: backend(tmp_path / "journal.db", ReplayClock(NOW_NS))) == ""


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
    assert broken == {law.__name__ for law in checks.ALL}

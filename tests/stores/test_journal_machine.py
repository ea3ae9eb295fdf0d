"""Whatever is done to a journal in whatever order, it says what a plain model says."""

import shutil
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tradeloop.clock import ReplayClock
from tradeloop.errors import BusyError, InputError, NotFoundError
from tradeloop.events import AuditEntry, DecisionState, Principal
from tradeloop.stores.base import (
    START,
    Consumed,
    Entry,
    Event,
    Gap,
    Lease,
    Ledger,
    Rejected,
    StateChange,
    Submission,
)
from tradeloop.stores.journal import open_journal

WHO = (Principal("acme", "ann"), Principal("other", "bob"))
TENANTS = st.sampled_from(WHO)
KINDS = st.sampled_from(("decision", "fill"))
SOURCES = st.sampled_from(("f", "g"))
BODIES = st.sampled_from(({"v": 1}, {"v": 1, "w": None}, {"v": 2}, {"v": [None]}, {}))
NUMBERS = st.none() | st.integers(1, 9)
EVENTS = st.builds(
    Event,
    st.sampled_from("abcdefghijklmnop"),
    st.integers(0, 1),
    st.integers(0, 2),
    BODIES,
    st.integers(0, 1),
    NUMBERS,
)
ROWS = st.builds(
    Rejected,
    st.integers(-1, 1),
    st.sampled_from("kl"),
    st.just("r"),
    st.sampled_from("xy"),
) | st.builds(
    Rejected, st.just(-1), st.just("k"), st.just("r"), st.just("x"), st.just(0), NUMBERS
)
ENTRIES = st.builds(Entry, KINDS, SOURCES, EVENTS | ROWS)
MARKS = st.none() | st.builds(
    Consumed, st.sampled_from(("c", "d")), st.just("fill"), st.sampled_from("ab")
)
BAD = Entry("decision", "f", Event("bad", 0, 0, {"x": float("nan")}))
NAMES, OWNERS = st.sampled_from(("relay", "export")), st.sampled_from(("x", "y"))


def audit(who: Principal) -> AuditEntry:
    return AuditEntry(who, 5, "do", "it")


class Model:
    """What a journal should say, in dicts and sets."""

    def __init__(self) -> None:
        self.events: dict[tuple, tuple] = {}  # tenant, kind, id: event_ns, body, seq
        self.order: list[tuple] = []
        self.numbers: dict[tuple, int] = {}  # tenant, source, epoch, n: seq
        self.came: dict[tuple, set[int]] = {}
        self.rejects: dict[tuple, int] = {}
        self.received: Counter[str] = Counter()
        self.states: dict[tuple[str, str], StateChange] = {}
        self.audits: Counter[str] = Counter()
        self.marks: set[tuple] = set()
        self.cursors: dict[str, Lease] = {}

    def submit(self, given: Submission) -> list[tuple[str, int, str]]:
        tenant = given.principal.tenant
        mark = given.consumed and (tenant, given.consumed)
        if mark in self.marks:
            return [self.standing(tenant, entry) for entry in given.entries]
        self.marks |= {mark} - {None}
        self.audits[tenant] += 1
        return [self.entry(tenant, entry) for entry in given.entries]

    def standing(self, tenant: str, entry: Entry):
        if isinstance(entry.content, Rejected):
            return (entry.content.key, 0, "duplicate")
        known = self.events.get((tenant, entry.kind, entry.content.event_id))
        return (entry.content.event_id, known[2] if known else 0, "duplicate")

    def entry(self, tenant: str, entry: Entry) -> tuple[str, int, str]:
        content = entry.content
        if isinstance(content, Rejected):
            return (content.key, self.reject(tenant, entry, content), "quarantined")
        key = (tenant, entry.kind, content.event_id)
        body = {k: v for k, v in content.body.items() if v is not None}
        place = (tenant, entry.source, content.epoch)
        known = self.events.get(key)
        if known and known[:2] == (content.event_ns, body):
            self.number(place, content.n)
            return (content.event_id, known[2], "duplicate")
        taken = self.numbers.get((*place, content.n))
        if known or taken:
            text = f"{body} {content.event_ns} {content.received_ns}"
            number = (content.epoch, content.n)
            row = Rejected(-1, content.event_id, "", text, *number)
            self.reject(tenant, entry, row)
            return (content.event_id, known[2] if known else taken, "conflict")
        highest = [k[3] for k in self.numbers if k[:3] == place]
        n = content.n or max(highest, default=0) + 1
        seq = len(self.order) + 1
        self.numbers[*place, n] = seq
        self.number(place, n)
        self.events[key] = (content.event_ns, body, seq)
        self.order.append((tenant, entry.kind, content.event_id, n))
        self.received[tenant] += entry.kind == "decision"
        return (content.event_id, seq, "stored")

    def reject(self, tenant: str, entry: Entry, row: Rejected) -> int:
        self.number((tenant, entry.source, row.epoch), row.n)
        key = (tenant, entry.kind, entry.source, row.row, row.key, row.body)
        if key not in self.rejects:
            self.received[tenant] += entry.kind == "decision"
        return self.rejects.setdefault(key, len(self.rejects) + 1)

    def number(self, place: tuple, n: int | None) -> None:
        if n is not None:
            self.came.setdefault(place, set()).add(n)

    def ledger(self, tenant: str) -> Ledger:
        mine = [k for k in self.events if k[:2] == (tenant, "decision")]
        stands = [self.states.get((tenant, k[2])) for k in mine]
        states = Counter(str(s.state) if s else "pending" for s in stands)
        apart = sum(key[:2] == (tenant, "decision") for key in self.rejects)
        counts = [states[name] for name in ("labelled", "pending", "censored")]
        return Ledger(self.received[tenant], *counts, states["quarantined"] + apart)

    def gaps(self, tenant: str) -> list[Gap]:
        found = []
        for (whose, source, epoch), came in sorted(self.came.items()):
            missing = sorted(set(range(1, max(came))) - came)
            runs: list[tuple[int, int]] = []
            for n in missing:
                if runs and runs[-1][1] == n - 1:
                    runs[-1] = (runs[-1][0], n)
                else:
                    runs.append((n, n))
            if missing and whose == tenant:
                found.append(Gap(source, epoch, max(came), len(missing), tuple(runs)))
        return found


@pytest.fixture(scope="module", autouse=True)
def _empty(tmp_path_factory):
    """Make an empty journal once: to upgrade a new one takes longest."""
    JournalMachine.empty = tmp_path_factory.mktemp("empty") / "j.db"
    open_journal(JournalMachine.empty, ReplayClock(0)).close()


class JournalMachine(RuleBasedStateMachine):
    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "j.db"
        shutil.copyfile(self.empty, self.path)
        self.clock, self.model = ReplayClock(1_000), Model()
        self.journal = open_journal(self.path, self.clock)

    def teardown(self) -> None:
        assert self.journal.verify() == len(self.model.order)
        self.journal.close()
        self.folder.cleanup()

    @rule(who=TENANTS, kind=KINDS, source=SOURCES, given=st.lists(EVENTS, max_size=8))
    def append(self, who, kind, source, given) -> None:
        entries = tuple(Entry(kind, source, event) for event in given)
        said = self.journal.append(who, kind, source, given, audit(who))
        expected = self.model.submit(Submission(who, entries, audit(who)))
        assert [(r.event_id, r.seq, r.status) for r in said] == expected

    @rule(
        given=st.lists(
            st.tuples(TENANTS, st.lists(ENTRIES, max_size=4), MARKS, st.booleans()),
            max_size=4,
        )
    )
    def write(self, given) -> None:
        submissions = [
            Submission(who, (*entries, *[BAD] * bad), audit(who), mark)
            for who, entries, mark, bad in given
        ]
        said = self.journal.write(submissions)
        for submission, answer in zip(submissions, said, strict=True):
            if BAD in submission.entries:
                assert isinstance(answer, InputError)
            else:
                expected = self.model.submit(submission)
                assert [(r.event_id, r.seq, r.status) for r in answer] == expected

    @rule(who=TENANTS, kind=KINDS, source=SOURCES, rows=st.lists(ROWS, max_size=3))
    def reject(self, who, kind, source, rows) -> None:
        before = len(self.model.rejects)
        new = self.journal.reject(who, source, rows, audit(who), kind=kind)
        entries = tuple(Entry(kind, source, row) for row in rows)
        self.model.submit(Submission(who, entries, audit(who)))
        assert new == len(self.model.rejects) - before

    @rule(
        who=TENANTS,
        name=st.sampled_from("abcdefgh"),
        state=st.sampled_from(DecisionState),
        due_ns=st.none() | st.just(7),
    )
    def settle(self, who, name, state, due_ns) -> None:
        change = StateChange(name, state, due_ns, "why")
        if (who.tenant, "decision", name) in self.model.events:
            self.journal.settle(who, [change], audit(who))
            self.model.states[who.tenant, name] = change
            self.model.audits[who.tenant] += 1
        else:
            with pytest.raises(NotFoundError):
                self.journal.settle(who, [change], audit(who))

    @rule(name=NAMES, owner=OWNERS, for_ns=st.integers(0, 50))
    def lease(self, name, owner, for_ns) -> None:
        held, now_ns = self.model.cursors.get(name), self.clock.at_ns
        in_time = held is not None and now_ns < held.until_ns
        if in_time and held.owner != owner:
            with pytest.raises(BusyError):
                self.journal.lease(name, owner, for_ns)
            return
        fence = held.fence if in_time else (held.fence if held else 0) + 1
        position = held.position if held else START
        self.model.cursors[name] = Lease(name, owner, fence, position, now_ns + for_ns)
        assert self.journal.lease(name, owner, for_ns) == self.model.cursors[name]

    @precondition(lambda self: self.model.cursors)
    @rule(data=st.data(), step=st.integers(-1, 3), late=st.booleans())
    def advance(self, data, step, late) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.cursors)))
        held = self.model.cursors[name]
        to = (0, held.position[1] + step)
        given = Lease(name, held.owner, held.fence - late, held.position, held.until_ns)
        if late or step < 0:
            with pytest.raises(BusyError if late else InputError):
                self.journal.advance(given, to)
            return
        moved = Lease(name, held.owner, held.fence, to, held.until_ns)
        self.model.cursors[name] = moved
        assert self.journal.advance(given, to) == moved

    @rule(step=st.integers(0, 60))
    def time_goes_on(self, step) -> None:
        self.clock.advance(self.clock.at_ns + step)

    @rule()
    def reopen(self) -> None:
        self.journal.close()
        self.journal = open_journal(self.path, self.clock)

    @invariant()
    def it_says_what_the_model_says(self) -> None:
        found = self.journal.outbox(START, 1_000)
        told = [(e.principal.tenant, e.kind, e.event_id, e.n) for _, e in found]
        assert told == self.model.order
        for who in WHO:
            tenant = who.tenant
            kinds = Counter(k[1] for k in self.model.events if k[0] == tenant)
            assert self.journal.counts(who) == kinds
            ledger = self.journal.ledger(who)
            assert ledger.balanced
            assert ledger == self.model.ledger(tenant)
            assert self.journal.gaps(who) == self.model.gaps(tenant)
            assert len(self.journal.audit_trail(who)) == self.model.audits[tenant]
            apart = Counter(key[1] for key in self.model.rejects if key[0] == tenant)
            assert self.journal.reject_counts(who) == apart
            states = {k[1]: s for k, s in self.model.states.items() if k[0] == tenant}
            assert self.journal.states(who) == states


JournalMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=20)
TestJournalMachine = JournalMachine.TestCase

"""The journal: conflicts, numbers, damage, the ledger, and readers beside a writer."""

import json
from pathlib import Path

import apsw
import pytest

from stores.appended import ANN, AUDIT, CLOCK, append, events
from tradeloop.errors import (
    InputError,
    NotFoundError,
)
from tradeloop.events import AuditEntry, DecisionState, Principal
from tradeloop.stores.base import (
    Entry,
    Event,
    Gap,
    Ledger,
    Numbered,
    Rejected,
    StateChange,
    Submission,
)
from tradeloop.stores.journal import Journal, open_journal


def test_another_event_time_under_the_same_id_is_a_conflict(journal: Journal):
    append(journal, [Event("d", 1, 2, {"k": 1})])
    later_known = append(journal, [Event("d", 1, 99, {"k": 1})])
    moved = append(journal, [Event("d", 3, 2, {"k": 1})])
    assert [later_known[0].status, moved[0].status] == ["duplicate", "conflict"]


def test_the_order_of_keys_is_no_other_content(journal: Journal):
    append(journal, [Event("d", 1, 2, {"a": 1, "b": [1, 2.5, None]})])
    again = append(journal, [Event("d", 1, 2, {"b": (1, 2.5, None), "a": 1})])
    assert again[0].status == "duplicate"


def test_a_null_that_a_later_contract_adds_is_no_other_content(journal: Journal):
    append(journal, [Event("d", 1, 2, {"k": 1, "in": {"x": None}})])
    later = {"k": 1, "in": {"x": None}, "added": None}
    assert append(journal, [Event("d", 1, 2, later)])[0].status == "duplicate"
    inside = append(journal, [Event("d", 1, 2, {"k": 1, "in": {}})])
    assert inside[0].status == "conflict"


def test_a_duplicate_under_another_number_leaves_no_gap(journal: Journal):
    append(journal, [Event("d1", 1, 1, {}, n=1), Event("d2", 2, 2, {}, n=2)])
    again = [Event("d2", 2, 2, {}, n=3), Event("d2", 2, 2, {}, n=2)]
    assert {r.status for r in append(journal, again)} == {"duplicate"}
    append(journal, [Event("d3", 3, 3, {}, n=4)])
    assert journal.gaps(ANN) == []
    assert journal.numbered(ANN) == [Numbered("feed", 0, 4, 4)]
    append(journal, [Event("d2", 2, 2, {}, n=3)])
    assert journal.numbered(ANN) == [Numbered("feed", 0, 4, 4)]


def test_a_refused_row_uses_its_number_up(journal: Journal):
    rows = [Rejected(-1, "k", "bad", "x", epoch=0, n=n) for n in (2, 3)]
    append(journal, [Event("d1", 1, 1, {}, n=1), Event("d5", 5, 5, {}, n=5)])
    journal.reject(ANN, "feed", rows, AUDIT)
    assert journal.gaps(ANN) == [Gap("feed", 0, 5, 1, ((4, 4),))]
    assert journal.reject_counts(ANN) == {"decision": 1}


def test_the_journal_counts_on_from_the_highest_number_of_a_source(journal: Journal):
    numbers = (5, 2, None, 7, None)
    given = [Event(f"d{k}", k, k, {}, n=n) for k, n in enumerate(numbers)]
    append(journal, given)
    append(journal, [Event("d9", 9, 9, {})])
    found = [event.n for event in journal.events(ANN, "decision")]
    assert found == [5, 2, 6, 7, 8, 9]


def test_a_gap_names_a_thousand_runs_and_counts_them_all(journal: Journal):
    append(journal, [Event(f"d{n}", n, n, {}, n=n) for n in range(2, 4_003, 2)])
    (gap,) = journal.gaps(ANN)
    assert (gap.expected, gap.missing, len(gap.ranges)) == (4_002, 2_001, 1_000)
    assert gap.ranges[:2] == ((1, 1), (3, 3))


@pytest.mark.parametrize("number", [0, -1, 2**62 + 1, True, 1.0])
def test_a_number_that_leaves_no_next_one_is_refused(journal: Journal, number):
    with pytest.raises(InputError, match="row 0"):
        append(journal, [Event("d", 1, 1, {}, n=number)])
    with pytest.raises(InputError, match="row 0"):
        append(journal, [Event("d", 2**63, 1, {})])
    assert journal.counts(ANN) == {}


def test_a_state_that_stands_already_is_not_written_again(journal: Journal):
    append(journal, events(2))
    change = StateChange("d0", DecisionState.PENDING, 7)
    for _ in range(3):
        journal.settle(ANN, [change, change], AUDIT)
    with journal._database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM state_change").get == 1
    assert len(journal.audit_trail(ANN)) == 4


def test_a_write_that_sqlite_refuses_for_one_harms_no_other(journal: Journal):
    wide = Event("wide", 1, 1, {"x": "y" * 2_000})
    given = [
        Submission(ANN, (Entry("decision", "feed", e),), AUDIT)
        for e in (*events(1), wide, *events(1, 1))
    ]
    journal._database._connection.limit(apsw.SQLITE_LIMIT_LENGTH, 1_900)
    said = journal.write(given)
    assert [type(one).__name__ for one in said] == ["list", "TradeloopError", "list"]
    assert journal.counts(ANN) == {"decision": 2}
    assert journal.verify() == 2


def test_a_conflict_within_one_group_keeps_its_first_event(journal: Journal):
    said = append(journal, [Event("d", 1, 2, {"k": 1}), Event("d", 1, 2, {"k": 2})])
    assert [receipt.status for receipt in said] == ["stored", "conflict"]
    kept = json.loads(journal.rejects(ANN)[0].rejected.body)
    assert kept == {"body": {"k": 2}, "event_ns": 1, "received_ns": 2}
    assert journal.ledger(ANN) == Ledger(2, 0, 1, 0, 1)


def test_a_conflict_sent_again_is_not_counted_again(journal: Journal):
    append(journal, [Event("d", 1, 2, {"k": 1})])
    for _ in range(3):
        append(journal, [Event("d", 1, 2, {"k": 2})])
    assert journal.ledger(ANN) == Ledger(2, 0, 1, 0, 1)


def test_each_source_is_numbered_without_gaps(journal: Journal):
    append(journal, events(3), "a")
    append(journal, events(2, 3), "b")
    append(journal, events(2, 5), "a")
    found = [(e.source, e.n) for e in journal.events(ANN, "decision")]
    assert found == [
        ("a", 1),
        ("a", 2),
        ("a", 3),
        ("b", 1),
        ("b", 2),
        ("a", 4),
        ("a", 5),
    ]
    assert journal.gaps(ANN) == []


def test_numbers_that_never_came_are_a_gap(journal: Journal):
    append(journal, [Event(f"d{n}", n, n, {}, epoch=7, n=n) for n in (1, 2, 5, 6)])
    assert journal.gaps(ANN) == [Gap("feed", 7, 6, 2, ((3, 4),))]
    assert journal.numbered(ANN) == [Numbered("feed", 7, 6, 4)]
    append(journal, [Event("d3", 3, 3, {}, epoch=7, n=3)])
    append(journal, [Event("d1", 4, 4, {"other": 1}, epoch=7, n=4)])  # quarantined
    assert journal.gaps(ANN) == []


def test_two_events_under_one_number_are_a_conflict(journal: Journal):
    append(journal, [Event("d1", 1, 1, {}, n=1)])
    assert append(journal, [Event("d2", 2, 2, {}, n=1)])[0].status == "conflict"


@pytest.mark.parametrize(
    "body",
    [
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": 2**63},
        {"x": "a\0b"},
        {"x": "\ud800"},
        {1: "x"},
        {"x": b"bytes"},
        pytest.param({"x": object()}, id="an-object"),
        json.loads("[" * 40 + "]" * 40),
    ],
    ids=str,
)
def test_a_body_that_is_no_plain_json_names_its_row(journal: Journal, body):
    with pytest.raises(InputError, match="row 2") as caught:
        append(journal, [*events(2), Event("bad", 1, 1, body)])
    assert caught.value.way_out
    assert journal.counts(ANN) == {}


def test_a_quarantined_row_is_kept_whatever_its_text_holds(journal: Journal):
    rows = [Rejected(3, "k\0", "bad \ud800", "a\0b\ud800"), Rejected(4, "", "r", "")]
    assert journal.reject(ANN, "f.csv", rows, AUDIT) == 2
    assert journal.reject(ANN, "f.csv", rows, AUDIT) == 0
    assert [stored.rejected.row for stored in journal.rejects(ANN)] == [3, 4]
    assert journal.verify() == 0


def test_quarantined_bars_are_no_decisions(journal: Journal):
    journal.reject(ANN, "f.csv", [Rejected(0, "", "r", "")], AUDIT, kind="bar")
    assert journal.ledger(ANN) == Ledger(0, 0, 0, 0, 0)


def test_an_unknown_decision_settles_nothing(journal: Journal):
    append(journal, events(1))
    labelled = DecisionState.LABELLED
    with pytest.raises(NotFoundError, match="nobody"):
        journal.settle(
            ANN, [StateChange("d0", labelled), StateChange("nobody", labelled)], AUDIT
        )
    assert journal.states(ANN) == {}
    assert len(journal.audit_trail(ANN)) == 1


def test_the_last_state_of_a_decision_counts(journal: Journal):
    append(journal, events(1))
    last = StateChange("d0", DecisionState.LABELLED, 9, "known")
    journal.settle(ANN, [StateChange("d0", DecisionState.PENDING, 9)], AUDIT)
    journal.settle(ANN, [last], AUDIT)
    assert journal.states(ANN) == {"d0": last}
    assert journal.ledger(ANN) == Ledger(1, 1, 0, 0, 0)


def test_an_audit_entry_of_another_tenant_is_refused(journal: Journal):
    foreign = AuditEntry(Principal("other", "bob"), 5, "record decision", "feed")
    with pytest.raises(InputError, match="other"):
        journal.append(ANN, "decision", "feed", events(1), foreign)
    assert journal.counts(ANN) == {}


def test_an_unknown_event_is_not_found(journal: Journal):
    with pytest.raises(NotFoundError, match="d9"):
        journal.get(ANN, "decision", "d9")


def test_ten_thousand_decisions_of_one_group_are_all_stored(journal: Journal):
    receipts = append(journal, events(10_000))
    assert [r.seq for r in receipts] == list(range(1, 10_001))
    assert {r.status for r in receipts} == {"stored"}
    assert journal.counts(ANN) == {"decision": 10_000}
    assert journal.verify() == 10_000


def test_a_reader_sees_each_commit_beside_the_writer_and_cannot_write(
    journal: Journal, path: Path
):
    append(journal, events(2))
    with open_journal(path, CLOCK, read_only=True) as reader:
        assert reader.counts(ANN) == {"decision": 2}
        append(journal, events(3, 2))
        assert reader.counts(ANN) == {"decision": 5}
        assert reader.verify() == 5
        with pytest.raises(InputError, match="reading only"):
            append(reader, events(1))

"""Duplicates, disorder and events five days late: in the end the same is known."""

import json
import random

import polars as pl
import pytest

from apps import poison
from apps.serving import ME, api_over
from tradeloop.clock import NS_PER_DAY, NS_PER_SECOND
from tradeloop.events import QUOTE
from tradeloop.pipelines.captured import captured_ticks
from tradeloop.stores.canonical import canonical, digest

HEAD = {"Content-Type": "application/json"}
ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}
COUNT = 400


def decisions():
    made = []
    for k in range(COUNT):
        at_ns = poison.NOW_NS + k * NS_PER_SECOND
        late = 5 * NS_PER_DAY if k % 50 == 7 else 1_000_000
        told = poison.message(f"d{k}", reasoning=f"{k}", received_ns=at_ns + late)
        told["data"]["event_ns"] = at_ns
        made.append(told | {"sequence": str(k + 1), "epoch": 0})
    return made


def scrambled(events, seed):
    """Send 10 % twice, 30 % out of order, and what is late at the very end."""
    chance = random.Random(seed)  # noqa: S311 - a test's order
    sent = events + chance.sample(events, len(events) // 10)
    for _ in range(int(0.3 * len(sent))):
        a, b = chance.randrange(len(sent)), chance.randrange(len(sent))
        sent[a], sent[b] = sent[b], sent[a]
    return sorted(
        sent,
        key=lambda e: e["data"]["received_ns"] - e["data"]["event_ns"] > NS_PER_DAY,
    )


def known(folder, events):
    """Hash of all that is stored, whatever the order in which it came."""
    with api_over(folder) as (client, served):
        for first in range(0, len(events), 37):
            body = json.dumps(events[first : first + 37])
            told = client.post("/api/v1/events", content=body, headers=HEAD).json()
            assert told["conflict"] == told["quarantined"] == 0
        journal = served.workspace.journal
        assert journal.gaps(ME) == []
        assert journal.ledger(ME).received == COUNT
        stored = [
            (e.event_id, e.event_ns, e.received_ns, e.n, canonical(e.body))
            for e in journal.events(ME, "decision")
        ]
    return digest(canonical(sorted(stored)))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_in_which_events_come_changes_nothing_that_is_known(tmp_path, seed):
    clean = known(tmp_path / "clean", decisions())
    assert known(tmp_path / "other", scrambled(decisions(), seed)) == clean


def test_ticks_that_come_late_and_twice_are_there_once_in_order(tmp_path):
    from apps.test_poison import stream  # noqa: PLC0415 - one way to write a stream

    rows = pl.DataFrame(
        {
            "instrument": "X",
            "event_ns": range(1, 301),
            "received_ns": range(1, 301),
            "bid": [1.0 + k / 1000 for k in range(300)],
            "ask": [1.1 + k / 1000 for k in range(300)],
            "sequence": range(300),
        }
    )
    batches = [rows[k : k + 30] for k in range(0, 300, 30)]
    order = [3, 0, 9, 1, 3, 2, 5, 4, 8, 6, 7, 0]
    with api_over(tmp_path) as (client, served):
        for number in order:
            path = f"/api/v1/ticks/quote?source=feed&n={number + 1}"
            body = stream(batches[number])
            answer = client.post(path, content=body, headers=ARROW)
            assert answer.status_code == 200, answer.text
        found = captured_ticks(served.workspace, QUOTE)
        assert served.workspace.journal.gaps(ME) == []
    assert found.select(rows.columns).equals(
        rows.cast(found.select(rows.columns).schema)
    )

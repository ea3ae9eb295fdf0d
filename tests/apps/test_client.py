"""The client: durable on return, resent until acknowledged, numbered without a gap."""

import asyncio
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.standin import standing_in
from tradeloop import Client
from tradeloop.apps.client import AsyncClient
from tradeloop.apps.client.delivery import LaterError, ndjson
from tradeloop.apps.client.roads import Workspace
from tradeloop.apps.client.spool import Spool
from tradeloop.apps.settings import load
from tradeloop.clock import ReplayClock
from tradeloop.errors import BusyError, FullError, InputError
from tradeloop.events import Principal
from tradeloop.pipelines.serve import Address, address_shown
from tradeloop.stores import open_journal

NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens
NOW_NS = 1_700_000_000_000_000_000
ME = Principal("default", "me")
LONG_S = 20


def decide(client, **more):
    return client.emit(
        "decision", instrument="EURUSD", side=1, strategy="breakout", **more
    )


def sender(target, folder, **more):
    return Client(target, source="breakout", spool=folder / "spool", **more)


def test_what_was_emitted_waits_on_the_disk_while_nobody_answers(tmp_path):
    client = sender(NOWHERE, tmp_path)
    ids = [decide(client) for _ in range(3)]
    assert client.close(timeout_s=0) == 3
    spool = Spool(tmp_path / "spool" / "breakout.spool", "breakout", ReplayClock(1))
    assert [one.event_id for one in spool.waiting(10)] == ids
    assert [one.n for one in spool.waiting(10)] == [1, 2, 3]
    spool.close()


CHILD = """
import os, sys
from tradeloop import Client
client = Client(sys.argv[1], source="breakout", spool=sys.argv[2])
for k in range(20):
    client.emit("decision", event_id=f"d{k}", instrument="X", side=1, strategy="s")
    print(k, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_client_that_is_killed_loses_nothing_that_it_emitted(tmp_path):
    command = [sys.executable, "-c", CHILD, NOWHERE, str(tmp_path / "spool")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -9
    assert len(done.stdout.split()) == 20
    with standing_in() as (url, journal):
        with sender(url, tmp_path) as client:
            assert client.flush(LONG_S) == 0
        assert list(journal.stored) == [f"d{k}" for k in range(20)]


@pytest.mark.parametrize("mood", ["drop", "garbage", 301, 401, 404, 429, 500, 503, 507])
def test_a_message_is_sent_until_it_is_acknowledged_and_is_there_once(tmp_path, mood):
    with standing_in([mood, mood]) as (url, journal):
        with sender(url, tmp_path) as client:
            ids = [decide(client) for _ in range(5)]
            assert client.flush(LONG_S) == 0
            assert client.status().trouble == ""
            told = client.status()
        assert sorted(journal.stored) == sorted(ids)
        assert told.stored + told.duplicate == 5
        if mood == "drop":
            assert len(journal.came) > 5


def test_numbers_go_on_where_the_last_life_of_the_spool_ended(tmp_path):
    with standing_in() as (url, journal):
        for _ in range(3):
            with sender(url, tmp_path) as client:
                decide(client)
                decide(client)
        numbers = [int(m["sequence"]) for m in journal.stored.values()]
        epochs = {m["epoch"] for m in journal.stored.values()}
    assert numbers == [1, 2, 3, 4, 5, 6]
    assert len(epochs) == 1


def test_a_new_spool_is_a_new_life_of_the_source(tmp_path):
    lives = []
    for k in range(2):
        path = tmp_path / f"{k}.spool"
        spool = Spool(path, "breakout", ReplayClock(NOW_NS + k))
        spool.put([("a", "{}")])
        lives.append((spool.epoch, spool.waiting(1)[0].n))
        spool.close()
    assert lives == [(NOW_NS, 1), (NOW_NS + 1, 1)]


def test_one_message_that_nobody_takes_is_set_aside_and_its_neighbours_arrive(tmp_path):
    with standing_in([503]) as (url, journal):
        with sender(url, tmp_path) as client:
            first = decide(client)
            bad = client.emit("decision", instrument="POISON", side=1, strategy="s")
            last = decide(client)
            assert client.flush(LONG_S) == 0
            refused = client.refused()
            assert client.status().refused == 1
        assert [event_id for event_id, _ in refused] == [bad]
        assert "no such thing" in refused[0][1]
        assert sorted(journal.stored) == sorted([first, last])


@pytest.mark.parametrize(
    "broken",
    [{"side": 3}, {"confidence_score": 2.0}, {"colour": "red"}, {"instrument": ""}],
)
def test_a_field_that_breaks_the_contract_is_refused_before_anything_is_kept(
    tmp_path, broken
):
    fields = {"instrument": "EURUSD", "side": 1, "strategy": "breakout"} | broken
    client = sender(NOWHERE, tmp_path)
    with pytest.raises(InputError):
        client.emit("decision", **fields)
    assert client.close(timeout_s=0) == 0


def test_a_spool_serves_one_process_and_one_source(tmp_path):
    path = tmp_path / "a.spool"
    spool = Spool(path, "one", ReplayClock(1))
    with pytest.raises(BusyError, match=str(path)):
        Spool(path, "one", ReplayClock(1))
    spool.close()
    with pytest.raises(InputError, match="'one'"):
        Spool(path, "other", ReplayClock(1))


def test_three_lines_capture_a_decision_without_any_server(tmp_path):
    with Client(tmp_path, source="mine", spool=tmp_path / "spool") as client:
        event_id = client.emit("decision", instrument="EURUSD", side=1, strategy="s")
    with open_journal(tmp_path / "journal.db", ReplayClock(1)) as journal:
        stored = journal.get(ME, "decision", event_id)
        assert (stored.source, stored.n) == ("mine", 1)
        assert stored.body.items() >= {"instrument": "EURUSD", "side": 1}.items()
        assert journal.gaps(ME) == []
        assert journal.ledger(ME).balanced


def test_the_client_waits_while_another_process_writes_the_journal(tmp_path):
    with Client(tmp_path, source="mine", spool=tmp_path / "spool") as client:
        with open_journal(tmp_path / "journal.db", ReplayClock(1)):
            client.emit("decision", instrument="EURUSD", side=1, strategy="s")
            assert client.flush(0.5) == 1
            assert "held for writing" in client.status().trouble
        assert client.flush(LONG_S) == 0


def test_the_same_event_twice_is_one_event_and_no_gap(tmp_path):
    with Client(tmp_path, source="mine", spool=tmp_path / "spool") as client:
        for _ in range(2):
            client.emit(
                "decision",
                event_id="once",
                event_ns=NOW_NS,
                received_ns=NOW_NS,
                instrument="EURUSD",
                side=1,
                strategy="s",
            )
        assert client.flush(LONG_S) == 0
        assert client.status().duplicate == 1
    with open_journal(tmp_path / "journal.db", ReplayClock(1)) as journal:
        assert journal.counts(ME) == {"decision": 1}
        assert journal.gaps(ME) == []


def test_the_async_client_does_the_same(tmp_path):
    async def emitted():
        async with AsyncClient(
            tmp_path, source="mine", spool=tmp_path / "spool"
        ) as client:
            event = {"instrument": "EURUSD", "side": -1, "strategy": "s"}
            many = await client.emit_all("decision", [event] * 4)
            one = await client.emit("decision", **event)
            assert await client.flush(LONG_S) == 0
            assert (await client.status()).stored == 5
            return [*many, one]

    ids = asyncio.run(emitted())
    with open_journal(tmp_path / "journal.db", ReplayClock(1)) as journal:
        assert [e.event_id for e in journal.events(ME, "decision")] == ids


@given(st.lists(st.sampled_from(["put", "drop", "reopen"]), max_size=12))
def test_the_spool_gives_each_message_once_in_order_whatever_happens(
    tmp_path_factory, steps
):
    path = tmp_path_factory.mktemp("spool") / "a.spool"
    spool, kept, given_ = Spool(path, "s", ReplayClock(NOW_NS)), [], 0
    for step in steps:
        if step == "put":
            numbers = spool.put([(f"e{given_}", "{}"), (f"e{given_ + 1}", "{}")])
            assert numbers == [given_ + 1, given_ + 2]
            kept += numbers
            given_ += 2
        elif step == "drop":
            spool.drop(kept[:1])
            kept = kept[1:]
        else:
            spool.close()
            spool = Spool(path, "s", ReplayClock(NOW_NS + 1))
        assert [one.n for one in spool.waiting(100)] == kept
        assert spool.epoch == NOW_NS
    spool.close()


def test_a_number_is_written_into_the_message_when_it_is_sent(tmp_path):
    spool = Spool(tmp_path / "a.spool", "s", ReplayClock(7))
    spool.put([("a", '{"id":"a"}'), ("b", '{"id":"b"}')])
    sent = ndjson(spool.waiting(2), spool.epoch)
    spool.close()
    assert sent == (
        b'{"id":"a","epoch":"7","sequence":"1"}\n{"id":"b","epoch":"7","sequence":"2"}'
    )


def test_a_folder_that_cannot_be_opened_now_costs_no_message(tmp_path):
    folder = tmp_path / "w"
    folder.mkdir()
    settings = folder / "tradeloop.toml"
    settings.write_text('journal = "postgresql://127.0.0.1:9/nobody"', "utf-8")
    with Client(folder, source="mine", spool=tmp_path / "spool") as client:
        decide(client)
        assert client.flush(0.5) == 1
        assert client.refused() == []
        assert "cannot be reached" in client.status().trouble
        settings.write_text("", "utf-8")
        assert client.flush(LONG_S) == 0
    with open_journal(folder / "journal.db", ReplayClock(1)) as journal:
        assert journal.counts(ME) == {"decision": 1}


def test_a_folder_whose_server_moved_is_found_at_the_new_address(tmp_path):
    places = load(tmp_path).places(tmp_path)
    road = Workspace(tmp_path, ReplayClock(1))
    with open_journal(places.journal, ReplayClock(1)):
        with address_shown(places, Address(NOWHERE, "")), pytest.raises(LaterError):
            road.send(b"{}")
        with (
            standing_in() as (url, journal),
            address_shown(places, Address(url, "")),
        ):
            assert [one.event_id for one in road.send(b'{"id":"a"}')] == ["a"]
            assert list(journal.stored) == ["a"]
    road.rest()


def test_a_server_that_does_not_answer_holds_up_no_close(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = sender(url, tmp_path)
        event_id = decide(client)
        connection, _ = silent.accept()  # the request is under way
        began_s = time.monotonic()
        assert client.close(timeout_s=0) == 1
        assert time.monotonic() - began_s < 5
        with standing_in() as (other, journal), sender(other, tmp_path) as client:
            assert client.flush(LONG_S) == 0
        assert list(journal.stored) == [event_id]
        connection.close()


def test_a_closed_client_says_so_and_can_be_closed_again(tmp_path):
    client = sender(NOWHERE, tmp_path)
    decide(client)
    assert [client.close(timeout_s=0), client.close()] == [1, 1]
    with pytest.raises(BusyError, match="was closed"):
        decide(client)


@pytest.mark.parametrize("event_ns", ["2024-01-01T00:00:00Z", 1.7e18, None, True])
def test_a_time_that_is_no_whole_number_is_refused_with_its_name(tmp_path, event_ns):
    client = sender(NOWHERE, tmp_path)
    fields = {"instrument": "EURUSD", "side": 1, "strategy": "s"}
    with pytest.raises(InputError, match="event_ns"):
        client.emit_all("decision", [fields | {"event_ns": event_ns}])
    assert client.close(timeout_s=0) == 0


def test_a_spool_that_filled_its_disk_can_still_be_emptied(tmp_path, monkeypatch):
    size = 3 << 20  # of the disk: the files of the spool are all that is on it
    folder = tmp_path / "spool"

    def disk(_):
        used = sum(file.stat().st_size for file in folder.iterdir())
        return SimpleNamespace(f_bavail=max(0, size - used), f_frsize=1)

    monkeypatch.setattr("tradeloop.apps.client.spool.os.statvfs", disk)
    spool = Spool(folder / "s.spool", "s", ReplayClock(1))

    def filled():
        for count in range(10_000):
            try:
                spool.put([(f"e{count}", "x" * 5_000)])
            except FullError:
                return count
        raise AssertionError("the disk was never full")

    first = filled()
    assert first > 50
    assert disk(folder).f_bavail >= 1 << 20
    while waiting := spool.waiting(100):
        spool.drop([one.n for one in waiting])
        assert disk(folder).f_bavail > 0
    assert filled() >= 50
    spool.close()


def test_long_messages_go_in_requests_of_a_few_megabytes(tmp_path):
    spool = Spool(tmp_path / "s.spool", "s", ReplayClock(1))
    spool.put([(f"e{k}", "x" * (1 << 20)) for k in range(9)])
    spool.put([("long", "x" * (6 << 20)), ("last", "{}")])
    sizes = []
    while waiting := spool.waiting(500):
        sizes.append([one.event_id for one in waiting])
        spool.drop([one.n for one in waiting])
    spool.close()
    assert sizes == [
        ["e0", "e1", "e2", "e3"],
        ["e4", "e5", "e6", "e7"],
        ["e8"],
        ["long"],
        ["last"],
    ]

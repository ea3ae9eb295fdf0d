"""The server as a process: asked to end, killed, and never half an answer."""

import json
import os
import time

import pytest

from apps.live_server import ME, Senders, Server, lost
from story.running import ended
from tradeloop import Client
from tradeloop.clock import ReplayClock
from tradeloop.stores import open_journal

KILLS = int(os.environ.get("TRADELOOP_HTTP_KILLS", "3"))


@pytest.fixture
def server(tmp_path):
    one = Server(tmp_path / "w")
    yield one
    if one.process is not None and one.process.poll() is None:
        one.kill()


def test_asked_to_end_it_answers_what_it_took_and_exits_clean(server, tmp_path):
    server.start()
    with Senders(server.port, 6) as senders:
        time.sleep(1.0)
        began = time.monotonic()
        said = server.terminate()
        took_s = time.monotonic() - began
    assert said.status == 0, said.stderr
    assert "Traceback" not in said.stderr
    assert took_s < 10
    assert senders.told.odd == []
    assert len(senders.told.acknowledged) > 100
    assert lost(senders.told, server.folder) == []
    assert not (server.folder / "journal.db.server").exists()


def test_it_says_that_it_is_not_ready_before_it_ends(server):
    server.start()
    server.process.terminate()
    seen = set()
    while server.process.poll() is None:
        try:
            seen.add(server.get("/readyz")[0])
        except OSError:
            time.sleep(0.01)
    assert ended(server.process).status == 0
    assert 503 in seen


def test_killed_again_and_again_it_loses_nothing_and_stores_nothing_twice(server):
    server.start()
    with Senders(server.port, 6) as senders:
        for k in range(KILLS):
            time.sleep(0.4 + 0.13 * (k % 5))
            server.kill()
            server.start()
        time.sleep(0.3)
    server.terminate()
    assert senders.told.odd == []
    assert len(senders.told.acknowledged) > 100
    assert lost(senders.told, server.folder) == []


def test_a_client_of_the_folder_goes_through_its_server(server):
    server.start()
    with Client(server.folder, source="mine", spool=server.folder / "spool") as client:
        event_id = client.emit("decision", instrument="EURUSD", side=1, strategy="s")
        assert client.flush(30) == 0
        assert client.status().stored == 1
    status, data = server.get("/api/v1/capture/status")
    assert (status, json.loads(data)["decisions"]["received"]) == (200, 1)
    status, data = server.get("/api/v1/capture/gaps")
    told = json.loads(data)
    assert told["complete"] is True
    assert [(s["source"], s["highest"], s["came"]) for s in told["sources"]] == [
        ("mine", 1, 1)
    ]
    server.terminate()
    with open_journal(server.folder / "journal.db", ReplayClock(1)) as journal:
        assert journal.get(ME, "decision", event_id).n == 1

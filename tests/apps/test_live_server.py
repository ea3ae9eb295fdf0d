"""The server as a process: asked to end, killed, and never half an answer."""

import http.client
import json
import os
import socket
import sqlite3
import threading
import time

import pytest

from apps import poison
from apps.live_server import ME, Senders, Server, lost, messages, stored
from apps.serving import api_over
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


def test_a_source_may_send_some_messages_with_numbers_and_some_without(tmp_path):
    with api_over(tmp_path) as (client, served):
        for k, number in enumerate([1, None, 2, None, 3]):
            told = poison.message(f"m{k}")
            told |= {} if number is None else {"sequence": str(number)}
            answer = client.post("/api/v1/events", json=told).json()
            assert answer["stored"] == 1, answer
        assert served.workspace.journal.gaps(ME) == []


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


def test_bodies_that_never_arrive_do_not_hold_up_its_end(server):
    server.start()
    head = b"POST /api/v1/events HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n"
    address = ("127.0.0.1", server.port)
    slow = [socket.create_connection(address) for _ in range(10)]
    for connection in slow[:5]:
        connection.sendall(head + b"Content-Type: application/json\r\n\r\n[")
    for connection in slow[5:]:
        connection.sendall(head)
    assert server.get("/readyz")[0] == 200
    began = time.monotonic()
    said = server.terminate()
    assert time.monotonic() - began < 6
    assert said.status == 0
    assert "Traceback" not in said.stderr
    assert slow[0].recv(100).startswith(b"HTTP/1.1 503")
    for connection in slow:
        connection.close()


def test_who_leaves_in_the_middle_of_a_body_is_no_failure_of_the_server(server):
    server.start()
    head = b"POST /api/v1/events HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n"
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head + b"Content-Type: application/json\r\n\r\n[")
    until = time.monotonic() + 10
    while b'route="/api/v1/events",status="4' not in (now := server.get("/metrics")[1]):
        assert time.monotonic() < until, now
    assert b'status="500"' not in now
    assert "Traceback" not in server.terminate().stderr


def test_while_the_disk_stands_still_it_says_when_to_come_again(server):
    server.start()
    other = sqlite3.connect(server.folder / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # nobody else can write
    answers = []

    def post(sender):
        body = json.dumps(messages(sender, 0, 5_000))
        answers.append(asked_whole(server.port, body))

    threads = [threading.Thread(target=post, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 10
    while len(answers) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    waited = list(answers)
    assert server.get("/readyz")[0] == server.get("/api/v1/capture/gaps")[0] == 200
    other.execute("ROLLBACK")
    other.close()
    for thread in threads:
        thread.join()
    assert [status for status, _ in waited] == [429] * len(waited) != []
    assert all(int(wait) >= 1 for _, wait in waited)
    assert sorted({status for status, _ in answers}) == [200, 429]
    server.terminate()
    taken = sum(status == 200 for status, _ in answers)
    assert stored(server.folder)[1] == 5_000 * taken


def asked_whole(port, body):
    """Post messages; give the status, and when to come again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    head = {"Content-Type": "application/json"}
    connection.request("POST", "/api/v1/events", body, head)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers["Retry-After"]

"""A server joined to a real NATS: events out, messages in, the stream reconciled."""

import json
import time

import pytest

from apps import poison
from apps.given import call
from apps.live_server import Server
from stores.nats import running

LONG_S = 30


@pytest.fixture
def joined(tmp_path):
    home = tmp_path / "nats"
    home.mkdir()
    with running(home) as broker:
        server = Server(tmp_path / "w")
        settings = server.folder / "tradeloop.toml"
        settings.write_text(f'broker = "{broker.url}"\n', "utf-8")
        server.start()
        yield server, broker
        if server.process.poll() is None:
            server.terminate()


def reconciled(folder, *more):
    return call("capture", "reconcile", "--json", "--dir", folder, *more)


def test_what_the_server_stores_is_in_the_stream_and_a_loss_there_is_mended(joined):
    server, broker = joined
    body = json.dumps([poison.message(f"d{k}") for k in range(50)]).encode()
    status, _ = server.post("/api/v1/events", body)
    assert status == 200
    until = time.monotonic() + LONG_S
    while time.monotonic() < until:
        found = reconciled(server.folder)
        kinds = found.json["found"]["kinds"]
        if found.json["complete"] and kinds and kinds[0]["stream"] == 50:
            break
        time.sleep(0.2)
    assert (kinds[0]["kind"], kinds[0]["journal"]) == ("decision", 50)
    told = json.loads(server.get("/api/v1/capture/status")[1])["broker"]
    assert told["trouble"] == {}
    broker.kill()
    broker.wipe()
    broker.start()
    mended = reconciled(server.folder, "--repair")
    assert (mended.status, mended.json["repaired"]) == (0, 50)
    assert mended.json["complete"]
    server.terminate()
    alone = reconciled(server.folder)
    assert alone.json["complete"]
    rebuilt = call("capture", "rebuild-stream", "--json", "--dir", server.folder)
    assert rebuilt.json["published"] == 50
    again = call("capture", "relay", "--json", "--dir", server.folder)
    assert again.json["published"] == 0


def test_without_a_broker_the_commands_say_how_to_set_one(tmp_path):
    for command in ("relay", "reconcile", "rebuild-stream"):
        answer = call("capture", command, "--json", "--dir", tmp_path)
        assert (answer.status, answer.json["error"]) == (2, "InputError")
        assert "nats://" in answer.json["message"]

"""The workspace with its journal on a real PostgreSQL: run, serve, capture, account."""

import json

import pytest

from apps import poison
from apps.given import bars, call, decisions, run, written
from apps.serving import ME, api_over
from stores.server import empty, shared_url
from tradeloop.apps.settings import load
from tradeloop.clock import LiveClock
from tradeloop.stores import open_log


@pytest.fixture(scope="module")
def server():
    with shared_url() as url:
        yield url


@pytest.fixture
def url(server):
    with empty(server) as place:
        yield place


@pytest.fixture
def folder(tmp_path, url):
    (tmp_path / "tradeloop.toml").write_text(f"journal = {json.dumps(url)}\n", "utf-8")
    return tmp_path


def test_the_places_name_the_server_as_it_is(folder, url):
    places = load(folder).places(folder)
    assert places.journal == url
    assert places.catalog in places.files


def test_messages_over_http_are_durable_in_it_and_accounted_for(folder, url):
    body = json.dumps([poison.message("a"), poison.message("b"), {"id": "bad"}])
    head = {"Content-Type": "application/json"}
    with api_over(folder) as (client, _):
        told = client.post("/api/v1/events", content=body, headers=head).json()
        again = client.post("/api/v1/events", content=body, headers=head).json()
        status = client.get("/api/v1/capture/status").json()
        gaps = client.get("/api/v1/capture/gaps").json()
    assert [one["status"] for one in told["results"]] == [
        "stored",
        "stored",
        "quarantined",
    ]
    assert again["duplicate"] == 2
    assert status["balanced"]
    assert status["decisions"]["received"] == 2
    assert gaps["complete"]
    with open_log(url, LiveClock()) as journal:
        assert journal.verify() == 2
        assert journal.counts(ME) == {"decision": 2}


@pytest.mark.whole
def test_the_whole_loop_runs_on_it_and_the_commands_read_it(tmp_path, url):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "tradeloop.toml").write_text(f"journal = {json.dumps(url)}\n", "utf-8")
    market = written(tmp_path / "bars.parquet", bars())
    decided = written(tmp_path / "decided.parquet", decisions())
    answer = run(tmp_path, market, decided)
    assert answer.status == 0, answer.stderr
    status = call("capture", "status", "--json", "--dir", answer.out)
    assert status.json["balanced"]
    assert status.json["decisions"]["received"] == 40
    assert not (answer.out / "journal.db").exists()
    refused = call("capture", "backup", "x.db", "--json", "--dir", answer.out)
    assert (refused.status, refused.json["error"]) == (2, "InputError")
    assert "pg_" in refused.json["message"]

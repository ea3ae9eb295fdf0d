"""Poison in every way in: refused or set aside with a reason, neighbours stored."""

import gzip
import io
import json
import math

import polars as pl
import pyarrow as pa
import pytest

from apps import poison
from apps.serving import ME, api_over
from tradeloop.pipelines import accept

EVENTS = "/api/v1/events"
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with api_over(tmp_path_factory.mktemp("poison")) as both:
        yield both


@pytest.fixture(scope="module")
def client(opened):
    return opened[0]


@pytest.fixture(scope="module")
def journal(opened):
    return opened[1].workspace.journal


def good(event_id):
    return json.dumps(poison.message(event_id)).encode()


def requests(name, field, value):
    """One bad message between two good ones, as an array and as lines."""
    a, b, bad = (good(f"{name} a"), good(f"{name} b"), poison.raw(name, field, value))
    yield JSON, b"[" + b" , ".join([a, bad, b]) + b"]"
    yield NDJSON, b"\n".join([a, bad, b])


@pytest.mark.parametrize("name", poison.VALUES)
def test_a_bad_value_is_set_aside_with_a_reason_and_its_neighbours_are_stored(
    client, journal, name
):
    field, value = poison.VALUES[name]
    before = journal.reject_counts(ME)
    for headers, body in requests(name, field, value):
        answer = client.post(EVENTS, content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        statuses = [one["status"] for one in told["results"]]
        assert statuses[1] == "quarantined"
        assert {statuses[0], statuses[2]} <= {"stored", "duplicate"}
        assert told["results"][1]["reason"]
    stored = {e.event_id for e in journal.events(ME, "decision")}
    assert {f"{name} a", f"{name} b"} <= stored
    assert name not in stored
    assert sum(journal.reject_counts(ME).values()) > sum(before.values())
    assert journal.ledger(ME).balanced


@pytest.mark.parametrize("name", poison.HARMLESS)
def test_an_odd_value_that_is_right_is_stored_as_it_came(client, journal, name):
    field, value = poison.HARMLESS[name]
    body = poison.raw(name, field, value)
    answer = client.post(EVENTS, content=body, headers=JSON)
    assert answer.json()["results"][0]["status"] == "stored"
    kept = journal.get(ME, "decision", name).body[field]
    assert kept == json.loads(value)
    if isinstance(kept, float):
        assert math.copysign(1, kept) == math.copysign(1, json.loads(value))


@pytest.mark.parametrize("headers", [JSON, NDJSON], ids=["array", "lines"])
@pytest.mark.parametrize("name", poison.WHOLE)
def test_a_body_that_holds_no_message_stores_no_event(client, journal, name, headers):
    before = journal.counts(ME)
    answer = client.post(EVENTS, content=poison.WHOLE[name], headers=headers)
    assert answer.status_code in {200, 400, 413, 422}, answer.text
    if answer.status_code == 200:
        told = answer.json()
        assert told["quarantined"] == len(told["results"]) > 0
        assert all(one["reason"] for one in told["results"])
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
    assert journal.counts(ME) == before


def test_a_packed_body_is_read_and_a_bomb_is_refused_without_unpacking_it(client):
    packed = {**JSON, "Content-Encoding": "gzip"}
    fine = gzip.compress(good("packed"))
    assert client.post(EVENTS, content=fine, headers=packed).json()["stored"] == 1
    for body, status in (
        (poison.bomb(), 413),
        (b"no gzip", 400),
        (fine[:-4], 400),
        (fine + b"more", 400),
    ):
        answer = client.post(EVENTS, content=body, headers=packed)
        assert answer.status_code == status, answer.text
    odd = {**JSON, "Content-Encoding": "br"}
    assert client.post(EVENTS, content=fine, headers=odd).status_code == 415


def test_a_form_that_nobody_knows_is_refused_by_its_name(client):
    answer = client.post(EVENTS, content=b"<a/>", headers={"Content-Type": "text/xml"})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]


def test_more_messages_than_a_request_may_hold_are_refused_as_a_whole(client, journal):
    before = journal.counts(ME)
    body = b"[" + b",".join([b"{}"] * 10_001) + b"]"
    answer = client.post(EVENTS, content=body, headers=JSON)
    assert answer.status_code == 422
    assert "10,000" in answer.json()["detail"]
    assert journal.counts(ME) == before


@pytest.mark.parametrize("kind", ["nothing", "tradeloop.decision.v99", "", 7, None])
def test_a_type_that_no_contract_has_is_set_aside(client, kind):
    told = {**poison.message("odd type"), "type": kind}
    answer = client.post(EVENTS, json=told).json()["results"][0]
    assert answer["status"] == "quarantined"
    assert "type" in answer["reason"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("id", "x" * 5000),
        ("id", 5),
        ("source", None),
        ("source", "a\nb"),
        ("sequence", 0),
        ("sequence", -1),
        ("sequence", "1e3"),
        ("sequence", 2**63),
        ("sequence", "9" * 40),
        ("epoch", -1),
        ("epoch", True),
        ("specversion", "2.0"),
        ("data", None),
        ("data", []),
    ],
)
def test_an_attribute_that_breaks_its_rule_is_no_server_error(client, field, value):
    told = {**poison.message("odd attribute"), field: value}
    answer = client.post(EVENTS, json=told)
    if answer.status_code == 422:  # no strict JSON: the one message is the request
        assert answer.json()["detail"]
        return
    assert answer.json()["results"][0]["status"] in {
        "quarantined",
        "duplicate",
        "stored",
    }


def quotes(**columns):
    frame = {
        "instrument": ["X", "X", "X"],
        "event_ns": [poison.NOW_NS + k for k in range(3)],
        "received_ns": [poison.NOW_NS + k for k in range(3)],
        "bid": [1.0, 1.1, 1.2],
        "ask": [1.1, 1.2, 1.3],
    }
    return pl.DataFrame({**frame, **columns})


def stream(frame):
    table, sink = frame.to_arrow(), io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize(
    "bad", [math.nan, math.inf, -math.inf, None, -1.0], ids=lambda value: f"{value}"
)
def test_a_bad_tick_is_set_aside_and_its_neighbours_are_stored(client, bad):
    body = stream(quotes(bid=[1.0, bad, 1.2]))
    path = f"/api/v1/ticks/quote?source=bad-{bad}&n=1"
    answer = client.post(path, content=body, headers=ARROW)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["rows"], told["quarantined"]) == ("stored", 2, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no arrow",
        stream(quotes())[:-40],
        stream(quotes())[:60],
        stream(quotes().drop("bid")),
        stream(quotes(bid=["a", "b", "c"])),
        stream(quotes(event_ns=[1.5, 2.5, 3.5])),
    ],
    ids=["empty", "text", "cut", "cut early", "no bid", "text prices", "float times"],
)
def test_a_body_that_is_no_stream_of_ticks_is_refused(client, body):
    path = "/api/v1/ticks/quote?source=odd&n=1"
    answer = client.post(path, content=body, headers=ARROW)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/ticks/nothing?source=s&n=1",
        "/api/v1/ticks/quote?n=1",
        "/api/v1/ticks/quote?source=&n=1",
        "/api/v1/ticks/quote?source=s",
        "/api/v1/ticks/quote?source=s&n=0",
        "/api/v1/ticks/quote?source=s&epoch=-1&n=1",
        "/api/v1/ticks/..%2f..%2fquote?source=s&n=1",
        "/api/v1/ticks/quote?source=s&n=99999999999999999999",
    ],
)
def test_ticks_of_no_kind_or_no_source_are_refused(client, path):
    answer = client.post(path, content=stream(quotes()), headers=ARROW)
    assert answer.status_code in {404, 422}, answer.text


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (NDJSON, b"1\n" * 4_000_000),
        (JSON, b"[NaN" + b",1" * 3_900_000 + b"]"),
        (JSON, b"[NaN" + b",[]" * 2_500_000 + b"]"),
    ],
    ids=["lines", "an array", "an array of arrays"],
)
def test_a_request_of_millions_of_items_is_refused_before_each_is_read(
    client, monkeypatch, headers, body
):
    read = []
    monkeypatch.setattr(accept, "_strict", lambda data: read.append(data) or 1)
    answer = client.post(EVENTS, content=body, headers=headers)
    assert answer.status_code == 422
    assert read == []


def test_bodies_share_a_room_and_one_that_finds_none_is_asked_to_come_again(
    client, journal
):
    room = client.app.state.room
    before = journal.counts(ME)
    room.held += room.most
    answer = client.post(EVENTS, content=good("late"), headers=JSON)
    room.held -= room.most
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert journal.counts(ME) == before
    for headers in (JSON, JSON | {"Content-Encoding": "gzip"}):
        body = good("late") if headers is JSON else gzip.compress(good("late"))
        assert client.post(EVENTS, content=body, headers=headers).status_code == 200
    client.post(EVENTS, content=poison.WHOLE["9 MB"], headers=JSON)
    assert room.held == 0

"""``/api/v1/signals``: a bar comes in as a message, and its signal is there to see."""

import time

import pytest

from apps.serving import api_over
from pipelines.models_given import Remembering
from pipelines.signals_given import (
    BARS,
    START_NS,
    SYMBOLS,
    bar,
    decision,
    keep_champion,
    market_of,
    tell_bars,
    tell_decisions,
)
from tradeloop.apps.settings import load
from tradeloop.clock import NS_PER_HOUR, ReplayClock
from tradeloop.pipelines import live_line, models_track
from tradeloop.pipelines.experimenting import begin
from tradeloop.pipelines.workspace import open_workspace

ROOT = "/api/v1/signals"
PROBLEM = "application/problem+json"
NOW_NS = START_NS + BARS * NS_PER_HOUR + 10**9
LONGEST_S = 20


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(models_track, "open_tracking", Remembering().open)
    monkeypatch.setattr(live_line, "monotonic_ns", lambda: 0)


@pytest.fixture
def folder(tmp_path):
    """A workspace with all but the newest bars, and a champion."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "model.yaml").write_text("min_edge: 0.000001\n")
    settings = load(tmp_path)
    places, clock = settings.places(tmp_path), ReplayClock(NOW_NS)
    with open_workspace(places, settings.acting(), clock) as workspace:
        tell_bars(workspace)
        tell_decisions(workspace, decision(BARS - 1))
        bank = market_of(workspace).bank
        keep_champion(workspace, bank)
        keep_champion(workspace, bank, seed=2, crown=False)
        keep_champion(workspace, bank, name="deciding", own=("decision_side",))
    return tmp_path


@pytest.fixture
def served(folder):
    with api_over(folder, ReplayClock(NOW_NS)) as (client, opened):
        # The newest bars and the decision that nobody had answered.
        waited(lambda: stored(opened) == len(SYMBOLS) + 1)
        yield client, opened


def stored(opened):
    return opened.workspace.journal.counts(opened.principal).get("signal", 0)


def waited(until):
    ends = time.monotonic() + LONGEST_S
    while not (found := until()):
        assert time.monotonic() < ends, "it took too long"
        time.sleep(0.02)
    return found


def posted(client, event, kind="bar"):
    message = {
        "specversion": "1.0",
        "id": event.event_id,
        "source": "given",
        "type": f"tradeloop.{kind}.v1",
        "data": {
            **event.body,
            "event_ns": event.event_ns,
            "received_ns": event.received_ns,
        },
    }
    head = {"content-type": "application/json"}
    answer = client.post("/api/v1/events", json=message, headers=head)
    assert answer.json()["results"][0]["status"] == "stored", answer.text


def new_signals(client):
    """The signals of the bars that just came."""
    for symbol in SYMBOLS:
        posted(client, bar(symbol, BARS))
    at = f"{bar('AAA', BARS).received_ns}"
    return waited(lambda: [s for s in client.get(ROOT).json() if s["key"].endswith(at)])


def test_a_bar_that_comes_in_becomes_a_signal_that_is_listed_and_explained(served):
    client, opened = served
    found = new_signals(client)
    assert {each["state"] for each in found} == {"active"}
    one = found[0]
    only = client.get(ROOT, params={"symbol": one["symbol"], "limit": 1}).json()
    assert [each["symbol"] for each in only] == [one["symbol"]]
    assert client.get(ROOT, params={"active": False}).json() == []
    waited(lambda: client.get(f"{ROOT}/{one['key']}").status_code == 200)
    shown = client.get(f"{ROOT}/{one['key']}").json()
    assert (shown["key"], shown["number"] > 0) == (one["key"], True)
    told = client.get(f"{ROOT}/{one['key']}/explain").json()
    assert told["cause"]["event_id"] == f"{one['symbol']}-{BARS}"
    assert told["model"]["champion"] == "v1.0.0"
    assert (told["note"], len(told["features"])) == ("", 5)
    assert opened.live.loop.told.faults == 0


def test_scoring_answers_from_memory_what_was_asked_before_and_stores_nothing(served):
    client, opened = served
    before = stored(opened)
    first, second = (
        client.post(f"{ROOT}/score", json={"symbol": "AAA"}).json() for _ in range(2)
    )
    assert [each["repeated"] for each in first["signals"]] == [False]
    assert [each["repeated"] for each in second["signals"]] == [True]
    assert first["signals"][0]["signal"] == second["signals"][0]["signal"]
    assert "decision" in first["left_out"]["deciding"]
    asked = {"symbol": "AAA", "decision_id": f"d{BARS - 1}"}
    told = client.post(f"{ROOT}/score", json=asked).json()["signals"]
    assert {each["model"] for each in told} == {"boost", "deciding"}
    assert stored(opened) == before


def test_the_status_of_the_loop_names_versions_counts_and_latency(served):
    client, opened = served
    new_signals(client)
    waited(lambda: opened.live.loop.told.latencies_s)
    waited(lambda: opened.live.shelf.behind)
    told = waited(lambda: client.get(f"{ROOT}/live").json())
    assert told["models"]["boost"] == {"champion": "v1.0.0"}
    assert (told["faults"], told["trouble"]) == (0, {})
    assert told["latency_ms"]["p50"] <= told["latency_ms"]["p99"]
    assert told["shelf"]["last"] >= told["shelf"]["position"] > 0


def test_an_experiment_is_taken_up_and_the_catalog_says_which_arm_spoke(served):
    client, opened = served
    begin(opened.workspace, "boost", "v1.0.1", "shadow")
    waited(lambda: "challenger" in opened.live.loop.lines["boost"])
    found = new_signals(client)
    assert {each["model_version"] for each in found} == {"boost v1.0.0"}
    told = client.get(f"{ROOT}/live").json()["experiments"]["boost"]
    assert (told["kind"], told["status"]) == ("shadow", "running")


def test_figures_and_settlements_are_told_to_whom_they_concern(served):
    client, opened = served
    new_signals(client)
    stats = client.get(f"{ROOT}/stats", params={"by": ["model", "symbol"]}).json()
    assert stats["by"] == ["model_version", "symbol"]
    assert sum(each["pending"] for each in stats["groups"]) > 0
    assert client.post(f"{ROOT}/settle").status_code == 403
    head = {"Authorization": f"Bearer {opened.token}"}
    told = client.post(f"{ROOT}/settle", headers=head).json()
    assert (told["settled"], told["pending"] > 0) == (0, True)


@pytest.mark.parametrize(
    ("way", "status", "said"),
    [
        ("/none", 404, "'none'"),
        ("/none/explain", 404, "'none'"),
        ("/stats?by=colour", 422, "colour"),
        ("?limit=0", 422, "limit"),
    ],
    ids=["one", "explain", "stats", "limit"],
)
def test_what_cannot_be_answered_says_why(served, way, status, said):
    answer = served[0].get(ROOT + way)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    assert said in answer.json()["detail"]


def test_an_unknown_symbol_is_not_scored(served):
    answer = served[0].post(f"{ROOT}/score", json={"symbol": "CCC"})
    assert (answer.status_code, "'CCC'" in answer.json()["detail"]) == (404, True)


def test_without_a_model_nobody_answers(tmp_path):
    with api_over(tmp_path, ReplayClock(NOW_NS)) as (client, _):
        answer = client.post(f"{ROOT}/score", json={"symbol": "AAA"})
        assert answer.status_code == 503
        assert client.get(ROOT).json() == []
        assert client.get(f"{ROOT}/live").json()["models"] == {}

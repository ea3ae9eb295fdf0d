"""``tradeloop signals`` as a person types it."""

import json

import pytest
from typer.testing import CliRunner

from apps.serving import api_over
from pipelines.models_given import Remembering
from pipelines.signals_given import (
    BARS,
    RULES,
    START_NS,
    decision,
    keep_champion,
    market_of,
    tell_bars,
    tell_decisions,
)
from tradeloop.apps import signalling
from tradeloop.apps.cli_signals import app
from tradeloop.apps.settings import load
from tradeloop.clock import NS_PER_HOUR, ReplayClock
from tradeloop.pipelines import live_line, models_track
from tradeloop.pipelines.serve import Address, address_shown
from tradeloop.pipelines.signals_score import score_captured
from tradeloop.pipelines.workspace import open_workspace

CLOCK = ReplayClock(START_NS + BARS * NS_PER_HOUR)
LATER = 8


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(models_track, "open_tracking", Remembering().open)
    monkeypatch.setattr(live_line, "monotonic_ns", lambda: 0)
    monkeypatch.setattr(signalling, "LiveClock", lambda: CLOCK)


@pytest.fixture
def desk(tmp_path):
    """A workspace whose signals of some hours ago are stored, and newer bars."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "model.yaml").write_text("min_edge: 0.000001\n")
    settings = load(tmp_path)
    with open_workspace(settings.places(tmp_path), settings.acting(), CLOCK) as opened:
        tell_bars(opened, 0, BARS - LATER)
        bank = market_of(opened).bank
        keep_champion(opened, bank)
        keep_champion(opened, bank, seed=2, crown=False)
        score_captured(opened, RULES, store=True)
        tell_bars(opened, BARS - LATER, BARS)
        tell_decisions(opened, decision(BARS - 1))
    return tmp_path


def type_in(desk, *words):
    return CliRunner().invoke(app, [*words, "--dir", str(desk)])


def say(desk, *words, status=0):
    result = type_in(desk, *words, "--json")
    assert result.exit_code == status, result.output[-2_000:]
    return json.loads(result.stdout)


def test_signals_are_settled_listed_explained_and_summed_up(desk):
    settled = say(desk, "settle")
    assert (settled["settled"], settled["before"], settled["pending"]) == (2, 0, 0)
    assert say(desk, "settle")["before"] == 2
    assert say(desk, "list")["signals"] == []
    past = say(desk, "list", "--state", "past")["signals"]
    assert [each["state"] for each in past] == ["expired", "expired"]
    assert past[0]["created"] <= past[0]["expires"]
    told = say(desk, "explain", str(past[0]["number"]))
    assert told["signal"] == past[0]
    assert told["cause"]["kind"] == "bar"
    groups = say(desk, "stats", "--by", "symbol")["groups"]
    assert [each["symbol"] for each in groups] == ["AAA", "BBB"]


def test_scores_are_stored_only_when_asked(desk):
    assert [s["stored"] for s in say(desk, "score")["signals"]] == ["", ""]
    told = say(desk, "score", "AAA", "--store")["signals"]
    assert [each["stored"] for each in told] == ["stored"]
    assert len(say(desk, "score", "--decision", f"d{BARS - 1}")["signals"]) == 1


def test_an_experiment_is_begun_shown_and_ended(desk):
    begun = say(desk, "experiment", "start", "boost", "v1.0.1", "--kind", "canary")
    assert (begun["champion"], begun["challenger"]) == ("v1.0.0", "v1.0.1")
    (shown,) = say(desk, "experiment", "show")["experiments"]
    assert (shown["status"], "scored" in shown["verdict"]) == ("running", True)
    ended = say(desk, "experiment", "end", "boost", "--reason", "enough")
    assert ended["reason"] == "enough"
    assert say(desk, "experiment", "show", "boost")["experiments"] == []


def test_every_table_is_readable(desk):
    words = [
        (("score",), "SELL"),
        (("settle",), "settled 2"),
        (("list", "--state", "all"), "2 signals"),
        (("explain", "1"), "features that spoke most"),
        (("stats",), "no skill"),
        (
            ("experiment", "start", "boost", "v1.0.1", "--kind", "shadow"),
            "1 experiments",
        ),
        (("experiment", "show"), "shadow-boost"),
        (("experiment", "end", "boost", "--reason", "done"), "ended"),
    ]
    for asked, said in words:
        result = type_in(desk, *asked)
        assert result.exit_code == 0, result.output
        assert said in result.output


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("list", "--state", "gone"), 2, "gone"),
        (("list", "--limit", "0"), 2, "limit"),
        (("explain", "none"), 1, "none"),
        (("stats", "--by", "colour"), 2, "colour"),
        (("score", "CCC"), 1, "CCC"),
        (("experiment", "start", "boost", "v1.0.1", "--kind", "duel"), 2, "duel"),
        (("experiment", "end", "boost", "--reason", "x"), 1, "No experiment"),
    ],
    ids=["state", "limit", "explain", "stats", "score", "kind", "end"],
)
def test_what_cannot_be_done_says_why(desk, words, status, said):
    assert said in say(desk, *words, status=status)["message"]


def test_nothing_is_made_where_there_is_no_workspace(tmp_path):
    for words in (("list",), ("score", "--store"), ("settle",)):
        assert "no workspace" in say(tmp_path, *words, status=1)["message"]
    assert list(tmp_path.iterdir()) == []


def test_beside_a_server_one_looks_and_the_server_settles(desk, monkeypatch):
    with api_over(desk, CLOCK) as (client, served):
        asked = []

        def through(address, path, told):
            asked.append(path)
            head = {"Authorization": f"Bearer {address.token}"}
            return client.post(f"/api/v1{path}", json=told, headers=head).json()

        monkeypatch.setattr(signalling, "commanded", through)
        assert say(desk, "settle", status=1)["error"] == "BusyError"
        with address_shown(served.workspace.places, Address("x", served.token)):
            assert say(desk, "settle")["settled"] == 2
        assert asked == ["/signals/settle"]
        for words in (("list", "--state", "all"), ("score",), ("stats",)):
            assert say(desk, *words)
        assert say(desk, "score", "--store", status=1)["error"] == "BusyError"

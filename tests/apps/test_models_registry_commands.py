"""``tradeloop models list|show|compare|promote|rollback|archive`` as a person types."""

import json

import pytest
import typer
from typer.testing import CliRunner

from pipelines.models_given import Remembering, packed, rows_of, verdict
from tradeloop.apps import registering
from tradeloop.apps.cli_models_registry import add_to
from tradeloop.apps.settings import load
from tradeloop.clock import LiveClock
from tradeloop.feedback import Policy
from tradeloop.pipelines import models_track
from tradeloop.pipelines.keep_verdict import keep_verdict
from tradeloop.pipelines.models_keep import Judgement, keep_model
from tradeloop.pipelines.serve import Address, address_shown
from tradeloop.pipelines.workspace import open_workspace

POLICY = Policy(self_approval=True)
WAY = ("testing", "staging", "canary", "production")

app = typer.Typer()
add_to(app)


@pytest.fixture(autouse=True)
def tracked(monkeypatch):
    monkeypatch.setattr(models_track, "open_tracking", Remembering().open)


@pytest.fixture
def desk(tmp_path):
    """A workspace with two versions that the gate let pass."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "promotion.yaml").write_text("self_approval: true\n")
    settings = load(tmp_path)
    places, who = settings.places(tmp_path), settings.acting()
    with open_workspace(places, who, LiveClock()) as workspace:
        for k in range(2):
            judged = Judgement(
                metrics={"log_loss": 1.0 - k / 10, "log_loss_low": 0.5},
                rows=rows_of(k, shift=-k / 10),
            )
            version = keep_model(
                workspace, packed(seed=k + 1), name="boost", judgement=judged
            ).version
            told = verdict(f"boost {version}", author=who.name, policy=POLICY)
            keep_verdict(workspace, "boost", version, told)
    return tmp_path


def type_in(desk, *words):
    return CliRunner().invoke(app, [*words, "--dir", str(desk)])


def say(desk, *words, status=0):
    result = type_in(desk, *words, "--json")
    assert result.exit_code == status, result.output[-2_000:]
    return json.loads(result.stdout)


def promote(desk, version, to, *more, status=0):
    words = ("promote", "boost", version, "--to", to, "--reason", "better")
    return say(desk, *words, "--role", "model_owner", *more, status=status)


def test_versions_are_listed_shown_and_compared(desk):
    listed = say(desk, "list")["models"]
    assert [each["version"] for each in listed] == ["v1.0.1", "v1.0.0"]
    assert {each["verdict"] for each in listed} == {"passed"}
    assert say(desk, "list", "boost", "--stage", "production")["models"] == []
    shown = say(desk, "show", "boost@1.0.1")
    assert (shown["parent"], shown["damage"]) == ("v1.0.0", "")
    assert say(desk, "show", "boost", "v1.0.1") == shown
    assert {each["kind"] for each in shown["evaluations"]} == {"gate", "training"}
    told = say(desk, "compare", "boost@v1.0.0", "boost@v1.0.1")
    assert told["figures"]["log_loss"] == [[1.0, 0.5, None], [0.9, 0.5, None]]
    assert told["differences"][0]["rows"] == 200
    assert told["differences"][0]["interval"]["high"] < 0


def test_a_model_goes_to_production_and_back(desk):
    for version in ("v1.0.0", "v1.0.1"):
        for to in WAY:
            moved = promote(desk, version, to)
    assert moved == {
        "name": "boost",
        "version": "v1.0.1",
        "stage": "production",
        "before": "canary",
        "replaced": "v1.0.0",
        "note": "",
    }
    assert say(desk, "show", "boost")["version"] == "v1.0.1"
    back = say(desk, "rollback", "boost", "--reason", "it loses")
    assert (back["version"], back["replaced"]) == ("v1.0.0", "v1.0.1")
    gone = say(desk, "archive", "boost", "champion", "--reason", "leaked")
    assert (gone["version"], gone["stage"]) == ("v1.0.0", "archived")


def test_every_table_is_readable(desk):
    for to in WAY:
        promote(desk, "v1.0.0", to)
    words = [
        (("list",), "2 versions"),
        (("show", "boost"), "every byte as registered"),
        (("compare", "boost", "boost@v1.0.1"), "shared decisions"),
        (("archive", "boost", "v1.0.1", "--reason", "old"), "draft -> archived"),
    ]
    for asked, said in words:
        result = type_in(desk, *asked)
        assert result.exit_code == 0, result.output
        assert said in result.output


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (
            ("promote", "boost", "v1.0.0", "--to", "live", "--reason", "x"),
            2,
            "no stage",
        ),
        (
            ("promote", "bost", "v1.0.0", "--to", "testing", "--reason", "x"),
            1,
            "'bost'",
        ),
        (
            ("promote", "boost", "v1.0.0", "--to", "testing", "--reason", " "),
            2,
            "reason",
        ),
        (("rollback", "boost", "--reason", "x"), 1, "no earlier"),
        (("list", "--stage", "live"), 2, "no stage"),
        (("compare", "boost"), 2, "two versions"),
        (("show", "boost@v9.0.0"), 1, "v1.0.1"),
    ],
    ids=["stage", "name", "reason", "rollback", "list", "compare", "show"],
)
def test_what_cannot_be_done_says_why(desk, words, status, said):
    assert said in say(desk, *words, status=status)["message"]


def test_the_wrong_role_is_refused_with_the_right_one(desk):
    for to in WAY[:2]:
        promote(desk, "v1.0.0", to)
    words = ("promote", "boost", "v1.0.0", "--to", "canary", "--reason", "x")
    assert "model_owner" in say(desk, *words, status=2)["message"]


def test_a_folder_without_a_workspace_stays_as_it_is(tmp_path):
    for words in (("list",), ("rollback", "boost", "--reason", "x")):
        assert "no workspace" in say(tmp_path / "none", *words, status=1)["message"]
    assert list(tmp_path.iterdir()) == []


def test_while_a_server_holds_the_journal_it_does_what_changes(desk, monkeypatch):
    asked = []

    def server(address, path, given):
        asked.append((address.url, path, given["name"]))
        return {"done": True}

    monkeypatch.setattr(registering, "commanded", server)
    settings = load(desk)
    places, who = settings.places(desk), settings.acting()
    with (
        open_workspace(places, who, LiveClock()),
        address_shown(places, Address("http://127.0.0.1:1", "token")),
    ):
        assert len(say(desk, "list")["models"]) == 2
        assert say(desk, "show", "boost")["damage"] == ""
        told = registering.changed(
            desk, "rollback", {"name": "boost", "reason": "x", "approver": None}
        )
    assert told == {"done": True}
    assert asked == [("http://127.0.0.1:1", "/models/rollback", "boost")]

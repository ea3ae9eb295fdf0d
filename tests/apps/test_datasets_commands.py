"""``tradeloop datasets`` and ``tradeloop labels`` as a person types them."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.captured_years import capture
from tradeloop.apps.cli import app
from tradeloop.apps.settings import load
from tradeloop.clock import LiveClock
from tradeloop.pipelines.workspace import open_workspace


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A workspace with eight years of bars and the decisions of a rule."""
    folder = tmp_path_factory.mktemp("desk")
    settings = load(folder)
    places, who = settings.places(folder), settings.acting()
    with open_workspace(places, who, LiveClock()) as workspace:
        capture(workspace, 2_000)
    return folder


def say(*words, status=0):
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == status, result.output[-2_000:]
    return json.loads(result.stdout)


def build(desk, *words):
    return say("datasets", "build", "--dir", str(desk), "--horizons", "5d,1d", *words)


def test_a_dataset_is_built_listed_shown_and_verified(desk):
    made = build(desk)
    assert made["rows"] > 200
    assert made["leaks"]["failed"] == 0
    (listed,) = say("datasets", "list", "--dir", str(desk))["datasets"]
    assert listed["dataset_id"] == made["dataset_id"]
    shown = say("datasets", "show", made["version"][:8], "--dir", str(desk))
    assert shown["version"] == made["version"]
    found = say("datasets", "verify", made["dataset_id"], "--dir", str(desk))
    assert found["same"]
    card = say("datasets", "card", made["dataset_id"], "--dir", str(desk))["card"]
    assert made["version"] in card


def test_two_versions_are_compared_and_one_is_removed(desk):
    old, new = build(desk)["version"], build(desk, "--benchmark", "")["version"]
    assert old == new
    other = say("datasets", "build", "--dir", str(desk), "--horizons", "1d")["version"]
    told = say("datasets", "diff", old, other, "--dir", str(desk))
    assert told["unexplained"] == 0
    assert {change["cause"] for change in told["changes"]} == {"rule"}
    gone = say("datasets", "delete", other, "--yes", "--dir", str(desk))
    assert gone["removed"].endswith(other[:16])
    assert len(say("datasets", "list", "--dir", str(desk))["datasets"]) == 1


@pytest.mark.parametrize("kind", ["risk-prediction", "MARKET_PREDICTION"])
def test_other_types_are_built_from_the_same_capture(desk, kind):
    made = build(desk, "--type", kind)
    assert made["leaks"]["failed"] == 0
    assert made["dataset_type"] == kind.upper().replace("-", "_")
    gone = say("datasets", "delete", made["version"], "--yes", "--dir", str(desk))
    assert gone["removed"] == made["dataset_id"]


def test_executions_without_fills_say_what_is_missing(desk):
    told = say(
        "datasets",
        "build",
        "--type",
        "execution_optimization",
        "--dir",
        str(desk),
        status=2,
    )
    assert "no order or fill" in told["message"]


def test_an_export_holds_the_rows_of_the_dataset(desk, tmp_path):
    made = build(desk)
    say(
        *["datasets", "export", made["version"], "--dir", str(desk)],
        *["--format", "parquet", "--out", str(tmp_path / "out"), "--all-folds"],
    )
    tests = [pl.read_parquet(p) for p in (tmp_path / "out").rglob("test*.parquet")]
    assert sum(frame.height for frame in tests) > 100
    told = say(
        *["datasets", "export", made["version"], "--dir", str(desk)],
        *["--format", "parket", "--out", str(tmp_path / "no")],
        status=2,
    )
    assert "did you mean 'parquet'" in told["message"]


def test_a_folder_without_a_workspace_stays_as_it_is(tmp_path):
    told = say("datasets", "list", "--dir", str(tmp_path / "none"), status=1)
    assert "no workspace" in told["message"]
    assert list(tmp_path.iterdir()) == []


def test_a_time_as_of_which_to_build_has_a_zone_and_a_past(desk):
    head = ["datasets", "build", "--dir", str(desk), "--as-of"]
    assert "its zone" in say(*head, "2026-01-31T12:00:00", status=2)["message"]
    told = say(*head, "1999-01-01T00:00:00Z", status=1)["message"]
    assert "No bars were captured" in told


def test_labels_are_applied_explained_audited_and_told_apart(desk, tmp_path):
    out = tmp_path / "labels.parquet"
    head = ["--dir", str(desk), "--horizons", "5d"]
    told = say("labels", "apply", *head, "--out", str(out))
    rows = pl.read_parquet(out)
    assert told["decisions"] == rows.height == sum(told["states"].values())
    name = rows["decision_id"][20]
    assert say("labels", "explain", name, *head)["decision_id"] == name
    assert say("labels", "audit", *head)["maturity"]["counts"]["received"] > 200
    assert say("labels", "significance", *head)["groups"][0]["strategy"] == "breakout"
    told = say("labels", "significance", *head, "--by", "moon", status=2)
    assert "not grouped by 'moon'" in told["message"]


def test_rules_are_added_disabled_and_remembered(desk, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(
        "rules:\n  - {name: wide, type: outcome, strategies: [breakout],\n"
        "     thresholds: {excellent_bps: 90, good_bps: 50, poor_bps: -50,\n"
        "                  bad_bps: -90}}\n"
    )
    head = ["labels", "rules", "--dir", str(desk)]
    assert say(*head, "--add", str(file))["changes"] == {"wide": "added"}
    assert say(*head, "--disable", "wide")["changes"] == {"wide": "disabled"}
    kept = say(*head, "wide")["versions"]
    assert [each["enabled"] for each in kept] == [True, False]
    assert "properties" in json.dumps(say("labels", "rules", "--schema")["schema"])

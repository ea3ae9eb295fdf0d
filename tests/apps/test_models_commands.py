"""``tradeloop models train|search|evaluate`` as a person types them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.captured_years import capture
from tradeloop.apps import assembling
from tradeloop.apps.cli_models import app
from tradeloop.apps.settings import load
from tradeloop.clock import LiveClock
from tradeloop.models import read_artefact
from tradeloop.models.trials import read_search
from tradeloop.pipelines import train_models
from tradeloop.pipelines.workspace import open_workspace

CONFIGS = """\
estimators:
  boosting: {n_estimators: 8, max_depth: 2}
training: {min_rows: 8}
search: {trials: 3, folds: 2, outer: 1}
spaces:
  boosting: {max_depth: {low: 1, high: 4}}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A workspace with bars, the decisions of a rule, and a dataset."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "rules").mkdir()
    (folder / "rules" / "model_configs.yaml").write_text(CONFIGS)
    (folder / "rules" / "model.yaml").write_text("folds: 3\n")
    settings = load(folder)
    with open_workspace(
        settings.places(folder), settings.acting(), LiveClock()
    ) as workspace:
        capture(workspace, 2_600)
    assembling.built(folder, None, "5d,1d", None, None, quiet=True)
    return folder


def run(desk, *words, status=0):
    result = CliRunner().invoke(app, [*words, "--dir", str(desk)])
    assert result.exit_code == status, result.output[-3_000:]
    return result


def say(desk, *words, status=0):
    return json.loads(run(desk, *words, "--json", status=status).stdout)


@pytest.fixture(scope="module")
def made(desk):
    return say(desk, "train", "--model", "boosting")


def artefact(answer):
    folder = Path(answer["path"])
    return read_artefact(
        {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "manifest.json"}
    )


def test_a_model_is_trained_judged_and_registered(made):
    assert made["registered"]
    assert (made["name"], made["version"]) == ("boosting-5d", "v1.0.0")
    assert made["figures"]["log_loss_low"] < made["figures"]["log_loss_high"]
    assert made["evaluation"]["no_skill"]["log_loss"]
    assert len(made["folds"]) == 3
    stored = artefact(made)
    assert stored.meta.version == "v1.0.0"
    assert stored.meta.parameters["n_estimators"] == 8
    assert stored.conformal is not None
    assert stored.meta.training_rows == (
        made["folds"][-1]["model_rows"] + made["folds"][-1]["held_rows"]
    )


def test_the_same_training_is_the_same_version_and_another_seed_is_not(desk, made):
    again = say(desk, "train", "--model", "boosting")
    assert (again["version"], again["new"]) == (made["version"], False)
    other = say(desk, "train", "--model", "boosting", "--seed", "7")
    assert (other["version"], other["new"]) == ("v1.0.1", True)


def test_a_person_sees_folds_the_time_that_is_left_and_the_figures(desk):
    told = run(desk, "train", "--model", "boosting", "--name", "shown")
    assert "fold 3 of 3  boosting" in told.stderr
    assert "s left" in told.stderr
    assert "log loss no skill" in told.stdout
    assert "shown v1.0.0 (draft)" in told.stdout


def test_a_parent_that_had_seen_the_tests_is_no_start(desk, made):
    told = say(
        desk, "train", "--model", "boosting", "--from", made["version"], status=2
    )
    assert "had learned from labels known at" in told["message"]
    told = say(desk, "train", "--model", "boosting", "--from", "v9.0.0", status=1)
    assert told["error"] == "NotFoundError"


def test_a_leak_alarm_makes_the_checks_again_and_a_clean_model_goes_on(
    desk, monkeypatch
):
    loud = train_models.judged

    def alarmed(*given):
        found = loud(*given)
        return replace(found, evaluation=replace(found.evaluation, leak_alarm=True))

    monkeypatch.setattr(train_models, "judged", alarmed)
    told = say(desk, "train", "--model", "boosting", "--name", "alarmed")
    assert told["leak"]["alarm"]
    assert told["leak"]["certificate"]["failed"] == 0
    assert {c["name"] for c in told["leak"]["certificate"]["results"]} >= {
        "no_overlap",
        "fitted_inside",
        "recomputed",
    }
    assert told["registered"]

    real = train_models.learned

    def peeking(lesson, recipe, **more):
        found = real(lesson, recipe, **more)
        first = found.walk.models[0]
        everything = replace(first, model_rows=np.arange(len(found.walk.fold)))
        models = (everything, *found.walk.models[1:])
        return replace(found, walk=replace(found.walk, models=models))

    monkeypatch.setattr("tradeloop.apps.training.learned", peeking)
    told = say(desk, "train", "--model", "boosting", "--name", "peeking", status=1)
    assert not told["registered"]
    assert any("fitted_inside" in check for check in told["failed_checks"])
    text = run(desk, "train", "--model", "boosting", "--name", "peeking", status=1)
    assert "NOT REGISTERED" in text.stdout


def test_a_search_counts_its_trials_goes_on_and_registers_what_it_found(desk):
    first = say(desk, "search", "--trials", "2", "--name", "tuned")
    assert first["trials"]["complete"] + first["trials"]["pruned"] == 2
    assert set(first["parameters"][-1]) == {"boosting.max_depth"}
    assert {"nats", "share", "points", "found", "met"} <= set(first["gain"])
    more = say(desk, "search", "--trials", "4", "--name", "tuned")
    assert more["study"] == first["study"]
    assert sum(more["trials"].values()) == 4
    settings = load(desk)
    with open_workspace(
        settings.places(desk), settings.acting(), LiveClock()
    ) as workspace:
        (fold,) = {
            trial.parameters["study"]
            for trial in workspace.catalog.models.trials(
                workspace.principal, more["study"]
            )
        }
        journal = workspace.places.runs / "searches" / "default"
        found = read_search(journal / f"{more['study']}.jsonl", fold)
    assert found.returns_bps().shape[1] == more["trials"]["complete"]
    told = run(desk, "search", "--trials", "4", "--name", "tuned")
    assert "4 trials" in told.stdout
    more = run(desk, "search", "--trials", "5", "--name", "tuned")
    assert "trial 5 of 5 of this fold" in more.stderr
    assert "that the search never saw" in " ".join(told.stdout.split())


def test_two_workers_search_in_one_journal(desk):
    told = say(desk, "search", "--trials", "5", "--name", "both", "--workers", "2")
    assert 5 <= sum(told["trials"].values()) <= 6
    assert told["trials"]["abandoned"] == 0
    assert told["registered"]


def test_a_model_is_evaluated_on_rows_that_came_after_it(desk, made):
    told = say(desk, "evaluate", made["name"], made["version"])
    assert told["evaluation"]["rows"] >= 30
    assert told["figures"]["log_loss"] > 0
    assert (
        "rows decided after"
        in run(desk, "evaluate", made["name"], made["version"]).stdout
    )
    gone = say(desk, "evaluate", "none", "v1.0.0", status=1)
    assert gone["error"] == "NotFoundError"


def test_what_is_not_there_is_named(desk, tmp_path):
    told = say(desk, "train", "--model", "bosting", status=2)
    assert "did you mean 'boosting'" in told["message"]
    told = say(desk, "train", "nothing", status=1)
    assert "There is no dataset 'nothing'" in told["message"]
    told = say(tmp_path / "none", "train", status=1)
    assert "no workspace" in told["message"]

"""A training is a job from its beginning; one that never ended is a trial."""

import pytest

from pipelines.models_given import Remembering, packed
from tradeloop.pipelines import models_track
from tradeloop.pipelines.judge_family import family_of
from tradeloop.pipelines.models_keep import NewModel, register_model
from tradeloop.pipelines.training_job import begin_job, end_job

RECIPE = {"members": [{"name": "boosting"}]}


@pytest.fixture(autouse=True)
def _no_tracking(monkeypatch):
    monkeypatch.setattr(models_track, "open_tracking", Remembering().open)


def jobs(workspace):
    return workspace.catalog.models.jobs(workspace.principal)


def registered(workspace, **how):
    kept = register_model(workspace, NewModel(files=packed(**how), name="boost"))
    registry = workspace.catalog.models
    return registry.model(workspace.principal, "boost", kept.version)


def test_a_job_begins_and_ends_with_its_version(workspace):
    model = registered(workspace)
    job = begin_job(workspace, "boost", "rows", RECIPE)
    assert [each.status for each in jobs(workspace)] == ["running"]
    end_job(workspace, job, "done", version=model.record.version)
    (ended,) = jobs(workspace)
    assert (ended.status, ended.model_version) == ("done", model.record.version)


def test_what_broke_off_and_goes_on_is_the_same_job_and_another_recipe_is_not(
    workspace,
):
    first = begin_job(workspace, "boost", "rows", RECIPE)
    assert begin_job(workspace, "boost", "rows", RECIPE) == first
    begin_job(workspace, "boost", "rows", {"members": []})
    assert len(jobs(workspace)) == 2


def test_a_training_that_was_given_up_counts_as_a_trial_and_one_that_failed_does_not(
    workspace,
):
    model = registered(workspace)
    before = family_of(workspace, model).trials
    begin_job(workspace, "boost", "other rows", RECIPE)  # of the same name
    begin_job(workspace, "other", model.record.dataset_version, RECIPE)  # same rows
    begin_job(workspace, "other", "other rows", RECIPE)  # neither
    failed = begin_job(workspace, "boost", "rows", {"fails": 1})
    end_job(workspace, failed, "failed", error="one class only")
    done = begin_job(workspace, "boost", "rows", {"done": 1})
    end_job(workspace, done, "done", version=model.record.version)
    family = family_of(workspace, model)
    assert family.abandoned == 2
    assert family.trials == before + 2

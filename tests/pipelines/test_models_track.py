"""The registry told to MLflow: in a SQLite file, and over HTTP."""

from dataclasses import replace

from pipelines.conftest import NOW_NS, places_in
from pipelines.models_given import packed
from stores.mlflow_standin import standing_in
from tradeloop.clock import ReplayClock
from tradeloop.events import Principal
from tradeloop.pipelines.archive import archive
from tradeloop.pipelines.models_keep import (
    Judgement,
    NewModel,
    keep_model,
    register_model,
)
from tradeloop.pipelines.models_track import tracking_pending
from tradeloop.pipelines.register import _crown
from tradeloop.pipelines.workspace import open_workspace
from tradeloop.stores import open_tracking

ME = Principal("desk", "tester")


def test_a_sqlite_file_knows_stage_aliases_and_hash_of_every_version(workspace):
    made = [
        register_model(workspace, NewModel(files=packed(seed=k), name="boost"))
        for k in (1, 2)
    ]
    _crown(workspace, made[1])
    archive(workspace, "boost", "v1.0.0", approver="tester", reason="old")
    places = workspace.places
    with open_tracking(places.tracking_url, places.runs) as tracking:
        told = tracking.versions(ME, "boost")
        champion = tracking.champion(ME, "boost")
    assert [each.tags["stage"] for each in told] == ["archived", "draft"]
    assert [each.tags["artefact_sha256"] for each in told] == [
        each.stored.sha256 for each in made
    ]
    assert champion.tags["artefact_version"] == "v1.0.1"
    assert champion.source == made[1].path.resolve().as_uri()
    assert tracking_pending(workspace) == []


def test_a_server_gets_the_files_and_the_aliases_over_http(tmp_path, capfd):
    with standing_in() as (url, server):
        places = replace(places_in(tmp_path), tracking=url)
        with open_workspace(places, ME, ReplayClock(NOW_NS)) as workspace:
            judged = Judgement(metrics={"log_loss": 1.0})
            kept = keep_model(workspace, packed(), name="boost", judgement=judged)
            assert kept.note == ""
            again = keep_model(workspace, packed(), name="boost", judgement=judged)
            assert (again.new, again.note) == (False, "")
            _crown(workspace, kept)
            done = archive(workspace, "boost", "v1.0.0", approver="t", reason="old")
            assert done.note == ""
    (version,) = server.versions
    assert version["name"] == "desk.boost"
    assert version["source"] == "mlflow-artifacts:/0/run0/artifacts"
    assert {name.rpartition("/")[2] for name in server.files} == set(kept.stored.files)
    stored = {name.rpartition("/")[2]: data for name, data in server.files.items()}
    assert stored == dict(kept.stored.files)
    assert server.runs["run0"]["info"]["status"] == "FINISHED"
    assert server.tags["1", "stage"] == "archived"
    assert server.models == {"desk.boost": {}}
    assert not places.runs.exists()
    assert capfd.readouterr().out == ""  # what a command prints is its own

"""A model is a registered version whole or not at all; tracking may come later."""

from dataclasses import replace

import pytest

from pipelines.conftest import NOW_NS, places_in
from pipelines.models_given import Remembering, packed
from tradeloop.clock import ReplayClock
from tradeloop.errors import ArtefactError, BusyError, ConflictError, NotFoundError
from tradeloop.events import Principal
from tradeloop.models import read_artefact
from tradeloop.models.signature import sign
from tradeloop.pipelines import models_track
from tradeloop.pipelines.models_keep import Judgement, keep_model
from tradeloop.pipelines.models_list import list_models, version_named
from tradeloop.pipelines.models_load import load_model
from tradeloop.pipelines.models_show import show_model
from tradeloop.pipelines.models_track import catch_up, tracking_pending
from tradeloop.pipelines.models_version import change_between
from tradeloop.pipelines.workspace import open_workspace
from tradeloop.stores import TrialRecord

TRIALS = ("search-1", [TrialRecord(number=0, state="abandoned", parameters={})])


@pytest.fixture(autouse=True)
def tracked(monkeypatch):
    remembering = Remembering()
    monkeypatch.setattr(models_track, "open_tracking", remembering.open)
    return remembering


def listed(workspace):
    return [
        (each.model.record.name, each.model.record.version)
        for each in list_models(workspace)
    ]


def test_a_model_is_kept_registered_announced_and_tracked(workspace, tracked):
    judged = Judgement(metrics={"log_loss": 1.0}, numbers={"rows": 10})
    kept = keep_model(
        workspace, packed(), name="boost", judgement=judged, trials=TRIALS
    )
    assert (kept.version, kept.new, kept.note) == ("v1.0.0", True, "")
    shown = show_model(workspace, "boost")
    record = shown.listed.model.record
    assert (record.estimator, record.seed, record.parent) == ("boosting", 1, "")
    assert record.feature_fingerprint == "bank-abcdef"
    assert "xgboost-cpu" in record.environment["libraries"]
    assert record.artefact_location == "desk/boost/v1.0.0"
    assert (shown.damage, shown.tracked) == ("", True)
    assert shown.evaluations[0].numbers == {"rows": 10}
    assert workspace.catalog.models.trial_counts(workspace.principal) == {"search-1": 1}
    (event,) = workspace.journal.events(workspace.principal, "model_registered")
    assert event.body["artefact_sha256"] == record.artefact_sha256
    assert tracked.stages == {"v1.0.0": "draft"}
    loaded = load_model(workspace, "boost", "v1.0.0")
    assert loaded == read_artefact(packed()("v1.0.0"))


def test_the_same_model_again_is_the_same_version(workspace, tracked):
    said = [keep_model(workspace, packed(), name="boost") for _ in range(3)]
    assert [(each.version, each.new) for each in said] == [
        ("v1.0.0", True),
        ("v1.0.0", False),
        ("v1.0.0", False),
    ]
    assert len(tracked.versions_) == len(tracked.runs) == 1
    assert workspace.journal.counts(workspace.principal) == {"model_registered": 1}


def test_a_version_counts_up_by_what_is_new_in_it(workspace):
    kinds = [
        {"seed": 1},
        {"seed": 2},
        {"names": "abcde"},
        {"names": "abcde", "seed": 2},
    ]
    made = [keep_model(workspace, packed(**kind), name="boost") for kind in kinds]
    assert [each.version for each in made] == ["v1.0.0", "v1.0.1", "v1.1.0", "v1.1.1"]
    parents = [
        show_model(workspace, "boost", each.version).listed.model.record.parent
        for each in made
    ]
    assert parents == ["", "v1.0.0", "v1.0.1", "v1.1.0"]
    back = keep_model(workspace, packed(seed=3), name="boost", parent="v1.0.0")
    assert back.version == "v1.1.2"
    assert back.stored.parent == "v1.0.0"
    with pytest.raises(NotFoundError, match=r"v7\.0\.0"):
        keep_model(workspace, packed(seed=4), name="boost", parent="v7.0.0")


def test_what_is_new_is_told_from_what_the_models_say_of_themselves():
    meta = read_artefact(packed()("v1.0.0")).meta
    member = meta.members[0]
    cases = {
        "retrained": replace(meta, seed=9, dataset_version="x", parameters={"a": 1}),
        "features": replace(meta, columns=replace(meta.columns, fingerprint="x")),
        "architecture": replace(meta, members=(member, replace(member, name="b"))),
    }
    for change, other in cases.items():
        assert change_between(meta, other) == change
    forest = replace(member, estimator="forest")
    assert change_between(meta, replace(meta, members=(forest,))) == "architecture"
    lighter = replace(member, weight=0.5)
    assert change_between(meta, replace(meta, members=(lighter,))) == "retrained"


STEPS = {
    "before the catalog": "tradeloop.stores.catalog_models.ModelCatalog.register",
    "before the journal": "tradeloop.pipelines.models_keep.announce_model",
    "before tracking": "tradeloop.pipelines.models_keep.catch_up",
}


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_between_two_steps_leaves_no_half_version(
    workspace, step, monkeypatch, tracked
):
    def crash(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(STEPS[step], crash)
    with pytest.raises(KeyboardInterrupt):
        keep_model(workspace, packed(), name="boost", trials=TRIALS)
    assert workspace.artefacts.versions(workspace.principal, "boost") == ["v1.0.0"]
    registered = step != "before the catalog"
    assert listed(workspace) == ([("boost", "v1.0.0")] if registered else [])
    trials = workspace.catalog.models.trials(workspace.principal, "search-1")
    assert bool(trials) == registered
    if not registered:
        with pytest.raises(NotFoundError):
            load_model(workspace, "boost", "v1.0.0")
    monkeypatch.undo()
    monkeypatch.setattr(models_track, "open_tracking", tracked.open)
    kept = keep_model(workspace, packed(), name="boost", trials=TRIALS)
    assert (kept.version, kept.new) == ("v1.0.0", not registered)
    assert listed(workspace) == [("boost", "v1.0.0")]
    assert workspace.journal.counts(workspace.principal) == {"model_registered": 1}
    assert len(tracked.versions_) == 1


def test_a_left_over_artefact_of_another_model_is_passed_over(workspace):
    workspace.artefacts.save_as(
        workspace.principal, "boost", "v1.0.0", packed(seed=5)("v1.0.0")
    )
    kept = keep_model(workspace, packed(), name="boost")
    assert kept.version == "v1.0.1"
    assert listed(workspace) == [("boost", "v1.0.1")]


def test_training_goes_on_while_tracking_is_away_and_is_caught_up(workspace, tracked):
    tracked.away = True
    kept = [keep_model(workspace, packed(seed=k), name="boost") for k in (1, 2)]
    assert "2 versions are not tracked yet" in kept[1].note
    assert listed(workspace) == [("boost", "v1.0.1"), ("boost", "v1.0.0")]
    assert len(tracking_pending(workspace)) == 2
    assert not show_model(workspace, "boost").tracked
    tracked.away = False
    assert catch_up(workspace) == ""
    assert [v.tags["artefact_version"] for v in tracked.versions_] == [
        "v1.0.0",
        "v1.0.1",
    ]
    assert tracking_pending(workspace) == []
    assert catch_up(workspace) == ""
    assert len(tracked.runs) == 2


def test_a_registry_on_a_server_that_is_away_stops_nobody(tmp_path, monkeypatch):
    monkeypatch.undo()
    places = replace(places_in(tmp_path), tracking="http://127.0.0.1:9")
    who = Principal("desk", "tester")
    with open_workspace(places, who, ReplayClock(NOW_NS)) as workspace:
        kept = keep_model(workspace, packed(), name="boost")
        assert "cannot be used" in kept.note
        assert listed(workspace) == [("boost", "v1.0.0")]


def test_foreign_files_are_refused_before_anything_is_written(workspace):
    good = packed()("v1.0.0")
    bad = {
        "another name": packed("other")("v1.0.0"),
        "a changed byte": {**good, "calibration.json": b"{}"},
        "a pickle": {**good, "member-0.ubj": b"\x80\x04K\x01."},
        "no model": {"model.json": b"{}"},
        "a stranger": {**good, "notes.md": b"# x"},
    }
    for files in bad.values():
        with pytest.raises(ArtefactError):
            keep_model(workspace, files, name="boost")
    assert listed(workspace) == []
    assert workspace.artefacts.versions(workspace.principal, "boost") == []


def test_files_that_say_their_version_are_kept_under_it(workspace):
    files = packed()("v1.0.0")
    assert keep_model(workspace, files, name="boost").new
    assert not keep_model(workspace, files, name="boost").new
    with pytest.raises(BusyError, match="taken"):
        keep_model(workspace, packed(seed=2)("v1.0.0"), name="boost")


def test_a_signed_model_is_loaded_with_its_key_alone(workspace):
    key, other = b"k" * 32, b"o" * 32
    keep_model(workspace, lambda version: sign(packed()(version), key), name="boost")
    record = version_named(workspace, "boost").record
    assert len(record.signature) == 64
    assert load_model(workspace, "boost", "v1.0.0", key=key).meta.name == "boost"
    with pytest.raises(ArtefactError, match="signed"):
        load_model(workspace, "boost", "v1.0.0", key=other)


def test_a_damaged_or_exchanged_artefact_is_refused_and_said(workspace):
    kept = keep_model(workspace, packed(), name="boost")
    place = kept.path / "member-0.ubj"
    place.chmod(0o644)
    good = place.read_bytes()
    place.write_bytes(good[:-1] + b"x")
    with pytest.raises(ArtefactError, match=r"member-0\.ubj"):
        load_model(workspace, "boost", "v1.0.0")
    assert "member-0.ubj" in show_model(workspace, "boost").damage
    place.write_bytes(good)
    other = packed(seed=2)("v1.0.0")
    elsewhere = workspace.artefacts.save_as(
        Principal("thief", "x"), "boost", "v1.0.0", other
    )
    kept.path.rename(kept.path.parent / "gone")
    elsewhere.path.rename(kept.path)
    with pytest.raises(ArtefactError, match="another model's"):
        load_model(workspace, "boost", "v1.0.0")
    kept.path.rename(kept.path.parent / "gone-too")
    with pytest.raises(ArtefactError, match="gone"):
        load_model(workspace, "boost", "v1.0.0")


def test_two_tenants_keep_models_of_one_name(workspace, tmp_path):
    keep_model(workspace, packed(), name="boost")
    guest = replace(workspace, principal=Principal("guest", "tester"))
    assert listed(guest) == []
    assert keep_model(guest, packed(seed=2), name="boost").version == "v1.0.0"
    assert load_model(guest, "boost", "v1.0.0").meta.seed == 2
    assert load_model(workspace, "boost", "v1.0.0").meta.seed == 1


def test_a_private_model_is_not_seen_by_a_colleague(workspace):
    keep_model(workspace, packed(), name="boost", private=True)
    colleague = replace(workspace, principal=Principal("desk", "colleague"))
    assert listed(workspace) == [("boost", "v1.0.0")]
    assert listed(colleague) == []
    with pytest.raises(ConflictError, match="other users"):
        keep_model(colleague, packed(seed=2), name="boost")
    assert listed(colleague) == []


def test_a_version_is_found_by_number_or_alias(workspace):
    keep_model(workspace, packed(), name="boost")
    keep_model(workspace, packed(seed=2), name="boost")
    for which in ("1.0.0", "v1.0.0"):
        assert version_named(workspace, "boost", which).record.version == "v1.0.0"
    assert version_named(workspace, "boost").record.version == "v1.0.1"
    with pytest.raises(NotFoundError, match=r"v1\.0\.1, v1\.0\.0"):
        version_named(workspace, "boost", "champion")
    with pytest.raises(NotFoundError, match="no model 'bost'"):
        version_named(workspace, "bost")

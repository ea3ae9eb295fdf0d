import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import (
    ALL,
    Boosting,
    Calibration,
    Columns,
    Meta,
    export_onnx,
    fit_calibration,
    read_artefact,
    write_artefact,
)
from tradeloop.models.artefact import META
from tradeloop.models.checks import training_rows
from tradeloop.models.deep.lstm import Lstm
from tradeloop.models.forest import Forest
from tradeloop.models.light_boosting import LightBoosting
from tradeloop.models.onnx_export import export_members
from tradeloop.models.preparation import Prepared
from tradeloop.models.sequences import Sequences, places_of
from tradeloop.models.vote import Member, Vote, blend

FILES = ("calibration.json", "member-0.onnx", "member-0.ubj", "model.json")


def test_what_is_written_is_read_back(files, meta, model, rows):
    found = read_artefact(files)
    described = (found.meta.members, found.meta.estimator, found.meta.calibration)
    members, estimator, calibration = described
    filled = replace(
        meta, members=members, estimator=estimator, calibration=calibration
    )
    assert found.meta == filled
    assert estimator == "boosting"
    assert calibration == "shrunk"
    assert [(m.name, m.weight, m.steps) for m in members] == [("boosting", 1.0, 1)]
    assert members[0].parity == meta.parity
    assert found.calibration == model.calibration
    assert found.fitted().members[0].fitted == model.fitted
    ours = found.calibration.apply(found.runtime().predict_proba(rows[0]))
    assert np.abs(ours - model.predict_proba(rows[0])).max() < 1e-5


def test_the_same_model_gives_the_same_files(files, model, export, meta):
    assert write_artefact(model.fitted, model.calibration, export, meta) == files
    assert set(files) == set(FILES)


def test_the_meta_file_says_what_the_model_is(files, columns):
    body = json.loads(files[META])["model"]
    assert body["columns"] == {"names": list(columns.names), "fingerprint": "bank-1"}
    assert body["classes"] == [-1, 0, 1]
    assert body["horizon_ns"] == 5 * 86_400 * 10**9
    assert body["dataset_version"] == "abc"
    assert body["seed"] == 42
    assert body["parity"] <= 1e-6
    assert sum(body["base_rates"]) == pytest.approx(1)
    assert sum(body["importance"].values()) == pytest.approx(1)
    assert {"numpy", "onnxruntime", "onnxmltools"} <= set(body["libraries"])
    assert {"python", "machine", "system"} == set(body["environment"])
    assert body["code_version"]


@pytest.fixture(scope="module")
def vote(rows, columns):
    first = Boosting(n_estimators=4).fit(*rows, columns=columns)
    second = Boosting(n_estimators=2, max_depth=2).fit(*rows, columns=columns)
    silent = Member("silent", 0.0, second)
    return Vote((Member("deep", 0.6, first), Member("flat", 0.4, second), silent))


@pytest.fixture(scope="module")
def voted(vote, rows, meta):
    exports = export_members(vote, rows[0])
    told = vote.predict_proba(rows[0])
    own = replace(
        meta,
        parity=max(export.parity for export in exports),
        parent="v0.0.9",
        input_ranges={"a": (-2.0, 2.0)},
        training_rows=400,
        training_period_ns=(0, 3_990),
        metrics={"log_loss": 0.9},
    )
    calibration = fit_calibration(told, rows[1], None)
    card = "# direction-5d\n\nA model.\n"
    return write_artefact(vote, calibration, exports, own, card=card)


def test_a_vote_is_written_member_by_member_and_read_back(voted, vote, rows):
    pairs = [(f"member-{at}.ubj", f"member-{at}.onnx") for at in range(3)]
    names = {name for pair in pairs for name in pair}
    assert set(voted) == names | {"calibration.json", "card.md", "model.json"}
    found = read_artefact(voted)
    assert found.meta.estimator == "vote"
    assert [m.weight for m in found.members] == [0.6, 0.4, 0.0]
    assert found.fitted() == vote
    assert found.steps == 1
    assert found.card.startswith("# direction-5d")
    assert found.meta.parent == "v0.0.9"
    assert found.meta.training_period_ns == (0, 3_990)
    told = [runtime.predict_proba(rows[0]) for runtime in found.runtimes()]
    for own, member in zip(told, vote.members, strict=True):
        assert np.abs(own - member.fitted.predict_proba(rows[0])).max() <= 1e-6
    with pytest.raises(ArtefactError, match=r"has 3 members\. Use runtimes"):
        found.runtime()


def test_columns_without_a_range_have_bounds_of_nan(voted):
    low, high = read_artefact(voted).meta.bounds()
    assert (low[0], high[0]) == (-2.0, 2.0)
    assert np.isnan(low[1:]).all()
    assert np.isnan(high[1:]).all()


def test_a_prepared_model_takes_all_columns_and_shows_its_members_the_kept(meta):
    features, direction = training_rows(44, n_rows=300)
    kept = np.array([0, 2, 5])
    prepared = Prepared(meta.columns, kept, {"b": "", "d": "", "e": ""}, 300)
    inner = prepared.inner
    fitted = Boosting(n_estimators=4).fit(features[:, kept], direction, columns=inner)
    export = export_onnx(fitted, features[:, kept])
    calibration = fit_calibration(fitted.predict_proba(features[:, kept]), direction)
    own = replace(meta, parity=export.parity)
    files = write_artefact(fitted, calibration, export, own, preparation=prepared)
    assert set(files) == {*FILES, "preparation.json"}
    found = read_artefact(files)
    ours = found.runtime().predict_proba(features)
    theirs = fitted.predict_proba(features[:, kept])
    assert np.abs(ours - theirs).max() <= 1e-6
    row = features[7].astype(np.float32)
    assert np.array_equal(found.runtime().score_row(row), ours[7])
    assert found.fitted().columns == inner
    assert found.inner == inner
    assert np.array_equal(found.fitted().predict_proba(found.seen(features)), theirs)
    past = Sequences.of(features[:, None])
    assert np.array_equal(found.fitted().predict_proba(found.seen(past)), theirs)
    with pytest.raises(ArtefactError):
        write_artefact(fitted, calibration, export, own)


def test_a_vote_of_many_kinds_says_the_same_after_its_files(
    rows, columns, meta, monkeypatch
):
    monkeypatch.setattr("tradeloop.models.ALL", (*ALL, Lstm))
    features, direction = rows
    places = places_of(np.zeros(400), np.arange(400), 4)
    past = Sequences(features, places)
    kinds = {
        Boosting(n_estimators=3): "ubj",
        Forest(n_estimators=3): "safetensors",
        LightBoosting(n_estimators=3): "txt",
        Lstm(sequence=4, hidden=4, epochs=1): "safetensors",
    }
    vote = Vote(
        tuple(
            Member(kind.name, 0.25, kind.fit(past, direction, columns=columns))
            for kind in kinds
        )
    )
    exports = export_members(vote, past)
    told = vote.predict_proba(past)
    own = replace(meta, parity=max(export.parity for export in exports))
    files = write_artefact(vote, fit_calibration(told, direction), exports, own)
    for at, suffix in enumerate(kinds.values()):
        assert f"member-{at}.{suffix}" in files
    found = read_artefact(files)
    assert found.steps == 4
    assert np.array_equal(found.fitted().predict_proba(past), told)
    served = [runtime.predict_proba(past) for runtime in found.runtimes()]
    assert np.abs(blend(served, vote.weights) - told).max() <= 1e-6


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(files, name):
    with pytest.raises(ArtefactError):
        read_artefact({other: files[other] for other in FILES if other != name})


@pytest.mark.parametrize(
    "name", ["model.pkl", "model.joblib", "notes.txt", "member-0.npy", "../model.json"]
)
def test_an_unknown_file_is_refused(files, name):
    with pytest.raises(ArtefactError, match="are not read"):
        read_artefact({**files, name: files[META]})


def test_a_file_that_the_description_does_not_know_is_refused(files, voted):
    for name in ("member-1.onnx", "member-0.txt", "card.md"):
        content = {"member-0.txt": b"tree\n"}.get(name, voted.get(name))
        with pytest.raises(ArtefactError, match="must describe the model and hash"):
            read_artefact({**files, name: content})


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_found(files, name):
    content = bytearray(files[name])
    content[len(content) // 2] ^= 1
    with pytest.raises(ArtefactError):
        read_artefact({**files, name: bytes(content)}).runtime()


def sealed(files, body):
    canonical = json.dumps(body["model"], sort_keys=True, separators=(",", ":"))
    body["sha256"][META] = hashlib.sha256(canonical.encode()).hexdigest()
    return {**files, META: json.dumps(body).encode()}


def changed(files, **fields):
    body = json.loads(files[META])
    body["model"] |= fields
    return sealed(files, body)


def test_another_format_version_is_refused(files):
    body = json.loads(files[META]) | {"format": "tradeloop-model-3"}
    with pytest.raises(ArtefactError, match="has the format 'tradeloop-model-3'"):
        read_artefact({**files, META: json.dumps(body).encode()})


def test_a_meta_file_that_leaves_a_file_unhashed_is_refused(files):
    body = json.loads(files[META])
    del body["sha256"]["member-0.onnx"]
    with pytest.raises(ArtefactError, match="must describe the model and hash"):
        read_artefact({**files, META: json.dumps(body).encode()})


MEMBER = {
    "name": "boosting",
    "estimator": "boosting",
    "weight": 1.0,
    "steps": 1,
    "parity": 0.0,
}
WRONG = {
    "other classes": {"classes": [0, 1, 2]},
    "an unknown estimator": {"members": [{**MEMBER, "estimator": "oracle"}]},
    "no member": {"members": []},
    "a member more than files": {"members": [MEMBER, {**MEMBER, "name": "other"}]},
    "a name twice": {"members": [MEMBER, MEMBER]},
    "a negative weight": {"members": [{**MEMBER, "weight": -1.0}]},
    "no weight": {"members": [{**MEMBER, "weight": 0.0}]},
    "a member without a name": {"members": [{"weight": 1.0}]},
    "no columns": {"columns": {"names": []}},
    "a column twice": {"columns": {"names": ["a", "a"], "fingerprint": ""}},
    "rates that are text": {"base_rates": ["x"]},
    "an unknown field": {"something": 1},
    "a range that is none": {"input_ranges": {"a": 3}},
}


@pytest.mark.parametrize("fields", WRONG.values(), ids=WRONG)
def test_a_meta_file_with_a_wrong_field_is_refused(files, fields):
    with pytest.raises(ArtefactError):
        read_artefact(changed(files, **fields))


def test_a_meta_file_without_a_field_is_refused(files):
    body = json.loads(files[META])
    del body["model"]["parent"]
    with pytest.raises(ArtefactError, match="missing or unknown"):
        read_artefact(sealed(files, body))


def test_a_model_of_another_width_is_refused_when_it_is_loaded(files):
    found = read_artefact(changed(files, columns={"names": ["a"], "fingerprint": ""}))
    with pytest.raises(ArtefactError):
        found.runtime()
    with pytest.raises(ArtefactError):
        found.fitted()


def test_meta_must_be_that_of_the_model(model, export, meta):
    other = replace(meta, columns=Columns(tuple("zbcdef"), "bank-1"))
    with pytest.raises(ArtefactError, match="Column 0 of the model is 'a'"):
        write_artefact(model.fitted, model.calibration, export, other)
    with pytest.raises(ArtefactError, match=r"Meta\.parity"):
        write_artefact(
            model.fitted, model.calibration, export, replace(meta, parity=0.5)
        )
    with pytest.raises(ArtefactError, match="1 members and 2 exports"):
        write_artefact(model.fitted, model.calibration, (export, export), meta)


def test_a_figure_that_is_not_finite_is_not_written(model, export, meta):
    odd = replace(meta, metrics={"log_loss": float("nan")})
    with pytest.raises((ArtefactError, InputError, ValueError)):
        write_artefact(model.fitted, model.calibration, export, odd)


def test_a_calibration_of_another_content_is_refused(files):
    assert Calibration.from_json(files["calibration.json"].decode())
    with pytest.raises(ArtefactError, match="does not match the hash"):
        read_artefact({**files, "calibration.json": b"{}"})


def test_a_changed_description_is_found(files):
    body = json.loads(files[META])
    body["model"]["horizon_ns"] += 1
    with pytest.raises(ArtefactError, match=r"model\.json does not match the hash"):
        read_artefact({**files, META: json.dumps(body).encode()})
    body.pop("model")
    with pytest.raises(ArtefactError, match="must describe the model"):
        read_artefact({**files, META: json.dumps(body).encode()})


def test_versions_that_differ_in_any_byte_are_told_apart(files, model, export, meta):
    later = replace(meta, version="v0.1.1")
    other = write_artefact(model.fitted, model.calibration, export, later)
    assert other != files
    assert isinstance(read_artefact(other).meta, Meta)

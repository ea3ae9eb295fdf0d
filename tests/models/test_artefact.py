import hashlib
import io
import json
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from tradeloop.errors import ArtefactError
from tradeloop.models import Calibration, Columns, read_artefact, write_artefact
from tradeloop.models.artefact import FILES, META


def test_what_is_written_is_read_back(files, meta, model, rows):
    found = read_artefact(files)
    assert found.meta == meta
    assert found.calibration == model.calibration
    assert found.fitted() == model.fitted
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


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(files, name):
    with pytest.raises(ArtefactError, match="A model consists of"):
        read_artefact({other: files[other] for other in FILES if other != name})


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "notes.txt"])
def test_an_unknown_file_is_refused(files, name):
    with pytest.raises(ArtefactError, match="are not read"):
        read_artefact({**files, name: b""})


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_found(files, name):
    content = bytearray(files[name])
    middle = len(content) // 2
    content[middle] ^= 1
    with pytest.raises(ArtefactError):
        read_artefact({**files, name: bytes(content)}).runtime()


def renamed():
    """A pickle of each protocol, an array file and an archive under our names."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.dumps({"format": "tradeloop-model-1"}, protocol)
    array = io.BytesIO()
    np.save(array, np.array([{}], dtype=object), allow_pickle=True)
    yield array.getvalue()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as into:
        into.writestr("data.pkl", b"")
    yield archive.getvalue()


@pytest.mark.parametrize("name", FILES)
def test_a_renamed_pickle_is_refused_unread(files, name, monkeypatch):
    def opened(*_):
        raise AssertionError("a pickle was opened")

    contents = list(renamed())
    monkeypatch.setattr(pickle, "loads", opened)
    monkeypatch.setattr(pickle, "load", opened)
    for content in contents:
        with pytest.raises(ArtefactError):
            read_artefact({**files, name: content})


def changed(files, **fields):
    body = json.loads(files[META])
    body["model"] |= fields
    canonical = json.dumps(body["model"], sort_keys=True, separators=(",", ":"))
    body["sha256"][META] = hashlib.sha256(canonical.encode()).hexdigest()
    return {**files, META: json.dumps(body).encode()}


def test_another_format_version_is_refused(files):
    body = json.loads(files[META]) | {"format": "tradeloop-model-2"}
    with pytest.raises(ArtefactError, match="has the format 'tradeloop-model-2'"):
        read_artefact({**files, META: json.dumps(body).encode()})


def test_a_meta_file_that_leaves_a_file_unhashed_is_refused(files):
    body = json.loads(files[META])
    del body["sha256"]["model.onnx"]
    with pytest.raises(ArtefactError, match="must describe the model and hash"):
        read_artefact({**files, META: json.dumps(body).encode()})


@pytest.mark.parametrize(
    "fields",
    [
        {"classes": [0, 1, 2]},
        {"estimator": "oracle"},
        {"columns": {"names": []}},
        {"columns": {"names": ["a", "a"], "fingerprint": ""}},
        {"base_rates": ["x"]},
        {"something": 1},
    ],
)
def test_a_meta_file_with_a_wrong_field_is_refused(files, fields):
    with pytest.raises(ArtefactError):
        read_artefact(changed(files, **fields))


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


def test_a_calibration_of_another_format_is_refused(files):
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

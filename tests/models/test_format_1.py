"""Models of the first format stay readable; the files are made by its own rules."""

import hashlib
import json

import numpy as np
import pytest

from tradeloop.errors import ArtefactError
from tradeloop.models import read_artefact

FORMAT_1_FIELDS = {
    "name",
    "version",
    "columns",
    "horizon_ns",
    "dataset_version",
    "seed",
    "parameters",
    "base_rates",
    "importance",
    "parity",
    "estimator",
    "classes",
    "libraries",
}
CALIBRATION_1 = {
    "format": "tradeloop-calibration-1",
    "classes": [-1, 0, 1],
    "slope": 0.5,
    "bias": [-0.5, 0.0, -0.5],
    "base_rates": [0.3, 0.4, 0.3],
    "rows": 80,
}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def first(model, export, meta):
    """What `write_artefact` of the first format wrote, spelled out."""
    described = {
        "name": meta.name,
        "version": meta.version,
        "columns": {"names": list(meta.columns.names), "fingerprint": "bank-1"},
        "horizon_ns": meta.horizon_ns,
        "dataset_version": "abc",
        "seed": 42,
        "parameters": {"n_estimators": 20},
        "base_rates": [0.3, 0.4, 0.3],
        "importance": dict(model.fitted.importance()),
        "parity": export.parity,
        "estimator": "boosting",
        "classes": [-1, 0, 1],
        "libraries": {"numpy": "2.2.0"},
    }
    assert set(described) == FORMAT_1_FIELDS
    files = {
        "model.ubj": model.fitted.to_bytes(),
        "model.onnx": export.content,
        "calibration.json": json.dumps(CALIBRATION_1, indent=2).encode(),
    }
    return files | {"model.json": sealed(files, described)}


def sealed(files, described):
    canonical = json.dumps(described, sort_keys=True, separators=(",", ":"))
    hashes = {name: sha256(content) for name, content in files.items()}
    body = {
        "format": "tradeloop-model-1",
        "model": described,
        "sha256": hashes | {"model.json": sha256(canonical.encode())},
    }
    return json.dumps(body, indent=2, sort_keys=True).encode()


def test_a_model_of_the_first_format_is_read(first, model, meta, rows):
    found = read_artefact(first)
    assert found.meta.columns == meta.columns
    assert [m.name for m in found.members] == ["boosting"]
    assert found.members[0].weight == 1.0
    assert found.meta.libraries == {"numpy": "2.2.0"}
    assert found.meta.code_version == ""
    assert dict(found.meta.environment) == {}
    assert found.fitted().members[0].fitted == model.fitted
    ours = found.runtime().predict_proba(rows[0])
    assert np.abs(ours - model.fitted.predict_proba(rows[0])).max() <= 1e-6


def test_its_calibration_is_that_of_the_formula(first):
    # q = softmax(slope log p + bias), by hand for p = (1/4, 1/2, 1/4)
    raised = np.exp(0.5 * np.log([0.25, 0.5, 0.25]) + [-0.5, 0.0, -0.5])
    found = read_artefact(first).calibration.apply(np.array([[0.25, 0.5, 0.25]]))
    assert np.abs(found[0] - raised / raised.sum()).max() < 1e-15


@pytest.mark.parametrize("name", ["model.ubj", "model.onnx", "calibration.json"])
def test_its_files_must_match_their_hashes(first, name):
    content = bytearray(first[name])
    content[len(content) // 2] ^= 1
    with pytest.raises(ArtefactError):
        read_artefact({**first, name: bytes(content)})
    with pytest.raises(ArtefactError):
        read_artefact({other: first[other] for other in first if other != name})


def test_it_holds_one_booster_and_no_later_fields(first):
    plain = json.loads(first["model.json"])["model"]
    hashed = {name: first[name] for name in first if name != "model.json"}
    for odd in ({"estimator": "forest"}, {"members": []}, {"something": 1}):
        with pytest.raises(ArtefactError, match="cannot be read"):
            read_artefact({**hashed, "model.json": sealed(hashed, {**plain, **odd})})

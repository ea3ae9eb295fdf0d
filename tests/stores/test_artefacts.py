"""Artefacts: only safe files, checked to the byte, versions that count up."""

import io
import json
import lzma
import os
import pickle
import tarfile
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import ArtefactError, InputError, NotFoundError
from tradeloop.events import Principal
from tradeloop.stores.artefacts import Artefacts
from tradeloop.stores.formats import check_format, is_pickle
from tradeloop.stores.manifest import FileEntry, Manifest

ANN, BOB = Principal("acme", "ann"), Principal("other", "bob")
FILES = {"model.json": b'{"classes":[-1,0,1]}', "card.md": "# Model é\n".encode()}


@pytest.fixture
def store(tmp_path: Path) -> Artefacts:
    return Artefacts(tmp_path / "artefacts")


def changed(k: int) -> dict[str, bytes]:
    return {**FILES, "model.json": json.dumps({"k": k}).encode()}


def test_an_artefact_comes_back_byte_for_byte(store: Artefacts):
    saved = store.save(ANN, "boost", FILES, parent="v0.9.0")
    assert saved.path == store.root / "acme/boost/v1.0.0"
    assert saved.files == FILES
    assert store.load(ANN, "boost", "v1.0.0") == saved
    assert saved.parent == "v0.9.0"


def test_versions_count_by_what_changed(store: Artefacts):
    kinds = ["retrained", "retrained", "features", "retrained", "architecture"]
    made = [
        store.save(ANN, "boost", changed(k), change=kind).version
        for k, kind in enumerate(kinds)
    ]
    assert made == ["v1.0.0", "v1.0.1", "v1.1.0", "v1.1.1", "v2.0.0"]
    assert store.versions(ANN, "boost") == made


def test_the_tenth_version_is_later_than_the_ninth(store: Artefacts):
    for k in range(11):
        last = store.save(ANN, "boost", changed(k)).version
    assert store.versions(ANN, "boost")[-1] == last == "v1.0.10"


def test_the_same_files_are_the_same_version(store: Artefacts):
    first = store.save(ANN, "boost", FILES)
    assert store.save(ANN, "boost", FILES) == first
    assert store.versions(ANN, "boost") == ["v1.0.0"]


def test_two_writers_at_once_take_two_versions(store: Artefacts):
    with ThreadPoolExecutor(4) as pool:
        saved = pool.map(lambda k: store.save(ANN, "boost", changed(k)), range(4))
        assert {a.version for a in saved} == {f"v1.0.{k}" for k in range(4)}


def test_tenants_do_not_meet(store: Artefacts):
    store.save(ANN, "boost", FILES)
    assert store.versions(BOB, "boost") == []
    with pytest.raises(NotFoundError):
        store.load(BOB, "boost", "v1.0.0")


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_one_changed_byte_is_refused(store: Artefacts, name: str):
    path = store.save(ANN, "boost", FILES).path / name
    good = path.read_bytes()
    path.chmod(0o644)
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1
        path.write_bytes(bad)
        with pytest.raises(ArtefactError, match=name):
            store.load(ANN, "boost", "v1.0.0")


def test_missing_and_extra_files_are_refused(store: Artefacts):
    folder = store.save(ANN, "boost", FILES).path
    (folder / "extra.json").write_text("{}")
    with pytest.raises(ArtefactError, match=r"extra\.json"):
        store.load(ANN, "boost", "v1.0.0")
    (folder / "extra.json").unlink()
    (folder / "card.md").unlink()
    with pytest.raises(ArtefactError, match=r"card\.md"):
        store.load(ANN, "boost", "v1.0.0")


def test_a_manifest_cannot_name_a_file_elsewhere(store: Artefacts, tmp_path: Path):
    folder = store.save(ANN, "boost", FILES).path
    (tmp_path / "secret.txt").write_text("secret")
    entry = FileEntry("../../../../secret.txt", sha256(b"secret").hexdigest(), 6)
    (folder / "manifest.json").chmod(0o644)
    (folder / "manifest.json").write_text(Manifest(folder, (entry,), {}, {}).text())
    with pytest.raises(ArtefactError, match=r"manifest\.json"):
        store.load(ANN, "boost", "v1.0.0")


@pytest.mark.parametrize("name", ["../x", "/etc", "a/b", "", ".x", "con", "a\0"])
def test_a_name_that_leaves_the_root_is_refused(store: Artefacts, name: str):
    for call in (
        lambda: store.save(ANN, name, FILES),
        lambda: store.save(ANN, "boost", {f"{name}/x.json": b"{}"}),
        lambda: store.load(ANN, name, "v1.0.0"),
        lambda: store.load(ANN, "boost", name),
    ):
        with pytest.raises((ArtefactError, InputError, NotFoundError)):
            call()
    assert not store.root.exists() or list(store.root.rglob("*.json")) == []


class Canary:
    """Unpickling this makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def hostile(canary: Path) -> dict[str, bytes]:
    """What has been passed off as a model."""
    plain = {f"pickle {p}": pickle.dumps(Canary(canary), p) for p in range(6)}
    torch, objects = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(torch, "w") as archive:
        archive.writestr("archive/data.pkl", plain["pickle 2"])
    np.save(objects, np.array([Canary(canary)], dtype=object), allow_pickle=True)
    return {
        **plain,
        "torch zip": torch.getvalue(),
        "npy of objects": objects.getvalue(),
        "gzip": b"\x1f\x8b\x08" + plain["pickle 4"],
        "zlib": b"\x78\x9c" + plain["pickle 4"],
        "xz": b"\xfd7zXZ\x00" + plain["pickle 4"],
        "lz4": b"\x04\x22\x4d\x18" + plain["pickle 4"],
        "joblib, packed": zlib.compress(plain["pickle 4"]),
        "lzma": lzma.compress(plain["pickle 4"], lzma.FORMAT_ALONE),
        "7z": b"7z\xbc\xaf\x27\x1c" + plain["pickle 4"],
        "tar": tarred(plain["pickle 4"]),
        "zip behind UBJSON": b"{i\x01a}" + torch.getvalue(),
        "safetensors before a pickle": tensors(a=np.ones(2)) + plain["pickle 4"],
        "HDF5": b"\x89HDF\r\n\x1a\n" + plain["pickle 4"],
        "broken pickle": plain["pickle 4"][:-1],
        "pickle and more": plain["pickle 0"] + b"\n# model\n",
        "keras lambda": b"\x80\x05K\x01.",
        "text with an odd escape": b"S'\\user'\n.",
    }


def tarred(data: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("model.pkl")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def tensors(metadata: dict[str, str] | None = None, **arrays) -> bytes:
    from safetensors.numpy import save  # noqa: PLC0415 - an extra

    return save(arrays, metadata)


NAMES = ["m.onnx", "m.ubj", "m.json", "m.md", "m.npy", "m.parquet", "m.txt"]
NAMES += ["m.safetensors"]
NAMES += ["m.pkl", "m.joblib", "m.pt", "m.h5", "m", "m.ONNX"]


@pytest.mark.parametrize("name", NAMES)
def test_no_pickle_gets_in_or_out_under_any_name(store: Artefacts, name, tmp_path):
    canary = tmp_path / "canary"
    for data in hostile(canary).values():
        with pytest.raises(ArtefactError):
            store.save(ANN, "boost", {name: data})
        planted = store.root / "acme/planted/v1.0.0"
        planted.mkdir(parents=True, exist_ok=True)
        (planted / name).write_bytes(data)
        entry = FileEntry(name, sha256(data).hexdigest(), len(data))
        text = Manifest(planted, (entry,), {}, {}).text()
        (planted / "manifest.json").write_text(text)
        with pytest.raises(ArtefactError):
            store.load(ANN, "planted", "v1.0.0")
    assert store.versions(ANN, "boost") == []
    assert not canary.exists()


def test_the_canary_sings_when_it_is_unpickled(tmp_path: Path):
    pickle.loads(pickle.dumps(Canary(tmp_path / "canary")))  # noqa: S301 - the control
    assert (tmp_path / "canary").exists()


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists), st.integers(0, 5))
def test_every_pickle_is_seen(value, protocol):
    assert is_pickle(pickle.dumps(value, protocol))


@given(st.dictionaries(st.text(), st.floats(allow_nan=False) | st.text(), min_size=1))
def test_json_is_no_pickle(value):
    check_format("model.json", json.dumps(value).encode())


def test_real_model_files_are_kept(store: Artefacts, tmp_path: Path):
    files = {"weights.npy": io.BytesIO(), "model.json": b"{}"}
    np.save(files["weights.npy"], np.arange(6.0).reshape(2, 3))
    files["weights.npy"] = files["weights.npy"].getvalue()
    files |= trained(tmp_path)
    assert store.save(ANN, "boost", files).files == files


def trained(folder: Path) -> dict[str, bytes]:
    """An XGBoost model as UBJSON, and a small ONNX model."""
    import onnx  # noqa: PLC0415 - heavy
    import xgboost  # noqa: PLC0415 - heavy

    x = np.random.default_rng(1).normal(size=(60, 3))
    data = xgboost.DMatrix(x, label=(x[:, 0] > 0).astype(float))
    booster = xgboost.train({"max_depth": 2}, data, num_boost_round=3)
    booster.save_model(folder / "model.ubj")
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 3])
        for name in ("x", "y")
    ]
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    model = onnx.helper.make_model(graph)
    onnx.helper.set_model_props(model, {"bank": "1f3a"})
    return {
        "model.ubj": (folder / "model.ubj").read_bytes(),
        "model.onnx": model.SerializeToString(),
    }


def test_a_cut_off_onnx_model_is_refused(tmp_path: Path):
    model = trained(tmp_path)["model.onnx"]
    check_format("m.onnx", model)
    for bad in (model[:-1], model[1:], b"", model + b"\x00", b"{}"):
        with pytest.raises(ArtefactError, match="onnx"):
            check_format("m.onnx", bad)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", "i8", "u1", "?"])
def test_safetensors_of_numbers_are_kept_and_cut_ones_refused(dtype):
    data = tensors({"estimator": "forest"}, a=np.ones((2, 3), dtype), b=np.zeros(0))
    check_format("m.safetensors", data)
    for bad in (data[:-1], data + b"\0", data[8:], b"", data[:8], data[:8] + b"{}"):
        with pytest.raises(ArtefactError):
            check_format("m.safetensors", bad)


@pytest.mark.parametrize("length", [640, 896, 1152, 1408])
def test_safetensors_that_begin_like_a_pickle_are_none(length: int):
    """The length of the header, 0x0280 to 0x0580, stands first."""
    for padding in range(length):
        data = tensors({"note": "x" * padding}, a=np.ones(2))
        if data[:2] == length.to_bytes(2, "little"):
            break
    assert data[:1] == b"\x80"
    assert is_pickle(data)  # by its first bytes alone
    check_format("m.safetensors", data)
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(data)  # noqa: S301 - that it cannot is the point


@pytest.mark.parametrize("first", [0x56, 0x5628])
def test_a_pickle_inside_a_whole_safetensors_file_is_refused(first: int):
    """The opcode V takes the header for a line of text, and runs what follows it."""
    payload = pickle.dumps(["run"], 0)
    text = '{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}'
    header = (text % ((len(payload) + 1,) * 2)).encode()
    header += b" " * (first - len(header) - 1) + b"}"
    data = first.to_bytes(8, "little") + header + b"\n" + payload
    with pytest.raises(ArtefactError):
        check_format("m.safetensors", data)


def test_the_text_of_lightgbm_is_kept_and_other_text_is_not():
    import lightgbm  # noqa: PLC0415 - an extra

    x = np.random.default_rng(1).normal(size=(60, 3))
    data = lightgbm.Dataset(x, label=(x[:, 0] > 0).astype(float))
    given = {"objective": "binary", "num_threads": 1, "verbose": -1}
    text = lightgbm.train(given, data, num_boost_round=3).model_to_string()
    check_format("m.txt", text.encode())
    for bad in ("tree", "plain words", text[: len(text) // 4]):
        with pytest.raises(ArtefactError, match=r"\.txt"):
            check_format("m.txt", bad.encode())

"""Real pickles of every kind, under every name: none is read, let alone run."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import tarfile
import zipfile
import zlib

import numpy as np
import pytest
from safetensors.numpy import save

from tradeloop.errors import ArtefactError
from tradeloop.models import read_artefact
from tradeloop.models.contents import is_pickle, kind_of, refuse_foreign
from tradeloop.models.tensors import pack

NAMES = (
    "model.json",
    "calibration.json",
    "conformal.json",
    "preparation.json",
    "card.md",
    "member-0.ubj",
    "member-0.onnx",
    "member-0.txt",
    "member-0.safetensors",
)


class Runs:
    """A pickle that writes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def tarred(content):
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as archive:
        told = tarfile.TarInfo("data.pkl")
        told.size = len(content)
        archive.addfile(told, io.BytesIO(content))
    return into.getvalue()


def zipped(content, name="archive/data.pkl"):
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr(name, content)
    return into.getvalue()


def objects():
    into = io.BytesIO()
    np.save(into, np.array([{}, None], dtype=object), allow_pickle=True)
    return into.getvalue()


def many_objects():
    into = io.BytesIO()
    np.savez(into, a=np.array([{}], dtype=object))
    return into.getvalue()


def joblib_like(inner):
    """What joblib writes: a pickle whose arrays follow it as raw bytes."""
    return inner + np.arange(100.0).tobytes()


def disguises(inner):
    """Name and bytes of a pickle and of what can hide one."""
    found = {
        f"pickle of protocol {protocol}": pickle.dumps(inner, protocol)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    }
    plain = found["pickle of protocol 4"]
    return found | {
        "pickle broken off": plain[:-1],
        "joblib file": joblib_like(plain),
        "joblib file, zlib": zlib.compress(plain),
        "zlib, fast": zlib.compress(plain, 1),
        "zlib, best": zlib.compress(plain, 9),
        "gzip": gzip.compress(plain, mtime=0),
        "bzip2": bz2.compress(plain),
        "xz": lzma.compress(plain),
        "lzma": lzma.compress(plain, format=lzma.FORMAT_ALONE),
        "zip": zipped(plain),
        "empty zip": zipped(b"")[-22:],
        "PyTorch file": zipped(plain, "model/data.pkl"),
        "tar": tarred(plain),
        "tar, gzip": gzip.compress(tarred(plain), mtime=0),
        "array of objects": objects(),
        "arrays of objects": many_objects(),
        "7z": b"7z\xbc\xaf\x27\x1c" + plain,
        "zstd": b"\x28\xb5\x2f\xfd" + plain,
        "lz4": b"\x04\x22\x4d\x18" + plain,
    }


@pytest.fixture
def hostile(tmp_path):
    path = tmp_path / "ran"
    return path, disguises(Runs(path)) | {
        f"plain, {name}": content
        for name, content in disguises({"format": "tradeloop-model-2"}).items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_renamed_pickle_is_refused_unread(files, hostile, name, monkeypatch):
    path, contents = hostile

    def opened(*_):
        raise AssertionError("a pickle was opened")

    monkeypatch.setattr(pickle, "loads", opened)
    monkeypatch.setattr(pickle, "load", opened)
    monkeypatch.setattr(pickle, "Unpickler", opened)
    for what, content in contents.items():
        with pytest.raises(ArtefactError) as refused:
            read_artefact({**files, name: content})
        assert name in str(refused.value), what
        assert not path.exists()


def test_each_disguise_is_named_for_what_it_is(hostile):
    _, contents = hostile
    for what, content in contents.items():
        assert kind_of(content), what
    assert kind_of(contents["gzip"]) == "gzip file"
    assert kind_of(contents["tar"]) == "tar archive"
    assert kind_of(contents["joblib file"]) == "pickle"
    assert kind_of(contents["joblib file, zlib"]) == "zlib stream"
    assert kind_of(contents["array of objects"]) == "NumPy array file"


def test_pickles_of_every_protocol_are_known(hostile):
    _, contents = hostile
    for what, content in contents.items():
        if what.startswith(("pickle of", "plain, pickle of")):
            assert is_pickle(content), what


def ours():
    narrow = np.arange(6, dtype=np.float32)
    return {
        "model.json": b'{"a": [1, 2]}',
        "card.md": "# Größe\n".encode(),
        "member-0.txt": b"tree\nversion=v4\n",
        "member-0.safetensors": pack("forest", {"a": narrow, "b": narrow.astype("i4")}),
    }


@pytest.mark.parametrize("name", ours())
def test_a_file_of_its_own_format_is_read(name):
    refuse_foreign(name, ours()[name])


def test_a_safetensors_file_of_any_header_length_is_read():
    for length in range(1, 1_500, 7):
        content = save({"a": np.zeros(3, "f4")}, metadata={"x": "y" * length})
        refuse_foreign("member-0.safetensors", content)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b"\0", b"no model", b"[1]", b'{"a"'])
def test_bytes_that_are_not_what_the_name_says_are_refused(name, content):
    with pytest.raises(ArtefactError):
        refuse_foreign(name, content)


def lengthened(content, more):
    return content[:8] + content[8:] + more


def test_a_safetensors_file_with_a_gap_or_bytes_left_over_is_refused():
    content = ours()["member-0.safetensors"]
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["a"]["data_offsets"][0] += 4
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    holed = len(text).to_bytes(8, "little") + text + content[8 + size :]
    for odd in (content + b"\0", content[:-1], holed):
        with pytest.raises(ArtefactError, match="does not hold what its name says"):
            refuse_foreign("member-0.safetensors", odd)


def test_a_pickle_inside_a_valid_safetensors_file_is_refused():
    """The opcode V reads a line of anything; what follows the line would be run."""
    payload = pickle.dumps(["run"], 0)
    for first in (0x56, 0x5628):  # V as the first, and as the second byte
        text = '{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}'
        header = (text % ((len(payload) + 1,) * 2)).encode()
        header += b" " * (first - len(header) - 1) + b"}"
        content = first.to_bytes(8, "little") + header + b"\n" + payload
        with pytest.raises(ArtefactError):
            refuse_foreign("member-0.safetensors", content)


def test_deeply_nested_json_is_refused_without_falling_over():
    with pytest.raises(ArtefactError):
        refuse_foreign("model.json", b'{"a":' * 200_000)


def test_an_unknown_ending_is_refused():
    with pytest.raises(ArtefactError, match="does not hold what its name says"):
        refuse_foreign("model.npy", b"{}")

import json

import numpy as np
import pytest

from tradeloop.errors import ArtefactError
from tradeloop.models.tensors import pack, unpack

ARRAYS = {"weights": np.arange(6.0).reshape(2, 3), "places": np.arange(4, dtype="i4")}
WANTED = {"weights": np.float64, "places": np.int32}


def test_what_was_packed_is_unpacked():
    arrays, header = unpack("thing", pack("thing", ARRAYS, gamma=0.5), WANTED)
    assert all(np.array_equal(arrays[name], ARRAYS[name]) for name in ARRAYS)
    assert header == {"estimator": "thing", "format": "tradeloop-thing-1", "gamma": 0.5}


def test_equal_contents_are_equal_bytes_in_any_order():
    turned = dict(reversed(ARRAYS.items()))
    assert pack("thing", ARRAYS, a=1, b=2) == pack("thing", turned, b=2, a=1)


def test_a_header_that_is_not_finite_is_not_written():
    with pytest.raises(ValueError, match="JSON"):
        pack("thing", ARRAYS, gamma=float("nan"))


@pytest.mark.parametrize(
    ("arrays", "rule"),
    [
        ({"weights": ARRAYS["weights"]}, "'places' of the model is missing"),
        (ARRAYS | {"more": np.ones(1)}, "'more' of the model is unknown"),
        (ARRAYS | {"places": np.ones(4)}, "is of float64, not of int32"),
        (ARRAYS | {"weights": np.array([np.nan])}, "values that are not finite"),
    ],
)
def test_other_arrays_are_refused(arrays, rule):
    with pytest.raises(ArtefactError, match=rule):
        unpack("thing", pack("thing", arrays), WANTED)


def test_another_estimator_is_named():
    with pytest.raises(ArtefactError, match="tradeloop-other-1"):
        unpack("thing", pack("other", ARRAYS), WANTED)


@pytest.mark.parametrize(
    "bend",
    [
        lambda _: b"",
        lambda content: b"PK\x03\x04" + content,
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: content[:50],
    ],
    ids=["nothing", "an archive", "cut", "longer", "a header alone"],
)
def test_bytes_that_are_no_safetensors_are_refused(bend):
    with pytest.raises(ArtefactError, match="no safetensors file of a thing"):
        unpack("thing", bend(pack("thing", ARRAYS)), WANTED)


def test_a_safetensors_file_without_our_header_is_refused():
    described = json.dumps(
        {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    ).encode()
    content = len(described).to_bytes(8, "little") + described + bytes(4)
    with pytest.raises(ArtefactError, match="no safetensors file of a thing"):
        unpack("thing", content, {"w": np.float32})

import json

import numpy as np
import pytest

from tradeloop.errors import ArtefactError
from tradeloop.models import Boosting
from tradeloop.models.checks import training_rows
from tradeloop.models.ubjson import read_ubjson, refuse_broken_booster


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"{}", {}),
        (b"{i\x01ai\x05i\x01bT}", {"a": 5, "b": True}),
        (b"{#i\x01i\x01aF", {"a": False}),
        (b"[ZSi\x02okCx]", [None, "ok", "x"]),
        (b"[#i\x02U\xffI\x01\x00", [255, 256]),
        (b"D\x3f\xf8\x00\x00\x00\x00\x00\x00", 1.5),
    ],
)
def test_values_are_read_as_the_specification_says(content, value):
    assert read_ubjson(content) == value


def test_arrays_of_one_type_are_read_at_once():
    found = read_ubjson(b"[$l#i\x02\x00\x00\x00\x07\xff\xff\xff\xff")
    assert found.tolist() == [7, -1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{}}",
        b"{i\x01a",
        b"[$l#i\x02\x00\x00\x00\x07",
        b"[$l\x00",
        b"[$S#i\x01",
        b"{$i#i\x01i\x01a\x01",
        b"{i\x01aTi\x01aT}",
        b"{Si\x01aT}",
        b"{i\xffaT}",
        b"{i\x01\xffT}",
        b"[" * 1000,
        b"text",
    ],
)
def test_bytes_that_are_no_document_are_refused(content):
    with pytest.raises(ArtefactError, match="no document in UBJSON"):
        read_ubjson(content)


def test_a_booster_reads_as_the_same_as_its_json():
    booster = Boosting(n_estimators=3).fit(*training_rows(1)).booster
    expected = json.loads(bytes(booster.save_raw("json")))
    found = read_ubjson(bytes(booster.save_raw("ubj")))
    assert found["learner"]["attributes"] == expected["learner"]["attributes"]
    trees = [
        document["learner"]["gradient_booster"]["model"]["trees"]
        for document in (found, expected)
    ]
    for ours, theirs in zip(*trees, strict=True):
        for name in ("left_children", "split_indices"):
            assert ours[name].tolist() == theirs[name]
        conditions = np.float32(theirs["split_conditions"])
        assert np.array_equal(ours["split_conditions"], conditions)


def test_a_document_that_is_no_booster_is_refused():
    with pytest.raises(ArtefactError, match="no booster of XGBoost"):
        refuse_broken_booster(b"{}")

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.datasets import DatasetInputs, canonical_json, frame_hash
from tradeloop.errors import InputError

INPUTS = DatasetInputs(
    dataset_type="SIGNAL_GENERATION",
    slices={"bars": "ab", "decisions": "cd"},
    feature_fingerprint="f1",
    label_rules={"horizons_ns": (1, 2), "excellent_bps": 20.0, "benchmark": None},
    split={"splitter": "hold_out", "test_share": 0.2},
    as_of_ns=5,
    seed=42,
)
FRAME = pl.DataFrame(
    {
        "name": ["a", None, "", "bc"],
        "x": [1.5, None, -0.0, 3.0],
        "n": pl.Series([1, 2, None, 4], dtype=pl.Int8),
        "at": pl.Series([0, 1, 2, None], dtype=pl.Datetime("ns", "UTC")),
        "flag": [True, None, False, True],
    }
)

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(plain)
def test_canonical_json_reads_back_as_what_was_written(value):
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), st.integers()))
def test_order_of_keys_does_not_matter(mapping):
    turned = dict(reversed(mapping.items()))
    assert canonical_json(mapping) == canonical_json(turned)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), {1, 2}, {1: 2}, b"x", np.float32(1), object()]
)
def test_what_is_no_plain_finite_data_is_refused_with_its_place(value):
    with pytest.raises(InputError, match=r"value\.a\[1\]"):
        canonical_json({"a": [0, value]})


@pytest.mark.parametrize(
    "change",
    [
        {"dataset_type": "RISK_PREDICTION"},
        {"slices": {"bars": "ab", "decisions": "ce"}},
        {"feature_fingerprint": "f2"},
        {"label_rules": {**INPUTS.label_rules, "excellent_bps": 20.000000000000004}},
        {"split": {**INPUTS.split, "test_share": 0.3}},
        {"as_of_ns": 6},
        {"seed": 43},
        {"rules": {"windows": 1}},
    ],
)
def test_any_input_changes_the_version(change):
    assert replace(INPUTS, **change).version != INPUTS.version


def test_version_is_the_hash_of_the_manifest():
    program = (
        "import hashlib,sys;print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=INPUTS.manifest.encode(),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().strip() == INPUTS.version


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_version_and_frame_hash_are_the_same_under_another_hash_seed(seed):
    program = (
        "import polars as pl\n"
        "from tradeloop.datasets.version import DatasetInputs, frame_hash\n"
        f"given = {asdict(INPUTS)!r}\n"
        "letters = frame_hash(pl.DataFrame({'a': ['x', 'y']}))\n"
        "print(hash('x'), DatasetInputs(**given).version, letters)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
    )
    _, version, hashed = done.stdout.decode().split()
    assert version == INPUTS.version
    assert hashed == frame_hash(pl.DataFrame({"a": ["x", "y"]}))


def test_frame_hash_looks_at_values_not_at_chunks_or_files(tmp_path):
    FRAME.write_parquet(tmp_path / "frame.parquet", compression="snappy")
    cut = pl.concat([FRAME[:1], FRAME[1:]], rechunk=False)
    assert frame_hash(cut) == frame_hash(FRAME)
    assert frame_hash(pl.read_parquet(tmp_path / "frame.parquet")) == frame_hash(FRAME)
    assert frame_hash(FRAME[1:]) == frame_hash(FRAME[1:].clone())


@pytest.mark.parametrize(
    "change",
    [
        pl.col("x").fill_null(0.0),
        pl.col("x").shift(1),
        pl.col("x") + 2.0**-40,
        pl.col("x").cast(pl.Float32),
        pl.col("name").fill_null(""),
        pl.Series("name", ["a", None, "b", "c"]),
        pl.col("at").dt.replace_time_zone(None),
        ~pl.col("flag"),
    ],
)
def test_any_cell_type_or_null_changes_the_frame_hash(change):
    assert frame_hash(FRAME.with_columns(change)) != frame_hash(FRAME)


def test_names_and_order_of_columns_and_rows_change_the_frame_hash():
    others = [FRAME.rename({"x": "y"}), FRAME.select("x", "name"), FRAME.reverse()]
    assert len({frame_hash(f) for f in [FRAME, FRAME.clear(), *others]}) == 5


def test_a_column_of_lists_has_no_hash():
    with pytest.raises(InputError, match="column 'l'"):
        frame_hash(pl.DataFrame({"l": [[1], [2]]}))

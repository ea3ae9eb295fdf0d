"""Exports: what comes back is what went in, in every format, whole or not at all."""

import builtins
import json
import threading
from hashlib import sha256

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import (
    ConflictError,
    InputError,
    MissingExtraError,
    NotFoundError,
)
from tradeloop.stores.exports import (
    EXPORTS,
    FlightTables,
    fetch_table,
    list_tables,
    write_export,
)
from tradeloop.stores.exports import tabular as tabular_files

NAN, INF = float("nan"), float("inf")
# A finite number of each kind that a careless writer loses.
ODD = [0.1, -0.0, 5e-324, 1.7976931348623157e308, 1e22, 123456789.123456789, NAN, INF]
FEATURES = ["plain", "odd"]
every_format = pytest.mark.parametrize("name", sorted(EXPORTS))


def wide_table(rows=8, shift=0):
    number = np.arange(rows) + shift
    return pl.DataFrame(
        {
            "decision_id": [f"d{k}" for k in number],
            "instrument": ["", 'q"uote', "a,b", "l\nine", None, "é", "NaN", " x"][
                :rows
            ],
            "side": pl.Series([1, -1] * (rows // 2), dtype=pl.Int8),
            "decision_ns": 2**62 + number,
            "end_ns": [None, *(2**62 + number[1:] + 5).tolist()],
            "plain": [None, *np.linspace(0, 1, rows - 1)],
            "odd": ODD[:rows],
            "label_class": ["BAD", "GOOD", None, "GOOD"] * (rows // 4),
            "label_return_1h": [0.0, None, -1e-9, NAN] * (rows // 4),
            "label_hit": pl.Series([True, None, False, True] * (rows // 4)),
        }
    )


def matrix_table(rows=8):
    return wide_table(rows).select(
        "decision_id",
        pl.col("instrument"),
        "decision_ns",
        "end_ns",
        pl.col("plain").fill_null(NAN),
        "odd",
        pl.col("label_class").replace_strict(
            {"BAD": 0, "GOOD": 1}, default=-1, return_dtype=pl.Int64
        ),
        pl.col("label_return_1h").fill_null(NAN),
    )


def content(form, card=""):
    make = wide_table if form == "wide" else matrix_table
    about = {
        "form": form,
        "dataset_type": "SIGNAL_GENERATION",
        "version": "ab12",
        "features": FEATURES,
        "targets": {"label_class": "class", "label_return_1h": "regression"},
        "classes": {"label_class": ["BAD", "GOOD"]},
        "target": "label_class",
        "missing": "",
    }
    tables = {"train": make(8), "test": make(4)}
    return tables, {**about, "card": card} if card else about


@pytest.fixture
def written(tmp_path):
    def write(name, **more):
        tables, about = content(EXPORTS[name].form, **more)
        done = write_export(name, tmp_path / "out" / name, tables, about)
        return done.place, tables, done

    return write


def bits(column):
    return column.fill_null(7.0).to_numpy().view(np.uint64)


def same_bits(one, other):
    """Equal to the bit, nulls and the sign of zero included."""
    assert one.schema == other.schema
    assert one.equals(other)
    for name, dtype in one.schema.items():
        if dtype == pl.Float64:
            known = ~(one[name].is_nan() | one[name].is_null())
            assert (bits(one[name]) == bits(other[name]))[known.to_numpy()].all()


def test_parquet_comes_back_to_the_bit(written):
    place, tables, _ = written("parquet")
    for split, table in tables.items():
        same_bits(pl.read_parquet(place / f"{split}.parquet"), table)


def test_arrow_comes_back_to_the_bit_and_can_be_mapped_without_a_copy(written):
    place, tables, _ = written("arrow")
    for split, table in tables.items():
        before = pa.total_allocated_bytes()
        with pa.memory_map(str(place / f"{split}.arrow")) as source:
            found = pa.ipc.open_file(source).read_all()
            assert pa.total_allocated_bytes() - before < 4096
            same_bits(pl.DataFrame(found), table)


def test_csv_comes_back_to_the_bit_and_tells_null_from_an_empty_text(written):
    place, tables, _ = written("csv")
    for split, table in tables.items():
        found = pl.read_csv(place / f"{split}.csv", schema=table.schema)
        same_bits(found, table)


@given(st.lists(st.floats(allow_nan=True), min_size=1, max_size=30))
def test_any_float_survives_a_csv(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("csv")
    table = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    tabular_files.CSV.write(folder, {"train": table}, {})
    same_bits(pl.read_csv(folder / "train.csv", schema=table.schema), table)


def back_from(arrays, table):
    """A frame from the arrays of one split, by the rules that docs/export.md states."""
    columns = {}
    for name, dtype in table.schema.items():
        if name in FEATURES:
            columns[name] = pl.Series(arrays["X"][:, FEATURES.index(name)])
            continue
        column = pl.Series(name, arrays[name], dtype=dtype)
        if f"{name}.missing" in arrays:
            column = pl.select(
                pl.when(~pl.Series(arrays[f"{name}.missing"])).then(column)
            ).to_series()
        columns[name] = column
    return pl.DataFrame(columns)


def test_npy_files_come_back_to_the_bit_and_hold_no_objects(written):
    place, tables, _ = written("numpy")
    for split, table in tables.items():
        arrays = {
            path.name.removesuffix(".npy"): np.load(path, mmap_mode="r")
            for path in (place / split).iterdir()
        }
        assert all(a.dtype.kind in "fiUb" for a in arrays.values())
        assert arrays["X"].flags.c_contiguous
        same_bits(back_from(arrays, table), table)
    names = json.loads((place / "names.json").read_text())
    assert names["features"] == FEATURES
    assert names["classes"] == {"label_class": ["BAD", "GOOD"]}


def test_npz_files_come_back_to_the_bit_without_pickle_and_hand_on_their_memory(
    written,
):
    place, tables, _ = written("arrays")
    for split, table in tables.items():
        with np.load(place / f"{split}.npz", allow_pickle=False) as found:
            arrays = dict(found)
        same_bits(back_from(arrays, table), table)
        assert np.shares_memory(np.from_dlpack(arrays["X"]), arrays["X"])


def test_npz_bytes_do_not_depend_on_the_time(tmp_path):
    tables, about = content("matrix")
    twice = [
        write_export("arrays", tmp_path / str(k), tables, about).files for k in (1, 2)
    ]
    assert twice[0] == twice[1]


def test_a_text_that_numpy_would_cut_is_refused(tmp_path):
    tables, about = content("matrix")
    cut = {"train": tables["train"].with_columns(instrument=pl.lit("a\0"))}
    with pytest.raises(InputError, match="zero character"):
        write_export("numpy", tmp_path / "x", cut, about)
    assert list(tmp_path.iterdir()) == []


def test_libsvm_lines_come_back_to_the_bit_and_missing_values_are_left_out(written):
    place, tables, _ = written("libsvm")
    mapping = json.loads((place / "mapping.json").read_text())
    assert mapping["features"] == {"1": "plain", "2": "odd"}
    assert mapping["classes"] == {"0": "BAD", "1": "GOOD"}
    for split, table in tables.items():
        kept = table.filter(pl.col("label_class") != -1)
        lines = (place / f"{split}.libsvm").read_text().splitlines()
        assert len(lines) == kept.height
        assert mapping["rows_without_label"][split] == table.height - kept.height > 0
        for line, row in zip(lines, kept.iter_rows(named=True), strict=True):
            label, *cells = line.split(" ")
            assert int(label) == row["label_class"]
            values = {int(i): float(v) for i, v in (c.split(":") for c in cells)}
            wanted = {i: row[n] for i, n in enumerate(FEATURES, 1) if row[n] == row[n]}
            assert {i: repr(v) for i, v in values.items()} == {
                i: repr(v) for i, v in wanted.items()
            }


def test_a_numeric_target_of_libsvm_is_written_as_it_is(tmp_path):
    tables, about = content("matrix")
    asked = {**about, "target": "label_return_1h"}
    place = write_export("libsvm", tmp_path / "x", tables, asked).place
    lines = (place / "train.libsvm").read_text().splitlines()
    assert [float(line.split()[0]) for line in lines] == [0.0, -1e-9] * 2
    assert json.loads((place / "mapping.json").read_text())["classes"] == {}


CARD = "---\npretty_name: mine\nlicense: mit\n---\n\n# The card\n"


def test_a_hugging_face_folder_says_its_splits_features_and_sizes(written):
    place, tables, _ = written("huggingface", card=CARD)
    _, head, body = (place / "README.md").read_text().split("---\n", 2)
    told = yaml.safe_load(head)
    assert told["license"] == "mit"
    assert body == "\n# The card\n"
    [config], [info] = told["configs"], told["dataset_info"]
    assert config["config_name"] == info["config_name"] == "default"
    assert {s["name"]: s["num_examples"] for s in info["splits"]} == {
        "train": 8,
        "test": 4,
    }
    assert [f["name"] for f in info["features"]] == tables["train"].columns
    kinds = {f["name"]: f["dtype"] for f in info["features"]}
    assert kinds["side"] == "int8"
    assert kinds["label_hit"] == "bool"
    for split in config["data_files"]:
        [file] = place.glob(split["path"])
        assert file.name == f"{split['split']}-00000-of-00001.parquet"
        same_bits(pl.read_parquet(file), tables[split["split"]])


def test_folds_become_configs_of_their_own(tmp_path):
    tables, about = content("wide")
    folds = {f"fold_{k}/{name}": t for k in (0, 1) for name, t in tables.items()}
    place = write_export("huggingface", tmp_path / "x", folds, about).place
    told = yaml.safe_load((place / "README.md").read_text().split("---\n")[1])
    assert [c["config_name"] for c in told["configs"]] == ["fold_0", "fold_1"]
    for config in told["configs"]:
        for split in config["data_files"]:
            assert len(list(place.glob(split["path"]))) == 1


def test_a_duckdb_file_comes_back_to_the_bit_and_says_what_it_holds(written):
    place, tables, _ = written("duckdb")
    with duckdb.connect(str(place / "dataset.duckdb"), read_only=True) as connection:
        for split, table in tables.items():
            found = connection.sql(f"SELECT * FROM {split}").to_arrow_table()  # noqa: S608
            same_bits(pl.DataFrame(found), table)
        told = dict(connection.sql("SELECT name, value FROM about").fetchall())
    assert json.loads(told["version"]) == "ab12"


def test_without_duckdb_the_way_to_it_is_told_and_nothing_is_left(
    tmp_path, monkeypatch
):
    real = builtins.__import__

    def no_duckdb(name, *rest, **more):
        if name == "duckdb":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_duckdb)
    with pytest.raises(MissingExtraError, match=r"tradeloop\[duckdb\]"):
        write_export("duckdb", tmp_path / "x", *content("wide"))
    assert list(tmp_path.iterdir()) == []


@every_format
def test_an_export_lists_its_files_with_their_hashes(written, name):
    place, tables, done = written(name)
    told = json.loads((place / "export.json").read_text())
    assert told["format"] == name
    assert told["about"]["version"] == "ab12"
    assert told["about"]["missing"] == EXPORTS[name].missing
    there = {p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()}
    assert there == {*told["files"], "export.json"}
    for path, (digest, size) in told["files"].items():
        data = (place / path).read_bytes()
        assert (sha256(data).hexdigest(), len(data)) == (digest, size)
    assert {e.path: e.sha256 for e in done.files} == {
        path: digest for path, (digest, _) in told["files"].items()
    }
    assert {k: v["rows"] for k, v in told["tables"].items()} == {
        k: t.height for k, t in tables.items()
    }


def test_nothing_but_the_export_is_left_behind(written):
    place, _, _ = written("csv")
    assert [p.name for p in place.parent.iterdir()] == ["csv"]


def test_what_is_there_is_left_as_it_is(written, tmp_path):
    place, _, _ = written("csv")
    before = (place / "train.csv").read_bytes()
    with pytest.raises(ConflictError, match="another folder"):
        written("csv")
    assert (place / "train.csv").read_bytes() == before
    assert [p.name for p in place.parent.iterdir()] == ["csv"]


def test_a_writer_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def fails(frame):
        raise OSError("disk full")

    monkeypatch.setattr(tabular_files, "encode", fails)
    with pytest.raises(OSError, match="disk full"):
        write_export("parquet", tmp_path / "a" / "b", *content("wide"))
    assert list((tmp_path / "a").iterdir()) == []


def test_an_unknown_format_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(InputError, match="'parquet'"):
        write_export("parket", tmp_path / "x", *content("wide"))


@pytest.mark.parametrize(("name", "form"), [("csv", "matrix"), ("numpy", "wide")])
def test_tables_of_the_other_form_are_refused(tmp_path, name, form):
    with pytest.raises(InputError, match="as_matrix"):
        write_export(name, tmp_path / "x", *content(form))


@pytest.mark.parametrize("split", ["../out", "", "a b", "/etc"])
def test_a_split_cannot_lead_out_of_its_folder(tmp_path, split):
    tables, about = content("wide")
    with pytest.raises(InputError):
        write_export("csv", tmp_path / "x", {split: tables["train"]}, about)
    with pytest.raises(InputError, match="no table"):
        write_export("csv", tmp_path / "x", {}, about)
    assert list(tmp_path.iterdir()) == []


def test_two_exports_to_one_place_give_one_whole_folder(tmp_path):
    tables, about = content("wide")
    gate, results = threading.Barrier(2), []

    def export():
        gate.wait()
        try:
            results.append(write_export("csv", tmp_path / "x", tables, about))
        except ConflictError as error:
            results.append(error)

    threads = [threading.Thread(target=export) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failed = [r for r in results if isinstance(r, ConflictError)]
    assert len(results) == 2
    assert len(failed) == 1
    found = pl.read_csv(tmp_path / "x" / "train.csv", schema=tables["train"].schema)
    same_bits(found, tables["train"])


def test_tables_come_over_flight_to_the_bit():
    tables, _ = content("wide")
    with FlightTables(tables) as served:
        assert served.address.startswith("grpc://127.0.0.1:")
        assert list_tables(served.address) == {"train": 8, "test": 4}
        for name, table in tables.items():
            same_bits(fetch_table(served.address, name), table)
        with pytest.raises(NotFoundError, match="valid"):
            fetch_table(served.address, "valid")


@pytest.mark.parametrize("token", [None, "wrong", "right2", ""])
def test_without_the_token_nothing_comes_over_flight(token):
    tables, _ = content("wide")
    with FlightTables(tables, token="right") as served:  # noqa: S106
        for call in (
            lambda: fetch_table(served.address, "train", token),
            lambda: list_tables(served.address, token),
        ):
            with pytest.raises(InputError, match="token"):
                call()
        assert list_tables(served.address, "right") == {"train": 8, "test": 4}


@pytest.mark.parametrize(
    ("tables", "token"), [({}, None), ({"a": pl.DataFrame()}, " ")]
)
def test_a_server_without_tables_or_with_an_empty_token_is_refused(tables, token):
    with pytest.raises(InputError):
        FlightTables(tables, token)

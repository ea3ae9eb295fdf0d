import gzip

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tradeloop.capture.readers import files_below, read_table
from tradeloop.errors import InputError

TABLE = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
WRITE = {
    "parquet": TABLE.write_parquet,
    "arrow": TABLE.write_ipc,
    "arrows": TABLE.write_ipc_stream,
}


def complaint(path, text=None):
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        read_table(path)
    assert caught.value.source == str(path)
    assert caught.value.way_out
    return caught.value


@pytest.mark.parametrize("form", list(WRITE))
@pytest.mark.parametrize("name", ["data.{}", "data.csv", "data.other", "data"])
def test_binary_files_are_known_by_their_content_whatever_their_name(
    form, name, tmp_path
):
    path = tmp_path / name.format(form)
    WRITE[form](path)
    assert read_table(path).equals(TABLE)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_comes_as_text_with_any_usual_separator(separator, tmp_path):
    path = tmp_path / "data.csv"
    TABLE.write_csv(path, separator=separator)
    assert read_table(path).equals(TABLE.cast(pl.String))


def test_csv_may_be_packed_and_may_begin_with_a_byte_order_mark(tmp_path):
    packed, marked = tmp_path / "data.csv.gz", tmp_path / "data.csv"
    packed.write_bytes(gzip.compress(TABLE.write_csv().encode()))
    marked.write_bytes(b"\xef\xbb\xbf" + TABLE.write_csv().encode())
    assert read_table(packed).equals(TABLE.cast(pl.String))
    assert read_table(marked).columns == ["a", "b"]


def test_an_empty_cell_is_null(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text('a,b\n1,\n,""\n')
    assert read_table(path)["a"].to_list() == ["1", None]
    assert read_table(path)["b"][0] is None


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("e.csv", b"", "empty (0 bytes)"),
        ("e.parquet", b"", "empty (0 bytes)"),
        ("h.csv", b"a,b\n", "no rows"),
        ("x.parquet", b"a,b\n1,2\n", "named like Parquet but holds none"),
        ("x.arrow", b"a,b\n1,2\n", "named like Arrow IPC but holds none"),
        ("x.dat", b"a,b\n1,2\n", "suffix '.dat' is unknown"),
        ("x.csv", b"a,b\n\0\0", "named like CSV but holds none"),
        ("d.csv", b"a,a\n1,2\n", "Two columns have the same name"),
    ],
)
def test_a_file_that_holds_no_table_is_one_clear_error(name, content, says, tmp_path):
    assert says in complaint(tmp_path / name, content).message


def test_text_in_a_file_named_parquet_is_told_to_be_renamed(tmp_path):
    assert ".csv" in complaint(tmp_path / "x.parquet", b"a,b\n1,2\n").way_out


@pytest.mark.parametrize(
    ("content", "row", "says"),
    [
        (b"a,b\n1,2\n1,2,3\n", 1, "3 fields, the header 2"),
        (b'a,b\n1,2\n"1,2\n1,2\n', 1, "damaged"),
        ("a,b\n1,2\n1,é\n".encode("latin-1"), 1, "not UTF-8"),
    ],
)
def test_damage_in_a_csv_names_its_row(content, row, says, tmp_path):
    error = complaint(tmp_path / "x.csv", content)
    assert error.row == row
    assert says in error.message


def test_an_absent_file_is_one_clear_error(tmp_path):
    assert "cannot be read" in complaint(tmp_path / "none.csv").message


def test_two_columns_of_one_name_are_refused_in_parquet_too(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    assert complaint(path).column == "a"


@pytest.mark.parametrize("form", list(WRITE))
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_binary_file_that_was_cut_is_one_clear_error(form, share, tmp_path):
    path = tmp_path / f"x.{form}"
    WRITE[form](path)
    whole = path.read_bytes()
    complaint(path, whole[: int(len(whole) * share)])


@pytest.mark.parametrize("form", list(WRITE))
def test_flipped_bytes_give_a_table_or_one_clear_error(form, tmp_path):
    path = tmp_path / f"x.{form}"
    WRITE[form](path)
    whole = path.read_bytes()
    chance = np.random.default_rng(1)
    refused = 0
    for _ in range(120):
        bad = bytearray(whole)
        for _ in range(3):
            bad[chance.integers(4, len(bad))] = chance.integers(256)
        path.write_bytes(bytes(bad))
        try:
            read_table(path)
        except InputError:
            refused += 1
    assert refused > 30


def test_a_folder_gives_its_data_files_by_name_and_no_others(tmp_path):
    deep = tmp_path / "year=2024"
    deep.mkdir()
    kept = [tmp_path / "a.csv", tmp_path / "b.PARQUET", deep / "part.parquet"]
    for path in [*kept, tmp_path / "README.md", tmp_path / "_x.csv", deep / ".y.csv"]:
        path.touch()
    assert sorted(files_below([tmp_path])) == sorted(kept)
    assert files_below([kept[0], tmp_path]).count(kept[0]) == 1


def test_a_folder_without_data_files_is_one_clear_error(tmp_path):
    (tmp_path / "README.md").touch()
    with pytest.raises(InputError, match="holds no data file") as caught:
        files_below([tmp_path])
    assert caught.value.source == str(tmp_path)
    with pytest.raises(InputError, match="No file was given"):
        files_below([])

"""A dataset that is streamed into the lake is the one that is written at once."""

from pathlib import Path

import polars as pl
import pytest

from stores.planted import ANN, BOB, FILES, ROOT, TEXTS, tree
from tradeloop.errors import ConflictError, DamagedError, InputError
from tradeloop.stores import parquet
from tradeloop.stores.lake import Lake
from tradeloop.stores.lake_stream import dataset_stream
from tradeloop.stores.spill import spilling

NAMES = ("feature_vectors", "outcome_labels")


def streamed(lake, files=FILES, texts=TEXTS, about=None, who=ANN):
    """Write the files one by one, the last one first."""
    with dataset_stream(lake, who) as stream:
        for path in sorted(files, reverse=True):
            stream.write({path: files[path]})
        return stream.publish(ROOT, texts, about)


def waiting(lake):
    return list((lake.root / ".incoming").iterdir())


def test_files_in_any_order_give_the_folder_that_is_written_at_once(
    lake: Lake, tmp_path: Path
):
    other = Lake(tmp_path / "other")
    at_once = other.write_dataset(ANN, ROOT, FILES, TEXTS, {"seed": 1})
    bit_by_bit = streamed(lake, about={"seed": 1})
    assert bit_by_bit.sha256 == at_once.sha256
    assert bit_by_bit.text() == at_once.text()
    assert tree(lake.root) == tree(other.root)
    assert lake.manifest(ANN, ROOT) == bit_by_bit
    assert lake.verify(ANN, ROOT) == len(FILES) + len(TEXTS)
    assert waiting(lake) == []


def test_nothing_is_seen_before_it_is_published_nor_if_it_never_is(lake: Lake):
    with dataset_stream(lake, ANN) as stream:
        stream.write(FILES)
        assert not (lake.root / ANN.tenant).exists()
    assert tree(lake.root) == {}
    with pytest.raises(InputError):
        streamed(lake, texts={"../out.txt": "words"})  # after all frames were written
    assert tree(lake.root) == {}
    assert waiting(lake) == []


def test_what_was_written_can_be_read_before_it_is_published(lake: Lake):
    paths = sorted(path for path in FILES if path.endswith("feature_vectors.parquet"))
    with dataset_stream(lake, ANN) as stream:
        stream.write(FILES)
        found = stream.read(paths)
    assert found.equals(pl.concat([FILES[path] for path in paths]))


def test_the_same_again_is_what_is_there_and_changes_nothing(lake: Lake):
    first = streamed(lake)
    before = tree(lake.root)
    assert streamed(lake) == first
    assert lake.write_dataset(ANN, ROOT, FILES, TEXTS) == first
    assert tree(lake.root) == before


def test_what_another_pyarrow_wrote_is_the_same_dataset(lake: Lake, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(parquet, "_SMALL_ROWS", 1)
        first = streamed(lake)
    assert streamed(lake) == first
    with dataset_stream(lake, ANN) as stream:
        stream.write(FILES)
        assert stream.lies_at(ROOT, NAMES)


@pytest.mark.parametrize("what", ["value", "file", "text", "about"])
def test_another_content_under_the_same_version_is_refused(lake: Lake, what: str):
    streamed(lake)
    before, files, texts, about = tree(lake.root), dict(FILES), dict(TEXTS), {}
    path = min(files)
    if what == "value":
        files[path] = files[path].with_columns(event_ns=pl.col("event_ns") + 1)
    elif what == "file":
        del files[path]
    elif what == "text":
        texts["metadata.json"] = "{}"
    else:
        about = {"seed": 2}
    with pytest.raises(ConflictError, match="another content"):
        streamed(lake, files, texts, about)
    assert tree(lake.root) == before


def test_rows_are_compared_whatever_the_texts_say(lake: Lake):
    with dataset_stream(lake, ANN) as stream:
        stream.write(FILES)
        assert not stream.lies_at(ROOT, NAMES)
    streamed(lake, texts={"metadata.json": "other words"})
    with dataset_stream(lake, ANN) as stream:
        stream.write(FILES)
        assert stream.lies_at(ROOT, NAMES)
    with dataset_stream(lake, BOB) as stream:
        stream.write(FILES)
        assert not stream.lies_at(ROOT, NAMES)
    path = min(FILES)
    other = FILES[path].with_columns(event_ns=pl.col("event_ns") + 1)
    with dataset_stream(lake, ANN) as stream:
        stream.write({**FILES, path: other})
        with pytest.raises(ConflictError, match="other rows"):
            stream.lies_at(ROOT, NAMES)


def test_a_damaged_file_is_not_taken_for_the_same(lake: Lake):
    streamed(lake)
    place = lake.root / ANN.tenant / ROOT / min(FILES)
    place.chmod(0o644)
    bytes_there = bytearray(place.read_bytes())
    bytes_there[len(bytes_there) // 2] ^= 1
    place.write_bytes(bytes_there)
    with dataset_stream(lake, ANN) as stream:
        stream.write(FILES)
        with pytest.raises(DamagedError):
            stream.lies_at(ROOT, NAMES)
    with pytest.raises(DamagedError):
        streamed(lake)


def test_a_writer_that_was_first_wins_without_harm(lake: Lake, monkeypatch):
    first = {}

    def late(staged: Path, place: Path) -> bool:
        first["manifest"] = lake.write_dataset(ANN, ROOT, FILES, TEXTS)
        return False

    monkeypatch.setattr("tradeloop.stores.lake_stream.publish", late)
    assert streamed(lake) == first["manifest"]
    assert waiting(lake) == []


@pytest.mark.parametrize(
    "path", ["../a.parquet", "/a.parquet", "a.txt", "manifest.json", ""]
)
def test_a_frame_under_another_name_is_refused(lake: Lake, path: str):
    frame = next(iter(FILES.values()))
    with dataset_stream(lake, ANN) as stream, pytest.raises(InputError):
        stream.write({path: frame})


@pytest.mark.parametrize("path", ["../a.txt", "a.parquet", "manifest.json"])
def test_a_text_under_another_name_is_refused(lake: Lake, path: str):
    with pytest.raises(InputError):
        streamed(lake, texts={path: "words"})
    assert not (lake.root / ANN.tenant).exists()


def test_a_file_is_written_once_and_a_dataset_has_one(lake: Lake):
    with dataset_stream(lake, ANN) as stream:
        with pytest.raises(InputError, match="needs a frame"):
            stream.publish(ROOT, TEXTS)
        stream.write({})
        stream.write(FILES)
        with pytest.raises(InputError, match="before"):
            stream.write({min(FILES): FILES[min(FILES)]})


def test_frames_put_aside_come_back_and_vanish(lake: Lake):
    first = pl.DataFrame({"at": [1, 5, 9], "what": ["a", "b", None]})
    second = pl.DataFrame({"at": [4, 2], "what": ["c", "d"]})
    with spilling(lake) as spill:
        spill.put("rows", 0, first)
        spill.put("rows", 1, second)
        spill.put("rowing", 0, second)
        assert spill.take("rows", 1).equals(second)
        assert spill.whole("rows").equals(pl.concat([first, second]))
        assert spill.column("rows", "what").to_list() == ["a", "b", None, "c", "d"]
        assert spill.between("rows", "at", 2, 5)["at"].to_list() == [4, 2]
        assert all(path.startswith(".incoming/") for path in tree(lake.root))
    assert waiting(lake) == []

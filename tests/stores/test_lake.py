"""The lake: whole or not at all, the same bytes, every damage named."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from stores.planted import ANN, BOB, DAY, FILES, ROOT, TEXTS, frame, tree
from tradeloop.errors import ConflictError, DamagedError, InputError, NotFoundError
from tradeloop.stores import folder, parquet
from tradeloop.stores.lake import Lake
from tradeloop.stores.lake_parts import Slice


def test_a_dataset_lies_where_the_contract_says(lake: Lake):
    manifest = lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    assert set(tree(lake.root)) == {
        f"acme/{ROOT}/{name}" for name in (*FILES, *TEXTS, "manifest.json")
    }
    assert manifest.rows == sum(f.height for f in FILES.values())
    assert lake.verify(ANN, ROOT) == len(FILES) + len(TEXTS)
    assert lake.manifest(ANN, ROOT) == manifest


def test_a_frame_comes_back_in_the_order_of_its_days(lake: Lake):
    lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    found = lake.read(ANN, ROOT, "feature_vectors").collect()
    days = [FILES[f"{DAY.format(day)}/feature_vectors.parquet"] for day in (1, 2, 3)]
    assert_frame_equal(found, pl.concat(days))
    assert lake.read_text(ANN, ROOT, "metadata.json") == TEXTS["metadata.json"]


def test_the_same_frames_give_the_same_bytes_however_they_are_chunked(
    lake: Lake, tmp_path: Path
):
    other = Lake(tmp_path / "other")
    chunked = {
        path: pl.concat([f[:1], f[1:]], rechunk=False)
        for path, f in reversed(FILES.items())
    }
    assert all(f.n_chunks() == 2 for f in chunked.values())
    first = lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    second = other.write_dataset(ANN, ROOT, chunked, TEXTS)
    assert tree(lake.root) == tree(other.root)
    assert first.sha256 == second.sha256


def test_writing_the_same_again_returns_what_is_there(lake: Lake, monkeypatch):
    first = lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    before = tree(lake.root)
    monkeypatch.setattr("tradeloop.stores.lake.staged", None)
    assert lake.write_dataset(ANN, ROOT, FILES, TEXTS) == first
    assert tree(lake.root) == before


def test_another_writer_with_the_same_content_wins_without_harm(
    lake: Lake, monkeypatch
):
    real = folder.publish

    def late(staged: Path, place: Path) -> bool:
        if not place.exists():
            monkeypatch.setattr("tradeloop.stores.lake.publish", real)
            lake.write_dataset(ANN, ROOT, FILES, TEXTS)
        return real(staged, place)

    monkeypatch.setattr("tradeloop.stores.lake.publish", late)
    manifest = lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    assert lake.manifest(ANN, ROOT) == manifest
    assert list((lake.root / ".incoming").iterdir()) == []


def test_a_dataset_written_by_another_pyarrow_is_the_same_dataset(
    lake: Lake, monkeypatch
):
    with monkeypatch.context() as older:
        older.setattr(parquet, "_SMALL_ROWS", 1)
        first = lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    assert lake.write_dataset(ANN, ROOT, FILES, TEXTS) == first
    assert lake.verify(ANN, ROOT) == 7


@pytest.mark.parametrize("what", ["value", "file", "text", "about"])
def test_another_content_under_the_same_version_is_refused(lake: Lake, what: str):
    files, texts, about = dict(FILES), dict(TEXTS), {}
    path = next(iter(files))
    if what == "value":
        files[path] = files[path].with_columns(event_ns=pl.col("event_ns") + 1)
    elif what == "file":
        del files[path]
    elif what == "text":
        texts["metadata.json"] = "{}"
    else:
        about = {"seed": 2}
    lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    before = tree(lake.root)
    with pytest.raises(ConflictError, match="another content"):
        lake.write_dataset(ANN, ROOT, files, texts, about)
    assert tree(lake.root) == before


def damaged(lake: Lake) -> Iterator[tuple[str, str]]:
    """Each file with one bit flipped at three places, and the file put back."""
    base = lake.root / "acme" / ROOT
    for name in (*FILES, *TEXTS, "manifest.json"):
        path = base / name
        good = path.read_bytes()
        path.chmod(0o644)
        for at in (0, len(good) // 2, len(good) - 1):
            bad = bytearray(good)
            bad[at] ^= 1
            path.write_bytes(bad)
            yield name, f"byte {at}"
            path.write_bytes(good)


def test_every_flipped_bit_is_found_and_its_file_named(lake: Lake):
    lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    for name, _ in damaged(lake):
        with pytest.raises(DamagedError, match=name.rpartition("/")[2]):
            lake.verify(ANN, ROOT)
    assert lake.verify(ANN, ROOT) == 7


def test_a_damaged_file_is_not_read(lake: Lake):
    lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    for name, _ in damaged(lake):
        if name.endswith("outcome_labels.parquet"):
            with pytest.raises(DamagedError, match="outcome_labels"):
                lake.read(ANN, ROOT, "outcome_labels")
            assert lake.read(ANN, ROOT, "feature_vectors").collect().height == 6


def test_missing_extra_and_linked_files_are_named(lake: Lake):
    lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    base = lake.root / "acme" / ROOT
    gone, linked = (base / path for path in sorted(FILES)[:2])
    gone.unlink()
    linked.rename(base.parent / "elsewhere")
    linked.symlink_to(base.parent / "elsewhere")
    (base / "note.txt").write_text("mine")
    with pytest.raises(DamagedError) as caught:
        lake.verify(ANN, ROOT)
    said = str(caught.value)
    assert f"{min(FILES)} (missing)" in said
    assert sorted(FILES)[1] in said
    assert "note.txt (extra)" in said


@pytest.mark.parametrize(
    ("files", "texts"),
    [
        ({}, TEXTS),
        ({"x.csv": frame(1)}, {}),
        (FILES, {"manifest.json": "{}"}),
        (FILES, {"x.parquet": "text"}),
        ({"x.parquet": pl.DataFrame({"a": [[1, 2]]})}, {}),
        ({"x.parquet": pl.DataFrame({"a": [None]})}, {}),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(lake, files, texts):
    with pytest.raises(InputError):
        lake.write_dataset(ANN, ROOT, files, texts)
    assert tree(lake.root) == {}


def test_tenants_do_not_meet(lake: Lake):
    lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    kept = lake.write_events(ANN, "bar", frame(1))
    with pytest.raises(NotFoundError):
        lake.read(BOB, ROOT, "outcome_labels")
    with pytest.raises(NotFoundError):
        lake.read_events(BOB, "bar", kept.sha256)


def test_an_unknown_frame_lists_those_that_are_there(lake: Lake):
    lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    with pytest.raises(NotFoundError, match="feature_vectors"):
        lake.read(ANN, ROOT, "features")


def test_market_data_are_kept_once_under_what_they_say(lake: Lake):
    first = lake.write_events(ANN, "bar", frame(1))
    again = lake.write_events(ANN, "bar", pl.concat([frame(1)[:1], frame(1)[1:]]))
    other = lake.write_events(ANN, "bar", frame(1).reverse())
    assert first == again
    assert first.version == 1
    assert other.sha256 != first.sha256
    assert_frame_equal(lake.read_events(ANN, "bar", first.sha256), frame(1))


def single(lake: Lake, what: pl.DataFrame) -> tuple[str, Path]:
    """Market data as the lake of an earlier version wrote them: one file, by hash."""
    sha = parquet.content_sha256(what)
    place = lake.root / "acme/market/bar" / f"{sha}.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(parquet.encode(what))
    return sha, place


def test_market_data_of_the_earlier_form_are_read_and_not_written_again(lake: Lake):
    sha, _ = single(lake, frame(1))
    assert_frame_equal(lake.read_events(ANN, "bar", sha), frame(1))
    again = lake.write_events(ANN, "bar", frame(1))
    assert again == Slice("bar", 2, sha, None)
    new = lake.write_events(ANN, "bar", frame(2))
    both = lake.read_slices(ANN, "bar", [new, again, again])
    assert_frame_equal(both, pl.concat([frame(1), frame(2)]))


def test_damaged_market_data_of_the_earlier_form_are_neither_read_nor_written_over(
    lake: Lake,
):
    _, other = single(lake, frame(2))
    sha, place = single(lake, frame(1))
    good = place.read_bytes()
    for bad in (good[:-9], b"", b"no parquet" * 9, other.read_bytes()):
        place.write_bytes(bad)
        with pytest.raises(DamagedError, match=sha):
            lake.read_events(ANN, "bar", sha)
        with pytest.raises(DamagedError, match=sha):
            lake.write_events(ANN, "bar", frame(1))


def test_a_slice_that_the_table_does_not_hold_is_damage_and_not_another_slice(
    lake: Lake,
):
    kept = lake.write_events(ANN, "bar", frame(1))
    for wrong in (
        replace(kept, version=2),
        replace(kept, sha256="0" * 64),
        replace(kept, key="feed/0/1"),
    ):
        with pytest.raises(DamagedError, match="backup"):
            lake.read_slices(ANN, "bar", [wrong])


def test_a_large_frame_is_compressed_and_comes_back(lake: Lake):
    big = pl.DataFrame({"a": ["EUR/USD"] * 5_000, "t": range(5_000)})
    kept = lake.write_events(ANN, "bar", big)
    (file,) = lake.ticks.files(ANN, "bar")
    assert file.size_bytes < big.estimated_size() / 2
    assert_frame_equal(lake.read_events(ANN, "bar", kept.sha256), big)

"""Tables of ticks: what was appended is there once, as of every version."""

from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from stores.ticked import ANN, BOB, KIND, day_of, files_of, quotes, slow_read
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.errors import ConflictError, FullError, InputError, NotFoundError
from tradeloop.stores import ticks_files, ticks_log
from tradeloop.stores.ticks import Ticks
from tradeloop.stores.ticks_append import Part


@pytest.fixture
def ticks(tmp_path) -> Ticks:
    return Ticks(tmp_path / "lake")


def test_rows_lie_by_instrument_and_day_and_come_back_sorted(ticks):
    mixed = quotes([("B", 30, 1), ("A", 2, 2), ("A", 1, 3), ("B", 1, 4)])
    commit = ticks.append(ANN, KIND, mixed, key="one")
    assert (commit.version, commit.rows, commit.new) == (1, 4, True)
    assert {path.rpartition("/")[0] for path in files_of(ticks)} == {
        "instrument=A/day=1970-01-01",
        "instrument=B/day=1970-01-01",
        "instrument=B/day=1970-01-02",
    }
    assert ticks.read(ANN, KIND).rows() == slow_read([mixed])
    assert ticks.verify(ANN, KIND) == 3


def test_another_process_reads_what_one_wrote(ticks):
    first = day_of("AB", 0)
    ticks.append(ANN, KIND, first, key="one")
    other = Ticks(ticks.root)
    assert other.read(ANN, KIND).rows() == slow_read([first])
    other.append(ANN, KIND, day_of("C", 1), key="two")
    assert ticks.read(ANN, KIND).rows() == slow_read([first, day_of("C", 1)])
    assert ticks.head(ANN, KIND) == other.head(ANN, KIND)


def test_a_key_is_stored_once_and_never_with_another_content(ticks):
    first = ticks.append(ANN, KIND, day_of("A", 0), key="one")
    again = ticks.append(ANN, KIND, day_of("A", 0).to_arrow(), key="one")
    assert (again.version, again.sha256, again.new) == (1, first.sha256, False)
    with pytest.raises(ConflictError, match="'one'"):
        ticks.append(ANN, KIND, day_of("A", 0, bid=2), key="one")
    assert ticks.read(ANN, KIND).rows() == slow_read([day_of("A", 0)])
    assert ticks.find(ANN, KIND, "one").version == 1
    assert ticks.find(ANN, KIND, "two") is None


def test_parts_share_a_version_and_a_conflict_is_its_parts_alone(ticks):
    ticks.append(ANN, KIND, day_of("A", 0), key="old")
    told = ticks.append_all(
        ANN,
        KIND,
        [
            Part("new", day_of("B", 0)),
            Part("old", day_of("A", 0)),
            Part("old", day_of("A", 9)),
            Part("new", day_of("B", 0)),
            Part("new", day_of("B", 9)),
            Part("third", pa.table(day_of("C", 0))),
        ],
    )
    assert [isinstance(t, ConflictError) for t in told] == [
        *(False, False, True),
        *(False, True, False),
    ]
    assert [told[0].version, told[1].version, told[5].version] == [2, 1, 2]
    assert (told[0].new, told[1].new) == (True, False)
    rows = [day_of("A", 0), day_of("B", 0), day_of("C", 0)]
    assert ticks.read(ANN, KIND).rows() == slow_read(rows)


def test_late_rows_make_a_new_version_and_change_no_earlier_one(ticks):
    steps = [day_of("AB", 1), day_of("A", 0, bid=2), day_of("A", 1, bid=3)]
    for number, step in enumerate(steps):
        ticks.append(ANN, KIND, step, key=str(number))
    for version in (1, 2, 3):
        expected = slow_read(steps[:version])
        assert ticks.read(ANN, KIND, version=version).rows() == expected
    late = ticks.read(ANN, KIND, commits=[2])
    assert late.rows() == slow_read([steps[1]])
    with pytest.raises(NotFoundError, match="No version 4"):
        ticks.read(ANN, KIND, version=4)


def test_a_reader_opens_only_the_files_that_may_hold_what_it_asks_for(
    ticks, monkeypatch
):
    ticks.append(ANN, KIND, pl.concat([day_of("AB", d) for d in range(5)]), key="k")
    opened = []
    real = ticks_log.read_bytes
    monkeypatch.setattr(
        "tradeloop.stores.ticks_files.read_bytes",
        lambda path: opened.append(path) or real(path),
    )
    found = ticks.scan(
        ANN,
        KIND,
        instruments=["A"],
        from_ns=NS_PER_DAY + NS_PER_HOUR,
        until_ns=3 * NS_PER_DAY,
    ).collect()
    assert len(opened) == 2
    assert sorted(found["event_ns"] // NS_PER_HOUR) == [25, 26, 27, 48, 49, 50, 51]
    assert set(found["instrument"]) == {"A"}
    none = ticks.scan(ANN, KIND, from_ns=99 * NS_PER_DAY).collect()
    assert_frame_equal(none, day_of("A", 0).clear())


def test_columns_may_come_and_are_null_in_what_was_before(ticks):
    ticks.append(ANN, KIND, quotes([("A", 1, 1)]), key="1")
    ticks.append(ANN, KIND, quotes([("A", 2, 2)], flag=["x"]), key="2")
    ticks.append(ANN, KIND, quotes([("A", 3, 3)]), key="3")
    found = ticks.read(ANN, KIND)
    assert found["flag"].to_list() == [None, "x", None]
    ticks.compact(ANN, KIND)
    assert_frame_equal(ticks.read(ANN, KIND), found)
    assert "flag" not in ticks.read(ANN, KIND, version=1).columns


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (quotes([("A", 1, 1)]).cast({"bid": pl.Float32}), "bid"),
        (quotes([("A", 1, 1)], odd=[[1]]), "odd"),
        (quotes([("A", 1, 1)], _commit=[1]), "_commit"),
        (quotes([("A", 1, 1)]).cast({"event_ns": pl.Float64}), "event_ns"),
        (
            quotes([("A", 1, 1)]).with_columns(instrument=pl.lit(None, pl.String)),
            "instrument",
        ),
        (quotes([]), "row"),
        (quotes([("a\0b", 1, 1)]), "NUL"),
    ],
)
def test_what_the_table_cannot_keep_is_refused_and_leaves_nothing(ticks, rows, named):
    ticks.append(ANN, KIND, day_of("A", 0), key="1")
    before = files_of(ticks)
    with pytest.raises(InputError, match=named):
        ticks.append(ANN, KIND, rows, key="2")
    assert files_of(ticks) == before
    assert ticks.head(ANN, KIND)[0] == 1


def bars(length_ns: int) -> pl.DataFrame:
    at = int(datetime(2024, 5, 6, tzinfo=UTC).timestamp()) * 1_000_000_000
    return quotes([("A", 0, 1)] * 2).with_columns(
        open_ns=pl.lit(at), event_ns=pl.lit(at + length_ns)
    )


@pytest.mark.parametrize(
    ("length_ns", "folder"),
    [
        (NS_PER_DAY, "instrument=A"),
        (NS_PER_HOUR, "instrument=A/year=2024"),
        (NS_PER_MINUTE, "instrument=A/month=2024-05"),
        (NS_PER_MINUTE // 60, "instrument=A/day=2024-05-06"),
    ],
)
def test_bars_lie_in_longer_periods_the_longer_they_are(ticks, length_ns, folder):
    ticks.append(ANN, "bar", bars(length_ns), key="1")
    (file,) = ticks.files(ANN, "bar")
    assert file.path.rpartition("/")[0] == folder
    assert ticks.read(ANN, "bar").height == 2


def test_rows_without_a_time_keep_their_order(ticks):
    first = pl.DataFrame({"row": [3, 1, 2]})
    for key, rows in (("1", first), ("2", first.reverse())):
        ticks.append(ANN, "rejected_quote", rows, key=key)
    for _ in range(2):
        found = ticks.read(ANN, "rejected_quote")["row"].to_list()
        assert found == [3, 1, 2, 2, 1, 3]
        ticks.compact(ANN, "rejected_quote")
    with pytest.raises(InputError, match="event_ns"):
        ticks.scan(ANN, "rejected_quote", from_ns=1)


def test_many_instruments_with_few_rows_share_a_file_until_they_are_many_rows(
    ticks, monkeypatch
):
    monkeypatch.setattr(ticks_files, "_OWN_ROWS", 2_000)
    names = [f"S{number:02d}" for number in range(40)]
    # The last one has few rows; each append says its number.
    frames = [
        quotes([(n, h // 3, k) for n in names for h in range(10 if n == "S39" else 60)])
        for k in range(40)
    ]
    for number, frame in enumerate(frames):
        ticks.append(ANN, KIND, frame, key=str(number))
    assert {file.period for file in ticks.files(ANN, KIND)} == {None}
    assert len(files_of(ticks)) == 40
    for _ in range(2):
        assert ticks.read(ANN, KIND).rows() == slow_read(frames)
        assert ticks.read(ANN, KIND, version=7).rows() == slow_read(frames[:7])
        some = ticks.read(ANN, KIND, instruments=["S07", "S39"])
        assert some.height == 40 * (60 + 10)
        ticks.compact(ANN, KIND)
    assert {file.instruments for file in ticks.files(ANN, KIND)} == {
        (name,) for name in names
    }


@pytest.mark.parametrize(
    "name", ["BTC/USD", "..", "x" * 500, "ö.", "%2e%2e", "a\u2028b", "CON", "."]
)
def test_odd_instruments_stay_inside_their_table_and_come_back(ticks, name):
    odd = quotes([(name, 1, 1), ("A", 1, 2)])
    ticks.append(ANN, KIND, odd, key="1")
    assert len(files_of(ticks)) == 2
    assert all(p.startswith("instrument=") for p in files_of(ticks))
    fresh = Ticks(ticks.root)
    assert fresh.read(ANN, KIND).rows() == slow_read([odd])
    assert fresh.read(ANN, KIND, instruments=[name])["bid"].to_list() == [1.0]


def test_tenants_do_not_meet(ticks):
    ticks.append(ANN, KIND, day_of("A", 0), key="1")
    with pytest.raises(NotFoundError, match="No quote data"):
        ticks.read(BOB, KIND)
    assert ticks.find(BOB, KIND, "1") is None
    assert ticks.commits(BOB, KIND) == []
    assert ticks.vacuum(BOB, KIND, older_than_ns=0) == 0
    assert not (ticks.root / "other").exists()


def test_ten_thousand_versions_are_few_opens(ticks, monkeypatch):
    monkeypatch.setattr(ticks_log, "BUNDLE", 8)
    for number in range(50):
        ticks.append(ANN, KIND, quotes([("A", number, 1)]), key=str(number))
    opened = []
    real = ticks_log.read_bytes
    monkeypatch.setattr(
        ticks_log, "read_bytes", lambda path: opened.append(path) or real(path)
    )
    assert len(Ticks(ticks.root).commits(ANN, KIND)) == 50
    assert len(opened) == 6 + 2
    assert ticks.verify(ANN, KIND) == 50


def test_bundles_that_a_dead_writer_left_out_are_written_later(ticks, monkeypatch):
    monkeypatch.setattr(ticks_log, "BUNDLE", 4)
    with monkeypatch.context() as dead:
        dead.setattr(ticks_log.TableLog, "_bundle", lambda *_: None)
        for number in range(7):
            ticks.append(ANN, KIND, quotes([("A", number, 1)]), key=str(number))
    ticks.append(ANN, KIND, quotes([("A", 7, 1)]), key="7")
    names = sorted(p.name for p in ticks.root.rglob("*.bundle"))
    assert names == ["000000000004.bundle", "000000000008.bundle"]
    assert Ticks(ticks.root).verify(ANN, KIND) == 8


def test_a_full_disk_stores_nothing_and_writing_goes_on_when_there_is_room(
    ticks, monkeypatch
):
    ticks.append(ANN, KIND, day_of("A", 0), key="0")
    before = files_of(ticks)
    real, room = ticks_log.disk.write_file, 0

    def full(path, data):
        nonlocal room
        room -= 1
        if room < 0:
            path.write_bytes(bytes(data[: len(data) // 2]))
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(ticks_log.disk, "write_file", full)
    for files in range(4):
        room = files
        if files < 3:
            with pytest.raises(FullError):
                ticks.append(ANN, KIND, day_of("AB", 1), key="1")
            assert files_of(ticks) == before
            assert ticks.read(ANN, KIND).height == 4
        else:
            ticks.append(ANN, KIND, day_of("AB", 1), key="1")
    assert Ticks(ticks.root).verify(ANN, KIND) == 3

"""The feature store: the contract's layout, one file a day, nothing lost or changed."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from stores.planted import tree
from stores.test_ticks_crash import Disk, watched
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.errors import DamagedError, InputError, NotFoundError
from tradeloop.events import Principal
from tradeloop.stores import folder, ticks_log
from tradeloop.stores.features import FeatureStore

ANN, BOB = Principal("acme", "ann"), Principal("other", "bob")
BANK, OTHER = "a1" * 32, "b2" * 32
CATEGORIES = {
    "rsi": "technical",
    "spread": "microstructure",
    "mood": "sentiment",
    "var": "risk",
    "hour": "temporal",
}
KEYS = ["instrument", "event_ns", "received_ns"]
FIRST_DAY = 20_089  # 2025-01-01


def features(names="AB", days=(0, 1, 2), *, seed=0, hours=(1, 9, 17)):
    """Feature rows of some instruments on some days; some values are null."""
    draw = np.random.default_rng(seed)
    rows = [(name, day, hour) for name in names for day in days for hour in hours]
    at = [(FIRST_DAY + day) * NS_PER_DAY + hour * NS_PER_HOUR for _, day, hour in rows]
    values = draw.normal(size=(len(rows), len(CATEGORIES)))
    values[draw.random(values.shape) < 0.2] = np.nan
    return pl.DataFrame(
        {
            "instrument": [name for name, _, _ in rows],
            "event_ns": at,
            "received_ns": [ns + 7 for ns in at],
        }
    ).with_columns(
        pl.Series(name, values[:, k], nan_to_null=True)
        for k, name in enumerate(CATEGORIES)
    )


def slow_read(writes, names, start_ns=0, end_ns=2**62):
    """What the store says, told without files: the last row of each key."""
    told = {}
    for frame in writes:
        for row in frame.select(*KEYS, *names).rows():
            if start_ns <= row[1] < end_ns:
                told[row[1] // NS_PER_DAY, row[0], row[1]] = row
    return [told[key] for key in sorted(told)]


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "lake")


def public(store, who=ANN):
    base = store.root / who.tenant / "features"
    return {
        path.relative_to(base).as_posix()
        for path in base.rglob("*_features.parquet")
        if not path.relative_to(base).parts[0].startswith("_")
    }


def test_features_lie_where_the_contract_says(store):
    found = store.write(ANN, features(), CATEGORIES, BANK)
    days = [f"year=2025/month=01/day={day:02d}" for day in (1, 2, 3)]
    names = ("market_microstructure", "sentiment", "technical", "risk", "temporal")
    right = {f"{n}/{day}/{n}_features.parquet" for n in names for day in days}
    assert public(store) == right
    assert (found.version, found.rows, found.files, found.new) == (1, 18, 15, True)
    assert store.verify(ANN) == 15
    one = store.root / "acme/features" / min(right)
    assert one.stat().st_mode & 0o222 == 0
    read = pl.read_parquet(store.root / "acme/features/technical/**/*.parquet")
    assert read.select(*KEYS, "rsi").height == 18


def test_features_come_back_by_day_instrument_and_time(store):
    frame = features("BCA")
    store.write(ANN, frame.sample(fraction=1, shuffle=True, seed=1), CATEGORIES, BANK)
    for name, category in CATEGORIES.items():
        found = store.read(ANN, category)
        assert isinstance(found, pl.LazyFrame)
        assert found.collect().rows() == slow_read([frame], [name])
        assert found.collect().schema == frame.select(*KEYS, name).schema
    public_word = store.read(ANN, "market_microstructure").collect()
    assert_frame_equal(public_word, store.read(ANN, "microstructure").collect())


@pytest.mark.parametrize(
    ("first", "last"), [(0, 1), (1, 2), (0.5, 1.5), (-3, 9), (1, 1), (7, 9), (None, 1)]
)
def test_only_rows_of_the_period_come_back(store, first, last):
    frame = features()
    store.write(ANN, frame, CATEGORIES, BANK)
    start, end = (
        None if k is None else int((FIRST_DAY + k) * NS_PER_DAY) for k in (first, last)
    )
    found = store.read(ANN, "technical", start_ns=start, end_ns=end, names=["rsi"])
    right = slow_read([frame], ["rsi"], start or 0, end)
    assert found.collect().rows() == right


def test_files_of_other_days_are_not_opened(store):
    store.write(ANN, features(), CATEGORIES, BANK)
    end_ns = (FIRST_DAY + 1) * NS_PER_DAY
    for path in (store.root / "acme/features/_files/technical").rglob("2025-01-0[23]*"):
        path.chmod(0o644)
        path.write_bytes(b"spoiled")
    assert store.read(ANN, "technical", end_ns=end_ns).collect().height == 6
    with pytest.raises(DamagedError, match="2025-01-02"):
        store.read(ANN, "technical")


def test_the_same_features_of_the_same_bank_change_nothing(store):
    first = store.write(ANN, features(), CATEGORIES, BANK)
    before = tree(store.root)
    again = store.write(ANN, features(), CATEGORIES, BANK)
    assert (again.version, again.files, again.new) == (first.version, 0, False)
    assert tree(store.root) == before
    assert FeatureStore(store.root).write(ANN, features(), CATEGORIES, BANK) == again


def test_later_rows_of_a_day_join_those_that_are_there(store):
    writes = [
        features("AB"),
        features("C", seed=1),
        features("B", (2,), seed=2),
        features("A", (2, 3), seed=3, hours=(17, 23)),
    ]
    files = [store.write(ANN, frame, CATEGORIES, BANK).files for frame in writes]
    assert files == [15, 15, 5, 10]
    for name, category in CATEGORIES.items():
        assert store.read(ANN, category).collect().rows() == slow_read(writes, [name])
    assert len(public(store)) == 20
    assert store.verify(ANN) == 20


def test_rows_that_are_there_already_make_no_file(store):
    store.write(ANN, features("AB"), CATEGORIES, BANK)
    part = features("AB").filter(pl.col("instrument") == "B")
    found = store.write(ANN, part, CATEGORIES, BANK)
    assert (found.files, found.new, found.version) == (0, True, 2)
    assert store.write(ANN, part, CATEGORIES, BANK).new is False


def test_another_bank_has_files_of_its_own_and_takes_the_public_name(store):
    old, new = features("A"), features("A", (1, 2), seed=5)
    store.write(ANN, old, CATEGORIES, BANK)
    store.write(ANN, new, CATEGORIES, OTHER)
    assert store.fingerprints(ANN) == (BANK, OTHER)
    for bank, frame in ((BANK, old), (OTHER, new), (None, new)):
        found = store.read(ANN, "technical", fingerprint=bank).collect()
        assert found.rows() == slow_read([frame], ["rsi"])
    shown = pl.read_parquet(store.root / "acme/features/technical/**/*.parquet")
    mixed = [old.filter(pl.col("event_ns") < (FIRST_DAY + 1) * NS_PER_DAY), new]
    assert shown.select(*KEYS, "rsi").rows() == slow_read(mixed, ["rsi"])
    store.write(ANN, features("C", (2,)), CATEGORIES, BANK)
    assert store.fingerprints(ANN) == (OTHER, BANK)
    assert store.verify(ANN) == 25


def test_tenants_do_not_see_each_other(store):
    store.write(ANN, features(), CATEGORIES, BANK)
    with pytest.raises(NotFoundError, match="technical"):
        store.read(BOB, "technical")
    assert store.fingerprints(BOB) == ()
    assert store.verify(BOB) == 0
    assert public(store, BOB) == set()


def test_what_is_not_there_is_named(store):
    store.write(ANN, features(), CATEGORIES, BANK)
    with pytest.raises(NotFoundError, match="cross_asset"):
        store.read(ANN, "cross_asset")
    with pytest.raises(NotFoundError, match="'macd'"):
        store.read(ANN, "technical", names=["macd"])
    with pytest.raises(NotFoundError, match="bank"):
        store.read(ANN, "technical", fingerprint=OTHER)
    for odd in ("../other", "a/b", ""):
        with pytest.raises(InputError):
            store.read(ANN, odd)


def test_what_are_no_features_is_refused_and_nothing_is_stored(store):
    frame = features()
    odd = {
        "received_ns": frame.drop("received_ns"),
        "event_ns": frame.with_columns(pl.col("event_ns").cast(pl.Float64)),
        "instrument": frame.with_columns(instrument=pl.lit(None, pl.String)),
        "rsi": frame.with_columns(pl.col("rsi").cast(pl.Float32)),
        "macd": frame.with_columns(macd=pl.lit(1.0)),
        "twice": pl.concat([frame, frame[:1]]),
        "0 rows": frame[:0],
        "0 features": frame.select(KEYS),
    }
    for named, bad in odd.items():
        with pytest.raises(InputError, match=named):
            store.write(ANN, bad, CATEGORIES, BANK)
    with pytest.raises(InputError, match="fingerprint"):
        store.write(ANN, frame, CATEGORIES, "../x")
    assert not store.root.exists()


def test_a_bank_has_always_the_same_columns(store):
    store.write(ANN, features(), CATEGORIES, BANK)
    before = tree(store.root)
    wider = features("D").with_columns(macd=pl.lit(1.0))
    with pytest.raises(InputError, match="other columns"):
        store.write(ANN, wider, CATEGORIES | {"macd": "technical"}, BANK)
    assert tree(store.root) == before
    assert store.write(ANN, wider, CATEGORIES | {"macd": "technical"}, OTHER).new


def test_every_flipped_bit_is_found(store):
    store.write(ANN, features("A", (0,)), CATEGORIES, BANK)
    base = store.root / "acme/features"
    for path in [*base.glob("_files/*/*/*.parquet"), *base.glob("_log/*.json")]:
        good = path.read_bytes()
        path.chmod(0o644)
        for at in (0, len(good) // 2, len(good) - 1):
            bad = bytearray(good)
            bad[at] ^= 1
            path.write_bytes(bad)
            with pytest.raises(DamagedError):
                FeatureStore(store.root).verify(ANN)
        path.write_bytes(good)
    assert FeatureStore(store.root).verify(ANN) == 5


def test_a_public_name_that_is_missing_is_told_and_made_again(store):
    store.write(ANN, features(), CATEGORIES, BANK)
    paths = sorted((store.root / "acme/features/technical").rglob("*.parquet"))
    paths[0].unlink()
    paths[1].replace(paths[2])
    with pytest.raises(DamagedError, match="newest file"):
        store.verify(ANN)
    assert store.read(ANN, "technical").collect().height == 18
    assert store.mend(ANN) == 3
    assert store.mend(ANN) == 0
    assert store.verify(ANN) == 15
    paths[0].unlink()
    assert store.write(ANN, features(), CATEGORIES, BANK).new is False
    assert store.verify(ANN) == 15


def test_who_comes_second_joins_what_the_first_wrote(store, monkeypatch):
    """Another process commits the same days while this one's files go to the disk."""
    other, real, told = FeatureStore(store.root), folder.fsync, []
    first, second = features("A", (0,)), features("B", (0,), seed=1)

    def meanwhile(path):
        if path.suffix == ".parquet" and not told:
            told.append(None)
            told.append(other.write(ANN, second, CATEGORIES, BANK))
        real(path)

    monkeypatch.setattr(folder, "fsync", meanwhile)
    found = store.write(ANN, first, CATEGORIES, BANK)
    assert (told[1].version, found.version) == (1, 2)
    for name, category in CATEGORIES.items():
        rows = store.read(ANN, category).collect().rows()
        assert rows == slow_read([second, first], [name])
    assert store.verify(ANN) == 5
    kept = list((store.root / "acme/features/_files").rglob("*.parquet"))
    assert len(kept) == 10  # what lost the race was removed


def test_a_lazy_frame_stays_what_it_was_while_others_write(store):
    store.write(ANN, features("A"), CATEGORIES, BANK)
    lazy = store.read(ANN, "technical")
    store.write(ANN, features("B"), CATEGORIES, BANK)
    assert lazy.collect().rows() == slow_read([features("A")], ["rsi"])
    assert store.read(ANN, "technical").collect().height == 18


def power_loss(tmp_path, monkeypatch, fault=None):
    """Cut the power after each operation; return how often a write was missing."""
    root = tmp_path / "lake"
    root.mkdir()
    monkeypatch.setattr(ticks_log, "BUNDLE", 2)
    disk, acked, lost_at = Disk(root), [], []
    writes = [
        features("A", (0, 1)),
        features("B", (0,), seed=1),
        features("A", (1,), seed=2),
    ]

    def lost():
        left = FeatureStore(disk.survive(tmp_path / "after"))
        if not acked:
            return False
        try:
            rows = left.read(ANN, "risk").collect().rows()
            after = slow_read(writes[: len(acked) + 1], ["var"])
            left.mend(ANN)
            left.verify(ANN)
        except (DamagedError, NotFoundError):
            return True
        return rows not in (slow_read(acked, ["var"]), after)

    def cut():
        disk.off = True
        lost_at.append(lost())
        disk.off = False

    with watched(disk, monkeypatch, cut) as patch:
        if fault:
            fault(patch)
        store = FeatureStore(root)
        for frame in writes:
            store.write(ANN, frame, CATEGORIES, BANK)
            acked.append(frame)
            cut()
    assert len(lost_at) > 20
    return sum(lost_at)


def test_after_a_power_loss_at_any_step_all_acknowledged_is_there(
    tmp_path, monkeypatch
):
    assert power_loss(tmp_path, monkeypatch) == 0


@pytest.mark.parametrize("fault", ["files", "folders", "log"])
def test_without_one_of_the_syncs_a_power_loss_loses_writes(
    tmp_path, monkeypatch, fault
):
    """The control: a harness in which nothing is ever lost would prove nothing."""

    def leave_out(patch):
        real = folder.fsync

        def fsync(path):
            kind = "log" if path.name == "_log" else "folders"
            if fault != (kind if path.is_dir() else "files"):
                real(path)

        patch.setattr(folder, "fsync", fsync)
        patch.setattr(folder, "_syncfs", lambda _: False)

    assert power_loss(tmp_path, monkeypatch, leave_out) > 0

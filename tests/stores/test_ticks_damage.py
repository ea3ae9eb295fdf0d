"""Every flipped bit and every cut of a table is found, and its file named."""

import numpy as np
import polars as pl
import pytest

from stores.ticked import ANN, KIND, day_of, log_of, quotes, slow_read
from tradeloop.errors import DamagedError, TradeloopError
from tradeloop.stores import ticks_log
from tradeloop.stores.ticks import Ticks

_ROUNDS = 200


@pytest.fixture
def ticks(tmp_path, monkeypatch) -> Ticks:
    """Five versions in a bundle of four and one more, in small and large files."""
    monkeypatch.setattr(ticks_log, "BUNDLE", 4)
    opened = Ticks(tmp_path / "lake")
    for number in range(3):
        opened.append(ANN, KIND, day_of("AB", number), key=str(number))
    opened.append(ANN, KIND, quotes([("C", 1, k) for k in range(3000)]), key="large")
    opened.append(ANN, KIND, day_of("A", 1, bid=2), key="late")
    return opened


def spoilt(path, rng) -> bytes:
    """The bytes of a file with one bit flipped, or its end cut off."""
    good = path.read_bytes()
    if rng.random() < 0.3:
        return good[: rng.integers(0, len(good))]
    bad = bytearray(good)
    bad[rng.integers(0, len(bad))] ^= 1 << rng.integers(0, 8)
    return bytes(bad)


def test_any_flipped_bit_or_cut_is_found_and_never_read(ticks):
    rng = np.random.default_rng(7)
    whole = Ticks(ticks.root).read(ANN, KIND)
    table = ticks.root / "acme/market" / KIND
    kinds = [
        sorted(table.glob("*/**/*.parquet")),
        sorted(table.glob("_log/*.json")),
        sorted(table.glob("_log/*.bundle")),
    ]
    assert [len(kind) for kind in kinds] == [8, 5, 1]
    for number in range(_ROUNDS):
        paths = kinds[number % 3]
        path = paths[rng.integers(0, len(paths))]
        good = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(spoilt(path, rng))
        with pytest.raises(DamagedError, match=path.name.rpartition("/")[2]):
            Ticks(ticks.root).verify(ANN, KIND)
        try:
            # An entry that a bundle repeats is not opened: what is read is right.
            assert Ticks(ticks.root).read(ANN, KIND).equals(whole)
            assert path.suffix == ".json"
        except DamagedError as error:
            assert path.name in str(error)  # noqa: PT017 - either is right
        path.write_bytes(good)
    assert Ticks(ticks.root).verify(ANN, KIND) == 8


def test_missing_and_linked_files_are_named(ticks, tmp_path):
    gone, linked = (ticks.files(ANN, KIND)[k].path for k in (0, 1))
    table = ticks.root / "acme/market" / KIND
    (table / gone).unlink()
    (table / linked).rename(tmp_path / "elsewhere")
    (table / linked).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DamagedError) as caught:
        ticks.scan(ANN, KIND)
    assert gone in str(caught.value)
    assert linked in str(caught.value)
    assert ticks.read(ANN, KIND, instruments=["C"]).height == 3000


def test_an_entry_that_was_exchanged_or_left_out_breaks_the_chain(ticks, tmp_path):
    other = Ticks(tmp_path / "other")
    for number in range(5):
        other.append(ANN, KIND, day_of("X", number), key=str(number))
    for bundle in ticks.root.rglob("*.bundle"):
        bundle.unlink()
    third, foreign = log_of(ticks.root)[2], log_of(other.root)[2]
    good = third.read_bytes()
    third.chmod(0o644)
    third.write_bytes(foreign.read_bytes())
    with pytest.raises(DamagedError, match="does not follow"):
        Ticks(ticks.root).read(ANN, KIND)
    third.write_bytes(good)
    assert Ticks(ticks.root).verify(ANN, KIND) == 8


def test_a_planted_entry_cannot_name_a_file_outside(ticks, tmp_path):
    secret = tmp_path / "secret.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(secret)
    first = log_of(ticks.root)[0]
    line = first.read_text()
    for name in ("../../../../secret.parquet", str(secret), "a/../../x.parquet"):
        entry, _ = ticks_log.entry_of(line)
        file = entry.added[0]
        planted = type(file)(name, *file.listed()[1:])
        bad = type(entry)(1, entry.previous, "append", {}, entry.schema, (planted,))
        with pytest.raises(ValueError, match="no path"):
            ticks_log.entry_of(bad.line()[0])


def test_reading_goes_on_after_the_damage_is_repaired(ticks):
    path = log_of(ticks.root)[4]
    fresh, good = Ticks(ticks.root), path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(good[:-1])
    with pytest.raises(TradeloopError):
        fresh.read(ANN, KIND)
    path.write_bytes(good)
    rows = [day_of("AB", k) for k in range(3)]
    assert fresh.read(ANN, KIND, version=3).rows() == slow_read(rows)

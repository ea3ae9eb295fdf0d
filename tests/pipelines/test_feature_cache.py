"""The cache of features: what it gives is what would have been computed."""

import os
from threading import Thread

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from reference.market import DAY_NS, bars_frame
from tradeloop.errors import InputError
from tradeloop.events import Principal
from tradeloop.features import compute, default_bank
from tradeloop.pipelines.feature_cache import (
    CacheCounts,
    FeatureCache,
    key_of,
    slices_of,
)

ANN, BOB = Principal("acme", "ann"), Principal("other", "bob")


class Maker:
    """Computes a frame and counts how often."""

    def __init__(self, frame):
        self.frame, self.calls = frame, 0

    def __call__(self):
        self.calls += 1
        return self.frame


def small(seed=0, rows=100):
    values = np.random.default_rng(seed).normal(size=rows)
    values[3] = np.nan
    return pl.DataFrame(
        {
            "instrument": ["A"] * rows,
            "event_ns": np.arange(rows),
            "x": pl.Series(values, nan_to_null=True),
            "y": pl.Series(values * -0.0),
        }
    )


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "cache")


def test_features_are_computed_once_and_come_back_to_the_bit(cache):
    bars = bars_frame(1, [300, 200])
    bank = default_bank(DAY_NS, has_quotes=True)
    make = Maker(compute(bank, bars))
    slices = slices_of({"bar": bars})
    first = cache.get_or_compute(ANN, bank.fingerprint, slices, make)
    second = cache.get_or_compute(ANN, bank.fingerprint, slices, make)
    other = FeatureCache(cache.root)
    third = other.get_or_compute(ANN, bank.fingerprint, slices, make)
    assert make.calls == 1
    for found in (second, third):
        assert_frame_equal(first, found, check_exact=True)
        for name in bank.names:
            bits = (f[name].fill_null(7.0).to_numpy().tobytes() for f in (first, found))
            assert len(set(bits)) == 1
    assert cache.counts == CacheCounts(hits=1, misses=1)
    assert other.counts == CacheCounts(hits=1)


def test_another_bank_slice_order_or_tenant_is_another_question(cache):
    asked = [
        (ANN, "bank", ("a", "b")),
        (ANN, "bank2", ("a", "b")),
        (ANN, "bank", ("b", "a")),
        (ANN, "bank", ("a",)),
        (ANN, "bank", ("ab",)),
        (ANN, "banka", ("b",)),
        (BOB, "bank", ("a", "b")),
    ]
    makers = [Maker(small(k)) for k in range(len(asked))]
    for _ in range(2):
        for (who, bank, slices), make in zip(asked, makers, strict=True):
            found = cache.get_or_compute(who, bank, slices, make)
            assert_frame_equal(found, make.frame, check_exact=True)
    assert [make.calls for make in makers] == [1] * len(asked)
    assert len({key_of(bank, slices) for _, bank, slices in asked}) == 6


def test_slices_are_named_by_what_they_say():
    one, two = small(1), small(2)
    chunked = pl.concat([one[:10], one[10:]], rechunk=False)
    assert slices_of({"bar": one}) == slices_of({"bar": chunked})
    assert slices_of({"bar": one}) != slices_of({"bar": two})
    assert slices_of({"bar": one}) != slices_of({"quote": one})
    both = slices_of({"quote": two, "bar": one})
    assert both == (*slices_of({"bar": one}), *slices_of({"quote": two}))


def test_what_was_not_asked_for_longest_makes_room(tmp_path):
    probe = FeatureCache(tmp_path / "probe")
    probe.get_or_compute(ANN, "bank", ["0"], Maker(small(0)))
    size = probe.size_bytes(ANN)
    assert size > 1_000
    cache = FeatureCache(tmp_path / "cache", most_bytes=3 * size)
    for number in range(3):
        cache.get_or_compute(ANN, "bank", [str(number)], Maker(small(number)))
    for place, number in enumerate((1, 2, 0)):  # 1 was used before 2, 2 before 0
        (path,) = (cache.root / "acme" / key_of("bank", [str(number)])).iterdir()
        os.utime(path, ns=(place, place))
    cache.get_or_compute(ANN, "bank", ["0"], Maker(None))
    cache.get_or_compute(ANN, "bank", ["3"], Maker(small(3)))
    assert cache.counts.evicted == 1
    assert cache.size_bytes(ANN) == 3 * size
    for number, calls in ((0, 0), (2, 0), (3, 0), (1, 1)):
        make = Maker(small(number))
        cache.get_or_compute(ANN, "bank", [str(number)], make)
        assert make.calls == calls, number


def test_a_frame_that_is_too_large_is_computed_each_time(tmp_path):
    cache, make = FeatureCache(tmp_path / "cache", most_bytes=100), Maker(small())
    for _ in range(2):
        assert cache.get_or_compute(ANN, "bank", ["a"], make) is make.frame
    assert make.calls == 2
    assert cache.size_bytes(ANN) == 0


def test_an_entry_that_was_damaged_is_computed_anew(cache):
    make = Maker(small())
    cache.get_or_compute(ANN, "bank", ["a"], make)
    (path,) = (cache.root / "acme").rglob("*.arrow")
    good = path.read_bytes()
    cases = [good[:-1], b"", good[: len(good) // 2]]
    for at in range(0, len(good), len(good) // 7):
        bad = bytearray(good)
        bad[at] ^= 1
        cases.append(bytes(bad))
    for number, bad in enumerate(cases, start=1):
        path.write_bytes(bad)
        found = cache.get_or_compute(ANN, "bank", ["a"], make)
        assert_frame_equal(found, make.frame, check_exact=True)
        assert (make.calls, cache.counts.damaged) == (1 + number, number)
        assert path.read_bytes() == good


def test_a_disk_that_takes_nothing_costs_no_answer(tmp_path):
    (tmp_path / "cache").write_text("no folder")
    cache, make = FeatureCache(tmp_path / "cache"), Maker(small())
    assert cache.get_or_compute(ANN, "bank", ["a"], make) is make.frame


def test_an_error_of_the_computation_leaves_nothing(cache):
    def broken():
        raise InputError("No bars.", way_out="Send some.")

    with pytest.raises(InputError, match="No bars"):
        cache.get_or_compute(ANN, "bank", ["a"], broken)
    assert cache.size_bytes(ANN) == 0
    make = Maker(small())
    cache.get_or_compute(ANN, "bank", ["a"], make)
    assert make.calls == 1


def test_many_threads_get_what_they_asked_for(tmp_path):
    probe = FeatureCache(tmp_path / "probe")
    probe.get_or_compute(ANN, "bank", ["0"], Maker(small(0)))
    cache = FeatureCache(tmp_path / "cache", most_bytes=4 * probe.size_bytes(ANN))
    wrong = []

    def ask(thread):
        for turn in range(30):
            seed = (thread + turn) % 6
            frame = cache.get_or_compute(
                ANN, "bank", [str(seed)], lambda seed=seed: small(seed)
            )
            if not frame.equals(small(seed)):
                wrong.append(seed)

    threads = [Thread(target=ask, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert cache.counts.hits + cache.counts.misses == 120
    assert cache.size_bytes(ANN) <= cache.most_bytes


def test_questions_without_data_are_refused(cache):
    with pytest.raises(InputError, match="no slice"):
        cache.get_or_compute(ANN, "bank", [], Maker(small()))
    with pytest.raises(InputError, match="0 bytes or more"):
        FeatureCache(cache.root, most_bytes=-1)

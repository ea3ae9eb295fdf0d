"""The public corpus of planted leaks: each is found, no clean twin raises an alarm."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tradeloop.datasets import leaks
from tradeloop.errors import InputError

DOCS = Path(__file__).parents[2] / "docs" / "leaks.md"
FIRST_FIVE = [
    "no_overlap",
    "known_before",
    "recomputed",
    "poisoned_future",
    "fitted_inside",
]
EACH = pytest.mark.parametrize("leak", leaks.ALL, ids=lambda leak: leak.name)
scene = cache(leaks.scene)


def somewhere(seed):
    """Size and place at random: a fifth of the rows to all of them, anywhere."""
    draw = np.random.default_rng(seed)
    size, place = draw.uniform(0.2, 1.0), draw.uniform(0.0, 1.0)
    return {"seed": seed, "size": float(size), "place": float(place)}


@pytest.mark.parametrize("seed", [0, 1])
@EACH
def test_the_leak_is_found_wherever_it_is_planted(leak, seed):
    certificate = leak.plant(scene(seed), **somewhere(seed)).certify()
    assert set(leak.found_by) <= {check.name for check in certificate.failed}


@pytest.mark.parametrize("seed", [0, 1])
@EACH
def test_the_clean_twin_raises_no_alarm_though_the_same_checks_are_made(leak, seed):
    certificate = leak.clean(scene(seed), **somewhere(seed)).certify()
    assert certificate.failed == ()
    assert set(leak.found_by) <= {check.name for check in certificate.checks}


def test_there_are_at_least_forty_leaks_each_under_its_own_name():
    names = [leak.name for leak in leaks.ALL]
    assert len(set(names)) == len(names) >= 40
    assert all(leak.description and leak.origin and leak.found_by for leak in leaks.ALL)


def test_every_check_finds_a_leak_of_the_corpus():
    specimen = leaks.ALL[0].clean(scene(0))
    certificate = specimen.certify()
    named = [c.name for c in (*certificate.checks, *certificate.absent)]
    assert [check.name for check in certificate.checks[:5]] == FIRST_FIVE
    assert set(named) == {name for leak in leaks.ALL for name in leak.found_by}


def test_a_check_without_its_facts_is_absent_with_a_reason_and_has_not_passed():
    certificate = leaks.ALL[0].clean(scene(0)).certify()
    absent = {a.name: a.reason for a in certificate.absent}
    assert set(absent) == {
        "bars_from_ticks",
        "embargoed",
        "fills_possible",
        "labels_recomputed",
        "prices_as_known",
        "series_released",
        "universe_complete",
    }
    assert all(reason.startswith("needs ") for reason in absent.values())
    assert not set(absent) & {check.name for check in certificate.checks}
    assert certificate.as_mapping()["absent"][0] == {
        "name": "embargoed",
        "reason": absent["embargoed"],
    }


@EACH
def test_a_leak_and_its_twin_differ(leak):
    """Otherwise finding it would be an alarm about nothing."""
    planted, clean = leak.plant(scene(0)), leak.clean(scene(0))
    assert planted is not clean
    same = all(
        ours.equals(theirs)
        for ours, theirs in zip(
            planted.dataset.frames.values(), clean.dataset.frames.values(), strict=True
        )
    )
    same = same and planted.bars.equals(clean.bars)
    same = same and len(planted.splits) == len(clean.splits)
    same = same and all(
        np.array_equal(ours[side], theirs[side])
        for ours, theirs in zip(planted.splits, clean.splits, strict=False)
        for side in (0, 1)
    )
    same = same and all(
        np.array_equal(ours.rows, theirs.rows)
        for ours, theirs in zip(planted.fitted, clean.fitted, strict=True)
    )
    given = ("members", "actions", "series", "fills")
    for name in given:
        ours, theirs = (getattr(s.evidence, name) for s in (planted, clean))
        same = same and (ours is theirs or ours.equals(theirs))
    assert not same


def test_the_market_is_simulated_and_says_so():
    market = scene(0)
    for frame in (market.bars, market.ticks, market.decisions, market.fills):
        assert frame["instrument"].str.ends_with(".SIM").all()
    assert market.releases["series"].str.ends_with(".SIM").all()
    assert leaks.scene(3).bars.equals(leaks.scene(3).bars)
    assert not leaks.scene(3).bars.equals(leaks.scene(4).bars)


@pytest.mark.parametrize("where", [{"size": 0.0}, {"size": 1.1}, {"place": -0.1}])
def test_a_leak_of_no_size_or_outside_of_the_rows_is_refused(where):
    with pytest.raises(InputError, match="0 < size <= 1"):
        leaks.ALL[0].plant(scene(0), **where)


@pytest.mark.parametrize("place", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("size", [0.1, 0.25])
def test_cuts_hit_every_stretch_of_two_of_their_shares(size, place):
    """With k cuts, one in each k-th of the rows, a leak over 2/k of them is certain."""
    leak = next(each for each in leaks.ALL if each.name == "next_return")
    certificate = leak.plant(scene(2), seed=5, size=size, place=place).certify()
    assert {"recomputed", "poisoned_future"} <= {c.name for c in certificate.failed}


def test_the_table_in_the_docs_is_the_corpus():
    rows = re.findall(
        r"^\| `(\w+)` \| (.*) \| (.*) \| (.*) \|$", DOCS.read_text(), re.MULTILINE
    )
    wanted = [
        (
            leak.name,
            leak.description,
            leak.origin,
            ", ".join(f"`{name}`" for name in leak.found_by),
        )
        for leak in leaks.ALL
    ]
    assert rows == wanted


def test_an_exchange_of_features_and_noise_is_no_leak():
    """Honest features on other markets: nothing is told from luck."""
    for seed in range(100, 110):
        assert leaks.scene(seed).specimen().certify().passed


def test_frames_of_a_specimen_serve_another_detector():
    planted = leaks.ALL[0].plant(scene(0))
    assert planted.recompute(planted.bars).height == planted.bars.height
    assert planted.dataset.X.shape[0] == planted.dataset.sample_count
    assert isinstance(planted.bars, pl.DataFrame)

"""The certificate of one row finds what leaks, and says what it cannot see."""

import numpy as np
import polars as pl
import pytest

from pipelines.test_collect import USUAL, put, put_decisions
from tradeloop.capture import packaged_market
from tradeloop.clock import NS_PER_DAY
from tradeloop.datasets import Undivided
from tradeloop.features import compute, default_bank
from tradeloop.pipelines.assemble import certify_dataset
from tradeloop.pipelines.captured import captured_decision
from tradeloop.pipelines.collect import Collector
from tradeloop.pipelines.collect_certificate import certify_row
from tradeloop.pipelines.collect_row import framed
from tradeloop.pipelines.collect_trail import EVERY, Trail
from tradeloop.pipelines.collected import Include


@pytest.fixture(scope="module")
def bars():
    market, _ = packaged_market()
    return market.bars.filter(pl.col("instrument") == "SP500").head(3 * EVERY - 7)


@pytest.fixture
def made(workspace, bars):
    """A row as a dataset, with what it has seen and the full path's material."""
    put(workspace, bars, None)
    (name,) = put_decisions(workspace, bars, [900])
    collector = Collector(workspace, USUAL)
    decision = captured_decision(workspace, name)
    seen = collector._seen(decision, Include())
    material = collector._material(decision, seen)
    frames = framed(collector._market, seen, material, USUAL.rules, keep=True)
    return collector, frames.dataset, seen, material


def failed(certificate):
    return [check.name for check in certificate.failed]


def test_what_is_not_checked_of_one_row_is_listed_as_absent(made):
    collector, dataset, seen, material = made
    short = certify_row(dataset, seen, material.fills, seed=1)
    near = collector._market.near(seen.instrument, seen.from_ns, seen.until_ns)
    long = certify_dataset(dataset, Undivided(), near, material, (), seed=1)
    assert short.passed
    assert long.passed
    names = [{each.name for each in (*c.checks, *c.absent)} for c in (short, long)]
    assert names[0] == names[1]
    moved = {c.name for c in long.checks} - {c.name for c in short.checks}
    assert moved == {"no_twins", "no_label_inside", "fills_possible"}


def test_a_feature_of_another_bar_is_found(made):
    _, dataset, seen, material = made
    row = seen.trail.features.slice(seen.row + 1, 1)
    name = next(n for n in dataset.feature_names if row[n][0] is not None)
    changed = dataset.feature_vectors.with_columns(row[name])
    object.__setattr__(dataset, "feature_vectors", changed)
    wrong = certify_row(dataset, seen, material.fills, seed=1)
    assert failed(wrong) == ["recomputed", "poisoned_future"]
    assert all(name in check.detail for check in wrong.failed)


def test_a_row_that_was_known_later_is_found(made):
    _, dataset, seen, material = made
    later = dataset.feature_vectors.with_columns(pl.col("known_ns") + NS_PER_DAY)
    object.__setattr__(dataset, "feature_vectors", later)
    assert failed(certify_row(dataset, seen, material.fills, seed=1)) == [
        "known_before"
    ]


def test_a_feature_that_looks_ahead_is_found_by_either_cut(made, monkeypatch):
    _, dataset, seen, material = made
    honest = Trail.again
    place = dataset.feature_names.index("log_return_1_bps")

    def ahead(trail, begin, given):
        found = honest(trail, begin, given).copy()
        found[place, :-1] = found[place, 1:]
        return found

    monkeypatch.setattr(Trail, "again", ahead)
    assert "poisoned_future" in failed(
        certify_row(dataset, seen, material.fills, seed=1)
    )


def test_features_along_a_trail_are_those_of_history_to_the_bit(bars):
    bank = default_bank(NS_PER_DAY, has_quotes=False)
    whole, trail = compute(bank, bars), Trail(bank, bars)
    assert trail.features.equals(whole)
    assert trail.features.schema == whole.schema
    grown = Trail(bank, bars, Trail(bank, bars.head(EVERY + 40)))
    assert grown.features.equals(whole)
    other = bars.head(EVERY + 40).with_columns(pl.col("close") * 1.5)
    assert Trail(bank, bars, Trail(bank, other)).features.equals(whole)


@pytest.mark.parametrize("row", [0, EVERY - 1, EVERY, 2 * EVERY + 5])
def test_from_a_saved_state_a_row_comes_out_the_same(bars, row):
    bank = default_bank(NS_PER_DAY, has_quotes=False)
    trail = Trail(bank, bars)
    begin = trail.begin(row)
    found = trail.again(begin, bars.slice(begin, row + 1 - begin))[:, -1]
    wanted = compute(bank, bars.head(row + 1)).select(bank.names).row(-1)
    assert np.array_equal(
        found, np.array([np.nan if v is None else v for v in wanted]), equal_nan=True
    )
    # Going on twice from one state changes nothing in it.
    assert np.array_equal(
        found,
        trail.again(begin, bars.slice(begin, row + 1 - begin))[:, -1],
        equal_nan=True,
    )

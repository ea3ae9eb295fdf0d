"""Planted faults are there, counted, and no more than asked for."""

import polars as pl
import pytest

from simulation.made import small
from tradeloop.simulation import USUAL, Faults, inversions


@pytest.fixture(scope="module")
def sound():
    return small()


@pytest.fixture(scope="module")
def faulty():
    return small(faults=USUAL)


@pytest.mark.parametrize("name", ["quotes", "trades", "book_deltas"])
def test_a_sound_market_has_no_fault(sound, name):
    frame = sound.frames[name]
    assert inversions(frame) == 0
    assert not frame.is_duplicated().any()
    assert sound.truth["faults"].height == 0


def test_every_fault_is_counted_in_the_truth(sound, faulty):
    before, after = sound.frames["quotes"], faulty.frames["quotes"]
    counts = faulty.about["faults"]["quote"]
    found = after.height - after.unique().height
    assert found == counts["duplicate"] > 0.08 * before.height
    assert (
        after.unique(["instrument", "sequence"]).height == before.height - counts["gap"]
    )
    once = after.unique()
    assert 0 < (once["bid"] > once["ask"]).sum() == counts["crossed"]
    late = once.filter(pl.col("received_ns") - pl.col("event_ns") == 5 * 86_400 * 10**9)
    assert late.height == counts["late"] > 0


def test_thirty_percent_come_out_of_order(sound):
    market = small(faults=Faults(out_of_order=0.30))
    quotes = market.frames["quotes"]
    planted = market.about["faults"]["quote"]["out_of_order"]
    assert inversions(quotes) == planted
    assert planted / quotes.height == pytest.approx(0.30, abs=0.02)
    again = quotes.sort("instrument", "event_ns", "sequence")
    as_sound = sound.frames["quotes"].sort("instrument", "event_ns", "sequence")
    assert again.drop("received_ns").equals(as_sound.drop("received_ns"))


def test_crossed_quotes_are_the_sound_ones_swapped(sound):
    market = small(faults=Faults(crossed=0.05))
    quotes = market.frames["quotes"]
    crossed = quotes.filter(pl.col("bid") > pl.col("ask"))
    assert crossed.height == market.about["faults"]["quote"]["crossed"] > 10
    both = crossed.join(sound.frames["quotes"], on=["instrument", "sequence"])
    assert (both["bid"] == both["ask_right"]).all()


def test_faults_leave_decisions_and_truth_alone(sound, faulty):
    for name in ("decisions", "orders", "fills", "signals"):
        assert sound.frames[name].equals(faulty.frames[name])
    for name in ("prices", "takers", "regimes", "signals", "decisions", "orders"):
        assert sound.truth[name].equals(faulty.truth[name])

"""A clean simulated market scores above 0.95; each planted fault is seen and costs."""

from functools import cache

import pytest

from tradeloop.capture import bars_from_ticks
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.quality import Evidence, judge
from tradeloop.simulation import NONE, Faults, shipped, simulate

MARKETS = {"fx": {"days": 1.0, "rate": 0.3}, "crypto": {"days": 0.1, "rate": 0.05}}
FAULTS = {
    "duplicates": ("duplicate", "duplicate_tick", "consistency"),
    "out_of_order": ("out_of_order", "unsorted_tick", "consistency"),
    "late": ("late", "late_tick", "timeliness"),
    "crossed": ("crossed", "crossed_quote", "consistency"),
    "gaps": ("gap", "missing_number", "completeness"),
}


@cache
def market(preset, fault=None):
    faults = Faults(**{fault: 0.02}) if fault else NONE
    return simulate(shipped(preset), seed=11, faults=faults, **MARKETS[preset])


@cache
def clean_bars(preset):
    frames = market(preset).frames
    return bars_from_ticks(
        frames["quotes"], frames["trades"], interval_ns=NS_PER_MINUTE
    )


@cache
def judged(preset, fault=None):
    made = market(preset, fault)
    frames = made.frames
    evidence = Evidence(
        bars=clean_bars(preset),
        interval_ns=NS_PER_MINUTE,
        decisions=frames["decisions"],
        fills=frames["fills"],
        ticks={"quote": frames["quotes"], "trade": frames["trades"]},
    )
    return judge(evidence), made.truth["faults"]


@pytest.mark.parametrize("preset", MARKETS)
def test_a_clean_simulated_market_scores_above_95_percent(preset):
    report, _ = judged(preset)
    assert report.overall > 0.95
    assert report.completeness == report.consistency == report.timeliness == 1.0


@pytest.mark.parametrize("preset", MARKETS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_the_simulation_lowers_its_measure_and_the_whole(preset, fault):
    _, anomaly, side = FAULTS[fault]
    clean, spoilt = judged(preset)[0], judged(preset, fault)[0]
    assert anomaly in {each.name for each in spoilt.anomalies}
    assert getattr(spoilt, side) < getattr(clean, side)
    assert spoilt.overall < clean.overall


@pytest.mark.parametrize("preset", MARKETS)
@pytest.mark.parametrize("fault", ["duplicates", "crossed", "gaps"])
def test_faults_that_are_certain_are_counted_to_the_row(preset, fault):
    planted, anomaly, _ = FAULTS[fault]
    report, truth = judged(preset, fault)
    of_ticks = truth.filter(truth["kind"] != "book_delta")
    expected = of_ticks.filter(of_ticks["fault"] == planted).height
    (found,) = [each for each in report.anomalies if each.name == anomaly]
    # What is lost before the first or after the last that came leaves no hole.
    at_ends = 4 if fault == "gaps" else 0
    assert expected - at_ends <= found.count <= expected

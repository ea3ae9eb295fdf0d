"""Size and power of the gate by simulation; ``tradeloop bench gate`` runs the whole."""

from math import sqrt

import numpy as np
import pytest

from tradeloop.feedback import Evidence, Policy, judge
from tradeloop.feedback.power import best_power, found_edges, noise, promoted_noise

QUICK = Policy(blocks=2, repeats=1000, minimum_days=200, minimum_rows=200)


def test_the_best_test_finds_what_the_definitions_say():
    # Annual Sharpe 1.5 on five years: about 95 % with one trial, 53 % with 100.
    assert best_power(1.5, years=5, trials=1) == pytest.approx(0.956, abs=1e-3)
    assert best_power(1.5, years=5, trials=100) == pytest.approx(0.528, abs=1e-3)


def test_without_an_edge_the_best_test_passes_at_its_level_for_all_trials():
    one = best_power(0.0, years=5, trials=100)
    assert 1 - (1 - one) ** 100 == pytest.approx(0.05)


def test_at_most_five_in_a_hundred_families_of_noise_are_promoted():
    found = promoted_noise(families=60, trials=50, years=1, seed=1, policy=QUICK)
    assert found.low <= 0.05


@pytest.mark.parametrize("trials", [1, 10, 100])
def test_the_power_lies_within_five_points_of_the_best_test(trials):
    found = found_edges(
        (1.0, 1.5, 2.0), families=300, trials=trials, years=5, seed=3, policy=QUICK
    )
    for each in found:
        # Both are measured on the same returns, so most of the noise cancels.
        assert each.ours.value >= each.best - 0.05
        assert each.best == pytest.approx(each.best_in_theory, abs=0.1)


def test_the_shortcut_of_the_simulation_says_what_the_gate_says():
    days, trials = 252, 5
    generator = np.random.default_rng(4)
    promoted = 0
    for family in range(30):
        returns = noise(generator, days, trials)
        returns[:, 0] += 3.0 / sqrt(252) * 0.01
        policy = Policy(
            blocks=2, repeats=1000, minimum_days=200, minimum_rows=200, seed=42 + family
        )
        promoted += judge(Evidence("m", "a", returns, 0, trials), policy).promoted
    (found,) = found_edges(
        (3.0,), families=30, trials=trials, years=1, seed=4, policy=QUICK
    )
    assert found.ours.value == pytest.approx(promoted / 30, abs=0.04)
    assert 0.3 < found.ours.value < 1


def test_the_vetoes_would_eat_the_power():
    strict = Policy.from_mapping(
        {"blocks": 8, "repeats": 1000, "checks": {"deflated": {"role": "vetoes"}}}
    )
    generator = np.random.default_rng(5)
    kept = np.zeros(2)
    for _ in range(25):
        returns = noise(generator, 1260, 100)
        returns[:, 0] += 2.0 / sqrt(252) * 0.01
        evidence = Evidence("m", "a", returns, 0, 100)
        kept += [judge(evidence, strict).promoted, judge(evidence, QUICK).promoted]
    assert kept[0] < kept[1] - 3

"""The test of the maximum: size, skewness, dependence, trials without returns."""

from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import t as student

from tradeloop.errors import InputError
from tradeloop.statistics import maximum_test
from tradeloop.statistics.maximum import _log_below

SIDAK = NormalDist().inv_cdf


def noise(seed, trials, rows=250):
    return np.random.default_rng(seed).normal(0, 0.01, (rows, trials))


def rejected(draw, families, **terms):
    """Share of families whose best trial passes at 10 %."""
    passed = 0
    for seed in range(families):
        rows = draw(seed)
        best = int((rows.mean(axis=0) / rows.std(axis=0)).argmax())
        found = maximum_test(rows, best, seed=seed, repeats=300, level=0.1, **terms)
        passed += found.passed
    return passed / families


def test_the_best_of_trials_without_an_edge_passes_as_often_as_the_level_says():
    # Bounds: four binomial deviations of 300 families at 10 %.
    for trials in (1, 20):
        assert 0.03 <= rejected(lambda s, n=trials: noise(s, n), 300) <= 0.17


def rare_losses(seed):
    u = np.random.default_rng(seed).random((500, 20))
    smooth = np.random.default_rng(seed + 9000).normal(0, 0.2, (500, 20))
    return np.where(u < 0.1, -3.0, 1 / 3) + smooth


def p_with_the_deviation_kept(rows, seed, repeats=300):
    """White's bootstrap (2000), studentised once: the deviation is the sample's."""
    n = len(rows)
    scaled = rows / rows.std(axis=0)
    mean = scaled.mean(axis=0)
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(n, np.full(n, 1 / n), repeats)
    maxima = (counts @ (scaled - mean) / np.sqrt(n)).max(axis=1)
    return (1 + (maxima >= np.sqrt(n) * mean.max()).sum()) / (1 + repeats)


def test_rare_large_losses_do_not_pass_more_often():
    assert rejected(rare_losses, 300) <= 0.17
    kept = [p_with_the_deviation_kept(rare_losses(s), s) <= 0.1 for s in range(300)]
    assert np.mean(kept) > 0.17


def test_dependence_inside_of_blocks_is_seen_by_them():
    def smooth(seed):
        raw = np.random.default_rng(seed).normal(size=(1000, 10))
        return np.convolve(raw.ravel(), np.ones(2), mode="same").reshape(1000, 10)

    def slow(seed):
        raw = np.random.default_rng(seed).normal(size=(253, 10))
        return np.repeat(raw, 4, axis=0)[:1000]

    assert rejected(slow, 60, block_rows=1) > 0.4
    assert rejected(slow, 200, block_rows=20) <= 0.19
    assert rejected(smooth, 100, block_rows=1) <= 0.22


def test_the_critical_value_of_independent_trials_is_about_sidaks():
    for trials in (1, 10, 100):
        found = maximum_test(noise(5, trials, 1250), 0, seed=1, repeats=20_000)
        exact = SIDAK(0.95 ** (1 / trials))
        assert found.critical == pytest.approx(exact, abs=0.07)


def test_copies_of_a_trial_do_not_make_the_test_harder():
    one = noise(6, 1)
    alone = maximum_test(one, 0, seed=1)
    many = maximum_test(np.repeat(one, 30, axis=1), 3, seed=1)
    assert many.p_value == pytest.approx(alone.p_value, abs=1e-12)


def test_trials_without_returns_widen_the_maximum_as_independent_noise_does():
    rows = noise(7, 100, 1250)
    told = maximum_test(rows, 0, seed=1, repeats=20_000)
    untold = maximum_test(rows[:, :1], 0, seed=1, trials=100, repeats=20_000)
    assert untold.untold == 99
    assert untold.critical == pytest.approx(told.critical, abs=0.07)


def test_every_further_trial_makes_it_harder():
    rows = noise(8, 5)
    found = [
        maximum_test(rows, 0, seed=1, trials=n).p_value for n in (5, 6, 20, 100, 10_000)
    ]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_the_statistic_passes_just_when_it_reaches_the_critical_value():
    for shift in np.linspace(0, 0.003, 30):
        rows = noise(9, 8)
        rows[:, 2] += shift
        for trials in (8, 30):
            found = maximum_test(rows, 2, seed=1, trials=trials, block_rows=5)
            assert found.passed == (found.statistic >= found.critical)


def test_the_statistic_is_the_t_statistic_of_the_blocks():
    rows = noise(10, 3)
    sums = rows[:, 1].reshape(50, 5).sum(axis=1)
    expected = np.sqrt(50) * sums.mean() / sums.std(ddof=1)
    found = maximum_test(rows, 1, seed=1, block_rows=5)
    assert found.statistic == pytest.approx(expected)
    assert found.blocks == 50


def test_neither_scale_nor_a_second_run_changes_the_p_value():
    rows = noise(11, 6)
    one = maximum_test(rows, 0, seed=3)
    assert maximum_test(rows, 0, seed=3) == one
    louder = rows * np.array([1, 1e4, 1e-4, 7, 1, 1])
    assert maximum_test(louder, 0, seed=3).p_value == one.p_value


def test_a_trial_that_hardly_traded_counts_as_one_that_nobody_knows():
    rows = noise(12, 4)
    rows[:, 3] = 0.0
    rows[:5, 3] = 0.01
    found = maximum_test(rows, 0, seed=1)
    assert found == maximum_test(rows[:, :3], 0, seed=1, trials=4)
    with pytest.raises(InputError, match="vary in at least 20"):
        maximum_test(rows, 3, seed=1)


def test_students_distribution_is_met_to_three_digits():
    for freedom in (19, 49, 249):
        for at in (-3.0, 0.0, 0.5, 2.0, 3.5):
            ours = np.exp(_log_below(at, freedom))
            assert ours == pytest.approx(student.cdf(at, freedom), abs=2e-4)
        tail = -np.expm1(_log_below(3.5, freedom))
        assert tail == pytest.approx(student.sf(3.5, freedom), rel=0.02)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"returns": noise(1, 3, 19)}, "at least 20 blocks"),
        ({"block_rows": 30}, "at least 20 blocks"),
        ({"candidate": 3}, "column from 0 to 2"),
        ({"candidate": -1}, "column from 0 to 2"),
        ({"trials": 2}, "count all 3"),
        ({"repeats": 10}, "repeats"),
        ({"level": 1.0}, "level"),
        ({"returns": np.full((250, 3), np.inf)}, "must be finite"),
    ],
)
def test_what_cannot_be_tested_is_refused(given, told):
    terms = {"returns": noise(1, 3), "candidate": 0, "seed": 1} | given
    with pytest.raises(InputError, match=told):
        maximum_test(**terms)

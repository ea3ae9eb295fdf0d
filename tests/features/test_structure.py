"""Structure columns: what follows from their definitions, and what they cannot see."""

import numpy as np
import pytest
import talib

from reference.market import random_columns
from tradeloop.errors import InputError
from tradeloop.features import Bank
from tradeloop.features.arithmetic.log_price import log_price
from tradeloop.features.checks import Subject, broken, run_history
from tradeloop.features.structure.completed_day import completed_day
from tradeloop.features.structure.cusum import cusum
from tradeloop.features.structure.entropy import permutation_entropy, word_entropy
from tradeloop.features.structure.frac_diff import frac_diff, window_width
from tradeloop.features.structure.hurst import hurst
from tradeloop.features.structure.pivots import pivots
from tradeloop.features.structure.rows_since_extreme import rows_since_extreme
from tradeloop.features.structure.standard import standard
from tradeloop.features.structure.support_resistance import support_resistance
from tradeloop.features.structure.swings import swings
from tradeloop.features.structure.symbols import symbols
from tradeloop.features.structure.zigzag import zigzag

COLUMNS = random_columns(12, 500)
OPEN, HIGH, LOW, CLOSE = (COLUMNS[name] for name in ("open", "high", "low", "close"))
BANK = Bank(standard())


def values(bank, columns):
    found = run_history(bank, Subject(bank).rows(columns))
    return dict(zip(bank.names, found, strict=True))


def outputs(feature, columns):
    found = values(Bank([feature]), columns).values()
    return dict(zip(feature.family.kernel.outputs, found, strict=True))


STANDARD = values(BANK, COLUMNS)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("typical", talib.TYPPRICE(HIGH, LOW, CLOSE)),
        ("bar_price_average", talib.AVGPRICE(OPEN, HIGH, LOW, CLOSE)),
        ("bar_price_median", talib.MEDPRICE(HIGH, LOW)),
        ("bar_price_weighted", talib.WCLPRICE(HIGH, LOW, CLOSE)),
        ("body_bps", 1e4 * (CLOSE / OPEN - 1)),
    ],
)
def test_column_is_talibs(name, wanted):
    np.testing.assert_allclose(STANDARD[name], wanted, rtol=1e-9, atol=1e-9)


def test_rows_since_extremes_are_those_of_talibs_places():
    since = outputs(rows_since_extreme(20), COLUMNS)
    row = np.arange(500)[19:]
    np.testing.assert_array_equal(
        since["high"][19:], row - talib.MAXINDEX(HIGH, 20)[19:]
    )
    np.testing.assert_array_equal(since["low"][19:], row - talib.MININDEX(LOW, 20)[19:])


def test_the_standard_columns_pass_every_law():
    assert broken(Subject(BANK), COLUMNS) == {}


def test_names_are_short_and_in_lower_case_and_all_stand_in_structure():
    assert all(name == name.lower() and len(name) <= 100 for name in BANK.names)
    groups = {c.feature.group or c.feature.family.group for c in BANK.outputs}
    assert groups == {"structure"}


NEUTRAL = {
    "range_position": 0.5,
    "bar_shape_body": 0.0,
    "pivots_classic_r3_bps": 0.0,
    "pivots_camarilla_s4_bps": 0.0,
    "support_resistance_5_10_resistance_bps": 0.0,
    "close_to_swing_high_5_bps": 0.0,
    "swings_2_is_high": 0.0,
    "breakout_20": 0.0,
    "zigzag_5_direction": 0.0,
    "hurst_100_variance_of_lags": 0.5,
    "hurst_100_rescaled_range": 0.5,
    "hurst_100_rescaled_range_corrected": 0.5,
    "entropy_60_symbols_3_word": 0.0,
    "cusum_3_20_event": 0.0,
    "autocorrelation_60_1": 0.0,
}


@pytest.fixture(scope="module")
def motionless():
    return values(BANK, {key: np.full(300, 7.3) for key in COLUMNS})


@pytest.mark.parametrize("name", NEUTRAL)
def test_market_that_does_not_move_gives_the_neutral_value(motionless, name):
    assert motionless[name][-1] == pytest.approx(NEUTRAL[name], abs=1e-9)


def hourly(days):
    """Bars of an hour; the last of each day ends at midnight, on the next date."""
    hour = np.arange(1, 24 * days + 1)
    columns = random_columns(3, hour.size)
    return columns | {"day": hour // 24.0, "ns_of_day": hour % 24 * 3.6e12}


def test_a_bar_that_ends_at_midnight_belongs_to_the_day_that_it_ends():
    columns = hourly(3)
    done = outputs(completed_day(), columns)
    first = slice(0, 24)
    for name, reached in (("high", np.max), ("low", np.min)):
        wanted = reached(columns[name][first])
        np.testing.assert_array_equal(done[name][24:48], wanted)
    np.testing.assert_array_equal(done["close"][24:48], columns["close"][23])


def test_pivots_stay_all_day_and_do_not_read_it():
    columns = hourly(4)
    levels = columns["close"] * (1 + outputs(pivots(), columns)["r1_bps"] / 1e4)
    np.testing.assert_allclose(levels[48:72], levels[48], rtol=1e-12)
    assert abs(levels[72] / levels[71] - 1) > 1e-4


@pytest.mark.parametrize("method", ["classic", "fibonacci", "camarilla", "woodie"])
def test_levels_of_a_method_stand_in_their_order(method):
    found = outputs(pivots(method), COLUMNS)
    names = ("s4", "s3", "s2", "s1", "r1", "r2", "r3", "r4")
    ladder = np.array([found[f"{name}_bps"] for name in names])
    assert (np.diff(ladder[:, 10:], axis=0) > 0).all()


def test_a_swing_is_not_known_before_the_row_that_confirms_it():
    peak = 100.0 + np.array([0, 1, 2, 3, 2, 1, 0, 1, 2, 1.0])
    columns = {"high": peak, "low": peak - 1}
    found = outputs(swings(3), columns)
    np.testing.assert_array_equal(found["is_high"][6:], [1, 0, 0, 0])
    np.testing.assert_array_equal(found["high_age"][6:], [3, 4, 5, 6])
    np.testing.assert_array_equal(found["is_low"][6:], [0, 0, 0, 1])
    np.testing.assert_array_equal(found["low"][9], 99.0)


def test_support_lies_below_and_resistance_above_the_close():
    found = outputs(support_resistance(2), COLUMNS)
    levels = {name: column[4:] for name, column in found.items()}
    assert (levels["resistance_bps"] >= 0).all()
    assert (levels["support_bps"] <= 0).all()
    assert (levels["resistance_bps"] > 0).mean() > 0.5
    assert (levels["support_bps"] < 0).mean() > 0.5


def test_zigzag_turns_in_the_row_that_comes_back_and_never_earlier():
    close = np.array([100, 104, 110, 108, 104, 100, 106, 111.0])
    found = outputs(zigzag(5.0), {"close": close})
    np.testing.assert_array_equal(found["direction"], [0, 0, 1, 1, -1, -1, 1, 1])
    np.testing.assert_array_equal(found["pivot"][2:], [100, 100, 110, 110, 100, 100])
    np.testing.assert_array_equal(found["pivot_age"][2:], [2, 3, 2, 3, 1, 2])
    np.testing.assert_array_equal(found["extreme"][2:], [110, 110, 104, 100, 106, 111])


def test_fractional_difference_of_one_is_the_change_and_of_none_near_the_value():
    whole = outputs(frac_diff("close", 1.0, 0.5), COLUMNS)["value"]
    np.testing.assert_allclose(whole[1:], np.diff(CLOSE), atol=1e-9)
    barely = outputs(frac_diff("close", 1e-6, 1e-3), COLUMNS)["value"]
    np.testing.assert_allclose(barely, CLOSE, rtol=1e-3)


def test_fractional_difference_forgets_the_level_and_keeps_memory():
    random = np.random.default_rng(8)
    columns = {"close": 100 * np.exp(np.cumsum(random.normal(0, 0.01, 5000)))}
    log_close = np.log(columns["close"])
    found = outputs(frac_diff(log_price().columns[0], 0.4), columns)["value"]
    rows = slice(window_width(0.4, 1e-3) - 1, None)
    level = np.corrcoef(found[rows], log_close[rows])[0, 1]
    memory = np.corrcoef(found[rows][1:], found[rows][:-1])[0, 1]
    assert 0.3 < level < 0.95
    assert memory > 0.5


@pytest.mark.parametrize(
    "build",
    [
        lambda: frac_diff("close", 0.0),
        lambda: frac_diff("close", 0.4, 1.0),
        lambda: frac_diff("close", 0.1, 1e-9),
        lambda: hurst(20),
        lambda: zigzag(0.0),
        lambda: cusum(0.0),
        lambda: cusum(-1.0, h_bps=5.0),
        lambda: symbols(0),
        lambda: symbols(9),
        lambda: swings(0),
        lambda: support_resistance(2, 0),
    ],
)
def test_parameters_without_a_meaning_are_refused(build):
    with pytest.raises(InputError):
        build()


# Means and deviations that the docstring of `hurst` reports.
BIAS = {
    (100, 4000): ((0.479, 0.562, 0.489), (0.087, 0.109, 0.098)),
    (500, 400): ((0.494, 0.544, 0.493), (0.038, 0.061, 0.058)),
}


def exponents(returns, n):
    """Estimates of windows that do not overlap."""
    columns = {"close": np.exp(np.cumsum(returns))}
    return np.array(list(outputs(hurst(n), columns).values()))[:, n::n]


@pytest.mark.parametrize(("n", "windows"), BIAS)
def test_hurst_of_white_noise_has_the_bias_that_is_reported(n, windows):
    noise = np.random.default_rng(1).normal(0, 0.001, windows * n + 1)
    found = exponents(noise, n)
    means, deviations = BIAS[n, windows]
    assert found.shape[1] == windows
    np.testing.assert_allclose(found.mean(1), means, atol=0.001)
    np.testing.assert_allclose(found.std(1), deviations, atol=0.001)
    assert all(f"{value:.3f}" in hurst.__doc__ for value in (*means, *deviations))


def test_hurst_rises_with_memory_and_falls_where_moves_revert():
    noise = np.random.default_rng(2).normal(0, 0.001, 40_000)
    trending = np.convolve(noise, 0.9 ** np.arange(60))[: noise.size]
    reverting = np.diff(noise, prepend=0.0)
    low, middle, high = (
        exponents(moves, 200).mean(1) for moves in (reverting, noise, trending)
    )
    assert (low < middle - 0.1).all()
    assert (high > middle + 0.1).all()


def test_entropy_is_none_for_a_saw_and_nearly_full_for_noise():
    noise = np.random.default_rng(4).normal(0, 0.01, 20_000)
    rising = {"close": np.arange(1.0, 101.0)}
    free = {"close": 100 * np.exp(np.cumsum(noise))}
    bank = Bank([word_entropy(5000), permutation_entropy(5000)])
    word, order = (column[-1] for column in values(bank, free).values())
    assert word > 0.999
    # A walk is no row of independent values: orders up and down come more often.
    assert 0.9 < order < 0.999
    few = Bank([word_entropy(50), permutation_entropy(50)])
    assert [column[-1] for column in values(few, rising).values()] == [0.0, 0.0]


def test_a_move_cannot_raise_the_threshold_that_it_is_measured_by():
    close = np.concatenate([100 * 1.001 ** (np.arange(40) % 2), [110.0, 110.0]])
    event = outputs(cusum(3.0, 20), {"close": close})["event"]
    assert event[40] == 1.0
    assert np.nansum(np.abs(event[:40])) == 0.0


def test_a_filter_with_a_fixed_threshold_starts_again_after_each_event():
    close = 100 * np.exp(0.004 * np.arange(30))  # 40 bps a row
    found = outputs(cusum(0.0, 5, 100.0), {"close": close})
    at = np.flatnonzero(found["event"] == 1.0)
    assert (np.diff(at) == 3).all()
    assert (np.diff(found["up_bps"][at[0] :]).min()) < 0
    assert len(at) >= 7

"""Volatility columns: TA-Lib's where it has them, else their definition's."""

import numpy as np
import pytest
import talib
from arch.univariate import ZeroMean
from arch.univariate.volatility import GARCH

from reference.market import random_columns
from tradeloop.errors import InputError
from tradeloop.features import Bank
from tradeloop.features.checks import Subject, broken, run_history
from tradeloop.features.volatility.bipower import bipower
from tradeloop.features.volatility.channel import bollinger_bands, channel
from tradeloop.features.volatility.close_to_close import close_to_close
from tradeloop.features.volatility.garch import garch
from tradeloop.features.volatility.range_volatility import range_variance
from tradeloop.features.volatility.realised_volatility import realised_volatility
from tradeloop.features.volatility.semivariance import semivariance
from tradeloop.features.volatility.standard import standard
from tradeloop.features.volatility.yang_zhang import yang_zhang

COLUMNS = random_columns(11, 500)
OPEN, HIGH, LOW, CLOSE = (COLUMNS[name] for name in ("open", "high", "low", "close"))
BARS = HIGH, LOW, CLOSE
BANK = Bank(standard())


def values(bank, columns):
    found = run_history(bank, Subject(bank).rows(columns))
    return dict(zip(bank.names, found, strict=True))


STANDARD = values(BANK, COLUMNS)


def before(series):
    return np.concatenate([[np.nan], series[:-1]])


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("true_range", talib.TRANGE(*BARS)),
        ("atr_14", talib.ATR(*BARS, 14)),
        ("natr_14", talib.NATR(*BARS, 14)),
        ("bollinger_bands_20_upper", talib.BBANDS(CLOSE, 20)[0]),
        ("bollinger_bands_20_middle", talib.BBANDS(CLOSE, 20)[1]),
        ("bollinger_bands_20_lower", talib.BBANDS(CLOSE, 20)[2]),
        ("deviation_20_stddev", talib.STDDEV(CLOSE, 20)),
        ("deviation_20_variance", talib.VAR(CLOSE, 20)),
        ("donchian_lines_20_upper", before(talib.MAX(HIGH, 20))),
        ("donchian_lines_20_lower", before(talib.MIN(LOW, 20))),
        ("keltner_20_10_middle", talib.EMA(CLOSE, 20)),
        ("deviation_channel_20_middle", talib.LINEARREG(CLOSE, 20)),
        ("high_low_range_bps", 1e4 * (HIGH / LOW - 1)),
        ("true_range_per_atr_14", talib.TRANGE(*BARS) / talib.ATR(*BARS, 14)),
        (
            "chaikin_volatility_10_10_bps",
            1e4 * talib.ROCP(np.nan_to_num(talib.EMA(HIGH - LOW, 10), nan=np.nan), 10),
        ),
    ],
)
def test_column_is_talibs_gaps_included(name, wanted):
    np.testing.assert_allclose(STANDARD[name], wanted, rtol=1e-9, atol=1e-9)


def test_bands_of_another_width_are_talibs():
    bands = values(Bank([bollinger_bands(10, 1.5)]), COLUMNS).values()
    upper, middle, lower, *_ = bands
    wanted = talib.BBANDS(CLOSE, 10, 1.5, 1.5)
    np.testing.assert_allclose([upper, middle, lower], wanted, rtol=1e-9)


def test_the_standard_columns_pass_every_law():
    assert broken(Subject(BANK), COLUMNS) == {}


def test_there_are_at_least_twenty_names_and_each_is_short_and_in_lower_case():
    assert len(BANK.names) >= 20
    assert all(name == name.lower() and len(name) <= 100 for name in BANK.names)
    groups = {c.feature.group or c.feature.family.group for c in BANK.outputs}
    assert groups == {"volatility"}


NEUTRAL = {
    "bollinger_bands_20_upper": 7.3,
    "bollinger_20_percent_b": 0.5,
    "donchian_20": 0.5,
    "keltner_20_10_position": 0.5,
    "deviation_channel_20_middle": 7.3,
    "deviation_20_variance": 0.0,
    "natr_14": 0.0,
    "true_range_per_atr_14": 0.0,
    "yang_zhang_20_bps": 0.0,
    "close_to_close_20_annualised_pct": 0.0,
    "semivariance_20_balance": 0.0,
    "bipower_20_jump_share": 0.0,
    "volatility_ratio_10_60": 0.0,
    "volatility_percentile_250": 0.5,
    "volatility_of_volatility_20": 0.0,
    "choppiness_14": 0.0,
    "mass_index_25_9": 25.0,
    "ulcer_14_pct": 0.0,
    "chaikin_volatility_10_10_bps": 0.0,
}


@pytest.fixture(scope="module")
def motionless():
    return values(BANK, {key: np.full(300, 7.3) for key in COLUMNS})


@pytest.mark.parametrize("name", NEUTRAL)
def test_market_that_does_not_move_gives_the_neutral_value(motionless, name):
    assert motionless[name][-1] == pytest.approx(NEUTRAL[name], abs=1e-9)


OMEGA, ALPHA, BETA = 300.0, 0.12, 0.85
RETURNS = 1e4 * np.diff(np.log(CLOSE))


def forecasts():
    """One-step forecasts: the value of row t is the volatility of row t + 1."""
    return next(iter(values(Bank([garch(OMEGA, ALPHA, BETA)]), COLUMNS).values()))


def test_garch_is_that_of_arch_started_at_the_unconditional_variance():
    start = OMEGA / (1 - ALPHA - BETA)
    variance, bounds = np.empty(499), np.tile([0.0, 1e12], (499, 1))
    given = np.array([OMEGA, ALPHA, BETA])
    GARCH().compute_variance(given, RETURNS, variance, start, bounds)
    np.testing.assert_allclose(forecasts()[1:-1] ** 2, variance[1:], rtol=1e-9)


def test_garch_meets_the_fixed_result_of_arch_once_its_other_start_is_forgotten():
    model = ZeroMean(RETURNS, volatility=GARCH(), rescale=False)
    fixed = model.fix([OMEGA, ALPHA, BETA])
    far = np.abs(forecasts()[1:-1] / fixed.conditional_volatility[1:] - 1)
    assert far[0] > 1e-3
    # each row forgets alpha r^2 + beta of it; the start is 0.85^k at most after k rows
    np.testing.assert_array_less(far[200:], 1e-9)
    ahead = fixed.forecast(horizon=1).variance.iloc[-1, 0]
    assert forecasts()[-1] ** 2 == pytest.approx(ahead, rel=1e-9)


@pytest.mark.parametrize(
    "build",
    [
        lambda: garch(0.0, 0.1, 0.8),
        lambda: garch(1.0, 0.2, 0.8),
        lambda: garch(1.0, -0.1, 0.8),
        lambda: channel("close", "open", "high", 0.0),
        lambda: yang_zhang(1),
        lambda: close_to_close(1),
        lambda: bipower(1),
    ],
)
def test_parameters_without_a_meaning_are_refused(build):
    with pytest.raises(InputError):
        build()


def test_semivariances_add_up_to_the_realised_variance():
    found = values(Bank([semivariance(20), realised_volatility(20)]), COLUMNS)
    up, down, _, whole = found.values()
    np.testing.assert_allclose(up**2 + down**2, whole**2, rtol=1e-9)


def test_a_jump_moves_realised_but_hardly_bipower_volatility():
    random = np.random.default_rng(5)
    moves = random.normal(0, 0.001, 300)
    calm = {"close": 100 * np.exp(np.cumsum(moves))}
    moves[290] += 0.05
    struck = {"close": 100 * np.exp(np.cumsum(moves))}
    bank = Bank([bipower(100), realised_volatility(100)])
    (quiet, _, usual), (smooth, jump, whole) = (
        [column[-1] for column in values(bank, market).values()]
        for market in (calm, struck)
    )
    assert whole > 4 * usual
    assert smooth < 1.5 * quiet
    assert jump > 0.9


def walk(days, ticks, gap):
    """Bars of a walk of 1 % a day, a share ``gap`` of whose variance is overnight."""
    random = np.random.default_rng(9)
    steps = random.normal(0, 0.01 * np.sqrt((1 - gap) / ticks), (days, ticks))
    inside = np.concatenate([np.zeros((days, 1)), np.cumsum(steps, 1)], 1)
    night = random.normal(0, 0.01 * np.sqrt(gap), days)
    start = np.cumsum(night + np.concatenate([[0.0], inside[:-1, -1]]))
    path = np.exp(start[:, None] + inside)
    return {
        "open": path[:, 0],
        "high": path.max(1),
        "low": path.min(1),
        "close": path[:, -1],
    }


def test_yang_zhang_finds_the_true_volatility_with_gaps_that_ranges_miss():
    found = values(
        Bank([yang_zhang(20), close_to_close(20), range_variance()]),
        walk(3000, 2000, 0.3),
    )
    squares = {name: np.nanmean(found[name] ** 2) for name in found}
    assert squares["yang_zhang_20_bps"] == pytest.approx(1e4, rel=0.05)
    assert squares["close_to_close_20_bps"] == pytest.approx(1e4, rel=0.05)
    inside = np.mean(found["range_variance_rogers_satchell"])
    assert inside == pytest.approx(0.7e4, rel=0.08)
    spread = {name: np.nanstd(found[f"{name}_20_bps"]) for name in _RIVALS}
    assert spread["yang_zhang"] < 0.7 * spread["close_to_close"]


_RIVALS = ("yang_zhang", "close_to_close")


def test_a_year_has_the_rows_that_it_is_told():
    days, hours = yang_zhang(20), yang_zhang(20, 252 * 7)
    found = values(Bank([days, hours]), COLUMNS)
    ratio = found[f"{hours.name}_annualised_pct"] / found[f"{days.name}_annualised_pct"]
    np.testing.assert_allclose(ratio[20:], np.sqrt(7))
    np.testing.assert_allclose(
        found["yang_zhang_20_annualised_pct"],
        found["yang_zhang_20_bps"] / 100 * np.sqrt(252),
    )

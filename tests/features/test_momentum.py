"""Momentum columns made of others, and what holds for all of the group."""

import numpy as np
import pytest
import talib

from reference.market import random_columns
from tradeloop.features.arithmetic.above import above, below
from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.crossed import crossed, crossed_over
from tradeloop.features.arithmetic.product import product
from tradeloop.features.bank import Bank
from tradeloop.features.base import Column, Feature
from tradeloop.features.checks import LAWS, Subject, prices_scale, run_history
from tradeloop.features.momentum import composed
from tradeloop.features.momentum.mcginley import mcginley
from tradeloop.features.momentum.rate_of_change import roc, rocp, rocr
from tradeloop.features.momentum.standard import standard
from tradeloop.features.momentum.stochastic import stochastic_fast, stochastic_rsi
from tradeloop.features.trend.ema import ema

COLUMNS = random_columns(21, 500)
OPEN, HIGH, LOW, CLOSE = (COLUMNS[name] for name in ("open", "high", "low", "close"))
MARKETS = (
    random_columns(22, 400),
    random_columns(23, 400, flat=0.8),
    random_columns(24, 400, flat=0.3, tick=0.5),
)
BANK = Bank(standard())
IN_PRICES = {
    *("momentum_5", "momentum_10", "momentum_20", "mcginley_14", "apo_12_26"),
    "awesome_5_34",
}


def values(wanted, columns=COLUMNS):
    bank = wanted if isinstance(wanted, Bank) else Bank(wanted)
    found = run_history(bank, Subject(bank).rows(columns))
    return dict(zip(bank.names, found, strict=True))


def of(wanted: Feature | Column, columns=COLUMNS):
    """Values of a feature with one output, or of an output."""
    (found,) = values([wanted], columns).values()
    return found


TALIB = {
    "MOM": (change("close", 10), talib.MOM(CLOSE, 10)),
    "ROC": (roc(10), talib.ROC(CLOSE, 10)),
    "ROCP": (rocp(10), talib.ROCP(CLOSE, 10)),
    "ROCR": (rocr(10), talib.ROCR(CLOSE, 10)),
    "APO": (composed.apo(12, 26), talib.APO(CLOSE, 12, 26, 1)),
    "PPO": (composed.ppo(12, 26), talib.PPO(CLOSE, 12, 26, 1)),
    "CMO": (composed.cmo(14), talib.CMO(CLOSE, 14)),
    "CMOU": (composed.cmo_plain(14), talib.CMOU(CLOSE, 14) / 100),
    "BOP": (composed.balance_of_power(), talib.BOP(OPEN, HIGH, LOW, CLOSE)),
    "IMI": (composed.intraday_momentum(14), talib.IMI(OPEN, CLOSE, 14)),
    "AO": (composed.awesome(), talib.AO(HIGH, LOW)),
    "ULTOSC": (composed.ultimate(), talib.ULTOSC(HIGH, LOW, CLOSE, 7, 14, 28)),
    "TSI": (composed.tsi(), talib.TSI(CLOSE)),
    "COPPOCK": (composed.coppock(), talib.COPPOCK(CLOSE)),
    "STOCHF k": (stochastic_fast(5, 3)["k"], talib.STOCHF(HIGH, LOW, CLOSE, 5, 3)[0]),
    "STOCHF d": (stochastic_fast(5, 3)["d"], talib.STOCHF(HIGH, LOW, CLOSE, 5, 3)[1]),
    "STOCHRSI k": (
        stochastic_rsi(14, 5, 1, 3)["k"],
        talib.STOCHRSI(CLOSE, 14, 5, 3, 0)[0],
    ),
    "STOCHRSI d": (
        stochastic_rsi(14, 5, 1, 3)["d"],
        talib.STOCHRSI(CLOSE, 14, 5, 3, 0)[1],
    ),
}


@pytest.mark.parametrize("name", TALIB)
def test_composed_column_is_that_of_talib_with_the_same_warm_up(name):
    ours, theirs = TALIB[name]
    np.testing.assert_allclose(of(ours), theirs, rtol=1e-9, atol=1e-9)


SMI = talib.SMI(HIGH, LOW, CLOSE, 13, 2, 25, 9)
KDJ = talib.KDJ(HIGH, LOW, CLOSE, 9, 3, 13, 3, 13)
JOINT = {
    "AC": (composed.accelerator(), talib.AC(HIGH, LOW)),
    "SMI": (composed.smi(), SMI[0]),
    "SMI signal": (ema(composed.smi().columns[0], 9), SMI[1]),
    **{f"KDJ {k}": (composed.kdj()[k], KDJ[k]) for k in range(3)},
}


@pytest.mark.parametrize("name", JOINT)
def test_composed_column_is_that_of_talib_where_all_its_lines_are_known(name):
    ours, theirs = JOINT[name]
    known = ~np.isnan(theirs)
    assert known.sum() > 450
    np.testing.assert_allclose(of(ours)[known], theirs[known], rtol=1e-9, atol=1e-9)


def test_kst_is_the_weighted_sum_of_four_smoothed_rates_of_change():
    parts = ((10, 10), (15, 10), (20, 10), (30, 15))
    rates = [talib.ROC(CLOSE, n)[n:] for n, _ in parts]
    means = [talib.SMA(x, m)[-400:] for x, (_, m) in zip(rates, parts, strict=True)]
    wanted = sum(k * mean for k, mean in enumerate(means, 1))
    np.testing.assert_allclose(of(composed.kst())[-400:], wanted, rtol=1e-9)


def test_connors_rsi_is_the_mean_of_its_three_parts():
    moves = np.diff(CLOSE) / CLOSE[:-1]
    rank = 100 * np.mean(moves[-101:-1] < moves[-1])
    streaks = [0.0]
    for move in moves:
        same = np.sign(streaks[-1]) == np.sign(move)
        streaks.append((streaks[-1] if same else 0.0) + np.sign(move))
    parts = talib.RSI(CLOSE, 3)[-1], talib.RSI(np.array(streaks), 2)[-1], rank
    assert of(composed.connors_rsi())[-1] == pytest.approx(np.mean(parts), rel=1e-9)


def test_gator_is_the_gap_between_the_lines_of_the_alligator():
    price = (HIGH + LOW) / 2

    def line(n, late):
        mean = np.full(price.size, np.nan)
        mean[n - 1] = price[:n].mean()
        for row in range(n, price.size):
            mean[row] = mean[row - 1] + (price[row] - mean[row - 1]) / n
        return np.concatenate([np.full(late, np.nan), mean[:-late]])

    jaw, teeth, lips = line(13, 8), line(8, 5), line(5, 3)
    upper, lower = (of(each) for each in composed.gator())
    np.testing.assert_allclose(upper, abs(jaw - teeth), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(lower, abs(teeth - lips), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("columns", MARKETS, ids=["lively", "flat", "coarse"])
def test_every_standard_column_passes_every_law(columns):
    subject = Subject(BANK)
    found = {law.__name__: law(subject, columns) for law in LAWS if law != prices_scale}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("columns", MARKETS, ids=["lively", "flat", "coarse"])
def test_only_the_named_columns_grow_with_the_price(columns):
    prices = ("open", "high", "low", "close")
    grown = {k: v * 10 if k in prices else v for k, v in columns.items()}
    before, after = values(BANK, columns), values(BANK, grown)
    assert before.keys() > IN_PRICES
    for name in before:
        wanted = before[name] * (10 if name in IN_PRICES else 1)
        np.testing.assert_allclose(
            after[name], wanted, rtol=1e-9, atol=1e-9, err_msg=name
        )


NEUTRAL = {
    "stochastic": 50.0,
    "kdj": 50.0,
    "rsi": 50.0,
    "ultimate": 50.0,
    "intraday": 50.0,
    "williams": -50.0,
    "connors": 100 / 3,  # two parts are in the middle; no earlier move was smaller
    "mcginley": 7.3,
}


def test_market_that_never_moved_gives_neutral_values():
    columns = {key: np.full(200, 7.3) for key in COLUMNS}
    for name, found in values(BANK, columns).items():
        event = name.endswith(("overbought", "oversold")) or "crossed" in name
        wanted = 0.0 if event else NEUTRAL.get(name.split("_")[0], 0.0)
        assert found[-1] == pytest.approx(wanted, abs=1e-9), name


def test_market_that_stops_moving_leaves_the_stochastic_rsi_in_the_middle():
    close = np.concatenate([CLOSE[:100], np.full(200, CLOSE[99])])
    line = stochastic_rsi()["k"]
    assert of(line, {"close": close})[-1] == 50.0


def test_flags_say_on_which_side_of_the_level_a_value_is():
    columns = {"volume": np.array([69.0, 70.0, 71.0])}
    assert of(above("volume", 70.0), columns).tolist() == [0.0, 0.0, 1.0]
    assert of(below("volume", 70.0), columns).tolist() == [1.0, 0.0, 0.0]


def test_flags_of_the_standard_columns_are_those_of_their_oscillators():
    found = values(BANK)
    marks = {
        "rsi_14": ("rsi_14", 30, 70),
        "stochastic_14_3_3": ("stochastic_14_3_3_k", 20, 80),
        "williams_r_14": ("williams_r_14", -80, -20),
        "cci_20": ("cci_20", -100, 100),
    }
    for name, (oscillator, low, high) in marks.items():
        line = found[oscillator]
        known = ~np.isnan(line)
        for kind, wanted in (("overbought", line > high), ("oversold", line < low)):
            flag = found[f"{name}_{kind}"]
            np.testing.assert_array_equal(flag[known], wanted[known])
            assert 0 < flag[known].sum() < known.sum()


def test_crossing_is_marked_on_the_row_on_which_the_level_is_left():
    columns = {"volume": np.array([1.0, 3.0, 2.0, 2.0, 1.0, 2.0, 3.0, 1.0])}
    marks = of(crossed("volume", 2.0), columns)[1:].tolist()
    assert marks == [1.0, 0.0, 0.0, -1.0, 0.0, 1.0, -1.0]


def test_lines_cross_where_their_difference_changes_its_sign():
    found = of(crossed_over("close", "open"))
    side = np.sign(CLOSE - OPEN)
    np.testing.assert_array_equal(found[1:], (side[1:] - side[:-1]) / 2)


def test_equal_lines_do_not_cross_by_the_rounding_of_their_last_bits():
    columns = {"close": np.array([80.0, 80.0 + 1e-13, 80.0]), "open": np.full(3, 80.0)}
    assert of(crossed_over("close", "open", slack=1e-9), columns)[1:].sum() == 0.0
    assert of(crossed_over("close", "open"), columns)[1] == 1.0


def test_mcginley_never_passes_the_price():
    columns = {"close": np.array([100.0, 100.0, 10.0, 10.0, 0.0, 50.0])}
    found = of(mcginley(14), columns)
    assert found[1:].tolist() == [100.0, 10.0, 10.0, 0.0, 50.0]


def test_rate_of_change_from_nothing_is_zero():
    columns = {"volume": np.array([0.0, 5.0, 10.0])}
    assert of(roc(1, "volume"), columns)[1:].tolist() == [0.0, 100.0]


def test_product_of_a_column_with_itself_is_its_square():
    np.testing.assert_array_equal(of(product("close", "close")), CLOSE**2)

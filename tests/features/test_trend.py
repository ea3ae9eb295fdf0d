"""Trend columns against TA-Lib, and the compositions that it does not have."""

import numpy as np
import pytest
import talib
from talib import abstract

from reference.market import random_columns
from tradeloop.errors import InputError
from tradeloop.features import Bank
from tradeloop.features.checks import Subject, run_history
from tradeloop.features.trend.adx import adx
from tradeloop.features.trend.alma import alma
from tradeloop.features.trend.angle import regression_angle
from tradeloop.features.trend.aroon import aroon
from tradeloop.features.trend.averages import (
    dema,
    envelope,
    hma,
    midpoint,
    midprice,
    smma,
    t3,
    tema,
    trima,
    triple_ema,
    zlema,
)
from tradeloop.features.trend.blend import blend, median_price
from tradeloop.features.trend.dx import directional_index
from tradeloop.features.trend.efficiency_ratio import efficiency_ratio
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.kama import kama
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.features.trend.lines import (
    adxr,
    chandelier_exit,
    directional_movement,
    dpo,
    elder_ray,
    ichimoku,
    regression_line,
    trix,
)
from tradeloop.features.trend.macd import macd
from tradeloop.features.trend.mama import mama
from tradeloop.features.trend.path import vertical_horizontal_filter
from tradeloop.features.trend.psar import psar
from tradeloop.features.trend.schaff import schaff_cycle
from tradeloop.features.trend.sma import sma
from tradeloop.features.trend.standard import AVERAGE_ROWS, standard
from tradeloop.features.trend.trailing_stop import atr_stop, supertrend
from tradeloop.features.trend.trendline import trendline
from tradeloop.features.trend.volatility_stop import volatility_stop
from tradeloop.features.trend.vortex import vortex
from tradeloop.features.trend.vwma import vwma
from tradeloop.features.trend.wma import wma

ROWS = 900
LIVELY = random_columns(21, ROWS)
TICKED = random_columns(22, ROWS, flat=0.3, tick=0.05)


def found(features, columns=LIVELY):
    """Published columns by name."""
    bank = Bank(features)
    rows = run_history(bank, Subject(bank).rows(columns))
    return dict(zip(bank.names, rows, strict=True))


AVERAGES = {
    "SMA": sma,
    "EMA": ema,
    "WMA": wma,
    "DEMA": dema,
    "TEMA": tema,
    "TRIMA": trima,
    "KAMA": kama,
    "HMA": hma,
    "ZLEMA": zlema,
    "RMA": smma,
    "T3": t3,
    "MIDPOINT": midpoint,
}


@pytest.mark.parametrize("name", AVERAGES)
@pytest.mark.parametrize("n", [*AVERAGE_ROWS, 3, 14, 15])
@pytest.mark.parametrize("columns", [LIVELY, TICKED], ids=["lively", "ticked"])
def test_average_of_the_close_is_that_of_talib(name, n, columns):
    wanted = getattr(talib, name)(columns["close"], n)
    (values,) = found([AVERAGES[name]("close", n)], columns).values()
    np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-9)


# What TA-Lib calls a function: the columns that give its outputs, in its order.
PERIODIC = {
    "MIDPRICE": lambda n: [midprice(n)],
    "VWMA": lambda n: [vwma(n)],
    "SUPERTREND": lambda n: [supertrend(n)],
    "ADX": lambda n: [adx(n)["adx"]],
    "ADXR": lambda n: [adxr(n)],
    "DX": lambda n: [directional_index(n)],
    "PLUS_DI": lambda n: [adx(n)["plus_di"]],
    "MINUS_DI": lambda n: [adx(n)["minus_di"]],
    "PLUS_DM": lambda n: [directional_movement(n)[0]],
    "MINUS_DM": lambda n: [directional_movement(n)[1]],
    "AROON": lambda n: [aroon(n)["down"], aroon(n)["up"]],
    "AROONOSC": lambda n: [aroon(n)["oscillator"]],
    "DPO": lambda n: [dpo(n)],
    "ER": lambda n: [efficiency_ratio(n)],
    "ERI": elder_ray,
    "TRIX": lambda n: [trix(n)],
    "VHF": lambda n: [vertical_horizontal_filter(n)],
    "VORTEX": lambda n: [vortex(n)],
    "LINEARREG": lambda n: [linear_regression(n)["end"]],
    "LINEARREG_SLOPE": lambda n: [linear_regression(n)["slope"]],
    "LINEARREG_INTERCEPT": lambda n: [regression_line(n)[0]],
    "LINEARREG_ANGLE": lambda n: [regression_angle(n)],
    "TSF": lambda n: [regression_line(n)[1]],
}
PERIODLESS = {
    "MACD": lambda: [macd(12, 26, 9)],
    "SAR": lambda: [psar()["value"]],
    "MAMA": lambda: [mama()],
    "HT_TRENDLINE": lambda: [trendline()["value"]],
}
ELSEWHERE = {
    "ACCBANDS": "volatility",
    "BBANDS": "volatility",
    "DONCHIAN": "volatility",
    "KC": "volatility",
}
NOT_BUILT = {
    "MA": "another way to call the averages above",
    "MAVP": "an average whose period is a column: no fixed memory",
    "SAREXT": "SAR with other figures for short positions, and a start given by hand",
    "MACDEXT": "MACD of other averages: a difference of two columns",
    "MACDFIX": "MACD with rounded weights",
}


def of_talib(name, columns, *arguments):
    """Outputs of a TA-Lib function of bars, a list."""
    given = {key: columns[key] for key in ("open", "high", "low", "close", "volume")}
    outputs = getattr(abstract, name)(given, *arguments)
    return outputs if isinstance(outputs, list) else [outputs]


@pytest.mark.parametrize("name", PERIODIC)
@pytest.mark.parametrize("n", [4, 10, 14, 25])
@pytest.mark.parametrize("columns", [LIVELY, TICKED], ids=["lively", "ticked"])
def test_column_is_that_of_talib(name, n, columns):
    wanted = of_talib(name, columns, n)
    values = list(found(PERIODIC[name](n), columns).values())
    if name == "SUPERTREND":  # there 0, and not NaN, is the side before the first
        wanted[1] = np.where(wanted[1] == 0, np.nan, wanted[1].astype(float))
    if name == "ER":  # where nothing moved it is 1 there: the straightest way of all
        still = talib.MAX(columns["close"], n + 1) == talib.MIN(columns["close"], n + 1)
        wanted[0] = np.where(still, 0.0, wanted[0])
    np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", PERIODLESS)
@pytest.mark.parametrize("columns", [LIVELY, TICKED], ids=["lively", "ticked"])
def test_column_without_a_period_is_that_of_talib(name, columns):
    values = list(found(PERIODLESS[name](), columns).values())
    np.testing.assert_allclose(values, of_talib(name, columns), rtol=1e-9, atol=1e-9)


def test_every_overlap_study_of_talib_has_a_place():
    tables = [AVERAGES, PERIODIC, PERIODLESS, ELSEWHERE, NOT_BUILT]
    named = [name for table in tables for name in table]
    assert len(named) == len(set(named))
    assert set(talib.get_function_groups()["Overlap Studies"]) <= set(named)
    assert set(named) <= set(talib.get_functions())


def test_standard_has_the_seven_averages_at_five_periods_and_many_more():
    names = Bank(standard()).names
    wanted = {f"{kind.lower()}_{n}" for kind in SEVEN for n in AVERAGE_ROWS}
    assert wanted <= set(names)
    assert len(names) >= 100


SEVEN = ("SMA", "EMA", "WMA", "DEMA", "TEMA", "KAMA", "HMA")


def lagged(values, rows):
    return np.concatenate([np.full(rows, np.nan), values[:-rows]])


def test_ichimoku_is_what_the_chart_shows_now():
    high, low, close = (LIVELY[name] for name in ("high", "low", "close"))
    tenkan, kijun, span = (talib.MIDPRICE(high, low, n) for n in (9, 26, 52))
    wanted = [
        tenkan,
        kijun,
        lagged((tenkan + kijun) / 2, 26),
        lagged(span, 26),
        close - lagged(close, 26),
    ]
    values = list(found(ichimoku()).values())
    np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-9)


def test_chandelier_hangs_three_ranges_off_the_extremes():
    high, low, close = (LIVELY[name] for name in ("high", "low", "close"))
    width = 3 * talib.ATR(high, low, close, 22)
    wanted = [talib.MAX(high, 22) - width, talib.MIN(low, 22) + width]
    values = list(found(chandelier_exit()).values())
    np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-9)


def test_envelope_stands_some_per_cent_off_its_mean():
    mean = talib.SMA(LIVELY["close"], 20)
    values = list(found(envelope(sma("close", 20).columns[0], 2.5)).values())
    np.testing.assert_allclose(values, [1.025 * mean, 0.975 * mean], rtol=1e-9)


def test_mean_of_another_column_is_called_by_it():
    price = median_price()
    names = Bank([hma(price, 9), dema("open", 5), kama("open", 5), t3("open")]).names
    assert names == ("hma_9_hl2", "dema_5_open", "kama_5_open", "t3_5_open")


def test_market_that_never_moves_gives_the_price_and_neutral_values():
    flat = {key: np.full(800, 7.25) for key in LIVELY}
    last = {name: values[-1] for name, values in found(standard(), flat).items()}
    of_price = {
        *(f"{kind.lower()}_{n}" for kind in SEVEN for n in AVERAGE_ROWS),
        *("trima_20", "smma_14", "zlema_20", "t3_5", "alma_9", "vwma_20", "psar_value"),
        *("midpoint_14", "midprice_14", "hilbert_trendline_value", "alligator_jaw"),
        *("ichimoku_tenkan_9", "ichimoku_senkou_b_52", "linear_regression_14_end"),
        *("mesa_mama", "supertrend_10_3_value", "chandelier_22_3_long"),
    }
    for name in of_price:
        assert last[name] == pytest.approx(7.25, rel=1e-9), name
    neutral = {
        **dict.fromkeys(["adx_14_adx", "dx_14", "adxr_14", "plus_dm_14"], 0.0),
        **dict.fromkeys(["vortex_14_plus", "vortex_14_minus", "trix_15_pct"], 0.0),
        **dict.fromkeys(["pmo_35_20", "efficiency_ratio_10", "dpo_20"], 0.0),
        **dict.fromkeys(["vertical_horizontal_filter_28", "elder_ray_13_bull"], 0.0),
        **dict.fromkeys(["linear_regression_14_r2", "linear_regression_14_error"], 0.0),
        **dict.fromkeys(["aroon_14_up", "aroon_14_down"], 100.0),
        "schaff_10_23_50": 50.0,
    }
    for name, value in neutral.items():
        assert last[name] == pytest.approx(value, abs=1e-12), name


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_steady_trend_is_told_by_its_side(side):
    close = 100.0 + side * 0.1 * np.arange(400)
    columns = {"open": close - side * 0.1, "high": close + 0.5, "low": close - 0.5}
    columns |= {"close": close, "volume": np.ones(400)}
    last = {name: values[-1] for name, values in found(standard(), columns).items()}
    for name in ("psar", "supertrend_10_3", "atr_stop_21_3", "volatility_stop_7_3"):
        assert last[f"{name}_direction"] == side, name
        assert np.sign(close[-1] - last[f"{name}_value"]) == side, name
    for name in ("trix_15_pct", "pmo_35_20", "aroon_25_oscillator"):
        assert np.sign(last[name]) == side, name
    assert last["linear_regression_14_slope"] == pytest.approx(0.1 * side)
    assert last["linear_regression_14_r2"] == pytest.approx(1.0)
    assert last["efficiency_ratio_10"] == pytest.approx(1.0)


def test_schaff_cycle_takes_the_place_in_the_range_twice():
    close = LIVELY["close"]
    line = talib.EMA(close, 23) - talib.EMA(close, 50)
    wanted = smoothed_place(smoothed_place(line, 10), 10)
    (values,) = found([schaff_cycle(10, 23, 50)]).values()
    np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-9)


def smoothed_place(series, n):
    """Place in the range of n values, smoothed by a half, from the first full range."""
    places, place = np.full(len(series), np.nan), 50.0
    for row in range(n - 1, len(series)):
        window = series[row - n + 1 : row + 1]
        if np.isnan(window).any():
            continue
        wide = window.max() - window.min()
        place = 100 * (window[-1] - window.min()) / wide if wide > 0 else place
        before = places[row - 1]
        places[row] = place if np.isnan(before) else (before + place) / 2
    return places


def test_triple_mean_is_a_mean_of_a_mean_of_a_mean():
    wanted = LIVELY["close"]
    for warm_up in (0, 9, 18):
        means = talib.EMA(wanted[warm_up:], 10)
        wanted = np.concatenate([np.full(warm_up, np.nan), means])
    (values,) = found([triple_ema("close", 10)]).values()
    np.testing.assert_allclose(values, wanted, rtol=1e-9)


WRONG = {
    "no term": (lambda: blend("x"), "one to 4 terms"),
    "five terms": (lambda: blend("x", *[(1.0, "close")] * 5), "one to 4 terms"),
    "no rows": (lambda: wma("close", 0), "at least 1 rows"),
    "one row of hull": (lambda: hma("close", 1), "at least 2 rows"),
    "broken row": (lambda: aroon(2.5), "whole number"),
    "bell off the window": (lambda: alma("close", 9, 1.5), "offset from 0 to 1"),
    "bell without width": (lambda: alma("close", 9, 0.85, 0.0), "sigma above 0"),
    "share above one": (lambda: t3("close", 5, 1.5), "from 0 to 1"),
    "no envelope": (lambda: envelope("close", 0.0), "per cent off"),
    "stop at once": (lambda: supertrend(10, 0.0), "above 0"),
    "stop on the wrong side": (lambda: atr_stop(21, -3.0), "above 0"),
    "no volatility": (lambda: volatility_stop(7, 0.0), "above 0"),
    "slow parabola": (lambda: psar(0.3, 0.2), "step <= most"),
    "slow above fast": (lambda: mama("close", 0.05, 0.5), "slow <= fast"),
}


@pytest.mark.parametrize("name", WRONG)
def test_impossible_period_is_refused_with_a_way_out(name):
    build, said = WRONG[name]
    with pytest.raises(InputError, match=said) as raised:
        build()
    assert raised.value.way_out

"""Trend columns that the catalogue publishes."""

from tradeloop.features.base import Column, Feature
from tradeloop.features.trend.adx import adx
from tradeloop.features.trend.alma import alma
from tradeloop.features.trend.angle import regression_angle
from tradeloop.features.trend.aroon import aroon
from tradeloop.features.trend.averages import (
    alligator,
    dema,
    envelope,
    hma,
    midpoint,
    midprice,
    smma,
    t3,
    tema,
    trima,
    zlema,
)
from tradeloop.features.trend.dx import directional_index
from tradeloop.features.trend.efficiency_ratio import efficiency_ratio
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.heikin_ashi import heikin_ashi
from tradeloop.features.trend.kama import kama
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.features.trend.lines import (
    adxr,
    chandelier_exit,
    directional_movement,
    dpo,
    elder_ray,
    ichimoku,
    pmo,
    regression_line,
    trix,
)
from tradeloop.features.trend.macd import macd
from tradeloop.features.trend.mama import mama
from tradeloop.features.trend.path import vertical_horizontal_filter
from tradeloop.features.trend.psar import psar
from tradeloop.features.trend.schaff import schaff_cycle
from tradeloop.features.trend.sma import sma
from tradeloop.features.trend.trailing_stop import atr_stop, supertrend
from tradeloop.features.trend.trendline import trendline
from tradeloop.features.trend.volatility_stop import volatility_stop
from tradeloop.features.trend.vortex import vortex
from tradeloop.features.trend.vwma import vwma
from tradeloop.features.trend.wma import wma

Wanted = list[Feature | Column]
AVERAGE_ROWS = (5, 10, 20, 50, 200)
"""Periods of every common average."""


def standard() -> Wanted:
    """Columns over bars; those in price units say so in the catalogue."""
    return [*_averages(), *_direction(), *_lines(), *_stops()]


def _averages() -> Wanted:
    return [
        *(
            average("close", n)
            for average in (sma, ema, wma, dema, tema, kama, hma)
            for n in AVERAGE_ROWS
        ),
        trima("close", 20),
        smma("close", 14),
        zlema("close", 20),
        t3("close", 5),
        alma("close", 9),
        vwma(20),
        midpoint("close", 14),
        midprice(14),
        mama(),
        trendline()["value"],
        *alligator(),
        *envelope(sma("close", 20).columns[0]),
    ]


def _direction() -> Wanted:
    return [
        macd(12, 26, 9),
        adx(14),
        directional_index(14),
        adxr(14),
        *directional_movement(14),
        *(aroon(n) for n in (14, 25)),
        vortex(14),
        trix(15),
        *pmo(),
        schaff_cycle(),
        *elder_ray(),
        dpo(20),
        *(efficiency_ratio(n) for n in (10, 20)),
        vertical_horizontal_filter(28),
    ]


def _lines() -> Wanted:
    return [
        linear_regression(14),
        *regression_line(14),
        regression_angle(14),
        *ichimoku(),
        heikin_ashi(),
    ]


def _stops() -> Wanted:
    return [
        psar(),
        supertrend(10),
        atr_stop(21),
        volatility_stop(7),
        *chandelier_exit(),
    ]

"""Trend columns of SPY against what another library published of the same bars."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from tradeloop.features import Bank, Column, Feature
from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.checks import Subject, run_history
from tradeloop.features.rolling.moments import moments
from tradeloop.features.trend.adx import adx
from tradeloop.features.trend.alma import alma
from tradeloop.features.trend.aroon import aroon
from tradeloop.features.trend.averages import (
    alligator,
    dema,
    envelope,
    hma,
    smma,
    t3,
    tema,
    triple_ema,
)
from tradeloop.features.trend.blend import median_price, middle
from tradeloop.features.trend.dx import directional_index
from tradeloop.features.trend.efficiency_ratio import efficiency_ratio
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.heikin_ashi import heikin_ashi
from tradeloop.features.trend.kama import kama
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.features.trend.lines import (
    adxr,
    chandelier_exit,
    dpo,
    elder_ray,
    ichimoku,
    pmo,
    trix,
)
from tradeloop.features.trend.macd import macd
from tradeloop.features.trend.mama import mama
from tradeloop.features.trend.psar import psar
from tradeloop.features.trend.schaff import macd_line, place_in_window, schaff_cycle
from tradeloop.features.trend.sma import sma
from tradeloop.features.trend.trailing_stop import atr_stop, supertrend
from tradeloop.features.trend.trendline import trendline
from tradeloop.features.trend.volatility_stop import volatility_stop
from tradeloop.features.trend.vortex import vortex
from tradeloop.features.trend.vwma import vwma
from tradeloop.features.trend.wma import wma
from tradeloop.features.volatility.true_range import atr

GROUP = (
    *("adx", "alligator", "alma", "aroon", "atr-stop", "chexit", "dema", "dpo"),
    *("elder-ray", "ema", "epma", "heikinashi", "hma", "htl", "ichimoku", "kama"),
    *("ma-env", "macd", "mama", "pmo", "prs", "psar", "slope", "sma", "sma-analysis"),
    *("smma", "stc", "supertrend", "t3", "tema", "trix", "vol-stop", "vortex"),
    *("vwma", "wma"),
)
Columns = dict[str, np.ndarray]
Made = Callable[[np.ndarray, Columns], np.ndarray]


@dataclass(frozen=True)
class Match:
    """A column of ours, and how it is brought to what is published.

    ``reason`` says why they differ: before row ``since``, until ``made`` turned ours
    into theirs, until the bars are ``bent``, or from what is composed ``instead``.
    Without a reason they are equal in every row, gaps included.
    """

    column: Feature | Column
    reason: str = ""
    since: int = 0
    made: Made | None = None
    bent: Callable[[Columns], Columns] | None = None
    instead: Feature | Column | None = None


def shifted(values, rows):
    """Values moved ``rows`` further left, as a chart draws them."""
    return np.concatenate([values[rows:], np.full(rows, np.nan)])


def outdone(columns):
    """Bars that lose a hair at each row, so that of equal extremes the first counts."""
    hair = 1e-9 * np.arange(columns["high"].size)
    return {**columns, "high": columns["high"] - hair, "low": columns["low"] + hair}


HL2 = median_price()
ADX, LINE, FIT = adx(14), macd(12, 26, 9), linear_regression(14)
MEAN = sma("close", 20)
UPPER, LOWER = envelope(MEAN.columns[0], 2.5)
TENKAN, KIJUN, SENKOU_A, SENKOU_B, CHIKOU = ichimoku()
JAW, TEETH, LIPS = alligator()
BULL, BEAR = elder_ray(13)
PMO, PMO_SIGNAL = pmo(35, 20, 10)
ADXR_14 = middle("adxr_of_14_rows", ADX["adx"], lag(ADX["adx"], 14).columns[0])
STC_ONCE = place_in_window("once", macd_line(23, 50).columns[0], 10, 1.0)

WILDER = "Wilder's sums begin here with n - 1 movements, as in TA-Lib, there with n"
SEED = "each mean of means begins here with a plain mean, there with its first value"
MACD_SEED = "the fast mean begins here together with the slow one, as in TA-Lib"
HILBERT = "the cycle starts in row 37 (MAMA: 12) here, as in TA-Lib, there in row 6"
EARLIEST = "of equal extremes the latest counts here, as in TA-Lib, there the earliest"
FORWARD = "a chart draws it back where it was not known yet"
FROM_ORIGIN = "the line there is counted from the row before the first bar"


def only(side):
    """The stop in the rows in which the position is on this side."""

    def chosen(stop, columns):
        return np.where(columns["direction"] == side, stop, np.nan)

    return chosen


def fitted_at_origin(end, columns):
    return end - columns["slope"] * (np.arange(end.size) + 1)


def last_line(end, columns):
    """The line through the last 14 rows, row by row."""
    places = np.arange(end.size) - (end.size - 1)
    line = end[-1] + columns["slope"][-1] * places
    return np.where(places > -14, line, np.nan)


def after_first_turn(stop, columns):
    """Nothing up to the row that turns first."""
    turned = np.abs(np.diff(columns["direction"])) > 0
    return np.where(np.arange(stop.size) <= turned.argmax() + 1, np.nan, stop)


def stopped(side):
    """The stop after the first turn, where the row began on this side."""

    def chosen(stop, columns):
        before = np.concatenate([[np.nan], columns["direction"][:-1]])
        return np.where(before == side, after_first_turn(stop, columns), np.nan)

    return chosen


STOPS = {
    "atr-stop": atr_stop(21),
    "supertrend": supertrend(10),
    "vol-stop": volatility_stop(7),
}
ONE_SIDE = "there the stop of each side has a column of its own"
FIRST_TURN = "it is left out there up to the first turn"
PUBLISHED = {
    ("adx", "adx"): Match(ADX["adx"], WILDER, 295),
    ("adx", "pdi"): Match(ADX["plus_di"], WILDER, 245),
    ("adx", "mdi"): Match(ADX["minus_di"], WILDER, 231),
    ("adx", "dx"): Match(directional_index(14), WILDER, 254),
    ("adx", "adxr"): Match(
        adxr(14), f"n rows ago there, not n - 1; {WILDER}", 310, instead=ADXR_14
    ),
    ("alligator", "jaw"): Match(JAW),
    ("alligator", "teeth"): Match(TEETH),
    ("alligator", "lips"): Match(LIPS),
    ("alma", "alma"): Match(alma("close", 9)),
    ("aroon", "aroonUp"): Match(aroon(25)["up"], EARLIEST, bent=outdone),
    ("aroon", "aroonDown"): Match(aroon(25)["down"], EARLIEST, bent=outdone),
    ("aroon", "oscillator"): Match(aroon(25)["oscillator"], EARLIEST, bent=outdone),
    ("atr-stop", "atrStop"): Match(STOPS["atr-stop"]["value"]),
    ("atr-stop", "sellStop"): Match(
        STOPS["atr-stop"]["value"], ONE_SIDE, made=only(1.0)
    ),
    ("atr-stop", "buyStop"): Match(
        STOPS["atr-stop"]["value"], ONE_SIDE, made=only(-1.0)
    ),
    ("atr-stop", "atr"): Match(atr(21)),
    ("chexit", "chandelierExit"): Match(chandelier_exit(22)[0]),
    ("dema", "dema"): Match(dema("close", 14), SEED, 117),
    ("dpo", "dpo"): Match(dpo(14), FORWARD, made=lambda v, _: shifted(v, 8)),
    ("dpo", "sma"): Match(sma("close", 14), FORWARD, made=lambda v, _: shifted(v, 8)),
    ("elder-ray", "ema"): Match(ema("close", 13)),
    ("elder-ray", "bullPower"): Match(BULL),
    ("elder-ray", "bearPower"): Match(BEAR),
    ("ema", "ema"): Match(ema("close", 20)),
    ("epma", "epma"): Match(linear_regression(10)["end"]),
    ("heikinashi", "open"): Match(heikin_ashi()["open"]),
    ("heikinashi", "high"): Match(heikin_ashi()["high"]),
    ("heikinashi", "low"): Match(heikin_ashi()["low"]),
    ("heikinashi", "close"): Match(heikin_ashi()["close"]),
    ("hma", "hma"): Match(hma("close", 14)),
    ("htl", "trendline"): Match(trendline(HL2)["value"], HILBERT, 219),
    ("htl", "smoothPrice"): Match(
        wma(HL2, 4),
        "there its first three rows are left out",
        made=lambda v, _: np.where(np.arange(v.size) < 6, np.nan, v),
    ),
    ("htl", "dcPeriods"): Match(
        trendline(HL2)["period"],
        f"whole rows there; {HILBERT}",
        219,
        lambda v, _: np.floor(v + 0.5),
    ),
    ("ichimoku", "tenkanSen"): Match(TENKAN),
    ("ichimoku", "kijunSen"): Match(KIJUN),
    ("ichimoku", "senkouSpanA"): Match(SENKOU_A),
    ("ichimoku", "senkouSpanB"): Match(SENKOU_B),
    ("ichimoku", "chikouSpan"): Match(
        CHIKOU,
        f"here it is the difference to the close of then; {FORWARD}",
        made=lambda v, columns: shifted(v, 26) + columns["close"],
    ),
    ("kama", "kama"): Match(kama("close", 10), "it begins a row sooner there", 10),
    ("kama", "er"): Match(efficiency_ratio(10)),
    ("ma-env", "centerline"): Match(MEAN),
    ("ma-env", "upperEnvelope"): Match(UPPER),
    ("ma-env", "lowerEnvelope"): Match(LOWER),
    ("macd", "macd"): Match(LINE["line"], MACD_SEED, 137),
    ("macd", "signal"): Match(LINE["signal"], MACD_SEED, 145),
    ("macd", "histogram"): Match(LINE["histogram"], MACD_SEED, 144),
    ("macd", "fastEma"): Match(ema("close", 12)),
    ("macd", "slowEma"): Match(ema("close", 26)),
    ("mama", "mama"): Match(mama(HL2)["mama"], HILBERT, 251),
    ("mama", "fama"): Match(mama(HL2)["fama"], HILBERT, 274),
    ("pmo", "pmo"): Match(PMO),
    ("pmo", "signal"): Match(PMO_SIGNAL),
    ("psar", "sar"): Match(psar()["value"], "it begins on the other side there", 251),
    ("slope", "slope"): Match(FIT["slope"]),
    ("slope", "intercept"): Match(FIT["end"], FROM_ORIGIN, made=fitted_at_origin),
    ("slope", "stdDev"): Match(moments("close", 14)["std"]),
    ("slope", "rSquared"): Match(FIT["r2"]),
    ("slope", "line"): Match(
        FIT["end"], "there the last line alone is drawn", made=last_line
    ),
    ("sma", "sma"): Match(MEAN),
    ("sma-analysis", "sma"): Match(MEAN),
    ("sma-analysis", "mse"): Match(
        moments("close", 20)["std"],
        "the mean square is the variance",
        made=lambda v, _: v * v,
    ),
    ("smma", "smma"): Match(smma("close", 20)),
    ("stc", "stc"): Match(
        schaff_cycle(10, 23, 50),
        "one place in ten rows there, over a plain mean of three; the cycle that "
        "Schaff described, and this column is, takes it twice with a weight of a half",
        instead=sma(STC_ONCE.columns[0], 3),
    ),
    ("supertrend", "superTrend"): Match(STOPS["supertrend"]["value"]),
    ("supertrend", "lowerBand"): Match(
        STOPS["supertrend"]["value"], ONE_SIDE, made=only(1.0)
    ),
    ("supertrend", "upperBand"): Match(
        STOPS["supertrend"]["value"], ONE_SIDE, made=only(-1.0)
    ),
    ("t3", "t3"): Match(t3("close", 5), SEED, 52),
    ("tema", "tema"): Match(tema("close", 20), SEED, 213),
    ("trix", "ema3"): Match(triple_ema("close", 14), SEED, 142),
    ("trix", "trix"): Match(trix(14), SEED, 162),
    ("vol-stop", "sar"): Match(
        STOPS["vol-stop"]["value"],
        FIRST_TURN,
        made=after_first_turn,
    ),
    ("vol-stop", "upperBand"): Match(
        STOPS["vol-stop"]["value"], f"{FIRST_TURN}; {ONE_SIDE}", made=stopped(-1.0)
    ),
    ("vol-stop", "lowerBand"): Match(
        STOPS["vol-stop"]["value"], f"{FIRST_TURN}; {ONE_SIDE}", made=stopped(1.0)
    ),
    ("vortex", "pvi"): Match(vortex(14)["plus"]),
    ("vortex", "nvi"): Match(vortex(14)["minus"]),
    ("vwma", "vwma"): Match(vwma(14)),
    ("wma", "wma"): Match(wma("close", 14)),
}
NOT_BUILT = {
    "prs": "price against that of another instrument, whose bars were not published",
}
FIELDS_NOT_BUILT = {
    ("heikinashi", "volume"): "the volume of the bar as it is",
    ("sma-analysis", "mad"): "a deviation from the mean is no trend: see volatility",
    ("sma-analysis", "mape"): "as mad, in shares of each close",
}


@pytest.fixture(scope="module")
def spy(market_data):
    """Bars of SPY, and what was published of them: values by (indicator, field)."""
    bars = pl.read_parquet(market_data / "equity" / "bars_1d_index.parquet")
    bars = bars.filter(pl.col("symbol") == "SPY").sort("ts")
    names = ("open", "high", "low", "close", "volume")
    columns = {name: bars[name].cast(float).to_numpy() for name in names}
    values = {}
    table = pl.read_parquet(market_data / "reference" / "indicators_spy.parquet")
    mine = table.filter(pl.col("indicator").is_in(GROUP))
    for key, rows in mine.drop_nulls("value").group_by("indicator", "field"):
        values[key] = np.full(bars.height, np.nan)
        values[key][rows["row"].to_numpy()] = rows["value"].to_numpy()
    return columns, values


def computed(source, columns):
    """Values of a column, and the outputs beside it."""
    output = source.output if isinstance(source, Column) else "value"
    feature = source.feature if isinstance(source, Column) else source
    bank = Bank([feature])
    found = run_history(bank, Subject(bank).rows(columns))
    beside = dict(zip(feature.family.kernel.outputs, found, strict=True))
    return beside[output], beside


def compared(match, columns):
    """Our column, brought to what is published."""
    bars = match.bent(columns) if match.bent else columns
    values, beside = computed(match.instead or match.column, bars)
    return match.made(values, {**columns, **beside}) if match.made else values


def near(values, wanted, digits):
    close = 10.0**-digits
    return np.isclose(values, wanted, rtol=close, atol=close, equal_nan=True)


def test_every_published_field_of_the_group_is_in_exactly_one_table(spy):
    _, published = spy
    built = {indicator for indicator, _ in PUBLISHED}
    assert built.isdisjoint(NOT_BUILT)
    assert built | set(NOT_BUILT) == set(GROUP)
    assert FIELDS_NOT_BUILT.keys().isdisjoint(PUBLISHED)
    fields = {key for key in published if key[0] not in NOT_BUILT}
    assert fields == set(PUBLISHED) | set(FIELDS_NOT_BUILT)
    assert all([*NOT_BUILT.values(), *FIELDS_NOT_BUILT.values()])


@pytest.mark.realdata
@pytest.mark.parametrize("key", PUBLISHED, ids="-".join)
def test_column_is_what_was_published(key, spy):
    columns, published = spy
    match, wanted = PUBLISHED[key], published[key]
    values, _ = computed(match.column, columns)
    if not match.reason:
        assert near(values, wanted, 12).all()
        return
    assert not near(values, wanted, 9).all()  # else the reason is out of date
    assert near(compared(match, columns), wanted, 9)[match.since :].all()
    assert np.isfinite(wanted[match.since :]).sum() >= 14

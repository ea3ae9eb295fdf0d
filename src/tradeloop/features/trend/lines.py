"""Lines drawn over or under the bars, made of columns that others use too."""

from dataclasses import replace

from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.distance import distance
from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.base import Feature, Source, positive_rows, suffix
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.trend.adx import adx
from tradeloop.features.trend.averages import midprice, triple_ema
from tradeloop.features.trend.blend import blend, figure, middle, titled
from tradeloop.features.trend.ema import ema, weighted_mean
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.features.trend.movement import movement
from tradeloop.features.trend.sma import sma
from tradeloop.features.volatility.true_range import atr


def ichimoku(
    conversion: int = 9, base: int = 26, span: int = 52, shift: int = 26
) -> tuple[Feature, Feature, Feature, Feature, Feature]:
    """Ichimoku's five lines as a chart shows them now, in price units.

    Tenkan and kijun are of this row. Senkou A and B are those computed ``shift`` rows
    ago, which the chart draws at this row. Chikou is the close less the close ``shift``
    rows ago: the chart draws it back there, where it was not known yet. So no column
    looks ahead.
    """
    tenkan, kijun = (
        replace(midprice(n), name=f"ichimoku_{kind}_{n}")
        for n, kind in ((conversion, "tenkan"), (base, "kijun"))
    )
    half = middle(
        f"ichimoku_half_{conversion}_{base}", tenkan.columns[0], kijun.columns[0]
    )
    lead_a = lag(half.columns[0], shift)
    lead_b = lag(midprice(span).columns[0], shift)
    return (
        tenkan,
        kijun,
        titled(lead_a, f"ichimoku_senkou_a_{conversion}_{base}"),
        titled(lead_b, f"ichimoku_senkou_b_{span}"),
        titled(change("close", shift), f"ichimoku_chikou_{shift}"),
    )


def chandelier_exit(n: int = 22, multiple: float = 3.0) -> tuple[Feature, Feature]:
    """Highest high less, and lowest low plus, ``multiple`` ATRs over n rows."""
    window, width = extremes(n), atr(n).columns[0]
    name = f"chandelier_{n}_{figure(multiple)}"
    return (
        blend(f"{name}_long", (1.0, window["highest"]), (-multiple, width)),
        blend(f"{name}_short", (1.0, window["lowest"]), (multiple, width)),
    )


def elder_ray(n: int = 13) -> tuple[Feature, Feature]:
    """Bull power ``high - ema(close)`` and bear power ``low - ema(close)``."""
    mean = ema("close", n).columns[0]
    return (
        titled(difference("high", mean), f"elder_ray_{n}_bull"),
        titled(difference("low", mean), f"elder_ray_{n}_bear"),
    )


def dpo(n: int = 20, x: Source = "close") -> Feature:
    """Detrended price: the value n / 2 + 1 rows ago less the mean of n rows.

    The form without look-ahead: a chart draws it n / 2 + 1 rows further left.
    """
    old = lag(x, n // 2 + 1).columns[0]
    return titled(difference(old, sma(x, n).columns[0]), f"dpo_{n}{suffix(x, 'close')}")


def trix(n: int = 15, x: Source = "close") -> Feature:
    """Change of a triple exponential mean over one row, in per cent; TA-Lib TRIX."""
    mean = triple_ema(x, n).columns[0]
    moved, old = change(mean, 1).columns[0], lag(mean, 1).columns[0]
    return titled(ratio(moved, old, 100.0), f"trix_{n}{suffix(x, 'close')}_pct")


def pmo(first: int = 35, second: int = 20, signal: int = 10) -> tuple[Feature, Feature]:
    """Price momentum oscillator and its signal, both free of scale.

    Ten times the per cent change of the close over one row, smoothed twice with the
    weights 2 / first and 2 / second, and its exponential mean.
    """
    moved = distance(
        "close", lag("close", 1).columns[0], name="close_change_1_bps"
    ).columns[0]
    once = weighted_mean(f"pmo_once_{first}", moved, first, 2 / first).columns[0]
    name = f"pmo_{first}_{second}"
    twice = weighted_mean(f"{name}_twice", once, second, 2 / second).columns[0]
    line = blend(name, (0.1, twice))  # basis points as tenths of a per cent
    return line, replace(ema(line.columns[0], signal), name=f"{name}_signal_{signal}")


def adxr(n: int = 14) -> Feature:
    """ADX half way to what it was n - 1 rows ago, 0 to 100; TA-Lib ADXR."""
    now = adx(positive_rows(n, "adxr", 2))["adx"]
    return middle(f"adxr_{n}", now, lag(now, n - 1).columns[0])


def directional_movement(n: int = 14) -> tuple[Feature, Feature]:
    """Wilder's sums of movement over n rows, price units; TA-Lib PLUS_DM, MINUS_DM.

    A sum begins with n - 1 movements; then a share 1 / n leaves at each row.
    """
    n = positive_rows(n, "directional_movement", 2)
    moved = movement()

    def summed(kind: str) -> Feature:
        # sum = (n - 1) * mean, where the mean has the weights 1 / (n - 1) and 1 - 1 / n
        mean = weighted_mean(
            f"{kind}_dm_{n}_mean", moved[kind], n - 1, 1 / (n - 1), 1 - 1 / n
        )
        return blend(f"{kind}_dm_{n}", (n - 1.0, mean.columns[0]))

    return summed("plus"), summed("minus")


def regression_line(n: int, x: Source = "close") -> tuple[Feature, Feature]:
    """Intercept and forecast of the straight line through n rows, in the unit of x.

    The intercept is the line at the oldest row, the forecast at the next one; at this
    row it is ``linear_regression(n)["end"]``. TA-Lib LINEARREG_INTERCEPT and TSF.
    """
    fit = linear_regression(n, x)
    name = f"linear_regression_{n}{suffix(x, 'close')}"
    return (
        blend(f"{name}_intercept", (1.0, fit["end"]), (1.0 - n, fit["slope"])),
        blend(f"{name}_forecast", (1.0, fit["end"]), (1.0, fit["slope"])),
    )

"""Averages made of averages: double and triple means, HMA, T3, envelopes."""

from dataclasses import replace
from math import isqrt

from tradeloop.errors import InputError
from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.base import (
    Column,
    Feature,
    Source,
    name_of,
    positive_rows,
    suffix,
)
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.trend.blend import (
    blend,
    figure,
    median_price,
    middle,
    titled,
)
from tradeloop.features.trend.ema import ema, wilder
from tradeloop.features.trend.sma import sma
from tradeloop.features.trend.wma import wma

_SHARE = 0.7  # of the lag that T3 takes away


def _chain(x: Source, n: int, times: int) -> list[Column]:
    """Exponential means of exponential means, the first one first."""
    found: list[Column] = []
    for _ in range(times):
        mean = ema(found[-1] if found else x, n)
        if found:
            mean = replace(mean, name=f"ema{len(found) + 1}_{n}{suffix(x, 'close')}")
        found.append(mean.columns[0])
    return found


def _name(kind: str, n: int, x: Source) -> str:
    return f"{kind}_{n}{suffix(x, 'close')}"


def dema(x: Source, n: int) -> Feature:
    """``2 * ema - ema(ema)``: an exponential mean less its own lag; TA-Lib DEMA."""
    one, two = _chain(x, n, 2)
    return blend(_name("dema", n, x), (2.0, one), (-1.0, two))


def tema(x: Source, n: int) -> Feature:
    """``3 * ema - 3 * ema(ema) + ema(ema(ema))``; TA-Lib TEMA."""
    one, two, three = _chain(x, n, 3)
    return blend(_name("tema", n, x), (3.0, one), (-3.0, two), (1.0, three))


def t3(x: Source, n: int = 5, v: float = _SHARE) -> Feature:
    """Tillson's T3: six exponential means, less their lag by a share v; TA-Lib T3."""
    if not 0.0 <= v <= 1.0:
        raise InputError(
            f"t3 takes away a share of the lag from 0 to 1, had {v}.",
            way_out="The usual one is 0.7.",
            source="t3",
        )
    three, four, five, six = _chain(x, n, 6)[2:]
    square, cube = v * v, v * v * v
    usual = "" if v == _SHARE else f"_{figure(v)}"
    return blend(
        f"{_name('t3', n, x)}{usual}",
        (-cube, six),
        (3.0 * (square + cube), five),
        (-6.0 * square - 3.0 * (v + cube), four),
        (1.0 + 3.0 * v + cube + 3.0 * square, three),
    )


def triple_ema(x: Source, n: int) -> Feature:
    """Exponential mean of an exponential mean of an exponential mean, for TRIX."""
    return _chain(x, n, 3)[-1].feature


def trima(x: Source, n: int) -> Feature:
    """Mean with weights that rise to the middle and fall again; TA-Lib TRIMA."""
    n = positive_rows(n, "trima")
    longer, shorter = n // 2 + 1, (n + 1) // 2
    mean = sma(sma(x, shorter).columns[0], longer)
    return replace(mean, name=_name("trima", n, x))


def hma(x: Source, n: int) -> Feature:
    """Hull: weighted mean of ``2 * wma(n / 2) - wma(n)`` over sqrt(n); TA-Lib HMA.

    Half and root are rounded down.
    """
    n = positive_rows(n, "hma", 2)
    short, long = wma(x, n // 2).columns[0], wma(x, n).columns[0]
    raw = blend(_name("hma_raw", n, x), (2.0, short), (-1.0, long))
    return replace(wma(raw.columns[0], isqrt(n)), name=_name("hma", n, x))


def zlema(x: Source, n: int) -> Feature:
    """Exponential mean of ``2 * x - x[t - (n - 1) / 2]``; TA-Lib ZLEMA."""
    n = positive_rows(n, "zlema", 3)
    old = lag(x, (n - 1) // 2).columns[0]
    raw = blend(_name("zlema_raw", n, x), (2.0, x), (-1.0, old))
    return replace(ema(raw.columns[0], n), name=_name("zlema", n, x))


def smma(x: Source, n: int) -> Feature:
    """Smoothed mean: Wilder's, whose weight is 1 / n; TA-Lib RMA."""
    return replace(wilder(x, n), name=_name("smma", n, x))


def midpoint(x: Source, n: int) -> Feature:
    """Half way between the highest and the lowest of n values; TA-Lib MIDPOINT."""
    window = extremes(n, x, x)
    return middle(_name("midpoint", n, x), window["highest"], window["lowest"])


def midprice(n: int) -> Feature:
    """Half way between the highest high and the lowest low; TA-Lib MIDPRICE."""
    window = extremes(n)
    return middle(f"midprice_{n}", window["highest"], window["lowest"])


def envelope(mean: Source, pct: float = 2.5) -> tuple[Feature, Feature]:
    """Lines ``pct`` per cent above and below a mean; their names say it in bps."""
    if not pct > 0.0:
        raise InputError(
            f"An envelope stands some per cent off its mean, had {pct}.",
            way_out="The usual distance is 2.5.",
            source=name_of(mean),
        )
    share, bps = pct / 100.0, figure(100.0 * pct)
    return (
        blend(f"envelope_{bps}_upper_{name_of(mean)}", (1.0 + share, mean)),
        blend(f"envelope_{bps}_lower_{name_of(mean)}", (1.0 - share, mean)),
    )


def alligator() -> tuple[Feature, Feature, Feature]:
    """Jaw, teeth and lips: smoothed means of the middle of the bar as plotted now.

    That is: computed 8, 5 and 3 rows ago, over 13, 8 and 5 rows.
    """
    parts = ((13, 8, "jaw"), (8, 5, "teeth"), (5, 3, "lips"))
    jaw, teeth, lips = (
        titled(lag(wilder(median_price(), n).columns[0], late), f"alligator_{part}")
        for n, late, part in parts
    )
    return jaw, teeth, lips

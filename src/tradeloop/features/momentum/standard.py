"""Momentum columns that the catalogue publishes."""

from dataclasses import replace

from tradeloop.features.arithmetic.above import above, below
from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.crossed import crossed, crossed_over
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.distance import distance
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.base import Column, Feature, Source
from tradeloop.features.momentum.cci import cci
from tradeloop.features.momentum.composed import (
    accelerator,
    apo,
    awesome,
    balance_of_power,
    cmo,
    cmo_plain,
    connors_rsi,
    coppock,
    gator,
    intraday_momentum,
    kdj,
    kst,
    only,
    ppo,
    smi,
    tsi,
    ultimate,
)
from tradeloop.features.momentum.fisher import fisher
from tradeloop.features.momentum.mcginley import mcginley
from tradeloop.features.momentum.rate_of_change import roc
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.momentum.stochastic import (
    stochastic,
    stochastic_fast,
    stochastic_rsi,
)
from tradeloop.features.momentum.williams_r import williams_r
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.sma import sma

Wanted = list[Feature | Column]
_GROUP = "momentum"
_ROUNDING = 1e-9  # of oscillators of some ten: a line and its mean are often equal


def standard() -> Wanted:
    """Columns over bars; those in price units say so in the catalogue."""
    return [*_changes(), *_bounded(), *_lines(), *_flags(), *_crossings()]


def titled(feature: Feature, name: str) -> Feature:
    """Return a feature of another group under a name of this one."""
    return replace(feature, name=name, category="technical", group=_GROUP)


def _bps(feature: Feature) -> Feature:
    name = f"{feature.name}_bps"
    return ratio(only(feature), "close", 1e4, name=name, group=_GROUP)


def _changes() -> Wanted:
    """How far the price went."""
    return [
        *(roc(n) for n in (1, 3, 5, 10, 20, 60)),
        *(titled(change("close", n), f"momentum_{n}") for n in (5, 10, 20)),
        kst(),
        titled(sma(only(kst()), 9), "kst_signal_9"),
        coppock(),
        *_dynamic(),
    ]


def _dynamic() -> Wanted:
    mean = only(mcginley(14))
    name = "close_to_mcginley_14_bps"
    return [mean, distance("close", mean, name=name, group=_GROUP)]


def _bounded() -> Wanted:
    """Oscillators between two bounds."""
    return [
        *(rsi(n) for n in (2, 7, 14, 30)),
        stochastic(14),
        stochastic_fast(14),
        stochastic_rsi(),
        stochastic_rsi(14, 5, 1, 3),
        titled(kdj()[0], "kdj_9_3_3_k"),
        titled(kdj()[1], "kdj_9_3_3_d"),
        kdj()[2],
        *(williams_r(n) for n in (14, 50)),
        *(cmo(n) for n in (14, 30)),
        cmo_plain(14),
        ultimate(),
        tsi(),
        titled(ema(only(tsi()), 7), "tsi_25_13_signal_7"),
        smi(),
        titled(ema(only(smi()), 3), "smi_13_25_2_signal_3"),
        connors_rsi(),
        intraday_momentum(14),
        balance_of_power(),
        titled(sma(only(balance_of_power()), 14), "balance_of_power_14"),
    ]


def _lines() -> Wanted:
    """Oscillators without bounds."""
    line, rest = only(ppo(12, 26)), ppo_signal()
    return [
        *(cci(n) for n in (14, 20)),
        apo(12, 26),
        ppo(12, 26),
        rest,
        difference(
            line,
            only(rest),
            name="ppo_12_26_histogram_9_pct",
            category="technical",
            group=_GROUP,
        ),
        awesome(),
        _bps(awesome()),
        _bps(accelerator()),
        fisher(10),
        *(_bps(each) for each in gator()),
    ]


def ppo_signal(n: int = 9) -> Feature:
    """Exponential mean of the PPO of 12 and 26 rows, in per cent."""
    return titled(ema(only(ppo(12, 26)), n), f"ppo_12_26_signal_{n}_pct")


def outside(name: str, x: Source, low: float, high: float) -> tuple[Feature, Feature]:
    """1 where an oscillator is overbought (above high), and oversold (below low)."""
    return (
        above(x, high, name=f"{name}_overbought", group=_GROUP),
        below(x, low, name=f"{name}_oversold", group=_GROUP),
    )


def _flags() -> Wanted:
    """Oscillators beyond their usual marks."""
    k = stochastic(14)["k"]
    return [
        *outside("rsi_14", only(rsi(14)), 30, 70),
        *outside("stochastic_14_3_3", k, 20, 80),
        *outside("williams_r_14", only(williams_r(14)), -80, -20),
        *outside("cci_20", only(cci(20)), -100, 100),
    ]


def _crossings() -> Wanted:
    """Rows in which a line crosses a level, or its own mean."""
    slow, turn = stochastic(14), fisher(10)
    signal = titled(ema(only(tsi()), 7), "tsi_25_13_signal_7")
    over = {
        "stochastic_14_3_3_k_crossed_d": (slow["k"], slow["d"]),
        "ppo_12_26_crossed_signal_9": (only(ppo(12, 26)), only(ppo_signal())),
        "tsi_25_13_crossed_signal_7": (only(tsi()), only(signal)),
        "fisher_10_crossed_trigger": (turn["value"], turn["trigger"]),
    }
    levels = {
        "rsi_14_crossed_50": (only(rsi(14)), 50.0),
        "awesome_5_34_crossed_0": (only(awesome()), 0.0),
    }
    return [
        *(crossed(x, at, name=n, group=_GROUP) for n, (x, at) in levels.items()),
        *(
            crossed_over(x, y, slack=_ROUNDING, name=n, group=_GROUP)
            for n, (x, y) in over.items()
        ),
    ]

"""The bank that a run takes when it names no other."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from tradeloop.clock import NS_PER_DAY
from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.distance import distance
from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.arithmetic.level import level
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.bank import Bank
from tradeloop.features.base import Column, Feature
from tradeloop.features.microstructure.imbalance import imbalance
from tradeloop.features.microstructure.order_flow import order_flow_share
from tradeloop.features.microstructure.spread import spread
from tradeloop.features.microstructure.weighted_mid import weighted_mid
from tradeloop.features.momentum.cci import cci
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.momentum.stochastic import stochastic
from tradeloop.features.momentum.williams_r import williams_r
from tradeloop.features.rolling.correlation import autocorrelation
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.rolling.percentile import percentile
from tradeloop.features.rolling.root_mean import root_mean
from tradeloop.features.rolling.share import signed_volume_share
from tradeloop.features.rolling.skew import skew
from tradeloop.features.rolling.zscore import zscore
from tradeloop.features.structure.range_position import range_position
from tradeloop.features.temporal.cycle import day_of_week, time_of_day
from tradeloop.features.trend.adx import adx
from tradeloop.features.trend.efficiency_ratio import efficiency_ratio
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.features.trend.macd import macd
from tradeloop.features.trend.sma import sma
from tradeloop.features.volatility.bollinger import bollinger
from tradeloop.features.volatility.donchian import donchian
from tradeloop.features.volatility.ewma_volatility import ewma_volatility
from tradeloop.features.volatility.range_volatility import range_variance
from tradeloop.features.volatility.realised_volatility import realised_volatility
from tradeloop.features.volatility.true_range import atr
from tradeloop.features.volume.mfi import mfi
from tradeloop.features.volume.obv import obv

Wanted = list[Feature | Column]
_COMPOSING = ("arithmetic", "rolling")
_CHANGES = (1, 20)
_CREDIT = ("baa_yield_pct", "aaa_yield_pct")


def default_bank(
    interval_ns: int,
    *,
    has_quotes: bool,
    has_volume: bool = True,
    has_sizes: bool = True,
    extra: Sequence[str] = (),
) -> Bank:
    """Bank of scale-free features; none needs more than 61 rows to warm up.

    Periods count rows, so the same bank serves any interval.

    Parameters
    ----------
    interval_ns : int
        Length of a bar. Below a day, the time of day is a feature.
    has_quotes : bool
        Whether bars bring bid and ask.
    has_volume : bool
        Whether bars bring volume; with quotes, signed volume too.
    has_sizes : bool
        Whether the quotes bring sizes.
    extra : sequence of str
        Other numeric columns of the bars, such as macro series joined by release. Each
        gives its level and its change over 1 and 20 rows; ``baa_yield_pct`` and
        ``aaa_yield_pct`` together give the credit spread too.
    """
    wanted = [
        *_grouped("trend", _trend()),
        *_oscillators(),
        *_grouped("volatility", _risk()),
        *_grouped("volume", _volume(has_volume=has_volume)),
        *_clock(interval_ns),
    ]
    if has_quotes:
        quotes = _quotes(has_volume=has_volume, has_sizes=has_sizes)
        wanted += _grouped("microstructure", quotes)
    return Bank([*wanted, *_grouped("cross_asset", _series(extra))])


def bank_for(bars: pl.DataFrame, interval_ns: int, extra: Sequence[str] = ()) -> Bank:
    """`default_bank` for what these bars bring: a column without a value is absent."""

    def brings(*names: str) -> bool:
        held = (n in bars.columns and bars[n].null_count() < bars.height for n in names)
        return all(held)

    return default_bank(
        interval_ns,
        has_quotes=brings("bid", "ask"),
        has_volume=brings("volume"),
        has_sizes=brings("bid_size", "ask_size"),
        extra=tuple(name for name in extra if brings(name)),
    )


def _grouped(group: str, items: Wanted) -> Wanted:
    """Put composed features under what they are about."""
    return [
        replace(item, group=group)
        if isinstance(item, Feature)
        and item.family.group in _COMPOSING
        and not item.group
        else item
        for item in items
    ]


def _trend() -> Wanted:
    line = macd(12, 26, 9)
    fit = linear_regression(20)
    return [
        *(log_return(n) for n in (1, 2, 5, 10, 20, 60)),
        *(distance("close", sma("close", n).columns[0]) for n in (10, 50)),
        distance("close", ema("close", 20).columns[0]),
        ratio(line["line"], "close", 1e4, name="macd_12_26_9_line_bps"),
        ratio(line["histogram"], "close", 1e4, name="macd_12_26_9_histogram_bps"),
        adx(14),
        ratio(fit["slope"], "close", 1e4, name="linear_regression_20_slope_bps"),
        fit["r2"],
        efficiency_ratio(20),
        autocorrelation(log_return(1).columns[0], 60),
        distance("open", lag("close", 1).columns[0], name="gap_bps", group="structure"),
    ]


def _oscillators() -> Wanted:
    return [
        rsi(14),
        rsi(2),
        stochastic(14),
        williams_r(14),
        cci(20),
        bollinger(20),
        donchian(20),
        range_position(),
    ]


def _risk() -> Wanted:
    bar, top = range_variance(), extremes(60)
    short, long = (realised_volatility(n) for n in (10, 60))
    month = realised_volatility(20)
    return [
        ratio(atr(14).columns[0], "close", 1e4, name="natr_14_bps", category="risk"),
        short,
        month,
        long,
        *(
            root_mean(bar[kind], 20, name=f"{kind}_20_bps")
            for kind in ("parkinson", "garman_klass", "rogers_satchell")
        ),
        ewma_volatility(),
        ratio(
            short.columns[0],
            long.columns[0],
            name="volatility_ratio_10_60",
            category="risk",
        ),
        percentile(month.columns[0], 250, 20, name="volatility_percentile_250"),
        distance("close", top["highest"], name="drawdown_60_bps", category="risk"),
        distance("close", top["lowest"], name="rebound_60_bps", category="risk"),
        skew(log_return(1).columns[0], 60),
    ]


def _volume(*, has_volume: bool) -> Wanted:
    if not has_volume:
        return []
    return [
        zscore(obv().columns[0], 20),
        ratio("volume", sma("volume", 20).columns[0], name="relative_volume_20"),
        mfi(14),
    ]


def _clock(interval_ns: int) -> Wanted:
    return [day_of_week(), *([time_of_day()] if interval_ns < NS_PER_DAY else [])]


def _quotes(*, has_volume: bool, has_sizes: bool) -> Wanted:
    sized: Wanted = [imbalance(), weighted_mid(), order_flow_share(20)]
    return [
        spread(),
        *(sized if has_sizes else []),
        *([signed_volume_share(20)] if has_volume else []),
    ]


def _series(extra: Sequence[str]) -> Wanted:
    found: Wanted = []
    for name in extra:
        found += [level(name), *(change(name, n) for n in _CHANGES)]
    if set(_CREDIT) <= set(extra):
        credit = difference(*_CREDIT, name="credit_spread_pct")
        found += [credit, change(credit.columns[0], _CHANGES[-1])]
    return found

"""Columns of volatility that the catalogue publishes."""

from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.distance import distance
from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.arithmetic.level import level
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.base import Column, Feature
from tradeloop.features.rolling.moments import moments
from tradeloop.features.rolling.percentile import percentile
from tradeloop.features.rolling.root_mean import root_mean
from tradeloop.features.trend.ema import ema
from tradeloop.features.volatility.bipower import bipower
from tradeloop.features.volatility.bollinger import bollinger
from tradeloop.features.volatility.channel import (
    bollinger_bands,
    deviation_channel,
    keltner,
    starc,
)
from tradeloop.features.volatility.choppiness import choppiness
from tradeloop.features.volatility.close_to_close import close_to_close
from tradeloop.features.volatility.deviation import deviation
from tradeloop.features.volatility.donchian import donchian
from tradeloop.features.volatility.donchian_lines import donchian_lines
from tradeloop.features.volatility.ewma_volatility import ewma_volatility
from tradeloop.features.volatility.garch import garch
from tradeloop.features.volatility.mass_index import mass_index
from tradeloop.features.volatility.range_volatility import range_variance
from tradeloop.features.volatility.realised_volatility import realised_volatility
from tradeloop.features.volatility.semivariance import semivariance
from tradeloop.features.volatility.true_range import atr, true_range
from tradeloop.features.volatility.ulcer import ulcer
from tradeloop.features.volatility.yang_zhang import yang_zhang

Wanted = list[Feature | Column]
_GROUP = "volatility"


def standard() -> Wanted:
    """Columns with the usual periods; all have their first value after 60 rows."""
    return [*_channels(), *_ranges(), *_returns(), *_shapes()]


def _channels() -> Wanted:
    bands = bollinger_bands(20)
    return [
        *(bands[output] for output in ("upper", "middle", "lower")),
        bollinger(20),
        donchian(20),
        donchian_lines(20),
        donchian_lines(55),
        keltner(),
        starc(),
        deviation_channel(),
        deviation(20),
    ]


def _ranges() -> Wanted:
    mean, bar = atr(14).columns[0], range_variance()
    return [
        true_range(),
        level(mean, "risk", name="atr_14", group=_GROUP),
        ratio(mean, "close", 100, name="natr_14", category="risk", group=_GROUP),
        ratio(
            true_range().columns[0],
            mean,
            name="true_range_per_atr_14",
            category="risk",
            group=_GROUP,
        ),
        distance("high", "low", name="high_low_range_bps", group=_GROUP),
        *(
            root_mean(bar[kind], 20, name=f"{kind}_20_bps", group=_GROUP)
            for kind in ("parkinson", "garman_klass", "rogers_satchell")
        ),
        yang_zhang(20),
        yang_zhang(60),
    ]


def _returns() -> Wanted:
    short, month, long = (realised_volatility(n).columns[0] for n in (10, 20, 60))
    swing = moments(month, 20)
    return [
        *(realised_volatility(n) for n in (10, 20, 60)),
        close_to_close(20),
        close_to_close(60),
        ewma_volatility(),
        ewma_volatility(0.97, 60),
        garch(),
        semivariance(20),
        bipower(20),
        ratio(
            short,
            long,
            name="volatility_ratio_10_60",
            category="risk",
            group=_GROUP,
        ),
        percentile(
            month,
            250,
            20,
            name="volatility_percentile_250",
            category="risk",
            group=_GROUP,
        ),
        ratio(
            swing["std"],
            swing["mean"],
            name="volatility_of_volatility_20",
            category="risk",
            group=_GROUP,
        ),
    ]


def _shapes() -> Wanted:
    swell = ema(difference("high", "low").columns[0], 10).columns[0]
    return [
        choppiness(),
        mass_index(),
        ulcer(),
        distance(
            swell,
            lag(swell, 10).columns[0],
            name="chaikin_volatility_10_10_bps",
            group=_GROUP,
        ),
    ]

"""Volume columns that the catalogue publishes."""

from tradeloop.features.arithmetic.above import above, below
from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.distance import distance
from tradeloop.features.base import Column, Feature
from tradeloop.features.momentum.rate_of_change import roc
from tradeloop.features.rolling.correlation import correlation
from tradeloop.features.rolling.zscore import zscore
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.sma import sma
from tradeloop.features.volume.chaikin import chaikin
from tradeloop.features.volume.composed import (
    chaikin_money_flow,
    distribution_line,
    dollar_volume,
    ease_of_movement,
    force,
    force_share,
    from_price,
    kvo,
    kvo_share,
    only,
    price_volume_trend,
    pvo,
    relative_volume,
    rolling_vwap,
    titled,
    up_volume_balance,
    volume_against_prior,
)
from tradeloop.features.volume.mfi import mfi
from tradeloop.features.volume.obv import obv
from tradeloop.features.volume.session_vwap import session_vwap
from tradeloop.features.volume.volume_index import volume_index
from tradeloop.features.volume.volume_profile import volume_profile

Wanted = list[Feature | Column]
_GROUP = "volume"
_MONTH = 20


def standard() -> Wanted:
    """Columns over bars with volume; those in units of price or volume say so."""
    return [*_averages(), *_flows(), *_amounts(), *_lines(), volume_profile(50)]


def _averages() -> Wanted:
    """Average prices of what was traded."""
    session = only(session_vwap())
    return [
        session,
        from_price(session, "close_to_session_vwap_bps"),
        *(
            from_price(only(rolling_vwap(n)), f"close_to_rolling_vwap_{n}_bps")
            for n in (20, 60)
        ),
    ]


def _flows() -> Wanted:
    """Volume by the direction in which the price went."""
    flow = only(mfi(14))
    return [
        mfi(14),
        above(flow, 80.0, name="mfi_14_overbought", group=_GROUP),
        below(flow, 20.0, name="mfi_14_oversold", group=_GROUP),
        chaikin_money_flow(),
        chaikin(),
        *(force(n) for n in (2, 13)),
        force_share(),
        ease_of_movement(),
        titled(zscore(only(ease_of_movement()), 60), "ease_of_movement_14_zscore_60"),
        up_volume_balance(_MONTH),
        up_volume_balance(50),
    ]


def _amounts() -> Wanted:
    """How much was traded."""
    traded, flow = only(dollar_volume()), only(pvo())
    moved = only(change("close", 1))
    return [
        *(relative_volume(n) for n in (5, _MONTH)),
        volume_against_prior(_MONTH),
        *(titled(zscore("volume", n), f"volume_zscore_{n}") for n in (_MONTH, 60)),
        *(titled(roc(n, "volume"), f"volume_roc_{n}_pct") for n in (1, 5, _MONTH)),
        dollar_volume(),
        titled(sma(traded, _MONTH), f"dollar_volume_{_MONTH}"),
        pvo(),
        titled(ema(flow, 9), "pvo_12_26_signal_9_pct"),
        titled(
            correlation(moved, "volume", _MONTH), f"price_volume_correlation_{_MONTH}"
        ),
    ]


def _lines() -> Wanted:
    """Lines that add up since history began, and how they stand to their past."""
    index, trend = volume_index(), only(price_volume_trend())
    return [
        obv(),
        titled(zscore(only(obv()), _MONTH), f"obv_zscore_{_MONTH}"),
        distribution_line(),
        titled(zscore(only(distribution_line()), _MONTH), f"ad_line_zscore_{_MONTH}"),
        price_volume_trend(),
        titled(zscore(trend, _MONTH), f"price_volume_trend_zscore_{_MONTH}"),
        kvo(),
        titled(ema(only(kvo()), 13), "kvo_34_55_signal_13"),
        kvo_share(),
        index,
        *(
            from_index(index[side], f"{side}_volume_index_to_ema_60_bps")
            for side in ("negative", "positive")
        ),
    ]


def from_index(line: Column, name: str) -> Feature:
    """Distance of an index from its exponential mean of 60 rows, in bps."""
    return distance(line, only(ema(line, 60)), name=name, group=_GROUP)

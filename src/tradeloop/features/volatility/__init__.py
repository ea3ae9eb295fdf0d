"""How far the price swings."""

from tradeloop.features.volatility import (
    bipower,
    bollinger,
    channel,
    choppiness,
    close_to_close,
    deviation,
    donchian,
    donchian_lines,
    ewma_volatility,
    garch,
    mass_index,
    range_volatility,
    realised_volatility,
    semivariance,
    session_returns,
    true_bar,
    true_range,
    ulcer,
    yang_zhang,
)

ALL = (
    bipower.FAMILY,
    bollinger.FAMILY,
    channel.FAMILY,
    choppiness.FAMILY,
    close_to_close.FAMILY,
    deviation.FAMILY,
    donchian.FAMILY,
    donchian_lines.FAMILY,
    ewma_volatility.FAMILY,
    garch.FAMILY,
    mass_index.FAMILY,
    range_volatility.FAMILY,
    realised_volatility.FAMILY,
    semivariance.FAMILY,
    session_returns.FAMILY,
    true_bar.FAMILY,
    true_range.FAMILY,
    ulcer.FAMILY,
    yang_zhang.FAMILY,
)

__all__ = ["ALL"]

"""Quotes, trades and the book."""

from tradeloop.features.microstructure import (
    amihud,
    corwin_schultz,
    effective_spread,
    imbalance,
    intensity,
    kyle,
    microprice,
    mid_volatility,
    order_flow,
    realised_spread,
    recent,
    roll,
    run_length,
    spread,
    trade_sign,
    vpin,
    weighted_mid,
)

ALL = (
    amihud.FAMILY,
    corwin_schultz.FAMILY,
    effective_spread.FAMILY,
    imbalance.FAMILY,
    intensity.FAMILY,
    kyle.FAMILY,
    microprice.FAMILY,
    mid_volatility.FAMILY,
    order_flow.FAMILY,
    realised_spread.FAMILY,
    recent.FAMILY,
    roll.FAMILY,
    run_length.FAMILY,
    spread.FAMILY,
    trade_sign.FAMILY,
    vpin.FAMILY,
    weighted_mid.FAMILY,
)

__all__ = ["ALL"]

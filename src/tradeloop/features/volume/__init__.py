"""What trades behind the price."""

from tradeloop.features.volume import (
    chaikin,
    klinger,
    mfi,
    money_flow,
    obv,
    session_vwap,
    volume_index,
    volume_profile,
)

ALL = (
    chaikin.FAMILY,
    klinger.FAMILY,
    mfi.FAMILY,
    money_flow.FAMILY,
    obv.FAMILY,
    session_vwap.FAMILY,
    volume_index.FAMILY,
    volume_profile.FAMILY,
)

__all__ = ["ALL"]

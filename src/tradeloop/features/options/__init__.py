"""What option prices say."""

from tradeloop.features.base import Family
from tradeloop.features.options import (
    forward_greeks,
    greeks,
    implied_volatility,
    volatility_premium,
)
from tradeloop.features.options.chain import ChainRule, chain_state, contract_columns
from tradeloop.features.options.contracts import (
    implied,
    price_on_forward,
    price_on_spot,
)
from tradeloop.features.options.live_chain import LiveChain

ALL: tuple[Family, ...] = (
    forward_greeks.FAMILY,
    greeks.FAMILY,
    implied_volatility.FAMILY,
    volatility_premium.FAMILY,
)

__all__ = [
    "ALL",
    "ChainRule",
    "LiveChain",
    "chain_state",
    "contract_columns",
    "implied",
    "price_on_forward",
    "price_on_spot",
]

"""What was known at the decision: one definition for history and live."""

from tradeloop.features import (
    arithmetic,
    cross_asset,
    microstructure,
    momentum,
    options,
    patterns,
    risk,
    rolling,
    sentiment,
    structure,
    temporal,
    trend,
    volatility,
    volume,
)
from tradeloop.features.bank import Bank, Entry
from tradeloop.features.base import Column, Family, Feature
from tradeloop.features.compute import compute
from tradeloop.features.default import bank_for, default_bank
from tradeloop.features.live import LiveBank
from tradeloop.features.regime import RegimeRule, regime

ALL = (
    *arithmetic.ALL,
    *cross_asset.ALL,
    *microstructure.ALL,
    *momentum.ALL,
    *options.ALL,
    *patterns.ALL,
    *risk.ALL,
    *rolling.ALL,
    *sentiment.ALL,
    *structure.ALL,
    *temporal.ALL,
    *trend.ALL,
    *volatility.ALL,
    *volume.ALL,
)

__all__ = [
    "ALL",
    "Bank",
    "Column",
    "Entry",
    "Family",
    "Feature",
    "LiveBank",
    "RegimeRule",
    "bank_for",
    "compute",
    "default_bank",
    "regime",
]

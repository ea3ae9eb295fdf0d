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
from tradeloop.features.catalogue import entries, standard, standard_bank
from tradeloop.features.choice import FeatureChoice
from tradeloop.features.compute import compute
from tradeloop.features.default import bank_for, default_bank
from tradeloop.features.lanes import Lane, Lanes
from tradeloop.features.live import LiveBank
from tradeloop.features.own import feature, load_features
from tradeloop.features.regime import ALL as REGIME
from tradeloop.features.regime import RegimeRule, regime
from tradeloop.features.streams import compute_streams
from tradeloop.features.timeframes import LiveTimeframe, on, resample

ALL = (
    *arithmetic.ALL,
    *cross_asset.ALL,
    *microstructure.ALL,
    *momentum.ALL,
    *options.ALL,
    *patterns.ALL,
    *REGIME,
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
    "FeatureChoice",
    "Lane",
    "Lanes",
    "LiveBank",
    "LiveTimeframe",
    "RegimeRule",
    "bank_for",
    "compute",
    "compute_streams",
    "default_bank",
    "entries",
    "feature",
    "load_features",
    "on",
    "regime",
    "resample",
    "standard",
    "standard_bank",
]

"""Kinds of features, in the names of the contract."""

from typing import Literal

FeatureType = Literal[
    "market_microstructure",
    "sentiment",
    "technical",
    "options",
    "risk",
    "temporal",
    "cross_asset",
]

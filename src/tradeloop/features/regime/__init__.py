"""State of the market: by rules, and as chances of a filter."""

from tradeloop.features.regime import (
    regime_filter,
    regime_measures,
)
from tradeloop.features.regime.fit import fit_regime
from tradeloop.features.regime.model import RegimeModel, usual_model
from tradeloop.features.regime.rules import NEEDED, RegimeRule, regime

ALL = (
    regime_filter.FAMILY,
    regime_measures.FAMILY,
)

__all__ = [
    "ALL",
    "NEEDED",
    "RegimeModel",
    "RegimeRule",
    "fit_regime",
    "regime",
    "usual_model",
]

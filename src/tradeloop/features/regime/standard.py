"""Chances of regimes that are published unless others are asked for."""

from tradeloop.features.base import Column, Feature
from tradeloop.features.regime.regime_filter import regime_filter
from tradeloop.features.regime.regime_measures import regime_measures


def standard() -> list[Feature | Column]:
    """Measures of the regime, and chances by the usual model, which nothing fitted."""
    return [regime_measures(), regime_filter()]

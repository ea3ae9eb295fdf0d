"""What trading costs: one model for labels, gate and back-test."""

from tradeloop.costs.model import ZERO, CostModel

__all__ = ["ZERO", "CostModel"]

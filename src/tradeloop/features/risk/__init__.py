"""What a portfolio or an instrument risks: losses, drawdowns, exposure."""

from tradeloop.features.risk import (
    downside,
    drawdown,
    gaussian_loss,
    historical_loss,
    max_drawdown,
)

ALL = (
    downside.FAMILY,
    drawdown.FAMILY,
    gaussian_loss.FAMILY,
    historical_loss.FAMILY,
    max_drawdown.FAMILY,
)

__all__ = ["ALL"]

"""Tradeloop: every trading decision becomes a training row that cannot leak."""

__version__ = "0.1.0"

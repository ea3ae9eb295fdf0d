"""Tradeloop: every trading decision becomes a training row that cannot leak."""

from tradeloop.apps.client import AsyncClient, Client

__version__ = "0.1.0"

__all__ = ["AsyncClient", "Client", "__version__"]

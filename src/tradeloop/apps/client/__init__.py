"""The client: a decision is durable when `Client.emit` returns, and arrives once."""

from tradeloop.apps.client.asynchronous import AsyncClient
from tradeloop.apps.client.client import Client
from tradeloop.apps.client.delivery import Sending

__all__ = ["AsyncClient", "Client", "Sending"]

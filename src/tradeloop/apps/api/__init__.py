"""People and machines come in over HTTP."""

from tradeloop.apps.api.app import create

__all__ = ["create"]

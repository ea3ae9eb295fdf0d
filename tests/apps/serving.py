"""The API in this process, over a fresh workspace."""

import warnings
from contextlib import contextmanager, nullcontext

from tradeloop.apps.api import create
from tradeloop.apps.rules import load_rules
from tradeloop.apps.settings import load
from tradeloop.clock import LiveClock
from tradeloop.events import Principal
from tradeloop.pipelines.collected import Usual
from tradeloop.pipelines.serve import open_served

with warnings.catch_warnings():
    # Starlette asks for a successor of httpx that is not locked yet.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

ME = Principal("default", "me")


@contextmanager
def api_over(folder, clock=None):
    """Give a client of the API, and what the server holds open."""
    settings = load(folder)
    usual = Usual(load_rules(folder / settings.rules), None, None)
    places = settings.places(folder)
    with (
        open_served(places, settings.acting(), clock or LiveClock(), usual) as served,
        TestClient(
            create(lambda: nullcontext(served)), raise_server_exceptions=False
        ) as client,
    ):
        yield client, served

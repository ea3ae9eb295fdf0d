"""The HTTP API: health, figures, documentation and the training-data routes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Response
from fastapi_swagger import patch_fastapi

from tradeloop import __version__
from tradeloop.apps.api import capture, models, problems, signals
from tradeloop.apps.api.meters import Meters
from tradeloop.apps.api.training_data import router
from tradeloop.apps.api.wire import Problem
from tradeloop.errors import BusyError
from tradeloop.feedback import Policy
from tradeloop.pipelines.serve import Served

# Swagger UI would send the page's address to a validator on the internet.
_DOCS = {"validatorUrl": None, "tryItOutEnabled": True, "displayRequestDuration": True}
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in ((404, "not found"), (409, "conflict"), (422, "invalid input"))
}


def create(
    opened: Callable[[], AbstractContextManager[Served]],
    policy: Callable[[], Policy] = Policy,
) -> FastAPI:
    """Build the application.

    Parameters
    ----------
    opened : callable
        Opens the workspace when the application starts; it is closed when it stops.
    policy : callable
        Reads the promotion policy in force; the default one where nothing is given.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with opened() as served:
            app.state.served, app.state.collector = served, served.collector
            yield

    app = FastAPI(
        title="Tradeloop",
        version=__version__,
        summary="Every trading decision becomes a training row that cannot leak.",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=lifespan,
        responses=_ERRORS,
    )
    meters = Meters()
    meters.install(app)
    problems.install(app)
    patch_fastapi(app, swagger_ui_parameters=_DOCS)
    app.include_router(router)
    app.include_router(capture.router)
    app.include_router(signals.router)
    app.include_router(models.router)
    app.state.policy = policy
    app.state.draining = False
    capture.prepare(app.state)
    signals.prepare(app.state)
    _observe(app, meters)
    return app


def _observe(app: FastAPI, meters: Meters) -> None:
    @app.get("/healthz", tags=["health"])
    def healthz() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"], responses={503: {"model": Problem}})
    def readyz() -> dict[str, str]:
        """Say that journal, catalog and lake can be read."""
        if app.state.draining:
            raise BusyError("The server is ending; it answers what it has taken.")
        app.state.collector.check()
        return {"status": "ready"}

    @app.get("/metrics", tags=["health"], response_class=Response)
    def metrics() -> Response:
        """Write the figures in Prometheus' form."""
        return meters.text(app.state.collector.ledger())

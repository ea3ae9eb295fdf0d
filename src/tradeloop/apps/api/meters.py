"""Figures for Prometheus: requests, their time, and the ledger of decisions."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from tradeloop.clock import monotonic_s

_BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Meters:
    """One registry for one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ("method", "route", "status")
        self._requests = Counter(
            "tradeloop_requests", "Requests answered", names, registry=self.registry
        )
        self._seconds = Histogram(
            "tradeloop_request_seconds",
            "Seconds from request to answer",
            ("route",),
            buckets=_BOUNDS_S,
            registry=self.registry,
        )
        self._ledger = Gauge(
            "tradeloop_decisions",
            "Decisions by state",
            ("state",),
            registry=self.registry,
        )

    def text(self, ledger: dict[str, int]) -> Response:
        """Write all figures in Prometheus' form."""
        for state, count in ledger.items():
            self._ledger.labels(state).set(count)
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

    def install(self, app: FastAPI) -> None:
        """Time every request under the name of its route, never its raw path."""

        @app.middleware("http")
        async def _timed(
            request: Request, answer: Callable[[Request], Awaitable[Response]]
        ) -> Response:
            began_s, status = monotonic_s(), "500"
            try:
                response = await answer(request)
                status = str(response.status_code)
                return response
            finally:
                route = getattr(request.scope.get("route"), "path", "unknown")
                self._requests.labels(request.method, route, status).inc()
                self._seconds.labels(route).observe(monotonic_s() - began_s)

"""``tradeloop serve``: the API under uvicorn, on loopback."""

import ipaddress
import socket
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from tradeloop.apps.choosing import rules_of
from tradeloop.apps.registering import policy_of
from tradeloop.apps.rules import load_signal_rules
from tradeloop.apps.settings import FILE, load
from tradeloop.clock import LiveClock
from tradeloop.errors import BusyError, InputError, MissingExtraError
from tradeloop.events import duration_ns
from tradeloop.pipelines.collected import Usual
from tradeloop.pipelines.serve import DRAIN_S, Address, address_shown, open_served

TURN_S = 0.0005
"""How long a thread computes before another may: the writer's turns are short."""


def prepare(
    folder: Path, *, host: str | None = None, port: int | None = None
) -> Mapping[str, Any]:
    """Check that the workspace of ``folder`` can be served, and where.

    Returns
    -------
    mapping
        ``url`` and ``folder``.

    Raises
    ------
    InputError
        The folder holds no workspace, or the address is open to other machines.
    BusyError
        The port is taken.
    """
    settings = load(folder)
    address, gate = host or settings.host, port or settings.port
    _require_loopback(address)
    journal = settings.places(folder).journal
    made = isinstance(journal, str) or journal.is_file()
    if not made and not (folder / FILE).is_file():
        raise InputError(
            f"There is no journal here, and no {FILE}.",
            way_out="Run 'tradeloop demo', 'tradeloop run' or 'tradeloop init' first, "
            "or name its folder.",
            source=str(folder),
        )
    _require_free(address, gate)
    return {"url": f"http://{address}:{gate}", "folder": str(folder)}


def serve(folder: Path, *, host: str | None = None, port: int | None = None) -> None:
    """Serve the workspace of ``folder`` until interrupted.

    Raises
    ------
    BusyError
        Another process writes the journal.
    MissingExtraError
        FastAPI or uvicorn is not installed.
    """
    settings = load(folder)
    usual = Usual(
        rules=rules_of(settings, folder),
        horizon_ns=duration_ns(settings.horizons[0]) if settings.horizons else None,
        benchmark=settings.benchmark or None,
    )
    places, principal = settings.places(folder), settings.acting()
    try:
        import uvicorn  # noqa: PLC0415  # an extra

        from tradeloop.apps.api import create  # noqa: PLC0415  # needs FastAPI
        from tradeloop.apps.draining import DrainingServer  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "serve") from error
    address, gate = host or settings.host, port or settings.port
    with (
        open_served(
            places,
            principal,
            LiveClock(),
            usual,
            broker=settings.broker,
            signals=load_signal_rules(folder / settings.rules, usual.rules),
        ) as served,
        address_shown(places, Address(f"http://{address}:{gate}", served.token)),
    ):
        api = create(lambda: nullcontext(served), lambda: policy_of(folder))
        config = uvicorn.Config(
            api,
            host=address,
            port=gate,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=int(DRAIN_S) - 2,
        )
        # A thread that computes lets the writer's short turns in ten times sooner.
        sys.setswitchinterval(TURN_S)
        DrainingServer(config, api.state).run()


def _require_loopback(host: str) -> None:
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise InputError(
            f"The API has no keys yet, so it serves loopback only, not {host!r}.",
            way_out="Use 127.0.0.1, and a proxy with authentication before it.",
            source="host",
        )


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BusyError(
                f"Port {port} on {host} is taken. Name another one with --port."
            ) from error

"""``tradeloop doctor``: what is there and what is not, as a table."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.markup import escape

from tradeloop import __version__
from tradeloop.apps.settings import FILE, load
from tradeloop.apps.terminal import answers, table
from tradeloop.errors import TradeloopError
from tradeloop.pipelines.administer import examine_journal

_MINIMUM_FREE_GB = 2.0
_PARTS = (
    ("numba", "features: compiled steps", ""),
    ("polars", "frames", ""),
    ("apsw", "journal: a SQLite with the WAL-reset fix", ""),
    ("sqlalchemy", "catalog", ""),
    ("arch", "bootstrap; the demo's market data", "models"),
    ("xgboost-cpu", "training", "models"),
    ("onnxruntime", "scoring", "models"),
    ("mlflow-skinny", "tracking and registry", "models"),
    ("matplotlib", "report", "report"),
    ("fastapi", "HTTP API", "serve"),
    ("ta-lib", "peer of the benchmarks, oracle of the tests", "dev"),
)
Row = tuple[str, str, str]  # part, state (ok, absent, wrong), what


def examine(folder: Path) -> Mapping[str, Any]:
    """Look at the machine, the parts and the workspace of ``folder``.

    Returns
    -------
    mapping
        ``checks``: list of part, state (``ok``, ``absent``, ``wrong``) and detail.
    """
    rows = [*_machine(folder), *_parts(), *_workspace(folder)]
    return {
        "checks": [
            {"part": part, "state": state, "detail": detail}
            for part, state, detail in rows
        ]
    }


def show(answer: Mapping[str, Any]) -> None:
    """Print the table."""
    colour = {"ok": "green", "absent": "yellow", "wrong": "red"}
    rows = [
        (c["part"], f"[{colour[c['state']]}]{c['state']}[/]", escape(c["detail"]))
        for c in answer["checks"]
    ]
    answers.print(table("", ("part", "state", "detail"), rows))


def _machine(folder: Path) -> Iterator[Row]:
    supported = sys.version_info >= (3, 11)
    yield "tradeloop", "ok", __version__
    yield "python", "ok" if supported else "wrong", platform.python_version()
    yield "processor", "ok", f"{os.cpu_count()} cores, {platform.machine()}"
    nearest = next(
        p for p in (folder.absolute(), *folder.absolute().parents) if p.exists()
    )
    free_gb = shutil.disk_usage(nearest).free / 1e9
    state = "ok" if free_gb >= _MINIMUM_FREE_GB else "wrong"
    yield "disk", state, f"{free_gb:.1f} GB free at {nearest}"
    yield "network", "ok", "no part asks a foreign host; telemetry of all parts is off"


def _parts() -> Iterator[Row]:
    for name, use, extra in _PARTS:
        try:
            yield name, "ok", f"{version(name)}: {use}"
        except PackageNotFoundError:
            yield name, "absent", f"{use}; pip install 'tradeloop[{extra or 'all'}]'"


def _workspace(folder: Path) -> Iterator[Row]:
    file = folder / FILE
    yield FILE, "ok" if file.is_file() else "absent", str(file)
    try:
        settings = load(folder)
        places = settings.places(folder)
    except TradeloopError as error:
        yield "settings", "wrong", str(error)
        return
    yield "tenant", "ok", f"{settings.tenant}, as {settings.principal}"
    for name in ("journal", "catalog", "tracking", "lake", "artefacts"):
        place: Path | str = getattr(places, name)
        told = isinstance(place, str) or place.exists()  # a server is not asked
        yield name, "ok" if told else "absent", str(place)
    if isinstance(places.journal, str) or places.journal.exists():
        try:
            yield "ledger", "ok", examine_journal(places, settings.acting())
        except TradeloopError as error:
            yield "ledger", "wrong", str(error)

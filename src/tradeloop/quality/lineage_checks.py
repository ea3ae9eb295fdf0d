"""What an OpenLineage run event must have: our own list of its required members."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

_TYPES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:.+")
_FACET_MEMBERS = {
    "schema": ("fields",),
    "columnLineage": ("fields",),
    "dataSource": (),
    "version": ("datasetVersion",),
    "dataQualityMetrics": ("columnMetrics",),
}


def faults_of(event: Mapping[str, Any]) -> list[str]:
    """Say what an event lacks; nothing if it is sound.

    Parameters
    ----------
    event : mapping
        A RunEvent as plain data.
    """
    return [*_head(event), *_datasets(event)]


def _head(event: Mapping[str, Any]) -> Iterator[str]:
    for name in ("eventTime", "producer", "schemaURL", "run", "job"):
        if name not in event:
            yield f"{name} is absent"
    if event.get("eventType") not in _TYPES:
        yield f"eventType {event.get('eventType')!r} is unknown"
    for name in ("namespace", "name"):
        if not event.get("job", {}).get(name):
            yield f"job.{name} is absent"
    yield from _forms(event)


def _forms(event: Mapping[str, Any]) -> Iterator[str]:
    for name in ("producer", "schemaURL"):
        if not _URI.fullmatch(str(event.get(name, ""))):
            yield f"{name} is no URI"
    try:
        at = datetime.fromisoformat(str(event.get("eventTime", "")))
        if at.tzinfo is None:
            yield "eventTime has no zone"
    except ValueError:
        yield "eventTime is no instant"
    try:
        UUID(str(event.get("run", {}).get("runId", "")))
    except ValueError:
        yield "run.runId is no UUID"


def _datasets(event: Mapping[str, Any]) -> Iterator[str]:
    for side in ("inputs", "outputs"):
        for place, dataset in enumerate(event.get(side, ())):
            where = f"{side}[{place}]"
            for name in ("namespace", "name"):
                if not dataset.get(name):
                    yield f"{where}.{name} is absent"
            facets = dict(dataset.get("facets", {})) | dict(
                dataset.get("inputFacets", {})
            )
            for name, facet in facets.items():
                yield from _facet(f"{where}.{name}", name, facet)


def _facet(where: str, name: str, facet: Mapping[str, Any]) -> Iterator[str]:
    for member in ("_producer", "_schemaURL", *_FACET_MEMBERS.get(name, ())):
        if member not in facet:
            yield f"{where}.{member} is absent"
    if name == "schema":
        for column in facet.get("fields", ()):
            if "name" not in column:
                yield f"{where}: a column has no name"
    if name == "columnLineage":
        for column, made in facet.get("fields", {}).items():
            yield from _column(f"{where}.{column}", made)


def _column(where: str, made: Mapping[str, Any]) -> Iterator[str]:
    if "inputFields" not in made:
        yield f"{where}.inputFields is absent"
    for each in made.get("inputFields", ()):
        for member in ("namespace", "name", "field"):
            if not each.get(member):
                yield f"{where}.{member} is absent"
        for change in each.get("transformations", ()):
            if change.get("type") not in ("DIRECT", "INDIRECT"):
                yield f"{where}: a transformation has no type"

"""``/api/v1``: messages and ticks come in, and what came in is accounted for."""

from asyncio import wrap_future
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from tradeloop.apps.api.body import Room, body_of
from tradeloop.apps.api.commanded import commanded
from tradeloop.apps.api.wire import (
    EventsAnswer,
    FileAnswer,
    FileRequest,
    GapsAnswer,
    Problem,
    ReconcileAnswer,
    ReconcileRequest,
    StatusAnswer,
    TicksAnswer,
)
from tradeloop.pipelines.accept import Accepted, Form
from tradeloop.pipelines.serve import Served

router = APIRouter(prefix="/api/v1", tags=["capture"])

_FORMS: dict[str, Form] = {
    "application/json": "json",
    "application/cloudevents+json": "json",
    "application/cloudevents-batch+json": "json",
    "application/x-ndjson": "ndjson",
}
_ARROW = "application/vnd.apache.arrow.stream"
_MOST_TICK_BYTES = 64 << 20
_ROOM, _TICK_ROOM = 32 << 20, 256 << 20
_TOO_MUCH: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in (
        (408, "the body did not arrive"),
        (413, "too large: send it in parts"),
        (415, "another form than is read here"),
        (429, "too much at once: send it again after Retry-After seconds"),
        (503, "the server is ending: send it again"),
        (507, "no space left: send it again after Retry-After seconds"),
    )
}
_EVENTS_IN = {
    "requestBody": {
        "required": True,
        "description": "CloudEvents 1.0: one, an array, or one a line; gzip is read.",
        "content": {
            name: {"schema": {} if form == "json" else {"type": "string"}}
            for name, form in _FORMS.items()
        },
    }
}
_TICKS_IN = {
    "requestBody": {
        "required": True,
        "content": {_ARROW: {"schema": {"type": "string", "format": "binary"}}},
    }
}


def prepare(state: Any) -> None:
    """Give an application what its requests share."""
    state.uploads = set()
    state.room, state.tick_room = Room(_ROOM), Room(_TICK_ROOM)


def _served(request: Request) -> Served:
    served: Served = request.app.state.served
    return served


@router.post(
    "/events",
    response_model=EventsAnswer,
    openapi_extra=_EVENTS_IN,
    responses=_TOO_MUCH,
)
async def events(request: Request) -> Any:
    """Store messages; each is durable when it is answered.

    A message is ``stored``, a ``duplicate`` of one with the same content, a
    ``conflict`` with one of another content, which is kept, or ``quarantined`` with
    the reason. Send a request again that was not answered: nothing is stored twice.
    """
    form = _FORMS.get(_media_type(request))
    if form is None:
        raise HTTPException(415, f"Content-Type must be one of {', '.join(_FORMS)}.")
    served = _served(request)
    async with body_of(request, request.app.state.room) as data:
        promise = served.door.send(served.principal, data, form)
        return JSONResponse(_told(promise.kept(await wrap_future(promise.receipts))))


def _told(kept: list[Accepted]) -> dict[str, Any]:
    counts = Counter(one.receipt.status for one in kept)
    return {
        **{name: counts[name] for name in ("stored", "duplicate", "conflict")},
        "quarantined": counts["quarantined"],
        "results": [
            {"id": one.receipt.event_id, "status": one.receipt.status}
            | {"seq": one.receipt.seq}
            | ({"reason": one.reason} if one.reason else {})
            for one in kept
        ],
    }


@router.post(
    "/ticks/{kind}",
    response_model=TicksAnswer,
    openapi_extra=_TICKS_IN,
    responses=_TOO_MUCH,
)
async def ticks(
    request: Request,
    kind: str,
    source: Annotated[str, Query(min_length=1, max_length=256)],
    n: Annotated[int, Query(ge=1, lt=1 << 62)],
    epoch: Annotated[int, Query(ge=0, lt=1 << 62)] = 0,
) -> Any:
    """Store a batch of ticks, an Arrow IPC stream; it is durable when it is answered.

    Rows that break a rule are set aside with their reason, their neighbours stored.
    ``n`` is the number of the batch among all that the source sends, from 1: a batch
    that is sent again under it is stored once.
    """
    if _media_type(request) != _ARROW:
        raise HTTPException(415, f"Content-Type must be {_ARROW}.")
    room = request.app.state.tick_room
    async with body_of(request, room, _MOST_TICK_BYTES) as data:
        submitted = await run_in_threadpool(
            _served(request).take, kind, data, source, epoch=epoch, n=n
        )
        taken = await wrap_future(submitted)
    return TicksAnswer(status=taken.status, rows=taken.rows, quarantined=taken.refused)


@router.post("/capture/file", response_model=list[FileAnswer])
def file(
    request: Request,
    asked: FileRequest,
    authorization: Annotated[str, Header()] = "",
) -> Any:
    """Capture files of this machine, for ``tradeloop capture file``.

    The token stands beside the journal, in a file that only its owner can read.
    """
    served = commanded(request, authorization)
    paths = [Path(path) for path in asked.paths]
    columns = None if asked.columns is None else Path(asked.columns)
    return [one.as_mapping() for one in served.capture(paths, columns)]


@router.post("/capture/reconcile", response_model=ReconcileAnswer)
def reconcile(
    request: Request,
    asked: ReconcileRequest,
    authorization: Annotated[str, Header()] = "",
) -> Any:
    """Compare the stream with the journal, for ``tradeloop capture reconcile``."""
    served = commanded(request, authorization)
    return asdict(served.reconcile(mend=asked.repair))


@router.get("/capture/status", response_model=StatusAnswer)
def status(request: Request) -> Any:
    """Show received = labelled + pending + censored + quarantined."""
    return _served(request).status()


@router.get("/capture/gaps", response_model=GapsAnswer)
def gaps(request: Request) -> Any:
    """Show for each source which of its numbers are missing."""
    return _served(request).gaps()


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()

"""Two roads to the journal: a server, or the workspace while nobody serves it."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradeloop.apps.client.delivery import LaterError, Outcome, RefusedError
from tradeloop.clock import Clock
from tradeloop.errors import (
    BusyError,
    FullError,
    InputError,
    OverloadedError,
)

if TYPE_CHECKING:
    import httpx

    from tradeloop.events import Principal
    from tradeloop.pipelines.serve import Doors

_EVENTS, _TICKS = "/api/v1/events", "/api/v1/ticks"
_NDJSON = "application/x-ndjson"
_ARROW = "application/vnd.apache.arrow.stream"
_REFUSED = (413, 422)
"""How the API says no for ever; any other answer is of the road, not of the message."""
_LONGEST_S = 30.0
_COMMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch of ticks: rows kept, and rows set aside."""

    status: str
    rows: int
    quarantined: int


class Server:
    """The road over HTTP.

    Parameters
    ----------
    url : str
        Such as ``http://127.0.0.1:8800``.
    """

    def __init__(self, url: str) -> None:
        self.url, self._client = url.rstrip("/"), None

    _client: "httpx.Client | None"

    def send(self, body: bytes) -> list[Outcome]:
        """Post the messages; see `tradeloop.apps.client.delivery.Road`."""
        answer = self._posted(_EVENTS, body, _NDJSON, {})
        try:
            return [
                Outcome(one["id"], one["status"], one.get("reason", ""))
                for one in answer.json()["results"]
            ]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise LaterError(f"{self.url} answered with no results.") from error

    def ticks(self, kind: str, data: bytes, source: str, epoch: int, n: int) -> Batch:
        """Post a batch of ticks, an Arrow IPC stream; durable when it is answered.

        Raises
        ------
        LaterError
            Nothing is known of the batch: send it again under the same number.
        RefusedError
            It is refused as a whole, and always will be.
        """
        query: dict[str, str | int] = {"source": source, "epoch": epoch, "n": n}
        answer = self._posted(f"{_TICKS}/{kind}", data, _ARROW, query)
        try:
            told = answer.json()
            return Batch(told["status"], told["rows"], told["quarantined"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise LaterError(f"{self.url} answered with no result.") from error

    def rest(self) -> None:
        """Close idle connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _posted(
        self, path: str, body: bytes, form: str, query: Mapping[str, str | int]
    ) -> "httpx.Response":
        import httpx  # noqa: PLC0415  # a client that stays local needs none

        if self._client is None:
            self._client = httpx.Client(timeout=_LONGEST_S, trust_env=False)
        try:
            answer = self._client.post(
                self.url + path,
                content=body,
                headers={"Content-Type": form},
                params=query,
            )
        except httpx.HTTPError as error:
            raise LaterError(f"{self.url}: {type(error).__name__}: {error}") from error
        if answer.status_code in _REFUSED:
            raise RefusedError(
                f"{self.url} refused what was sent: {answer.text[:500]}",
                way_out="A client keeps it in its spool, under 'refused'.",
            )
        if answer.status_code != httpx.codes.OK:
            said = f"{self.url}: {answer.status_code} {answer.text[:500]}"
            raise LaterError(said, _after_s(answer))
        return answer


def _after_s(answer: "httpx.Response") -> float | None:
    try:
        return max(0.0, float(answer.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


class Workspace:
    """The road into the journal of a folder; over its server while one holds it.

    Parameters
    ----------
    folder : Path
        Folder of a workspace, with its settings.
    clock : Clock
        Says when something came.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._open: ExitStack | None = None
        self._doors: tuple[Doors, Principal] | None = None
        self._server: Server | None = None

    def send(self, body: bytes) -> list[Outcome]:
        """Store the messages; see `tradeloop.apps.client.delivery.Road`."""
        try:
            doors, principal = self._doors or self._opened()
        except BusyError as error:
            return self._over_http(error).send(body)
        try:
            promise = doors.door.send(principal, body, "ndjson")
            kept = promise.kept(promise.receipts.result(_COMMIT_S))
        except InputError as error:
            raise RefusedError(error.message, way_out=error.way_out) from error
        except (FullError, TimeoutError) as error:
            raise LaterError(str(error)) from error
        except OverloadedError as error:
            raise LaterError(str(error), error.retry_after_s) from error
        return [Outcome(k.receipt.event_id, k.receipt.status, k.reason) for k in kept]

    def ticks(self, kind: str, data: bytes, source: str, epoch: int, n: int) -> Batch:
        """Store a batch of ticks; see `Server.ticks`."""
        try:
            doors, principal = self._doors or self._opened()
        except BusyError as error:
            return self._over_http(error).ticks(kind, data, source, epoch, n)
        try:
            taken = doors.ticks.submit(
                principal, kind, data, source=source, epoch=epoch, n=n
            ).result(_COMMIT_S)
        except (FullError, TimeoutError) as error:
            raise LaterError(str(error)) from error
        except OverloadedError as error:
            raise LaterError(str(error), error.retry_after_s) from error
        return Batch(taken.status, taken.rows, taken.refused)

    def rest(self) -> None:
        """Let others write the journal."""
        if self._open is not None:
            self._open.close()
        if self._server is not None:
            self._server.rest()
        self._open = self._doors = self._server = None

    def _opened(self) -> "tuple[Doors, Principal]":
        from tradeloop.apps.settings import load  # noqa: PLC0415  # heavy, local only
        from tradeloop.pipelines.serve import open_doors  # noqa: PLC0415

        settings = load(self._folder)
        stack = ExitStack()
        doors = stack.enter_context(
            open_doors(settings.places(self._folder), self._clock)
        )
        self._open, self._doors = stack, (doors, settings.acting())
        return self._doors

    def _over_http(self, busy: BusyError) -> Server:
        from tradeloop.apps.settings import load  # noqa: PLC0415  # heavy, local only
        from tradeloop.pipelines.serve import served_at  # noqa: PLC0415

        address = served_at(load(self._folder).places(self._folder))
        if address is None:
            raise LaterError(str(busy)) from busy
        if self._server is None or self._server.url != address.url:
            self._server = Server(address.url)
        return self._server


def road_to(target: str | Path, clock: Clock) -> "Server | Workspace":
    """Choose the road to a URL or a folder.

    Raises
    ------
    InputError
        A URL that is not http or https.
    """
    text = str(target)
    scheme, found, _ = text.partition("://")
    if not found:
        return Workspace(Path(target), clock)
    if scheme not in {"http", "https"}:
        raise InputError(
            f"A client sends to a folder or to http(s)://, was {text!r}.",
            way_out="Name the address that 'tradeloop serve' prints.",
            source="target",
        )
    return Server(text)

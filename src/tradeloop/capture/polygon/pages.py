"""Pages of the vendor's REST API: asked for with the key, again where it must wait."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from tradeloop.capture.polygon.access import FeedError, Key, endpoint
from tradeloop.clock import NS_PER_SECOND, Clock
from tradeloop.errors import InputError, OverloadedError
from tradeloop.events.strict_json import loads

if TYPE_CHECKING:
    import httpx

_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_REFUSED = (401, 403)
_OK = 200
_PAGE_BYTES = 64 << 20
_SHOWN = 300
_STOPPED = "The download was asked to stop; what came before is durable."


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to ask again, and how long to wait before.

    Parameters
    ----------
    tries : int
        How often one page is asked for. The free plan gives five pages a minute: the
        waits together must be longer than that.
    first_s, longest_s : float
        The wait doubles from the first to the longest. A longer wait that the vendor
        asks for ends the download.
    timeout_s : float
        How long to wait for an answer.
    """

    tries: int = 8
    first_s: float = 1.0
    longest_s: float = 120.0
    timeout_s: float = 60.0

    def wait_s(self, tried: int) -> float:
        """Return the wait after so many tries that failed, from 1."""
        return min(self.longest_s, self.first_s * 2.0 ** (tried - 1))


@dataclass(frozen=True, slots=True)
class _Later:
    reason: str
    after_s: float | None = None


class Pages:
    """The vendor's answers, page by page; opens no connection before it is asked.

    Parameters
    ----------
    key : Key
        Of the user's account; goes out in the header of each request.
    clock : Clock
        For a ``Retry-After`` that names a time.
    url : str
        Where the vendor is; https, or this machine.
    stop : threading.Event
        Ends every wait.
    patience : Patience
        How often to ask.
    """

    def __init__(
        self,
        key: Key,
        clock: Clock,
        *,
        url: str,
        stop: threading.Event,
        patience: Patience,
    ) -> None:
        self._key, self._clock, self._stop = key, clock, stop
        self._url = endpoint(url, secure="https", plain="http", path=False)
        self._patience = patience
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def pages(
        self, path: str, query: Mapping[str, str | int]
    ) -> Iterator[Mapping[str, Any]]:
        """Ask for all pages of one question, in order.

        Parameters
        ----------
        path : str
            Such as ``/v3/trades/AAPL``.
        query : mapping
            Parameters, without the key.

        Yields
        ------
        mapping
            A page as it came; ``results`` is a list.

        Raises
        ------
        InputError
            The vendor refuses the key or the question.
        OverloadedError
            It asks for a longer wait than the patience allows.
        FeedError
            It does not answer as documented, however often it is asked.
        """
        target: str | None = f"{path}?{urlencode(query)}"
        asked: set[str] = set()
        while target is not None:
            if target in asked:
                raise FeedError("The vendor's pages go round in a circle.")
            asked.add(target)
            page = self._page(target)
            yield page
            target = _next(page.get("next_url"))

    def _page(self, target: str) -> Mapping[str, Any]:
        if self._stop.is_set():
            raise FeedError(_STOPPED)
        tried = 0
        while True:
            found = self._ask(target)
            if not isinstance(found, _Later):
                return found
            tried += 1
            if tried >= self._patience.tries:
                raise FeedError(
                    f"The vendor did not answer in {tried} tries: {found.reason}."
                )
            self._wait(found, tried)

    def _wait(self, later: _Later, tried: int) -> None:
        wait_s = later.after_s
        if wait_s is None:
            wait_s = self._patience.wait_s(tried)
        if wait_s > self._patience.longest_s:
            raise OverloadedError(
                f"The vendor asks to wait: {later.reason}.", retry_after_s=wait_s
            )
        if self._stop.wait(wait_s):
            raise FeedError(_STOPPED)

    def _ask(self, target: str) -> Mapping[str, Any] | _Later:
        import httpx  # noqa: PLC0415  # only where the vendor is asked

        if self._client is None:
            # No settings of the surroundings, no redirect: the key goes one way.
            self._client = httpx.Client(
                timeout=self._patience.timeout_s,
                trust_env=False,
                follow_redirects=False,
            )
        head, url = self._key.header(), self._url + target
        try:
            with self._client.stream("GET", url, headers=head) as answer:
                body = self._key.covered(_limited(answer))
        except httpx.HTTPError as error:
            return _Later(self._key.hidden(f"{type(error).__name__}: {error}"))
        return self._read(answer, body)

    def _read(
        self, answer: "httpx.Response", body: bytes
    ) -> Mapping[str, Any] | _Later:
        status = answer.status_code
        said = self._key.hidden(body[:_SHOWN].decode("utf-8", "replace"))
        if status in _AGAIN:
            return _Later(f"status {status}", self._after_s(answer))
        if status in _REFUSED:
            raise InputError(
                f"The vendor refuses the key or the plan: {said}",
                way_out="Check polygon_key, and what its plan includes.",
            )
        if status != _OK:
            raise InputError(
                f"The vendor answers with status {status}: {said}",
                way_out="Check the ticker and the period.",
            )
        try:
            page = loads(body)
        except InputError as error:
            return _Later(self._key.hidden(str(error)))
        return _checked(page)

    def _after_s(self, answer: "httpx.Response") -> float | None:
        """Read ``Retry-After``: seconds, or a date (RFC 9110)."""
        text = answer.headers.get("Retry-After", "")
        try:
            if text.strip().isdecimal():
                return float(text)
            at_ns = parsedate_to_datetime(text).timestamp() * NS_PER_SECOND
        except (TypeError, ValueError):
            return None
        return max(0.0, (at_ns - self._clock.now_ns()) / NS_PER_SECOND)


def _limited(answer: "httpx.Response") -> bytes:
    """Read an answer as far as one may be long: it may be packed."""
    parts, size = [], 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > _PAGE_BYTES:
            raise FeedError(f"A page of the vendor has more than {_PAGE_BYTES} bytes.")
        parts.append(part)
    return b"".join(parts)


def _checked(page: Any) -> Mapping[str, Any] | _Later:
    """Accept a page that holds what it says it holds."""
    if not isinstance(page, dict):
        return _Later("the page is no object")
    results = page.get("results")
    if results is None:
        page["results"] = results = []
    if not isinstance(results, list):
        return _Later("the results are no list")
    told = page.get("resultsCount")
    if told is not None and told != len(results):
        return _Later(f"a page of {told} results holds {len(results)}")
    return page


def _next(url: Any) -> str | None:
    """Return path and query of the next page.

    The vendor names its host by another name at times; the key stays with the host that
    the user named.
    """
    if not isinstance(url, str) or not url:
        return None
    parts = urlsplit(url)
    query = [(n, v) for n, v in parse_qsl(parts.query) if n.lower() != "apikey"]
    return f"{parts.path}?{urlencode(query)}"

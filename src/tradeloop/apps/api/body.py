"""The body of a request: in time, no larger than is allowed, packed or not."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

from tradeloop.errors import BusyError, OverloadedError

MOST_BYTES = 8 << 20
"""Most bytes of a body, before and after unpacking."""
_GZIP = 16 + zlib.MAX_WBITS
_LONGEST_S = 60.0
"""How long a body may take to arrive."""


class Room:
    """Bytes of bodies that may be held at once; used on the event loop only.

    Parameters
    ----------
    most : int
        One body alone may be larger.
    """

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0

    def take(self, size: int) -> None:
        """Hold more bytes.

        Raises
        ------
        OverloadedError
            There is no room; nothing is taken.
        """
        if self.held and self.held + size > self.most:
            raise OverloadedError(
                f"{self.held:,} bytes of requests wait to be read.", retry_after_s=1.0
            )
        self.held += size


@asynccontextmanager
async def body_of(
    request: Request, room: Room, most: int = MOST_BYTES
) -> AsyncIterator[bytes]:
    """Hold the whole body, unpacked, while the block runs.

    Parameters
    ----------
    request : Request
        Its body has not been read.
    room : Room
        What all bodies share.
    most : int
        Most bytes, also after unpacking: a small packed body may be a large one.

    Raises
    ------
    HTTPException
        413 for a body that is too large, 415 for an encoding other than gzip, 400 for
        one that is no gzip or ends early, 408 for one that does not arrive.
    OverloadedError
        Too much is held already.
    BusyError
        The server ends before the body is there.
    """
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in {"identity", "gzip"}:
        raise HTTPException(415, f"Content-Encoding {encoding[:40]!r}; send gzip.")
    held = 0

    def take(size: int) -> None:
        nonlocal held
        room.take(size)
        held += size

    try:
        body = await _received(request, take, most)
        if encoding == "gzip":
            body = _unpacked(body, most)
            take(len(body))
        yield body
    finally:
        room.held -= held


async def _received(request: Request, take: Callable[[int], None], most: int) -> bytes:
    parts: list[bytes] = []
    size, full = 0, None
    async with _in_time(request.app.state):
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise _too_large(most)
            try:
                if full is None:
                    take(len(part))
                    parts.append(part)
            except OverloadedError as error:
                # The rest is read too: who still sends would not hear the answer.
                full = error
                parts.clear()
    if full is not None:
        raise full
    return b"".join(parts)


@asynccontextmanager
async def _in_time(state: Any) -> AsyncIterator[None]:
    """Bound how long a body arrives; the server's end may make it shorter."""
    limit = asyncio.timeout(_LONGEST_S)
    try:
        async with limit:
            state.uploads.add(limit)
            yield
    except ClientDisconnect:
        raise HTTPException(400, "The connection ended before the body.") from None
    except TimeoutError:
        if state.draining:
            raise BusyError(
                "The server is ending. Send it again in a moment."
            ) from None
        raise HTTPException(408, f"No body in {_LONGEST_S:g} s.") from None
    finally:
        state.uploads.discard(limit)


def _unpacked(body: bytes, most: int) -> bytes:
    try:
        unpacking = zlib.decompressobj(_GZIP)
        data = unpacking.decompress(body, most + 1)
    except zlib.error as error:
        raise HTTPException(400, f"The body is no gzip: {error}.") from error
    if len(data) > most:
        raise _too_large(most)
    if not unpacking.eof or unpacking.unused_data:
        raise HTTPException(400, "The gzip body ends early or goes on after its end.")
    return data


def _too_large(most: int) -> HTTPException:
    return HTTPException(
        413, f"A body may have {most:,} bytes, unpacked too. Send it in parts."
    )

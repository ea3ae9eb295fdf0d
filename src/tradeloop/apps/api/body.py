"""The body of a request, no larger than is allowed, packed or not."""

import zlib

from fastapi import HTTPException, Request

MOST_BYTES = 8 << 20
"""Most bytes of a body, before and after unpacking."""
_GZIP = 16 + zlib.MAX_WBITS


async def read_body(request: Request, most: int = MOST_BYTES) -> bytes:
    """Read the whole body; a packed one is unpacked.

    Parameters
    ----------
    request : Request
        Its body has not been read.
    most : int
        Most bytes, also after unpacking: a small packed body may be a large one.

    Raises
    ------
    HTTPException
        413 for a body that is too large, 415 for an encoding other than gzip, 400 for
        one that is no gzip.
    """
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in {"identity", "gzip"}:
        raise HTTPException(415, f"Content-Encoding {encoding[:40]!r}; send gzip.")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
    body = b"".join(parts)
    return _unpacked(body, most) if encoding == "gzip" else body


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

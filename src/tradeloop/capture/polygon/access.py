"""The user's key and the addresses it may go to.

The key leaves this process in one header of a request, or in one message of a stream,
and nowhere else: no URL, error, log or stored row holds it.
"""

import ipaddress
from typing import NoReturn
from urllib.parse import quote, urlsplit

from tradeloop.errors import InputError, TradeloopError

VENDOR_REST = "https://api.polygon.io"
VENDOR_STREAM = "wss://socket.polygon.io/stocks"
_SHORTEST, _LONGEST = 8, 200
_HIDDEN = "[key]"
_WAY_OUT = "Set polygon_key to the key of your account, without blanks."


class FeedError(TradeloopError):
    """The vendor does not answer, or not as its documentation says."""


class Key:
    """A key that does not show itself.

    Parameters
    ----------
    text : str
        Printable ASCII without blanks, 8 to 200 characters.

    Raises
    ------
    InputError
        It is no such text; the message does not repeat it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        plain = text.isascii() and text.isprintable() and " " not in text
        if not plain or not _SHORTEST <= len(text) <= _LONGEST:
            raise InputError(
                f"The key must be {_SHORTEST} to {_LONGEST} characters of ASCII, and "
                f"has {len(text)}.",
                way_out=_WAY_OUT,
                column="polygon_key",
            )
        self._text = text

    def __repr__(self) -> str:
        return "Key([hidden])"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not written down")

    def header(self) -> dict[str, str]:
        """Header that authorises a request."""
        return {"Authorization": f"Bearer {self._text}"}

    def greeting(self) -> dict[str, str]:
        """Message that authorises a stream."""
        return {"action": "auth", "params": self._text}

    def hidden(self, text: str) -> str:
        """Return a text in which the key, if it is there, is covered."""
        for told in {self._text, quote(self._text, safe="")}:
            text = text.replace(told, _HIDDEN)
        return text

    def covered(self, data: bytes) -> bytes:
        """Return what came with the key covered, before anybody reads it."""
        return data.replace(self._text.encode(), _HIDDEN.encode())


def endpoint(url: str, *, secure: str, plain: str, path: bool) -> str:
    """Check an address that the key may go to.

    Parameters
    ----------
    url : str
        Such as `VENDOR_REST`.
    secure, plain : str
        Its scheme with TLS, and without; the latter is for this machine only.
    path : bool
        Whether it may have a path.

    Returns
    -------
    str
        The address without a slash at its end.

    Raises
    ------
    InputError
        Another scheme, no host, or anything in it that could hold a secret.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("is no address", secure) from None
    # What stands before the host or after the path could be a key: it is not repeated.
    if parts.username is not None or parts.query or parts.fragment or not host:
        raise _refused("must be scheme, host and port", secure)
    if parts.path.strip("/") and not path:
        raise _refused("must have no path", secure)
    if parts.scheme not in {secure, plain}:
        raise _refused(f"has the scheme {parts.scheme[:20]!r}", secure)
    if parts.scheme == plain and not _is_loopback(host):
        raise _refused(f"would show the key to all on the way to {host:.60}", secure)
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(fault: str, secure: str) -> InputError:
    return InputError(
        f"The vendor's address {fault}.",
        way_out=f"Give one like {secure}://HOST; without TLS only this machine's own.",
    )

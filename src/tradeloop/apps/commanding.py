"""Commands that work through the server while it holds the journal."""

from collections.abc import Mapping
from typing import Any

from tradeloop.errors import InputError, TradeloopError
from tradeloop.pipelines.serve import Address

_ROOT = "/api/v1"
_LONGEST_S = 3600.0


def commanded(address: Address, path: str, asked: Mapping[str, Any]) -> Any:
    """Ask the server on loopback to do a command, and return its answer.

    Parameters
    ----------
    address : Address
        Where the workspace is served, with the token of its owner.
    path : str
        Path below ``/api/v1``.
    asked : mapping
        Arguments, as JSON.

    Raises
    ------
    InputError
        The server refuses the input, with its words.
    TradeloopError
        It does not answer, or failed.
    """
    import httpx  # noqa: PLC0415  # only when a server is there

    head = {"Authorization": f"Bearer {address.token}"}
    try:
        answer = httpx.post(
            address.url + _ROOT + path,
            json=dict(asked),
            headers=head,
            timeout=_LONGEST_S,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise TradeloopError(
            f"The server at {address.url} holds the journal but does not answer: "
            f"{error}. Wait for it, or stop it."
        ) from error
    if answer.status_code == httpx.codes.OK:
        return answer.json()
    said = f"The server at {address.url} says: {_detail(answer)}"
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        raise InputError(said, way_out="")
    raise TradeloopError(said)


def _detail(answer: Any) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"

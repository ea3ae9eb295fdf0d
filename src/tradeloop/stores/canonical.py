"""One form of JSON for one content, hashes of it, and chains of hashes."""

import json
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from math import inf
from typing import Any

from tradeloop.events.strict_json import check

GENESIS = "0" * 64  # what the first entry of a chain follows
_INT64 = 2**63


def canonical(value: Any) -> str:
    """Write ``value`` as JSON with sorted keys and no spaces: one text per content.

    Parameters
    ----------
    value : any
        Mappings with text keys, sequences, text, bool, int64, finite float, None.

    Raises
    ------
    InputError
        NaN, an infinity, an integer outside int64, a NUL or a lone surrogate in a text,
        a key that is no text, more than 32 levels, or a value that is no JSON.
    """
    if _is_flat(value):
        try:
            text = _DUMP(value)
        except ValueError:  # NaN or an infinity: the walk says which
            text = _NUL
        if _NUL not in text and _encodes(text):
            return text
    check(value, text_bytes=inf)
    return _DUMP(value)


def spoken(body: Mapping[str, Any]) -> dict[str, Any]:
    """Leave the nulls of the top level out: a field that is null says nothing."""
    return {name: value for name, value in body.items() if value is not None}


def digest(text: str) -> str:
    """SHA-256 of the UTF-8 bytes of ``text``, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def link(previous: str, fields: Sequence[str | int | None]) -> str:
    """Hash of an entry that follows ``previous``: SHA-256(previous, fields)."""
    return digest(previous + _DUMP(list(fields)))


def array(items: Sequence[Any]) -> str:
    """Write texts and numbers that were checked as a JSON array, for SQL."""
    return _DUMP(items)


def _plain(value: Any) -> Any:
    """Read-only mappings and sequences, which `json` does not know."""
    return dict(value) if isinstance(value, Mapping) else list(value)


_DUMP = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    default=_plain,
).encode
_NUL = "\\u0000"
_TEXT = frozenset({str})
_FLAT = frozenset({str, int, float, bool, type(None)})


def _is_flat(value: Any) -> bool:
    """Whether only texts and NaN are left to check: true of most bodies, and cheap.

    So are rows of a table, a list of lists.
    """
    if type(value) is list:
        return all(type(row) is list and _are_flat(row) for row in value)
    return (
        type(value) is dict
        and _TEXT.issuperset(map(type, value))
        and _are_flat(value.values())
    )


def _are_flat(values: Collection[Any]) -> bool:
    return _FLAT.issuperset(map(type, values)) and all(
        -_INT64 <= value < _INT64 for value in values if type(value) is int
    )


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

"""JSON as it may come in: one meaning or a refusal, never a guess.

`json.loads` takes NaN, reads 1e999 as infinity, keeps the last of two equal keys and
knows no bound for depth, integers or text. Here each of them is an `InputError`.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NoReturn

from tradeloop.errors import InputError

DEPTH = 32
"""Levels of arrays and objects that a document may have."""
TEXT_BYTES = 1 << 20
"""UTF-8 bytes that one text may have, a key included."""
_INT64 = 2**63
_DIGITS = 20  # of the least int64, with its sign
_WAY_OUT = "Send JSON (RFC 8259) in UTF-8; write a missing number as null."


def loads(data: bytes | str) -> Any:
    """Read a JSON document.

    Parameters
    ----------
    data : bytes or str
        Bytes are UTF-8 without a byte order mark.

    Returns
    -------
    any
        dict, list, str, int (int64), float (finite), bool or None.

    Raises
    ------
    InputError
        No JSON, wrong UTF-8, a key twice in one object, NaN or an infinity (1e999 is
        one), an integer outside int64, a NUL or a lone surrogate, more than `DEPTH`
        levels, or a text of more than `TEXT_BYTES`.
    """
    text, size = _decoded(data)
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        _deep()
    except InputError:
        raise
    except ValueError as error:
        raise InputError(
            f"This is no JSON: {error!s:.120}.", way_out=_WAY_OUT
        ) from None
    # A NUL and a lone surrogate come in by an escape only; few documents have one.
    if size > TEXT_BYTES or "\\u" in text:
        check(value)
    elif text.count("{") + text.count("[") > DEPTH:
        _check_depth(value, DEPTH)
    return value


def check(value: Any, text_bytes: float = TEXT_BYTES) -> None:
    """Refuse what `loads` would not have given: for values that came another way.

    Parameters
    ----------
    value : any
        Mappings and sequences of any type count as objects and arrays.
    text_bytes : float
        UTF-8 bytes that one text may have.

    Raises
    ------
    InputError
        As `loads`; also a key that is no text and a value that is no JSON.
    """
    _check(value, 0, text_bytes)


def shown(value: Any) -> str:
    """Write a refused value for people: its first 80 characters."""
    try:
        return f"{value!r:.80}"
    except ValueError:  # an integer of more digits than Python writes out
        return "an integer of thousands of digits"


def _decoded(data: bytes | str) -> tuple[str, int]:
    """Return the text and the number of its UTF-8 bytes."""
    try:
        if isinstance(data, str):
            text, size = data, len(data) if data.isascii() else len(data.encode())
        else:
            text, size = data.decode(), len(data)
    except UnicodeError as error:
        raise InputError(
            f"Text must be UTF-8: {error!s:.120}.", way_out=_WAY_OUT
        ) from None
    if text.startswith("\ufeff"):
        raise InputError("JSON begins with a byte order mark.", way_out=_WAY_OUT)
    return text, size


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise InputError(
            f"An object holds the key {twice!r:.80} twice.",
            way_out="Send each key once.",
        )
    return found


def _constant(name: str) -> NoReturn:
    raise InputError(f"{name} is no JSON number.", way_out=_WAY_OUT)


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS or not -_INT64 <= (number := int(digits)) < _INT64:
        raise _no_number(digits)
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise _no_number(digits)
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_constant,
    parse_float=_float,
    parse_int=_integer,
)


def _deep() -> NoReturn:
    raise InputError(
        f"JSON deeper than {DEPTH} levels.", way_out="Send it flatter."
    ) from None


def _check_depth(value: Any, levels: int) -> None:
    if not isinstance(value, dict | list):
        return
    if levels == 0:
        _deep()
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            _check_depth(item, levels - 1)


def _check(value: Any, depth: int, text_bytes: float) -> None:
    if isinstance(value, str):
        _check_text(value, text_bytes)
    elif value is None or isinstance(value, int | float):
        _check_number(value or 0)
    elif depth >= DEPTH:
        _deep()
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check_key(key, text_bytes)
            _check(item, depth + 1, text_bytes)
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for item in value:
            _check(item, depth + 1, text_bytes)
    else:
        raise InputError(
            f"A {type(value).__name__} is no JSON value, was {value!r:.80}.",
            way_out=_WAY_OUT,
        )


def _check_key(key: Any, text_bytes: float) -> None:
    if not isinstance(key, str):
        raise InputError(f"A JSON key must be text, was {key!r:.80}.", way_out=_WAY_OUT)
    _check_text(key, text_bytes)


def _check_text(text: str, text_bytes: float) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = -1
    if size < 0 or "\0" in text:
        raise InputError(
            f"Text must be UTF-8 without NUL, was {text[:40]!r}.", way_out=_WAY_OUT
        )
    if size > text_bytes:
        raise InputError(
            f"A text may have {text_bytes} bytes, this one has {size}.",
            way_out="Send a shorter text.",
        )


def _check_number(number: float) -> None:
    wide = isinstance(number, int) and not -_INT64 <= number < _INT64
    if wide or not isfinite(number):
        raise _no_number(shown(number))


def _no_number(shown: str) -> InputError:
    return InputError(
        f"A number must be a finite float64 or an int64, was {shown:.80}.",
        way_out=_WAY_OUT,
    )

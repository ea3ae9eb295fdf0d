"""Whether bytes are a whole safetensors file: checked here, read elsewhere.

| bytes | content |
|---|---|
| 0 to 7 | length of the header, little-endian |
| header | JSON: name -> dtype, shape, place of its bytes; ``__metadata__``: texts |
| rest | the tensors, without a gap between them |

Source: the format's description at github.com/huggingface/safetensors.
"""

import json
from math import prod
from typing import Any

_START = 8
_LONGEST = 2**20 - 1
_ALIGNED = 8
_LINE = b"V"
"""A pickle's opcode for a line of text. As the first or second byte of the length it
would take the header for that line, and what follows for a program."""
_BYTES = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "U16": 2,
    "I16": 2,
    "F16": 2,
    "BF16": 2,
    "U32": 4,
    "I32": 4,
    "F32": 4,
    "U64": 8,
    "I64": 8,
    "F64": 8,
}


def is_safetensors(data: bytes) -> bool:
    """Whether the bytes are one whole safetensors file, and nothing more.

    Parameters
    ----------
    data : bytes
        A file.
    """
    length = int.from_bytes(data[:_START], "little")
    end = _START + length
    if len(data) < _START or length > _LONGEST or end > len(data):
        return False
    if length % _ALIGNED or _LINE in data[:_START]:
        return False
    try:
        header = json.loads(data[_START:end].decode())
        texts = header.pop("__metadata__", {})
        said = all(isinstance(text, str) for text in texts.values())
        parts = sorted(_part(entry) for entry in header.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    at = 0
    for begin, stop, size in parts:
        if begin != at or stop - begin != size:
            return False
        at = stop
    return said and at == len(data) - end


def _part(entry: Any) -> tuple[int, int, int]:
    """Begin, end and size in bytes of a tensor."""
    begin, stop = entry["data_offsets"]
    shape = entry["shape"]
    if not all(type(each) is int and each >= 0 for each in (begin, stop, *shape)):
        raise ValueError
    return begin, stop, prod(shape) * _BYTES[entry["dtype"]]

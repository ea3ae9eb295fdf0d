"""Which bytes may stand in an artefact: known formats that cannot run code.

A file is judged by what it holds, its name only says which format that must be. None of
these formats begins as a pickle can, so that no unpickler would run such a file either:
a brace, the 8 of ONNX, "tree" and "# " end it at the first opcode, the zeros in the
length of a safetensors header within the first eight bytes.
"""

import io
import json
import pickletools
import warnings
from collections.abc import Callable
from typing import Any

from tradeloop.errors import ArtefactError

_MARKS = {
    b"PK": "zip archive",
    b"\x1f\x8b": "gzip file",
    b"BZh": "bzip2 file",
    b"\xfd7zXZ": "xz file",
    b"\x5d\x00\x00": "lzma file",
    b"\x04\x22\x4d\x18": "lz4 file",
    b"\x28\xb5\x2f\xfd": "zstd file",
    b"7z\xbc\xaf\x27\x1c": "7z archive",
    b"Rar!": "rar archive",
    b"\x93NUMPY": "NumPy array file",
    b"\x89HDF": "HDF5 file",
    b"\x7fELF": "program",
    b"MZ": "program",
}
_TAR_MARK, _TAR_AT = b"ustar", 257
_ZLIB, _ZLIB_CHECK = 0x78, 31
_PROTOCOL = 0x80
_LENGTH_BYTES = 8
_ALIGNED = 8  # every writer pads the header to this
_LINE = b"V"  # the opcode that reads a line of any bytes, so that more may follow it
_INTEGERS = ["BOOL", "U8", "I8", "I16", "U16", "I32", "U32", "I64", "U64"]
_KINDS = frozenset([*_INTEGERS, "F16", "BF16", "F32", "F64"])
_IR_VERSION = b"\x08"  # field 1 of an ONNX model, a varint
_UBJSON_NEXT = b"iUIlL$#}"  # what may follow the brace of a UBJSON object
_TREES = "tree\n"  # first line of a LightGBM model
_HEADING = "# "


def refuse_foreign(name: str, content: bytes) -> None:
    """Raise unless a file is of the safe format that its name says.

    Parameters
    ----------
    name : str
        Ends with .json, .md, .onnx, .safetensors, .txt or .ubj.
    content : bytes
        What it holds. Nothing of it is run, unpacked or unpickled.

    Raises
    ------
    ArtefactError
        A pickle of any protocol, also compressed or in an archive (joblib, PyTorch), an
        array file, an unknown ending, or bytes that are not of the format.
    """
    suffix = "." + name.rpartition(".")[2]
    form = _FORMS.get(suffix)
    if form is not None and form(content):
        return
    found = kind_of(content)
    if found:
        raise ArtefactError(
            f"{name} is a {found}, which can run or hide code. It is not read; save "
            "the model by write_artefact."
        )
    raise ArtefactError(
        f"{name} does not hold what its name says; files of a model are "
        f"{', '.join(sorted(_FORMS))}. Restore it or train again."
    )


def kind_of(content: bytes) -> str:
    """Name what foreign bytes are, as far as their beginning tells; else empty."""
    for mark, kind in _MARKS.items():
        if content.startswith(mark):
            return kind
    if content[_TAR_AT : _TAR_AT + len(_TAR_MARK)] == _TAR_MARK:
        return "tar archive"
    head = int.from_bytes(content[:2], "big")
    if content[:1] == bytes([_ZLIB]) and head % _ZLIB_CHECK == 0:
        return "zlib stream"
    return "pickle" if is_pickle(content) else ""


def is_pickle(content: bytes) -> bool:
    """Whether the bytes begin with a pickle of any protocol, whole or broken off.

    The opcodes are listed, not run.
    """
    if len(content) > 1 and content[0] == _PROTOCOL and content[1] in range(2, 6):
        return True
    try:
        # Hostile text may hold odd escapes; a caller that turns warnings into errors
        # must not get one in place of a verdict.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in pickletools.genops(io.BytesIO(content)):
                pass
    except (ValueError, IndexError, OverflowError, MemoryError):
        return False
    return True


def _is_json(content: bytes) -> bool:
    try:
        return isinstance(_loaded(content), dict)
    except (ValueError, RecursionError):
        return False


def _loaded(content: bytes) -> Any:
    return json.loads(content.decode())


def _is_ubjson(content: bytes) -> bool:
    brace = content[:1] == b"{" and content[-1:] == b"}"
    return brace and content[1:2] in _UBJSON_NEXT and len(content) > 1


def _is_onnx(content: bytes) -> bool:
    return content[:1] == _IR_VERSION and len(content) > 1


def _is_trees(content: bytes) -> bool:
    return _begins(content, _TREES)


def _is_card(content: bytes) -> bool:
    return _begins(content, _HEADING)


def _begins(content: bytes, with_text: str) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return text.startswith(with_text) and "\0" not in text


def _is_safetensors(content: bytes) -> bool:
    """Whether header and arrays fill the file, without a gap or a byte left over."""
    length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    begin = _LENGTH_BYTES + length
    fits = 0 < length <= len(content) - _LENGTH_BYTES and length % _ALIGNED == 0
    if not fits or _LINE in content[:_LENGTH_BYTES]:
        return False
    try:
        header = dict(_loaded(content[_LENGTH_BYTES:begin]))
        header.pop("__metadata__", None)
        known = {entry["dtype"] for entry in header.values()} <= _KINDS
        spans = sorted(tuple(entry["data_offsets"]) for entry in header.values())
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    at = 0
    for first, last in spans:
        if first != at or last < first:
            return False
        at = last
    return known and begin + at == len(content)


_FORMS: dict[str, Callable[[bytes], bool]] = {
    ".json": _is_json,
    ".md": _is_card,
    ".onnx": _is_onnx,
    ".safetensors": _is_safetensors,
    ".txt": _is_trees,
    ".ubj": _is_ubjson,
}

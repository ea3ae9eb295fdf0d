"""Which bytes may stand in an artefact: known formats that cannot run code.

A file is judged by what it holds; its name only says which known format it must be.
"""

import io
import json
import pickletools
import warnings
import zipfile
from collections.abc import Callable

import numpy as np

from tradeloop.errors import ArtefactError
from tradeloop.stores.safetensors_file import is_safetensors

_SAFE = ".safetensors"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_IR_VERSION = b"\x08"  # field 1 of an ONNX model, a varint
_MODEL_FIELDS = frozenset({*range(1, 9), 14, 20, 25, 26})
_UBJSON_NEXT = b"iUIlL$#}"  # what may follow the brace of a UBJSON object
_PACKED = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x5d\x00\x00": "lzma",
    b"\x1f\x9d": "compress",
    b"\x78\x01": "zlib",
    b"\x78\x5e": "zlib",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\x89HDF": "HDF5",
}
_TAR = slice(257, 262)  # where a tar archive says what it is
_BOOSTER = b"tree\n", b"\nend of trees\n"  # what LightGBM's text begins with and holds


def check_format(name: str, data: bytes) -> None:
    """Refuse a file that is not of the safe format that its name says.

    Parameters
    ----------
    name : str
        Ends with .json, .md, .onnx, .ubj, .txt (LightGBM), .safetensors, .npy or
        .parquet.
    data : bytes
        What it holds.

    Raises
    ------
    ArtefactError
        A pickle, an archive (joblib, PyTorch), HDF5, a NumPy array of objects, an
        unknown ending, or bytes that are not of the format.
    """
    suffix = "." + name.rpartition(".")[2]
    if suffix not in _KNOWN:
        raise ArtefactError(
            f"{name}: files of this kind are not kept in an artefact; known are "
            f"{', '.join(sorted(_KNOWN))}."
        )
    # The length that begins safetensors may look like the beginning of a pickle; a file
    # that is whole by the rules of `is_safetensors` cannot be one.
    whole = suffix == _SAFE and is_safetensors(data)
    if not whole and is_pickle(data):
        raise ArtefactError(
            f"{name} holds a pickle, which runs code when it is read. Save the model "
            "as ONNX, safetensors, UBJSON or JSON."
        )
    kind = None if whole else _packed(data)
    if kind is not None or zipfile.is_zipfile(io.BytesIO(data)):
        raise ArtefactError(
            f"{name} is a {kind or 'zip'} file, which can hide a pickle. Save the "
            "model as ONNX, safetensors, UBJSON or JSON."
        )
    if not _KNOWN[suffix](data):
        raise ArtefactError(f"{name} does not hold what its ending {suffix} says.")


def _packed(data: bytes) -> str | None:
    """Kind of archive that the bytes begin with; None for none."""
    for mark, kind in _PACKED.items():
        if data.startswith(mark):
            return kind
    return "tar" if data[_TAR] == b"ustar" else None


def is_pickle(data: bytes) -> bool:
    """Whether the bytes begin with a whole pickle of any protocol.

    Nothing is unpickled: the opcodes are only listed.
    """
    try:
        # Hostile text may hold odd escapes; a caller that turns warnings into errors
        # must not get one in place of a verdict.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in pickletools.genops(data):
                pass
    except (ValueError, UnicodeDecodeError, IndexError, OverflowError, MemoryError):
        # A pickle that breaks off could still run what it holds up to there.
        return data[:1] == b"\x80" and data[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}
    return True


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data.decode())
    except (ValueError, RecursionError):
        return False
    return True


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _is_onnx(data: bytes) -> bool:
    """Walk the fields of a ModelProto to the last byte."""
    at, fields = 0, 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag >> 3 not in _MODEL_FIELDS:
            return False
        at = _after(data, at, tag & 7)
        fields += 1
    return data[:1] == _IR_VERSION and fields > 1 and at == len(data)


def _after(data: bytes, at: int, kind: int) -> int:
    """Position after a field; beyond the end where there is no such field."""
    if kind == _VARINT:
        return _varint(data, at)[1]
    if kind == _BYTES:
        length, at = _varint(data, at)
        return at + length
    return at + {_FIXED64: 8, _FIXED32: 4}.get(kind, len(data) + 1)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says more bytes follow
            return value, at
    return 0, len(data) + 1


def _is_ubjson(data: bytes) -> bool:
    return data[:1] == b"{" and data[1:2] in _UBJSON_NEXT and data[-1:] == b"}"


def _is_array(data: bytes) -> bool:
    try:
        np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError):
        return False
    return data.startswith(b"\x93NUMPY")


def _is_parquet(data: bytes) -> bool:
    return data[:4] == b"PAR1" == data[-4:]


def _is_booster(data: bytes) -> bool:
    begin, end = _BOOSTER
    return _is_text(data) and data.startswith(begin) and end in data


_KNOWN: dict[str, Callable[[bytes], bool]] = {
    ".json": _is_json,
    ".md": _is_text,
    ".npy": _is_array,
    ".onnx": _is_onnx,
    ".parquet": _is_parquet,
    _SAFE: is_safetensors,
    ".txt": _is_booster,
    ".ubj": _is_ubjson,
}

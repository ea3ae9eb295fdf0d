"""Named arrays and a header as one safetensors file; equal contents are equal bytes.

The header stands as JSON under one key of the metadata: safetensors writes several keys
in no fixed order.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import ArtefactError, MissingExtraError

_KEY = "tradeloop"
_LENGTH_BYTES = 8


def pack(
    estimator: str, arrays: Mapping[str, NDArray[Any]], **header: float | str
) -> bytes:
    """Write the arrays of a fitted model.

    Parameters
    ----------
    estimator : str
        `Model.name`; the format is ``tradeloop-{estimator}-1``.
    arrays : mapping of str to ndarray
        Arrays of numbers.
    header : int, float or str
        Single figures beside them.

    Raises
    ------
    MissingExtraError
        safetensors is not installed.
    """
    told = {"estimator": estimator, "format": _format(estimator), **header}
    content: bytes = _safetensors().save(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()},
        metadata={_KEY: json.dumps(told, sort_keys=True, allow_nan=False)},
    )
    return content


def unpack(
    estimator: str, content: bytes, wanted: Mapping[str, type[np.generic]]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what `pack` wrote.

    Parameters
    ----------
    estimator : str
        `Model.name` that is asked for.
    content : bytes
        The file.
    wanted : mapping of str to type
        Arrays that it must hold, no more and no fewer, with the type of their numbers.

    Returns
    -------
    arrays : dict of str to ndarray
        Floats among them are finite.
    header : dict
        Single figures.

    Raises
    ------
    ArtefactError
        No such file, another estimator or format, other arrays, or values that are not
        finite.
    """
    safetensors = _safetensors()
    try:
        length = int.from_bytes(content[:_LENGTH_BYTES], "little")
        described = json.loads(content[_LENGTH_BYTES : _LENGTH_BYTES + length])
        header = json.loads(described["__metadata__"][_KEY])
        arrays: dict[str, NDArray[Any]] = safetensors.load(content)
    except Exception as error:  # its own class of error, or one of JSON's
        raise ArtefactError(
            f"The bytes are no safetensors file of a {estimator}: {error}. Train again."
        ) from error
    if header.get("format") != _format(estimator):
        raise ArtefactError(
            f"The file has the format {header.get('format')!r}, asked for was "
            f"{_format(estimator)!r}. Load it as what it is, or train again."
        )
    for name in sorted(set(wanted) | set(arrays)):
        _refuse_array(name, arrays.get(name), wanted.get(name))
    return arrays, header


def _refuse_array(
    name: str, array: NDArray[Any] | None, kind: type[np.generic] | None
) -> None:
    problem = ""
    if array is None:
        problem = "is missing"
    elif kind is None:
        problem = "is unknown"
    elif array.dtype != np.dtype(kind):
        problem = f"is of {array.dtype}, not of {np.dtype(kind)}"
    elif not np.isfinite(array).all():
        problem = "holds values that are not finite"
    if problem:
        raise ArtefactError(f"The array {name!r} of the model {problem}. Train again.")


def _format(estimator: str) -> str:
    return f"tradeloop-{estimator}-1"


def _safetensors() -> Any:
    try:
        import safetensors.numpy  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("safetensors", "models") from error
    return safetensors.numpy

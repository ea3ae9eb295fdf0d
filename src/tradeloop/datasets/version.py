"""The version of a dataset: the SHA-256 of what went into it, and of nothing else.

1. Each slice of data is hashed by its values, not by its file: `frame_hash`.
2. Everything else that shapes a row is plain data: numbers, text, lists, maps.
3. `canonical_json` writes both in the one way that plain data has here.
4. The version is the SHA-256 of that text. Id and creation time are not in it.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

import polars as pl

from tradeloop.errors import InputError

_FORM = 1


def _plain(value: object, place: str) -> Any:
    """Copy ``value`` as plain JSON data, or name the place that is none."""
    if isinstance(value, Mapping):
        named = all(isinstance(key, str) for key in value)
        if named:
            return {str(k): _plain(v, f"{place}.{k}") for k, v in value.items()}
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item, f"{place}[{i}]") for i, item in enumerate(value)]
    elif value is None or isinstance(value, bool | int):
        return value
    elif isinstance(value, str):
        return str(value)
    elif isinstance(value, float) and math.isfinite(value):
        return float(value)
    raise InputError(
        f"{place} must be plain finite data with text keys, was {value!r}.",
        way_out="Use numbers, text, lists and maps; null for what is missing.",
    )


def canonical_json(value: object) -> str:
    """Write plain data in one way: keys sorted, no spaces, floats to the last bit.

    Parameters
    ----------
    value : object
        Numbers, text, bool, None, sequences, maps with text keys. A set has no order
        and is refused, as are NaN and infinities.

    Returns
    -------
    str
        ASCII text; the same for equal data on any machine and hash seed.

    Raises
    ------
    InputError
        A value is no plain data; the message says where it stands.
    """
    return json.dumps(
        _plain(value, "value"), sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def _text_bytes(column: pl.Series) -> bytes:
    lengths = column.str.len_bytes().cast(pl.Int64).to_numpy()
    joined = column.str.join("").item() if column.len() else ""
    return lengths.astype("<i8").tobytes() + joined.encode()


def _column_bytes(column: pl.Series) -> bytes:
    if column.dtype in (pl.Categorical, pl.Enum, pl.String):
        return _text_bytes(column.cast(pl.String).fill_null(""))
    physical = column.to_physical()
    if not (physical.dtype.is_numeric() or physical.dtype == pl.Boolean):
        raise InputError(
            f"A column of type {column.dtype} has no hash.",
            way_out="Store maps as JSON text.",
            column=column.name,
        )
    if physical.dtype == pl.Boolean:
        physical = physical.cast(pl.UInt8)
    values = physical.fill_null(0).to_numpy()
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def frame_hash(frame: pl.DataFrame) -> str:
    """SHA-256 of a frame's columns, in their order: names, types, nulls and values.

    Chunks, file format and compression do not count. Row order does.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, n_columns)
        Numbers, text, booleans and times.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    InputError
        A column holds lists or structs.
    """
    return columns_hash(frame.height, frame.iter_columns())


def columns_hash(height: int, columns: Iterable[pl.Series]) -> str:
    """`frame_hash` of a frame whose columns come one by one, and need not stay.

    Parameters
    ----------
    height : int
        Rows of the frame.
    columns : iterable of polars.Series, each of shape (height,)
        In the order of the frame.

    Raises
    ------
    InputError
        A column holds lists or structs.
    """
    digest = sha256(str(height).encode())
    for column in columns:
        digest.update(f"\x00{column.name}\x00{column.dtype}\x00".encode())
        missing = column.is_null() if column.null_count() else None
        mask = b"full" if missing is None else b"mask" + missing.to_numpy().tobytes()
        digest.update(mask)
        digest.update(_column_bytes(column))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class DatasetInputs:
    """What a dataset is a function of.

    Parameters
    ----------
    dataset_type : str
        What it teaches; a value of `tradeloop.events.DatasetType`.
    slices : mapping of str to str
        Name of each slice of data (bars, decisions, fills, series) to its `frame_hash`.
    feature_fingerprint : str
        Fingerprint of the feature bank: all code and parameters of the features.
    label_rules : mapping
        Horizons, thresholds, costs, benchmark and waiting time.
    split : mapping
        ``as_mapping()`` of the splitter.
    as_of_ns : int
        Nothing received later went in, ns UTC.
    seed : int
        Seed of what is drawn by chance.
    rules : mapping
        All other rules that shape a row, such as those of the market context.
    """

    dataset_type: str
    slices: Mapping[str, str]
    feature_fingerprint: str
    label_rules: Mapping[str, Any]
    split: Mapping[str, Any]
    as_of_ns: int
    seed: int
    rules: Mapping[str, Any] = field(default_factory=dict)

    @property
    def manifest(self) -> str:
        """Canonical JSON of the inputs: what is hashed, word for word."""
        return canonical_json({"form": _FORM, **asdict(self)})

    @property
    def version(self) -> str:
        """SHA-256 of the manifest: 64 hexadecimal digits."""
        return sha256(self.manifest.encode()).hexdigest()

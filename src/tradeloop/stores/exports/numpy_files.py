"""NumPy: one .npy file per array, or one .npz per split; never a pickled object.

``X`` has shape (n_rows, n_features); every other column is an array of its own under
its name. A column that is no float and lacks values has them as 0 or an empty text,
and beside it ``NAME.missing``, true where it lacks them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.stores.exports.base import About, Tables, Writer, file_of
from tradeloop.stores.names import checked_parts

NAMES = "names.json"


def _text(column: pl.Series) -> NDArray[np.str_]:
    if column.str.ends_with("\0").any():
        raise InputError(
            "A text ends with a zero character, which NumPy drops.",
            way_out="Export it as parquet.",
            column=column.name,
        )
    return column.to_numpy().astype(np.str_)


def _plain(column: pl.Series) -> dict[str, NDArray[Any]]:
    """Array of a column, and the mask of what it lacks."""
    name = column.name
    if column.dtype.is_float():
        return {name: column.fill_null(float("nan")).to_numpy()}
    text = column.dtype == pl.String
    filled = column.fill_null("" if text else 0)
    if column.dtype == pl.Boolean:
        filled = column.fill_null(value=False)
    found: dict[str, NDArray[Any]] = {
        name: _text(filled) if text else filled.to_numpy()
    }
    if column.null_count():
        found[f"{name}.missing"] = column.is_null().to_numpy()
    return found


def matrices(frame: pl.DataFrame, about: About) -> dict[str, NDArray[Any]]:
    """Cut a table into ``X`` and one array per other column, all in C order."""
    features = list(about["features"])
    found = {"X": frame.select(features).to_numpy()}
    for column in frame.drop(features).iter_columns():
        found |= _plain(column)
    return {name: np.ascontiguousarray(array) for name, array in found.items()}


def _names(about: About) -> str:
    said = {name: about[name] for name in ("features", "targets", "classes", "missing")}
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def _npy(folder: Path, tables: Tables, about: About) -> None:
    for split, frame in tables.items():
        for name, array in matrices(frame, about).items():
            checked_parts(name, "An array's file")
            path = file_of(folder, f"{split}/{name}", ".npy")
            np.save(path, array, allow_pickle=False)
    (folder / NAMES).write_text(_names(about), encoding="utf-8")


def _npz(folder: Path, tables: Tables, about: About) -> None:
    for split, frame in tables.items():
        path = file_of(folder, split, ".npz")
        np.savez(path, allow_pickle=False, **matrices(frame, about))
    (folder / NAMES).write_text(_names(about), encoding="utf-8")


_MISSING = "NaN; a missing class is -1; a mask beside whole numbers and texts"
NUMPY = Writer(
    "one .npy file per array, mapped into memory with mmap_mode",
    "matrix",
    _npy,
    _MISSING,
)
ARRAYS = Writer(
    "one .npz per split, for torch.from_dlpack and jax.dlpack.from_dlpack",
    "matrix",
    _npz,
    _MISSING,
)

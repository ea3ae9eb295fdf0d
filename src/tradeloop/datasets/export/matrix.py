"""Tables of numbers only: features, targets as numbers, and who the row is.

- Features are floats of one type, NaN where missing.
- Numbers to learn are floats, NaN where missing.
- Classes are int64 from 0, in the order of ``about["classes"]``, which the data do not
  change; -1 where missing, which is never a class.
- Keys keep their type.

float32 rounds to nearest; a finite value that would become infinite is refused.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets.export.shaping import WEIGHT, Shaped
from tradeloop.errors import InputError

Width = Literal["float32", "float64"]
MISSING_CLASS = -1
_LINE_BYTES = 64
_TYPES = {"float32": pl.Float32(), "float64": pl.Float64()}


def _coded(table: pl.DataFrame, name: str, classes: list[Any]) -> pl.Series:
    """Place of each class in its order; a value that is none of them is refused."""
    column = table[name]
    strange = column.filter(column.is_not_null() & ~column.is_in(classes))
    if strange.len():
        raise InputError(
            f"{strange[0]!r} is none of the classes {classes}.",
            way_out="Export the labels as Tradeloop made them.",
            column=name,
        )
    words = pl.Series(classes).cast(column.dtype)
    places = pl.Series(range(len(classes)), dtype=pl.Int64)
    return column.replace_strict(words, places, default=None).fill_null(MISSING_CLASS)


def _narrowed(table: pl.DataFrame, names: list[str], width: Width) -> pl.DataFrame:
    cast = table.with_columns(pl.col(names).cast(_TYPES[width]).fill_null(float("nan")))
    if width == "float32":
        for name in names:
            lost = cast[name].is_infinite() & table[name].is_finite()
            if lost.fill_null(value=False).any():
                raise InputError(
                    "A finite value is infinite in float32.",
                    way_out="Export float64, or scale the feature.",
                    column=name,
                )
    return cast


def as_matrix(
    shaped: Shaped,
    *,
    targets: tuple[str, ...] | None = None,
    width: Width = "float64",
) -> Shaped:
    """Turn wide tables into tables of numbers.

    Parameters
    ----------
    shaped : Shaped
        What `shape` returned.
    targets : tuple of str, optional
        Columns to learn, the first one first; all of the dataset's type without it.
    width : {"float32", "float64"}
        Type of the features and of the numbers to learn.

    Returns
    -------
    Shaped
        Keys, features, targets and, where there are any, weights. Its ``about`` has
        ``form`` matrix, ``groups`` (columns that name groups of rows) and ``width``.

    Raises
    ------
    InputError
        A target is none of the dataset's, or a value does not fit float32.
    """
    about = dict(shaped.about)
    forms: dict[str, str] = dict(about["targets"])
    chosen = [n for n in forms if forms[n] != "key"] if targets is None else targets
    for name in chosen:
        if forms.get(name) not in {"class", "regression"}:
            raise InputError(
                f"{name!r} is no target of {about['dataset_type']}.",
                way_out=f"Take some of {', '.join(forms)}.",
                column=name,
            )
    classes = {n: about["classes"][n] for n in chosen if forms[n] == "class"}
    numbers = [n for n in chosen if forms[n] == "regression"]
    tables = {}
    for split, table in shaped.tables.items():
        weight = [name for name in (WEIGHT,) if name in table.columns]
        groups = [n for n in forms if forms[n] == "key"]
        kept = [*about["keys"], *groups, *about["features"], *chosen, *weight]
        cast = _narrowed(table.select(kept), [*about["features"], *numbers], width)
        tables[split] = cast.with_columns(
            _coded(table, name, found) for name, found in classes.items()
        )
    return Shaped(
        tables,
        about
        | {
            "form": "matrix",
            "width": width,
            "target": chosen[0],
            "targets": {name: forms[name] for name in chosen},
            "groups": [name for name in forms if forms[name] == "key"],
            "classes": classes,
            "missing": "NaN; a missing class is -1",
        },
    )


def arrays(
    matrix: Shaped, split: str, *, target: str | None = None
) -> Mapping[str, NDArray[Any]]:
    """Arrays of one split, ready for PyTorch and JAX without a copy.

    Every array is C-contiguous, writeable, begins on a line of 64 bytes and hands its
    memory on by DLPack: ``torch.from_dlpack(found["X"])``,
    ``jax.dlpack.from_dlpack(found["X"])``.

    Parameters
    ----------
    matrix : Shaped
        What `as_matrix` returned.
    split : str
        Such as ``train``.
    target : str, optional
        Column to learn; the usual one without it.

    Returns
    -------
    mapping of str to ndarray
        ``X`` of shape (n_rows, n_features); ``y`` of shape (n_rows,), int64 classes
        or floats; ``known`` of shape (n_rows,), whether y is known; ``decision_ns``
        and ``end_ns``, int64; ``weight`` where there are weights.

    Raises
    ------
    InputError
        The tables are no matrix, or there is no such split or target.
    """
    about = matrix.about
    name = about["target"] if target is None else target
    if about["form"] != "matrix" or split not in matrix.tables:
        raise InputError(
            f"There is no matrix {split!r}; there are {', '.join(matrix.tables)} as "
            f"{about['form']}.",
            way_out="Give what as_matrix returned, and one of its splits.",
        )
    if name not in about["targets"]:
        raise InputError(
            f"{name!r} is none of the targets.",
            way_out=f"Take one of {', '.join(about['targets'])}.",
            column=name,
        )
    table = matrix.tables[split]
    y = _aligned(table[name].to_numpy())
    known = y != MISSING_CLASS if about["targets"][name] == "class" else ~np.isnan(y)
    found = {
        "X": _aligned(table.select(about["features"]).to_numpy()),
        "y": y,
        "known": _aligned(known),
        "decision_ns": _aligned(table["decision_ns"].to_numpy()),
        "end_ns": _aligned(table["end_ns"].to_numpy()),
    }
    if WEIGHT in table.columns:
        found["weight"] = _aligned(table[WEIGHT].to_numpy())
    return found


def _aligned(values: NDArray[Any]) -> NDArray[Any]:
    """Copy to writeable memory in C order that begins on a line of 64 bytes.

    PyTorch takes any memory; JAX shares only what begins so, and copies the rest.
    """
    room = np.empty(values.nbytes + _LINE_BYTES, dtype=np.uint8)
    start = -room.ctypes.data % _LINE_BYTES
    held = room[start : start + values.nbytes].view(values.dtype)
    made = held.reshape(values.shape)
    made[...] = values
    return made

"""A simulated market says so: in each name, in each file, in each source.

Nothing leaves this package under a name that a real market could have.
"""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tradeloop.errors import InputError

VENUE = "SIM"
MARK = f".{VENUE}"
METADATA = "tradeloop.simulated"
_ROWS_PER_GROUP = 1 << 20


def marked(name: str) -> str:
    """Give an instrument's name the mark, once."""
    return name if name.endswith(MARK) else name + MARK


def is_marked(name: str) -> bool:
    """Whether a name is one of a simulated market."""
    return name.endswith(MARK)


def source(preset: str, seed: int) -> str:
    """Source of the events, such as ``simulated/fx/7``."""
    return f"simulated/{preset}/{seed}"


def check(frame: pl.DataFrame) -> None:
    """Refuse a frame with a name that has no mark.

    Raises
    ------
    InputError
        An instrument is not marked.
    """
    if "instrument" not in frame.columns:
        return
    names = frame["instrument"].unique()
    bare = names.filter(~names.str.ends_with(MARK))
    if bare.len():
        raise InputError(
            f"{bare[0]!r} of a simulated market lacks its mark {MARK!r}.",
            way_out="Name it with tradeloop.simulation.marked.",
            column="instrument",
        )


def encode(frame: pl.DataFrame, about: Mapping[str, Any]) -> bytes:
    """Write a frame as Parquet whose metadata says what made it.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, n_columns)
        Instruments, where there are any, are marked.
    about : mapping
        Put under `METADATA`, as JSON.

    Returns
    -------
    bytes
        The same frame and mapping give the same bytes.

    Raises
    ------
    InputError
        An instrument is not marked.
    """
    check(frame)
    table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    said = json.dumps(about, sort_keys=True, allow_nan=False)
    table = table.replace_schema_metadata({METADATA: said})
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, row_group_size=_ROWS_PER_GROUP, version="2.6", compression="zstd"
    )
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]

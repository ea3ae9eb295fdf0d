"""Parquet, Arrow IPC and CSV: one file per split, every column with its type."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.ipc

from tradeloop.stores.exports.base import About, Tables, Writer, file_of
from tradeloop.stores.parquet import encode


def arrow_table(frame: pl.DataFrame) -> pa.Table:
    """Hand a frame to Arrow with types that every reader knows."""
    return frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())


def _parquet(folder: Path, tables: Tables, about: About) -> None:
    del about
    for split, frame in tables.items():
        file_of(folder, split, ".parquet").write_bytes(encode(frame))


def _arrow(folder: Path, tables: Tables, about: About) -> None:
    del about
    for split, frame in tables.items():
        table = arrow_table(frame)
        path = str(file_of(folder, split, ".arrow"))
        with pa.ipc.new_file(path, table.schema) as out:
            out.write_table(table)


def _csv(folder: Path, tables: Tables, about: About) -> None:
    del about
    for split, frame in tables.items():
        # Shortest text that reads back to the same bits; an empty text is quoted.
        frame.write_csv(file_of(folder, split, ".csv"), null_value="")


PARQUET = Writer(
    "columns with types, small and fast; for almost everything",
    "wide",
    _parquet,
    "null; NaN stays NaN",
)
ARROW = Writer(
    "Arrow IPC files, uncompressed: mapped into memory without a copy",
    "wide",
    _arrow,
    "null; NaN stays NaN",
)
CSV = Writer(
    "text with a header; floats read back to the bit",
    "wide",
    _csv,
    'nothing between the commas; NaN is NaN, an empty text is ""',
)

"""Files to tables: Parquet, CSV, NDJSON and Arrow IPC, told apart by their content.

1. `files_below` lists the files of a path.
2. `file_format` looks at the first bytes; a suffix alone proves nothing.
3. `read_sheet` reads the columns as they are; every column of a CSV stays text, so
   that one bad cell refuses one row and not the file. A broken line of NDJSON goes to
   quarantine, for the same reason.

Arrow reads the binary formats, since a damaged file makes it raise: the readers of
Polars 2.1 can end the process. Whatever goes wrong becomes one `InputError` that names
the file and the way out.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tradeloop.capture.line_files import Sheet, read_lines
from tradeloop.capture.text_files import GZIP, read_csv, refuse_bomb, refuse_twins
from tradeloop.errors import InputError

PARQUET, ARROW_FILE, ARROW_STREAM = "parquet", "arrow file", "arrow stream"
CSV, NDJSON = "csv", "ndjson"
SUFFIXES = {
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".arrow": ARROW_FILE,
    ".feather": ARROW_FILE,
    ".ipc": ARROW_FILE,
    ".arrows": ARROW_STREAM,
    ".csv": CSV,
    ".tsv": CSV,
    ".txt": CSV,
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
}
_MAGIC = {b"PAR1": PARQUET, b"ARRO": ARROW_FILE, b"\xff\xff\xff\xff": ARROW_STREAM}
_DAMAGE = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    pa.ArrowException,
    OSError,
    ValueError,
    TypeError,
    MemoryError,
    OverflowError,
)
_CONVERT = "Give Parquet, CSV or Arrow IPC files."


def files_below(paths: Sequence[Path]) -> list[Path]:
    """List the data files of ``paths``: files as given, folders through and through.

    In a folder only files with a known suffix count; names that start with ``.`` or
    ``_`` are left out. The order is that of the paths, and by name within a folder.

    Raises
    ------
    InputError
        No path was given, a path does not exist, or a folder holds no data file.
    """
    if not paths:
        raise InputError("No file was given.", way_out="Name at least one file.")
    found: list[Path] = []
    for path in map(Path, paths):
        found += _folder(path) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def _folder(path: Path) -> list[Path]:
    files = [
        file
        for file in sorted(path.rglob("*"))
        if _suffix_format(file)
        and file.is_file()
        and not any(p.startswith((".", "_")) for p in file.relative_to(path).parts)
    ]
    if not files:
        raise InputError(
            f"The folder holds no data file ({', '.join(SUFFIXES)}).",
            way_out="Name a folder with data files, or the files themselves.",
            source=str(path),
        )
    return files


def file_format(path: Path) -> str:
    """Tell the format of a file by its first bytes, text by its suffix as well.

    Raises
    ------
    InputError
        The file is absent or empty, its suffix promises what its bytes do not hold,
        or neither tells what it is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InputError(
            f"The file cannot be read ({error.strerror}).",
            way_out="Check the path and the permissions.",
            source=str(path),
        ) from error
    if not head:
        raise InputError(
            "The file is empty (0 bytes).",
            way_out="Export it again, or leave it out.",
            source=str(path),
        )
    by_content = _MAGIC.get(head[:4])
    by_suffix = _suffix_format(path)
    if by_suffix == NDJSON and by_content is None:
        return NDJSON
    if head[:2] == GZIP and by_suffix == CSV:
        return CSV
    if by_content is None and (by_suffix != CSV or b"\0" in head):
        _refuse_format(path, head, by_suffix)
    return by_content or CSV


def _suffix_format(path: Path) -> str | None:
    inner = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return SUFFIXES.get(inner.suffix.lower())


def _refuse_format(path: Path, head: bytes, by_suffix: str | None) -> None:
    start = f"it starts with {head[:8]!r}"
    if by_suffix is None:
        raise InputError(
            f"The suffix {path.suffix!r} is unknown, and the content is neither "
            f"Parquet nor Arrow: {start}.",
            way_out=f"{_CONVERT} Text counts as CSV when its name ends in .csv, as "
            "NDJSON when it ends in .ndjson or .jsonl.",
            source=str(path),
        )
    text = b"\0" not in head and by_suffix != CSV
    hint = " It looks like text: if it is CSV, let its name end in .csv."
    name = {PARQUET: "Parquet", CSV: "CSV"}.get(by_suffix, "Arrow IPC")
    raise InputError(
        f"The file is named like {name} but holds none: {start}.",
        way_out=_CONVERT + (hint if text else " Export it again if it was cut."),
        source=str(path),
    )


def read_table(path: Path) -> pl.DataFrame:
    """Read a file into a frame of shape (n_rows, n_columns of the file).

    Columns of Parquet and Arrow keep their types; columns of CSV are text, with an
    empty cell as null.

    Raises
    ------
    InputError
        As `read_sheet`; or a line of NDJSON is broken.
    """
    sheet = read_sheet(path)
    if sheet.broken is not None:
        raise InputError(
            f"{sheet.broken.height} lines are no JSON objects.",
            way_out="Correct them, or leave them out.",
            source=str(path),
            row=sheet.broken["row"][0],
        )
    return sheet.table


def read_sheet(path: Path) -> Sheet:
    """Read a file into a table and the lines that make no row of it.

    Raises
    ------
    InputError
        The file is damaged, has two columns of one name, or holds no rows.
    """
    form = file_format(path)
    try:
        sheet = _READ[form](path)
    except InputError:
        raise
    except _DAMAGE as error:
        reason = str(error).partition("\n")[0].rstrip(".")[:200]
        raise InputError(
            f"The file is damaged or no {form}: {reason}.",
            way_out="Export or download it again.",
            source=str(path),
        ) from error
    if sheet.table.height == 0:
        raise InputError(
            "The file holds no rows.",
            way_out="Export it again, or leave it out.",
            source=str(path),
        )
    return sheet


def _read_parquet(path: Path) -> Sheet:
    with pq.ParquetFile(path) as file:
        return _checked(file.read(), path)


def _read_arrow(path: Path) -> Sheet:
    with pa.OSFile(str(path)) as raw, pa.ipc.open_file(raw) as file:
        return _checked(file.read_all(), path)


def _read_stream(path: Path) -> Sheet:
    with pa.OSFile(str(path)) as raw, pa.ipc.open_stream(raw) as stream:
        return _checked(stream.read_all(), path)


def _checked(table: pa.Table, path: Path) -> Sheet:
    """Take over a table after a look at every buffer: a flipped bit is an error."""
    table.validate(full=True)
    refuse_twins(table.column_names, path)
    frame = pl.from_arrow(table.replace_schema_metadata(None))
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(f"{type(frame).__name__} is no frame")
    return Sheet(frame)


def _read_csv(path: Path) -> Sheet:
    return Sheet(read_csv(path))


def _read_lines(path: Path) -> Sheet:
    refuse_bomb(path)
    return read_lines(path)


_READ: Mapping[str, Callable[[Path], Sheet]] = {
    PARQUET: _read_parquet,
    ARROW_FILE: _read_arrow,
    ARROW_STREAM: _read_stream,
    CSV: _read_csv,
    NDJSON: _read_lines,
}

"""NDJSON: one JSON object per line; a broken line is set aside and its neighbours stay.

Lines are read by `tradeloop.events.strict_json`: what has no single meaning (a key
twice, NaN, an integer beyond 64 bits, text that is no UTF-8) makes no row.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from tradeloop.capture.intake import QUARANTINE
from tradeloop.capture.text_files import open_bytes
from tradeloop.errors import InputError
from tradeloop.events.strict_json import loads

LONGEST_LINE = 16 << 20
"""Bytes that a line may have."""
_SHOWN = 100_000  # characters of a broken line that quarantine keeps
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, eq=False)
class Sheet:
    """A file as a table, and the lines that make no row of it.

    Parameters
    ----------
    table : polars.DataFrame of shape (n_rows, n_columns of the file)
        The rows as read.
    numbers : polars.Series of Int64, shape (n_rows,), optional
        Their numbers in the file from 0; absent: 0, 1, 2 and so on.
    broken : polars.DataFrame of shape (n_broken, 5), optional
        Columns of `QUARANTINE`: ``row`` is the number of the line from 0, ``body`` the
        line as read and why it is refused.
    """

    table: pl.DataFrame
    numbers: pl.Series | None = None
    broken: pl.DataFrame | None = None


def read_lines(path: Path) -> Sheet:
    """Read NDJSON, plain or packed by gzip.

    A column whose values are all whole numbers, numbers, truths or texts has that type;
    any other column is text, with objects and lists as JSON. Blank lines do not count.

    Parameters
    ----------
    path : Path
        UTF-8, one object per line.

    Raises
    ------
    InputError
        No line is an object.
    """
    rows: list[dict[str, Any]] = []
    numbers: list[int] = []
    broken: list[tuple[int, str, str]] = []
    for number, line, whole in _lines(path):
        if not line.strip():
            continue
        try:
            rows.append(_object(line, whole))
            numbers.append(number)
        except InputError as error:
            broken.append((number, *_refused(line, error)))
    if not rows:
        _no_rows(path, broken)
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = pl.DataFrame({n: _column([row.get(n) for row in rows], n) for n in names})
    return Sheet(
        table, pl.Series("row", numbers, dtype=pl.Int64), _quarantine(broken, str(path))
    )


def _lines(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """Yield number, bytes and whether all of them are there; memory stays bounded."""
    with open_bytes(path) as file:
        number, line = 0, file.readline(LONGEST_LINE)
        line = line.removeprefix(_BOM)
        while line:
            whole = line.endswith(b"\n") or len(line) < LONGEST_LINE
            if not whole:
                _skip(file)
            yield number, line, whole
            number, line = number + 1, file.readline(LONGEST_LINE)


def _skip(file: IO[bytes]) -> None:
    while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass


def _object(line: bytes, whole: bool) -> dict[str, Any]:  # noqa: FBT001 - of a line
    if not whole:
        raise InputError(
            f"A line may have {LONGEST_LINE} bytes.", way_out="Write shorter lines."
        )
    value = loads(line)
    if not isinstance(value, dict):
        raise InputError(
            f"A line must be a JSON object, was a {type(value).__name__}.",
            way_out='Write each row as {"name": value} on a line of its own.',
        )
    return value


def _refused(line: bytes, error: InputError) -> tuple[str, str]:
    text = line.decode(errors="backslashreplace").rstrip("\r\n").replace("\0", "\\0")
    body = {"line": text[:_SHOWN], "bytes": len(line), "why": error.message}
    return "line_is_no_object", json.dumps(body, sort_keys=True, ensure_ascii=False)


def _no_rows(path: Path, broken: Sequence[tuple[int, str, str]]) -> None:
    if not broken:
        raise InputError(
            "The file holds no rows.",
            way_out="Export it again, or leave it out.",
            source=str(path),
        )
    number, _, body = broken[0]
    raise InputError(
        f"None of the {len(broken)} lines is a JSON object: {json.loads(body)['why']}",
        way_out="Write one JSON object per line in UTF-8.",
        source=str(path),
        row=number,
    )


def _quarantine(
    broken: Sequence[tuple[int, str, str]], source: str
) -> pl.DataFrame | None:
    if not broken:
        return None
    rows = [(source, number, None, reason, body) for number, reason, body in broken]
    return pl.DataFrame(rows, schema=QUARANTINE, orient="row")


def _column(values: list[Any], name: str) -> pl.Series:
    """Give a column the type that all its values share, or text."""
    kinds = {type(value) for value in values if value is not None}
    for allowed, dtype in (
        ({bool}, pl.Boolean()),
        ({int}, pl.Int64()),
        ({float, int}, pl.Float64()),
        ({str}, pl.String()),
    ):
        if kinds <= allowed:
            return pl.Series(name, values, dtype=dtype, strict=False)
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)

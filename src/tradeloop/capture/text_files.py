"""CSV files: their separator, their rows as text, and where they are damaged."""

import csv
import gzip
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

import polars as pl

from tradeloop.errors import InputError

GZIP = b"\x1f\x8b"
_SEPARATORS = ",;\t|"
_UNPACKED, _RATIO = 1 << 30, 100


def refuse_twins(names: Sequence[str], path: Path) -> None:
    """Refuse a file in which two columns have one name.

    Raises
    ------
    InputError
        Two of ``names`` are equal.
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            "Two columns have the same name.",
            way_out="Rename one of them.",
            source=str(path),
            column=twice,
        )


def read_csv(path: Path) -> pl.DataFrame:
    """Read a CSV, plain or packed by gzip; all columns are text.

    Parameters
    ----------
    path : Path
        UTF-8; fields separated by a comma, semicolon, tab or bar.

    Raises
    ------
    InputError
        The text is damaged or not UTF-8, or two columns have one name.
    """
    refuse_bomb(path)
    separator = _header(path)
    try:
        return pl.read_csv(
            path,
            separator=separator,
            infer_schema=False,
            truncate_ragged_lines=False,
            glob=False,
        )
    except pl.exceptions.PolarsError:
        _point_at_csv_damage(path, separator)
        raise


def refuse_bomb(path: Path) -> None:
    """Refuse a packed file that unpacks to far more than text does.

    Raises
    ------
    InputError
        It unpacks to more than 1 GiB and more than a hundred times its size.
    """
    with path.open("rb") as file:
        if file.read(2) != GZIP:
            return
    most = max(_UNPACKED, _RATIO * path.stat().st_size)
    seen = 0
    with open_bytes(path) as file:
        while chunk := file.read(1 << 20):
            seen += len(chunk)
            if seen > most:
                raise InputError(
                    f"The file unpacks to more than {most} bytes.",
                    way_out="Unpack it yourself if it is what you expect.",
                    source=str(path),
                )


def open_bytes(path: Path) -> IO[bytes]:
    """Open a text, plain or packed by gzip."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    return cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb")


def _header(path: Path) -> str:
    """Check the first line of a CSV; return the separator that it uses most."""
    with open_bytes(path) as file:
        line = file.readline(1 << 20)
    try:
        text = line.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(
            f"The text is not UTF-8: byte {line[error.start]:#04x} in the first line.",
            way_out="Save it as UTF-8.",
            source=str(path),
        ) from error
    separator = max(_SEPARATORS, key=text.count)
    try:
        names = next(csv.reader([text], delimiter=separator), [])
    except csv.Error as error:
        raise InputError(
            f"The first line names no columns ({error}).",
            way_out="Let the first line hold the names of the columns.",
            source=str(path),
        ) from error
    refuse_twins([name.strip() for name in names], path)
    return separator


def _point_at_csv_damage(path: Path, separator: str) -> None:
    """Raise an error that names the row, if the slow reader finds it."""
    _point_at_other_encoding(path)
    row = -1
    try:
        with TextIOWrapper(open_bytes(path), encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, delimiter=separator, strict=True)
            width = len(next(lines, []))
            for row, cells in enumerate(lines):
                if len(cells) > width:
                    raise InputError(
                        f"The row has {len(cells)} fields, the header {width}.",
                        way_out="Quote the fields that hold the separator "
                        f"{separator!r}, or export the file again.",
                        source=str(path),
                        row=row,
                    )
    except csv.Error as error:
        raise InputError(
            f"The text is damaged ({error}).",
            way_out="Close the quotes, or export the file again.",
            source=str(path),
            row=row + 1,
        ) from error


def _point_at_other_encoding(path: Path) -> None:
    with open_bytes(path) as file:
        for number, line in enumerate(file):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                raise InputError(
                    f"The text is not UTF-8: byte {line[error.start]:#04x}.",
                    way_out="Save it as UTF-8.",
                    source=str(path),
                    row=number - 1,
                ) from error

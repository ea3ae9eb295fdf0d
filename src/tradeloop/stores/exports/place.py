"""An export appears whole or not at all, with the hash of each of its files.

``export.json`` says which dataset it was made of, what each column is, and how missing
values are written.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import file_digest
from pathlib import Path
from typing import Any

from tradeloop.errors import ConflictError, InputError
from tradeloop.stores.exports.base import About, Tables, Writer
from tradeloop.stores.exports.units import EXPORTS
from tradeloop.stores.folder import INCOMING, publish, staged
from tradeloop.stores.manifest import FileEntry
from tradeloop.stores.names import checked_parts
from tradeloop.stores.parquet import schema_of

ABOUT = "export.json"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Parameters
    ----------
    place : Path
        Folder.
    files : tuple of FileEntry
        By path; without export.json, which lists them.
    """

    place: Path
    files: tuple[FileEntry, ...]


def writer_of(name: str) -> Writer:
    """Return the writer of a format.

    Raises
    ------
    InputError
        There is no such format; the nearest name is given.
    """
    if name not in EXPORTS:
        near = get_close_matches(name, EXPORTS, n=1, cutoff=0.0)[0]
        raise InputError(
            f"There is no export format {name!r}; did you mean {near!r}?",
            way_out=f"Formats are {', '.join(EXPORTS)}.",
            column="format",
        )
    return EXPORTS[name]


def _checked(writer: Writer, tables: Tables, about: About) -> None:
    if not tables:
        raise InputError(
            "There is no table to write.", way_out="Give at least one split."
        )
    for split in tables:
        checked_parts(split, "A split")
    if about.get("form") != writer.form:
        raise InputError(
            f"This format takes {writer.form} tables, was given {about.get('form')}.",
            way_out="Shape them with tradeloop.datasets.export: shape() makes wide "
            "tables, as_matrix() tables of numbers.",
            source="tables",
        )


def _entries(folder: Path) -> tuple[FileEntry, ...]:
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        name = path.relative_to(folder).as_posix()
        found.append(FileEntry(name, digest, path.stat().st_size))
    return tuple(found)


def _said(
    name: str, tables: Tables, about: About, files: tuple[FileEntry, ...]
) -> dict[str, Any]:
    return {
        "format": name,
        "about": {**about, "missing": EXPORTS[name].missing},
        "tables": {
            split: {"rows": frame.height, "columns": schema_of(frame)}
            for split, frame in tables.items()
        },
        "files": {e.path: [e.sha256, e.size_bytes] for e in files},
    }


def write_export(name: str, place: Path, tables: Tables, about: About) -> Exported:
    """Write tables in a format into a new folder.

    Parameters
    ----------
    name : str
        One of `EXPORTS`.
    place : Path
        Folder to make; its parents are made too.
    tables : mapping of str to polars.DataFrame
        Split to rows, such as ``train`` or ``fold_0/train``.
    about : mapping
        Plain data about them, as `tradeloop.datasets.export` makes it; ``card``, if
        there, is the text of the dataset's card.

    Returns
    -------
    Exported
        Folder and files; durable.

    Raises
    ------
    InputError
        Unknown format, no table, or tables of the other form.
    ConflictError
        Something lies at the place; it is left as it is.
    MissingExtraError
        The format needs a package that is not installed.
    """
    writer, place = writer_of(name), place.absolute()
    _checked(writer, tables, about)
    taken = ConflictError(f"{place} is there already. Export to another folder.")
    if place.exists():
        raise taken
    nest = place.parent / f".{place.name}.incoming"
    try:
        with staged(nest) as folder:
            writer.write(folder, tables, about)
            files = _entries(folder)
            said = json.dumps(_said(name, tables, about, files), indent=1)
            (folder / ABOUT).write_text(f"{said}\n", encoding="utf-8")
            if not publish(folder, place):
                raise taken
    finally:
        for empty in (nest / INCOMING, nest):
            with suppress(OSError):  # another export is under way there
                empty.rmdir()
    return Exported(place, files)

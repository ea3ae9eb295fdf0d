"""The list of what lies in a folder, with the hash of each file and of itself."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tradeloop.errors import DamagedError
from tradeloop.stores.canonical import canonical, digest
from tradeloop.stores.names import checked_parts

MANIFEST = "manifest.json"
_FORMAT = 1
_NAMED = 5  # damaged files that a message names


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of a folder.

    Parameters
    ----------
    path : str
        Below the folder, with ``/``.
    sha256 : str
        Of its bytes, in hexadecimal.
    size_bytes : int
        Length.
    rows : int or None
        Rows of a Parquet file; None for others.
    schema : str
        Key of its column list in `Manifest.schemas`; empty for others.
    """

    path: str
    sha256: str
    size_bytes: int
    rows: int | None = None
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What lies in a folder.

    Parameters
    ----------
    folder : Path
        Where it lies; not part of what is written or hashed.
    files : tuple of FileEntry
        By path.
    schemas : dict of str to tuple of (name, type)
        Column lists; thousands of day files share one.
    about : dict
        What the folder is, as JSON.
    """

    folder: Path
    files: tuple[FileEntry, ...]
    schemas: dict[str, tuple[tuple[str, str], ...]]
    about: dict[str, Any]

    @property
    def rows(self) -> int:
        """Rows of all Parquet files together."""
        return sum(entry.rows or 0 for entry in self.files)

    @property
    def sha256(self) -> str:
        """Hash of the content: equal for folders with equal bytes."""
        return digest(self._content())

    def text(self) -> str:
        """Write it as ``manifest.json``: one line per file, its own hash last."""
        content = self._content()
        return f'{content[:-1]},"sha256":"{digest(content)}"}}\n'

    def named(self, file_name: str) -> list[FileEntry]:
        """Files of this name, whatever their folder, by path."""
        return [e for e in self.files if e.path.rpartition("/")[2] == file_name]

    def damage(self, entries: Iterable[FileEntry] | None = None) -> list[str]:
        """Check files against their hashes; say what is wrong with each bad one.

        Parameters
        ----------
        entries : iterable of FileEntry, optional
            Files to check; without them all, and also what should not be there.
        """
        given = self.files if entries is None else entries
        wrong = [f"{e.path} ({why})" for e in given if (why := self._wrong(e))]
        if entries is None:
            known = {e.path for e in self.files} | {MANIFEST}
            wrong += [f"{name} (extra)" for name in sorted(_all(self.folder) - known)]
        return wrong

    def require(self, entries: Iterable[FileEntry] | None = None) -> None:
        """Raise `DamagedError` that names the bad files, if there are any."""
        wrong = self.damage(entries)
        if wrong:
            rest = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
            raise DamagedError(
                f"{self.folder}: {', '.join(wrong[:_NAMED])}{rest}. "
                "Remove the folder and build it again, or restore it from a backup."
            )

    def _wrong(self, entry: FileEntry) -> str:
        path = self.folder / entry.path
        try:
            # Not through a link: what it leads to can change.
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return "missing"
        except OSError as error:
            return error.strerror or "unreadable"
        with os.fdopen(file, "rb") as stream:
            found = sha256(stream.read()).hexdigest()
        return "" if found == entry.sha256 else "damaged"

    def _content(self) -> str:
        files = {e.path: [e.sha256, e.size_bytes, e.rows, e.schema] for e in self.files}
        return canonical(
            {
                "about": self.about,
                "columns_of_files": ["sha256", "size_bytes", "rows", "schema"],
                "files": files,
                "format": _FORMAT,
                "schemas": self.schemas,
            }
        )


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises
    ------
    DamagedError
        It is missing, or does not match its own hash.
    """
    try:
        text = (folder / MANIFEST).read_bytes().decode()
        found = json.loads(text)
        files = tuple(FileEntry(path, *e) for path, e in found["files"].items())
        for entry in files:
            checked_parts(entry.path, "A manifest's files")
        schemas = {
            key: tuple((name, dtype) for name, dtype in columns)
            for key, columns in found["schemas"].items()
        }
        manifest = Manifest(folder, files, schemas, found["about"])
        right = manifest.text() == text  # to the byte, its own hash included
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(
            f"{folder}: {MANIFEST} (unreadable: {error}). "
            "Remove the folder and build it again, or restore it from a backup."
        ) from error
    if not right:
        raise DamagedError(
            f"{folder}: {MANIFEST} (damaged). "
            "Remove the folder and build it again, or restore it from a backup."
        )
    return manifest


def _all(folder: Path) -> set[str]:
    """Every file below a folder, as the manifest would name it."""
    return {
        Path(here, name).relative_to(folder).as_posix()
        for here, _, names in os.walk(folder)
        for name in names
    }

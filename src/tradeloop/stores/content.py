"""What a dataset's folder is to hold: its files' bytes and its manifest."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from tradeloop.errors import InputError
from tradeloop.stores.canonical import canonical, digest
from tradeloop.stores.manifest import MANIFEST, FileEntry, Manifest
from tradeloop.stores.names import checked_parts
from tradeloop.stores.parquet import encode_all, schema_of

SUFFIX = ".parquet"


def check_path(path: str, *, frame: bool) -> None:
    """Check the path of a frame, or of a text, below a dataset's folder.

    Raises
    ------
    InputError
        It leaves the folder, or its name is that of something else.
    """
    parts = checked_parts(path, "A dataset's files")
    if parts == (MANIFEST,) or frame != path.endswith(SUFFIX):
        raise InputError(
            f"Frames end with {SUFFIX}, texts do not, and {MANIFEST} is ours: "
            f"was {path!r}.",
            way_out="Rename it.",
        )


def encoded_texts(texts: Mapping[str, str]) -> Iterator[tuple[FileEntry, bytes]]:
    """Bytes of each text with its entry, by path."""
    for path, text in sorted(texts.items()):
        raw = text.encode()
        yield FileEntry(path, sha256(raw).hexdigest(), len(raw)), raw


@dataclass(frozen=True)
class Content:
    """Frames and texts of a dataset, by path below its folder.

    Parameters
    ----------
    files : mapping of str to polars.DataFrame
        Paths end with ``.parquet``.
    texts : mapping of str to str
        Other paths.
    about : dict
        What it is, as JSON.
    """

    files: Mapping[str, pl.DataFrame]
    texts: Mapping[str, str]
    about: dict[str, Any]

    def __post_init__(self) -> None:
        if not self.files:
            raise InputError("A dataset needs a frame.", way_out="Give at least one.")
        for path in (*self.files, *self.texts):
            check_path(path, frame=path in self.files)

    def encoded(
        self, leave: Collection[str] = ()
    ) -> Iterator[tuple[FileEntry, bytes | memoryview]]:
        """Bytes of each file with its entry: frames by path, then texts by path.

        Parameters
        ----------
        leave : collection of str
            Paths of frames that are not asked for.
        """
        asked = {path: f for path, f in self.files.items() if path not in leave}
        for path, data in encode_all(asked):
            found, schema = sha256(data).hexdigest(), self._keys[path]
            rows = self.files[path].height
            yield FileEntry(path, found, len(data), rows, schema), data
        yield from encoded_texts(self.texts)

    def manifest(self, folder: Path, entries: list[FileEntry]) -> Manifest:
        """Make the manifest of these entries."""
        schemas = {self._keys[p]: schema_of(frame) for p, frame in self.files.items()}
        by_path = tuple(sorted(entries, key=lambda entry: entry.path))
        return Manifest(folder, by_path, schemas, self.about)

    def equals(self, there: Manifest, wanted: Manifest) -> bool:
        """Whether stored files say the same, though another pyarrow wrote them."""
        if there.about != wanted.about or len(there.files) != len(wanted.files):
            return False
        return all(
            (old.path, old.schema) == (new.path, new.schema)
            and (old.sha256 == new.sha256 or self._reads_equal(there, old))
            for old, new in zip(there.files, wanted.files, strict=True)
        )

    def _reads_equal(self, there: Manifest, entry: FileEntry) -> bool:
        if not entry.schema:
            return False
        stored = pl.read_parquet(there.folder / entry.path, hive_partitioning=False)
        return self.files[entry.path].equals(stored)

    @cached_property
    def _keys(self) -> dict[str, str]:
        known: dict[tuple[tuple[str, str], ...], str] = {}
        keys = {}
        for path, frame in self.files.items():
            schema = schema_of(frame)
            if schema not in known:
                known[schema] = digest(canonical(schema))[:12]
            keys[path] = known[schema]
        return keys

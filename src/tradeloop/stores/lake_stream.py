"""A dataset that is written file by file, and seen whole or not at all.

The streaming twin of `Lake.write_dataset`, for what does not fit into memory: frames
are encoded, hashed and written as they come, into a folder that nobody sees; texts and
the place are given last. The same files give the same bytes and the same manifest, in
whatever order they came.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from tradeloop.errors import ConflictError, InputError
from tradeloop.events import Principal
from tradeloop.stores.content import Content, check_path, encoded_texts
from tradeloop.stores.folder import publish, staged, write_file
from tradeloop.stores.lake import Lake
from tradeloop.stores.manifest import MANIFEST, FileEntry, Manifest, read_manifest
from tradeloop.stores.names import checked_parts, inside


@contextmanager
def dataset_stream(lake: Lake, principal: Principal) -> Iterator["DatasetStream"]:
    """Begin a dataset; what is not published by the end of the block vanishes.

    Parameters
    ----------
    lake : Lake
        Where it is to lie.
    principal : Principal
        Whose it is.
    """
    with staged(lake.root) as folder:
        yield DatasetStream(lake.root, principal, folder)


class DatasetStream:
    """Files of a dataset that is not there yet; made by `dataset_stream`.

    Parameters
    ----------
    root : Path
        Folder of the lake.
    principal : Principal
        Whose it is.
    folder : Path
        Staged folder, empty.
    """

    def __init__(self, root: Path, principal: Principal, folder: Path) -> None:
        self._root, self._principal, self._folder = root, principal, folder
        self._entries: dict[str, FileEntry] = {}
        self._schemas: dict[str, tuple[tuple[str, str], ...]] = {}

    def write(self, files: Mapping[str, pl.DataFrame]) -> None:
        """Write frames; their memory is free on return.

        Parameters
        ----------
        files : mapping of str to polars.DataFrame
            Path below the dataset's folder, ending with ``.parquet``, to frame.

        Raises
        ------
        InputError
            A path that leaves the folder or was written before, or a column type that
            is not kept.
        """
        if not files:
            return
        twice = self._entries.keys() & files.keys()
        if twice:
            raise InputError(
                f"{min(twice)!r} was written before; a file of a dataset is written "
                "once.",
                way_out="Give all rows of a file together.",
                source="files",
            )
        content = Content(files, {}, {})
        for entry, data in content.encoded():
            self._put(entry, data)
        self._schemas |= content.manifest(self._folder, []).schemas

    def read(self, paths: Sequence[str]) -> pl.DataFrame:
        """Read frames that were written, one after the other."""
        files = [self._folder / path for path in paths]
        return pl.read_parquet(files, hive_partitioning=False, glob=False)

    def lies_at(self, relative_root: str, names: Collection[str]) -> bool:
        """Tell whether a dataset with these frames is there already.

        Parameters
        ----------
        relative_root : str
            As in `Lake.write_dataset`.
        names : collection of str
            Names of the frames that are compared; texts and others are not.

        Returns
        -------
        bool
            False where nothing lies there.

        Raises
        ------
        ConflictError
            Other rows lie there.
        DamagedError
            What lies there is damaged.
        """
        place = self._place(relative_root)
        if not place.is_dir():
            return False
        there = read_manifest(place)
        wanted = {f"{name}.parquet" for name in names}
        ours, theirs = (
            [e for e in entries if e.path.rpartition("/")[2] in wanted]
            for entries in (self._sorted(), there.files)
        )
        there.require(theirs)
        if not self._alike(ours, theirs, there):
            raise ConflictError(
                f"{relative_root} holds other rows. A version is a function of its "
                "inputs: 'tradeloop datasets verify' tells which of the two is right. "
                "Was tradeloop changed without its version?"
            )
        return True

    def publish(
        self,
        relative_root: str,
        texts: Mapping[str, str],
        about: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Write the texts and the manifest, and show the dataset; durable on return.

        Parameters
        ----------
        relative_root, texts, about
            As in `Lake.write_dataset`.

        Returns
        -------
        Manifest
            Of what lies there now.

        Raises
        ------
        InputError
            No frame was written, or a path is not one of a text.
        ConflictError
            Another content lies there; it was kept.
        DamagedError
            The same content was written there before and is damaged now.
        """
        if not self._entries:
            raise InputError("A dataset needs a frame.", way_out="Write at least one.")
        for path in texts:
            check_path(path, frame=False)
        place = self._place(relative_root)
        for entry, data in encoded_texts(texts):
            self._put(entry, data)
        made = Manifest(place, self._sorted(), self._schemas, dict(about or {}))
        write_file(self._folder / MANIFEST, made.text().encode())
        if not place.exists() and publish(self._folder, place):
            return made
        there = read_manifest(place)
        there.require()
        same = there.about == made.about and self._alike(made.files, there.files, there)
        if made.sha256 != there.sha256 and not same:
            raise ConflictError(
                f"{place} holds another content. A version does not change: write the "
                "new content under its own version."
            )
        return there

    def _put(self, entry: FileEntry, data: bytes | memoryview) -> None:
        path = self._folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data)
        self._entries[entry.path] = entry

    def _sorted(self) -> tuple[FileEntry, ...]:
        return tuple(sorted(self._entries.values(), key=lambda entry: entry.path))

    def _place(self, relative_root: str) -> Path:
        parts = checked_parts(relative_root, "A dataset's folder")
        return inside(self._root, self._principal.tenant, *parts)

    def _alike(
        self, ours: Sequence[FileEntry], theirs: Sequence[FileEntry], there: Manifest
    ) -> bool:
        """Whether files say the same, though another pyarrow may have written them."""
        return len(ours) == len(theirs) and all(
            (new.path, new.schema) == (old.path, old.schema)
            and (new.sha256 == old.sha256 or self._reads_equal(there, old))
            for new, old in zip(ours, theirs, strict=True)
        )

    def _reads_equal(self, there: Manifest, entry: FileEntry) -> bool:
        if not entry.schema:
            return False
        stored = pl.read_parquet(there.folder / entry.path, hive_partitioning=False)
        return self.read([entry.path]).equals(stored)

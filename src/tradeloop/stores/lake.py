"""The lake: immutable Parquet files in folders of one tenant each.

Datasets are folders that appear whole (`folder`), with a manifest of hashes
(`manifest`). Market data are rows of tables (`ticks`), one commit for each frame, under
the hash of what it says. Writing what is there already returns what is there.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tradeloop.errors import ConflictError, DamagedError, NotFoundError
from tradeloop.events import Principal
from tradeloop.stores.content import SUFFIX, Content
from tradeloop.stores.folder import publish, staged, withdraw, write_file
from tradeloop.stores.lake_parts import Slice, Taken, read_single
from tradeloop.stores.manifest import MANIFEST, FileEntry, Manifest, read_manifest
from tradeloop.stores.names import checked_parts, inside
from tradeloop.stores.parquet import content_sha256
from tradeloop.stores.ticks import Ticks
from tradeloop.stores.ticks_append import Part

_NOTHING = Taken("", frozenset())


class Lake:
    """Files of all tenants under one root; each method sees one tenant.

    Parameters
    ----------
    root : Path
        Folder of the lake; made with the first write. Files and the folder
        ``.incoming`` must be in one file system.

    Attributes
    ----------
    ticks : Ticks
        Its tables of market events.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.ticks = root, Ticks(root)

    def write_dataset(
        self,
        principal: Principal,
        relative_root: str,
        files: Mapping[str, pl.DataFrame],
        texts: Mapping[str, str],
        about: Mapping[str, Any] | None = None,
        *,
        taken: Taken = _NOTHING,
    ) -> Manifest:
        """Write a dataset as one immutable folder, whole or not at all.

        Parameters
        ----------
        principal : Principal
            Whose it is.
        relative_root : str
            Such as ``training_datasets/SIGNAL_GENERATION/version=1f3a``.
        files : mapping of str to polars.DataFrame
            Path below the root, ending with ``.parquet``, to frame.
        texts : mapping of str to str
            Path below the root to text, written as UTF-8.
        about : mapping, optional
            JSON for the manifest. No times and ids that differ from run to run: they
            would make another content.
        taken : Taken
            What need not be written: files never change, so that one file may stand in
            two folders.

        Returns
        -------
        Manifest
            Of what lies there now; durable.

        Raises
        ------
        InputError
            A path that leaves the root, no file, or a column type that is not kept.
        ConflictError
            Another content lies there; it was kept.
        DamagedError
            The same content was written there before and is damaged now.
        """
        place = self._place(principal, relative_root)
        content = Content(files, texts, dict(about or {}))
        if place.exists():
            return _same(place, content)
        with staged(self.root) as folder:
            made = {folder}

            def placed(entry: FileEntry) -> Path:
                path = folder / entry.path
                if path.parent not in made:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    made.add(path.parent)
                return path

            entries = self._link(principal, taken, placed)
            for entry, data in content.encoded(leave=taken.paths):
                write_file(placed(entry), data)
                entries.append(entry)
            manifest = content.manifest(place, entries)
            write_file(folder / MANIFEST, manifest.text().encode())
            if publish(folder, place):
                return manifest
        return _same(place, content)

    def _link(
        self, principal: Principal, taken: Taken, placed: Callable[[FileEntry], Path]
    ) -> list[FileEntry]:
        if not taken.paths:
            return []
        there = self.manifest(principal, taken.root)
        entries = [entry for entry in there.files if entry.path in taken.paths]
        there.require(entries)
        for entry in entries:
            os.link(there.folder / entry.path, placed(entry))
        return entries

    def manifest(self, principal: Principal, relative_root: str) -> Manifest:
        """Return the manifest of a dataset.

        Raises
        ------
        NotFoundError
            No such dataset.
        DamagedError
            Its manifest is missing or does not match its own hash.
        """
        place = self._place(principal, relative_root)
        if not place.is_dir():
            raise NotFoundError(f"No dataset lies at {relative_root!r}.")
        return read_manifest(place)

    def read(
        self, principal: Principal, relative_root: str, frame: str
    ) -> pl.LazyFrame:
        """Read one frame of a dataset, its day files one after the other.

        Parameters
        ----------
        principal : Principal
            Whose it is.
        relative_root : str
            As given to `write_dataset`.
        frame : str
            Name of the frame, such as ``feature_vectors``.

        Returns
        -------
        polars.LazyFrame
            Rows in the order of the paths, then as written. The bytes of the files were
            checked before it is returned.

        Raises
        ------
        NotFoundError
            No such dataset, or no such frame in it; names those that are there.
        DamagedError
            A file does not match its hash.
        """
        manifest = self.manifest(principal, relative_root)
        entries = manifest.named(frame + SUFFIX)
        if not entries:
            there = {Path(e.path).stem for e in manifest.files if e.schema}
            raise NotFoundError(
                f"{relative_root!r} has no frame {frame!r}, only {sorted(there)}."
            )
        manifest.require(entries)
        paths = [manifest.folder / entry.path for entry in entries]
        return pl.scan_parquet(paths, hive_partitioning=False, glob=False)

    def read_text(self, principal: Principal, relative_root: str, path: str) -> str:
        """Read a text of a dataset; checked against its hash."""
        manifest = self.manifest(principal, relative_root)
        entries = [entry for entry in manifest.files if entry.path == path]
        if not entries:
            raise NotFoundError(f"{relative_root!r} has no file {path!r}.")
        manifest.require(entries)
        return (manifest.folder / path).read_text(encoding="utf-8")

    def verify(self, principal: Principal, relative_root: str) -> int:
        """Check every file of a dataset; return how many there are.

        Raises
        ------
        DamagedError
            Names damaged, missing and extra files.
        """
        manifest = self.manifest(principal, relative_root)
        manifest.require()
        return len(manifest.files)

    def remove_dataset(self, principal: Principal, relative_root: str) -> bool:
        """Remove a dataset, whole or not at all.

        Returns
        -------
        bool
            False where there was none.
        """
        return withdraw(self.root, self._place(principal, relative_root))

    def write_events(
        self, principal: Principal, kind: str, frame: pl.DataFrame
    ) -> Slice:
        """Keep market data under the hash of what they say.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        kind : str
            Such as ``bar``.
        frame : polars.DataFrame of shape (n_rows, n_columns)
            At least one row.

        Returns
        -------
        Slice
            Durable; the same one for the same frame.
        """
        sha = content_sha256(frame)
        if self._events(principal, kind, sha).exists():
            self.read_events(principal, kind, sha)
            return Slice(kind, frame.height, sha, None)
        commit = self.ticks.append_all(principal, kind, [Part(sha, frame, sha)])[0]
        if isinstance(commit, ConflictError):
            raise commit
        return Slice(kind, frame.height, sha, commit.version)

    def read_events(self, principal: Principal, kind: str, sha: str) -> pl.DataFrame:
        """Read market data that `write_events` wrote, in the order of `Ticks.read`.

        Raises
        ------
        NotFoundError
            The tenant has no such data.
        DamagedError
            A file does not say what was written.
        """
        place = self._events(principal, kind, sha)
        if place.exists():
            return read_single(place, sha)
        commit = self.ticks.find(principal, kind, sha)
        if commit is None:
            raise NotFoundError(f"No {kind} data have the hash {sha!r}.")
        return self.ticks.read(principal, kind, commits=[commit.version])

    def read_slices(
        self, principal: Principal, kind: str, slices: Sequence[Slice]
    ) -> pl.DataFrame:
        """Read slices of one kind together, as they were listed elsewhere.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        kind : str
            Such as ``bar``.
        slices : sequence of Slice
            At least one.

        Returns
        -------
        polars.DataFrame of shape (n_rows, n_columns)
            First the single files, in the order given; then what lies in the table, in
            the order of `Ticks.read`.

        Raises
        ------
        DamagedError
            A file does not say what was written, or the table lacks a slice: its log
            was cut or is another one.
        """
        files = dict.fromkeys(s.sha256 for s in slices if s.version is None)
        frames = [self.read_events(principal, kind, sha) for sha in files]
        versions = set()
        for listed in slices:
            if listed.version is None:
                continue
            key = listed.key or listed.sha256
            found = self.ticks.find(principal, kind, key)
            told = (listed.version, listed.sha256)
            if found is None or (found.version, found.sha256) != told:
                raise DamagedError(
                    f"Version {listed.version} of the {kind} data does not hold "
                    f"{key!r:.120}. Restore the lake from a backup."
                )
            versions.add(listed.version)
        if versions:
            frames.append(self.ticks.read(principal, kind, commits=versions))
        return pl.concat(frames, how="diagonal")

    def _place(self, principal: Principal, relative_root: str) -> Path:
        parts = checked_parts(relative_root, "A dataset's folder")
        return inside(self.root, principal.tenant, *parts)

    def _events(self, principal: Principal, kind: str, sha: str) -> Path:
        parts = checked_parts(f"{kind}/{sha}{SUFFIX}", "A kind of market data")
        return inside(self.root, principal.tenant, "market", *parts)


def _same(place: Path, content: Content) -> Manifest:
    """Return what lies at ``place`` if it is what was to be written."""
    there = read_manifest(place)
    there.require()
    wanted = content.manifest(place, [entry for entry, _ in content.encoded()])
    if wanted.sha256 != there.sha256 and not content.equals(there, wanted):
        raise ConflictError(
            f"{place} holds another content. A version does not change: write the new "
            "content under its own version."
        )
    return there

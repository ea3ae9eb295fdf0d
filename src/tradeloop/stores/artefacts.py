"""Model artefacts: versioned folders of safe files, checked when they are loaded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from tradeloop.errors import ArtefactError, BusyError, DamagedError, NotFoundError
from tradeloop.events import Principal
from tradeloop.stores.folder import publish, staged, write_file
from tradeloop.stores.formats import check_format
from tradeloop.stores.manifest import MANIFEST, FileEntry, Manifest, read_manifest
from tradeloop.stores.names import checked_parts, inside

Change = Literal["architecture", "features", "retrained"]
_VERSION = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_STEPS: dict[Change, int] = {"architecture": 0, "features": 1, "retrained": 2}
_FIRST = (1, 0, 0)
_TRIES = 100  # other writers that may take the next number first


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model version as it lies on the disk.

    Parameters
    ----------
    model : str
        Name of the model.
    version : str
        ``vMAJOR.MINOR.PATCH``.
    path : Path
        Its folder.
    sha256 : str
        Hash of its content; equal for equal files of equal parents.
    parent : str
        Version it was made from; empty for none.
    files : mapping of str to bytes
        What it holds; these bytes were checked, use them and not the files.
    """

    model: str
    version: str
    path: Path
    sha256: str
    parent: str
    files: Mapping[str, bytes]


class Artefacts:
    """Artefacts of all tenants under one root; each method sees one tenant.

    Parameters
    ----------
    root : Path
        Folder ``{root}/{tenant}/{model}/{version}/``; made with the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(
        self,
        principal: Principal,
        model: str,
        files: Mapping[str, bytes],
        *,
        change: Change = "retrained",
        parent: str = "",
    ) -> Artefact:
        """Keep a model under its next version, whole or not at all.

        Parameters
        ----------
        principal : Principal
            Whose it is.
        model : str
            Name of the model.
        files : mapping of str to bytes
            Plain names, of known and safe formats (`formats.check_format`).
        change : {"architecture", "features", "retrained"}
            What is new against the last version: counts MAJOR, MINOR or PATCH.
        parent : str
            Version it was made from.

        Returns
        -------
        Artefact
            Durable. The last version, where that holds the same files.

        Raises
        ------
        ArtefactError
            A file that is not safe; nothing is written.
        """
        for name, data in files.items():
            _check_file(name, data)
        for _ in range(_TRIES):
            there = self.versions(principal, model)
            if there:
                last = self.load(principal, model, there[-1])
                if (dict(last.files), last.parent) == (dict(files), parent):
                    return last
            version = _next(there, change)
            if self._write(self._place(principal, model, version), files, parent):
                return self.load(principal, model, version)
        raise BusyError(f"Other writers took {_TRIES} versions of {model}. Try again.")

    def save_as(
        self,
        principal: Principal,
        model: str,
        version: str,
        files: Mapping[str, bytes],
        *,
        parent: str = "",
    ) -> Artefact:
        """Keep a model under a version that stands in its files, and no other.

        Raises
        ------
        ArtefactError
            A file that is not safe, or no version; nothing is written.
        BusyError
            Another writer took the version.
        """
        for name, data in files.items():
            _check_file(name, data)
        if not _VERSION.fullmatch(version):
            raise ArtefactError(f"A version is like v1.0.0, was {version!r}.")
        if not self._write(self._place(principal, model, version), files, parent):
            raise BusyError(f"{model} {version} was taken by another. Try again.")
        return self.load(principal, model, version)

    def next_version(
        self, principal: Principal, model: str, *, change: Change = "retrained"
    ) -> str:
        """Return the version that `save` would give now, if nobody comes between."""
        return _next(self.versions(principal, model), change)

    def versions(self, principal: Principal, model: str) -> list[str]:
        """Return the versions of a model, the oldest first."""
        folder = self._place(principal, model)
        if not folder.is_dir():
            return []
        found = [path.name for path in folder.iterdir()]
        return sorted((name for name in found if _VERSION.fullmatch(name)), key=_order)

    def load(self, principal: Principal, model: str, version: str) -> Artefact:
        """Load a version and check every byte of it.

        Raises
        ------
        NotFoundError
            No such version.
        ArtefactError
            A file was changed, is missing, should not be there or is not safe.
        """
        place = self._place(principal, model, version)
        if not _VERSION.fullmatch(version) or not place.is_dir():
            raise NotFoundError(f"The model {model!r} has no version {version!r}.")
        try:
            manifest = read_manifest(place)
            manifest.require()
        except DamagedError as error:
            raise ArtefactError(f"The artefact is refused: {error}") from error
        files = {entry.path: _checked(manifest, entry) for entry in manifest.files}
        parent, sha = str(manifest.about.get("parent", "")), manifest.sha256
        return Artefact(model, version, place, sha, parent, files)

    def _place(self, principal: Principal, *parts: str) -> Path:
        for part in parts:
            if len(checked_parts(part, "A model's name and version")) > 1:
                raise ArtefactError(f"{part}: a model and a version are plain names.")
        return inside(self.root, principal.tenant, *parts)

    def _write(self, place: Path, files: Mapping[str, bytes], parent: str) -> bool:
        about: dict[str, Any] = {"parent": parent} if parent else {}
        entries = tuple(
            FileEntry(name, sha256(data).hexdigest(), len(data))
            for name, data in sorted(files.items())
        )
        with staged(self.root) as folder:
            for name, data in files.items():
                write_file(folder / name, data)
            text = Manifest(place, entries, {}, about).text()
            write_file(folder / MANIFEST, text.encode())
            return publish(folder, place)


def _check_file(name: str, data: bytes) -> None:
    if len(checked_parts(name, "An artefact's files")) > 1 or name == MANIFEST:
        raise ArtefactError(f"{name}: an artefact has plain file names.")
    check_format(name, data)


def _checked(manifest: Manifest, entry: FileEntry) -> bytes:
    """Read once, and check what was read."""
    data = (manifest.folder / entry.path).read_bytes()
    if sha256(data).hexdigest() != entry.sha256:
        raise ArtefactError(
            f"{manifest.folder / entry.path} changed while it was read."
        )
    check_format(entry.path, data)
    return data


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version[1:].split(".")))


def _next(versions: list[str], change: Change) -> str:
    if not versions:
        numbers: tuple[int, ...] = _FIRST
    else:
        step, last = _STEPS[change], _order(versions[-1])
        numbers = (*last[:step], last[step] + 1, *(0,) * (2 - step))
    return "v" + ".".join(map(str, numbers))

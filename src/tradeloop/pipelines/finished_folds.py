"""Finished folds of trainings, as files: a training that broke off goes on with them.

They hold no code (`tradeloop.models.kept_folds`) and may be removed at any time; the
folds of a training that came to its end are.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from tradeloop.pipelines.workspace import Workspace

_SHA = 32


class FinishedFolds:
    """Files of one folder; see `tradeloop.models.kept_folds.FoldStore`.

    Parameters
    ----------
    folder : Path
        Made with the first fold.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._used: set[str] = set()

    @classmethod
    def of(cls, workspace: Workspace) -> "FinishedFolds":
        """Return those of the tenant."""
        return cls(workspace.places.runs / "folds" / workspace.principal.tenant)

    def get(self, key: str) -> bytes | None:
        """Return what was put under this key; None where nothing whole lies there."""
        try:
            content = (self._folder / key).read_bytes()
        except FileNotFoundError:
            return None
        self._used.add(key)
        told, sha = content[:-_SHA], content[-_SHA:]
        return told if hashlib.sha256(told).digest() == sha else None

    def put(self, key: str, content: bytes) -> None:
        """Keep a fold under its key, whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f".{key}.{os.getpid()}"
        with part.open("wb") as file:
            file.write(content + hashlib.sha256(content).digest())
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._folder / key)
        self._used.add(key)

    def forget(self) -> None:
        """Remove the folds that were put or taken: their training is done."""
        for key in self._used:
            with suppress(FileNotFoundError):
                (self._folder / key).unlink()
        self._used.clear()

"""Datasets under DVC: tracked as a folder, pushed to a remote, fetched again.

DVC runs as a program of its own (`python -m dvc`), offline unless a remote is pushed to
or pulled from. One dataset is one folder and one ``.dvc`` file: what is inside never
changes, so there is nothing to gain from tracking its files one by one.
"""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tradeloop.errors import ConflictError, MissingExtraError, TradeloopError
from tradeloop.stores.manifest import Manifest, read_manifest

_FOLDER = "datasets"
_REMOTE = "tradeloop"


class DvcProject:
    """A folder in which DVC tracks datasets.

    Parameters
    ----------
    root : Path
        The folder; made a DVC project with the first dataset. In a Git work tree DVC
        works with Git, elsewhere without.

    Raises
    ------
    MissingExtraError
        DVC is not installed.
    """

    def __init__(self, root: Path) -> None:
        if find_spec("dvc") is None:
            raise MissingExtraError("dvc", "dvc")
        self.root = root

    def add(self, folder: Path, name: str) -> Path:
        """Copy a dataset's folder into the project and track it.

        Parameters
        ----------
        folder : Path
            What the lake holds.
        name : str
            Id of the dataset.

        Returns
        -------
        Path
            The ``.dvc`` file, which stands for the dataset: keep it in Git.

        Raises
        ------
        ConflictError
            Another content is tracked under the name.
        """
        self._begin()
        place, tracked = self._places(name)
        if tracked.is_file():
            self._run("checkout", str(tracked.relative_to(self.root)))
            if read_manifest(place).sha256 != read_manifest(folder).sha256:
                raise ConflictError(
                    f"{tracked} tracks another content. A dataset does not change: "
                    "publish into another project."
                )
            return tracked
        shutil.copytree(folder, place)
        self._run("add", "--quiet", str(place.relative_to(self.root)))
        return tracked

    def push(self, name: str, remote: str | None) -> None:
        """Send a dataset to a remote.

        Parameters
        ----------
        name : str
            Id of the dataset.
        remote : str, optional
            Folder, or URL such as ``s3://bucket/path``; None: the project's own.
        """
        if remote is not None:
            self._run("remote", "add", "--force", "--default", _REMOTE, remote)
        self._run("push", str(self._tracked(name).relative_to(self.root)))

    def fetch(self, name: str) -> Manifest:
        """Bring a dataset back, from the cache or the remote, and check every byte.

        Raises
        ------
        TradeloopError
            It is not tracked, or neither cache nor remote has it.
        DamagedError
            What came is not what was published.
        """
        tracked = self._tracked(name)
        if not tracked.is_file():
            raise TradeloopError(
                f"{tracked} is not there: {name!r} was not published in this project."
            )
        self._run("pull", "--force", str(tracked.relative_to(self.root)))
        manifest = read_manifest(self._places(name)[0])
        manifest.require()
        return manifest

    def _places(self, name: str) -> tuple[Path, Path]:
        return self.root / _FOLDER / name, self._tracked(name)

    def _tracked(self, name: str) -> Path:
        return self.root / _FOLDER / f"{name}.dvc"

    def _begin(self) -> None:
        (self.root / _FOLDER).mkdir(parents=True, exist_ok=True)
        if (self.root / ".dvc").is_dir():
            return
        within_git = any((p / ".git").exists() for p in (self.root, *self.root.parents))
        self._run("init", "--quiet", *(["--subdir"] if within_git else ["--no-scm"]))
        self._run("config", "core.analytics", "false")
        self._run("config", "core.check_update", "false")

    def _run(self, *words: str) -> None:
        done = subprocess.run(  # noqa: S603  # our own words, no shell
            [sys.executable, "-m", "dvc", *words],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise TradeloopError(f"dvc {' '.join(words)} in {self.root} failed: {said}")

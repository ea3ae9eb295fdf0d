"""What the lake is told and tells: slices of market data, files taken over."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tradeloop.errors import DamagedError, InputError
from tradeloop.stores.parquet import content_sha256


@dataclass(frozen=True, slots=True)
class Slice:
    """Market data in the lake.

    Parameters
    ----------
    kind : str
        Such as ``bar``.
    rows : int
        Rows of it.
    sha256 : str
        Hash of what it says (`content_sha256`).
    version : int, optional
        Version of the table that brought it; None for a single file, the earlier form.
    key : str
        Key under which the table keeps it; empty where that is the hash.
    """

    kind: str
    rows: int
    sha256: str
    version: int | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """Files of an earlier dataset that say the same as those to be written.

    Parameters
    ----------
    root : str
        Folder of the earlier dataset below that of its tenant.
    paths : frozenset of str
        Paths of frames, equal in both; taken on trust, but their bytes are checked.
    """

    root: str
    paths: frozenset[str]


def read_single(place: Path, sha: str) -> pl.DataFrame:
    """Read a file of the earlier form, which must say what its name says.

    Raises
    ------
    DamagedError
        It does not.
    """
    with suppress(pl.exceptions.PolarsError, InputError, OSError):
        frame = pl.read_parquet(place, hive_partitioning=False, glob=False)
        if content_sha256(frame) == sha:
            return frame
    raise DamagedError(
        f"{place} does not match the hash under which it was written. "
        "Remove it and capture the data again, or restore it from a backup."
    )

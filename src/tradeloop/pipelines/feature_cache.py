"""Computed features, kept under what they are a function of: the bank and the data.

The key is made of the bank's fingerprint and the content hashes of the data slices. The
lake knows the hash of each slice (`Slice.sha256`), so that a hit opens no input. Bars
alone are computed about as fast as their features are read: the cache is for order
books, options, other instruments and many timeframes.

A cache may be thrown away at any time. Nothing in it is synced, and an entry whose
bytes do not match their hash is computed anew.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from threading import Lock

import polars as pl

from tradeloop.errors import InputError
from tradeloop.events import Principal
from tradeloop.stores.parquet import content_sha256

MOST_BYTES = 4 << 30
_ENDING = ".arrow"


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """What became of the questions.

    Parameters
    ----------
    hits, misses : int
        Answered without computing, and with.
    damaged : int
        Misses whose entry did not match its hash.
    evicted : int
        Entries that were removed to make room.
    """

    hits: int = 0
    misses: int = 0
    damaged: int = 0
    evicted: int = 0


def slices_of(frames: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """Name data by their content, where the lake did not: the hash of each stream."""
    return tuple(f"{name}:{content_sha256(frames[name])}" for name in sorted(frames))


class FeatureCache:
    """Feature frames of all tenants under one folder.

    Safe for several threads and processes: an entry appears whole, and who reads one
    that is being removed has it to the end.

    Parameters
    ----------
    root : Path
        Folder that holds nothing else; made with the first entry.
    most_bytes : int
        Size of all entries of a tenant; the ones not asked for longest go first. A
        frame that is larger is not kept.
    """

    def __init__(self, root: Path, most_bytes: int = MOST_BYTES) -> None:
        if most_bytes < 0:
            raise InputError(
                f"A cache needs a size of 0 bytes or more, was {most_bytes}.",
                way_out="Give the size, or 0 to keep nothing.",
                source="most_bytes",
            )
        self.root, self.most_bytes = root, most_bytes
        self.counts = CacheCounts()
        self._lock = Lock()

    def get_or_compute(
        self,
        principal: Principal,
        fingerprint: str,
        slices: Sequence[str],
        make: Callable[[], pl.DataFrame],
    ) -> pl.DataFrame:
        """Return the features of these data: from the cache, or computed and kept.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        fingerprint : str
            Of the bank.
        slices : sequence of str
            What the data are, in order: hashes of their content, with the name of the
            stream where there are several.
        make : callable
            Computes the features; called only where they are not there. A function of
            the bank and these slices alone, or the cache lies.

        Returns
        -------
        polars.DataFrame
            Equal to what ``make`` returns, to the bit.

        Raises
        ------
        InputError
            No slice: nothing would tell one question from another.
        """
        if not slices:
            raise InputError(
                "Features in a cache are told apart by their data; no slice was named.",
                way_out="Name the hashes of the data, such as those of slices_of.",
                source="slices",
            )
        folder = self.root / principal.tenant / key_of(fingerprint, slices)
        found = self._get(folder)
        if found is not None:
            return found
        self._count(misses=1)
        frame = make()
        self._put(folder, frame)
        return frame

    def size_bytes(self, principal: Principal) -> int:
        """Size of all entries of a tenant."""
        return sum(size for _, size, _ in self._entries(principal.tenant))

    def _get(self, folder: Path) -> pl.DataFrame | None:
        for path in folder.glob(f"*{_ENDING}"):
            try:
                data = path.read_bytes()
                if sha256(data).hexdigest() == path.stem:
                    frame = pl.read_ipc(BytesIO(data))
                    os.utime(path)
                    self._count(hits=1)
                    return frame
            except FileNotFoundError:  # evicted meanwhile
                continue
            except (OSError, pl.exceptions.PolarsError):
                pass
            path.unlink(missing_ok=True)
            self._count(damaged=1)
        return None

    def _put(self, folder: Path, frame: pl.DataFrame) -> None:
        sink = BytesIO()
        frame.write_ipc(sink, compression="uncompressed")
        data = sink.getbuffer()
        if len(data) > self.most_bytes:
            return
        # A full disk or a folder that is not ours to write costs speed, no answer.
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            file, name = tempfile.mkstemp(dir=folder, suffix=".tmp")
            spare = Path(name)
            try:
                with os.fdopen(file, "wb") as out:
                    out.write(data)
                spare.replace(folder / f"{sha256(data).hexdigest()}{_ENDING}")
            finally:
                spare.unlink(missing_ok=True)
            self._make_room(folder.parent.name)

    def _make_room(self, tenant: str) -> None:
        entries = sorted(self._entries(tenant), key=lambda entry: (entry[0], entry[2]))
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= self.most_bytes:
                break
            path.unlink(missing_ok=True)
            total -= size
            self._count(evicted=1)

    def _entries(self, tenant: str) -> list[tuple[int, int, Path]]:
        """Last use in ns, size and path of each entry."""
        found = []
        for path in (self.root / tenant).glob(f"*/*{_ENDING}"):
            with suppress(FileNotFoundError):
                told = path.stat()
                found.append((told.st_mtime_ns, told.st_size, path))
        return found

    def _count(self, **more: int) -> None:
        with self._lock:
            now = self.counts
            added = {name: getattr(now, name) + count for name, count in more.items()}
            self.counts = replace(now, **added)


def key_of(fingerprint: str, slices: Sequence[str]) -> str:
    """Key of the features of a bank over data; unlike for another order of slices."""
    told = [fingerprint, *slices]
    return sha256("".join(f"{len(text)}:{text}" for text in told).encode()).hexdigest()

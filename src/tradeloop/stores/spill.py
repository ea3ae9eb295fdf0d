"""Frames that are put aside on the disk while something larger than memory is made.

They lie in a folder of the lake that nobody sees; it vanishes at the end, and what a
killed process leaves is removed by the next writer. Nothing in it is durable or hashed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from tradeloop.stores.folder import staged
from tradeloop.stores.lake import Lake


@contextmanager
def spilling(lake: Lake) -> Iterator["Spill"]:
    """Give a place for frames until the end of the block."""
    with staged(lake.root) as folder:
        yield Spill(folder)


class Spill:
    """Frames by name and number; made by `spilling`.

    Parameters
    ----------
    folder : Path
        Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, number: int, frame: pl.DataFrame) -> None:
        """Put a frame aside."""
        place = self._folder / f"{name}-{number:06}.parquet"
        # Read once or twice, soon: speed counts.
        frame.write_parquet(place, compression="lz4", statistics=True)

    def take(self, name: str, number: int) -> pl.DataFrame:
        """Read one frame back."""
        place = self._folder / f"{name}-{number:06}.parquet"
        return pl.read_parquet(place, glob=False)

    def whole(self, name: str) -> pl.DataFrame:
        """Read all frames of a name, in the order of their numbers."""
        return self._all(name).collect()

    def column(self, name: str, column: str) -> pl.Series:
        """Read one column of all frames of a name, in the order of their numbers."""
        return self._all(name).select(column).collect().to_series()

    def between(self, name: str, column: str, begin: int, end: int) -> pl.DataFrame:
        """Read the rows of all frames of a name with ``begin <= column < end``."""
        inside = (pl.col(column) >= begin) & (pl.col(column) < end)
        return self._all(name).filter(inside).collect()

    def _all(self, name: str) -> pl.LazyFrame:
        files = sorted(self._folder.glob(f"{name}-*.parquet"))
        return pl.scan_parquet(files, glob=False, low_memory=True)

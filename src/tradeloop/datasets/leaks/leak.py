"""What a planted leak is: where it sits, what comes of it, which check finds it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from tradeloop.datasets.leaks.scene import Scene, Specimen, gap_rows
from tradeloop.errors import InputError


@dataclass(frozen=True, slots=True)
class Where:
    """Size and place of a planted leak.

    Parameters
    ----------
    seed : int
        Seed of whatever is drawn.
    size : float
        Share of the rows or of the time that leaks, above 0 and at most 1.
    place : float
        Where the stretch begins: 0 at the first row, 1 as late as it fits.
    """

    seed: int = 0
    size: float = 0.5
    place: float = 0.5

    def __post_init__(self) -> None:
        if not (0 < self.size <= 1 and 0 <= self.place <= 1):
            raise InputError(
                f"A leak needs 0 < size <= 1 and 0 <= place <= 1, were {self.size} and "
                f"{self.place}.",
                way_out="size=0.5, place=0.5 leaks in the middle half.",
            )

    def draw(self) -> np.random.Generator:
        """Give the source of random numbers."""
        return np.random.default_rng([self.seed, 7])

    def stretch(self, n_rows: int) -> tuple[int, int]:
        """First row of the stretch and the row after its last; at least one row."""
        length = max(1, round(self.size * n_rows))
        first = round(self.place * (n_rows - length))
        return first, first + length

    def rows(self, n_rows: int) -> pl.Series:
        """Mark the rows of the stretch."""
        return pl.Series(gap_rows(n_rows, *self.stretch(n_rows)))

    def time(self, scene: Scene) -> pl.Expr:
        """Mark what ends within a stretch of the time in which decisions are made."""
        begin, end = scene.decided_ns
        first, last = self.stretch(end - begin)
        return pl.col("event_ns").is_between(begin + first, begin + last)

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number from low to high."""
        return int(self.draw().integers(low, high + 1))


class Grow(Protocol):
    """Makes a specimen, with the leak or without."""

    def __call__(self, scene: Scene, where: Where, *, leaking: bool) -> Specimen:
        """Make it; what does not leak must be the same in both."""


@dataclass(frozen=True, slots=True)
class Leak:
    """One way in which the future gets into a dataset.

    Parameters
    ----------
    name : str
        Name.
    description : str
        What happens.
    origin : str
        Where it comes from in practice.
    found_by : tuple of str
        Checks of the certificate that fail on it, all of them, always.
    grow : callable
        Makes the leaking specimen or its clean twin.
    """

    name: str
    description: str
    origin: str
    found_by: tuple[str, ...]
    grow: Grow

    def plant(
        self, scene: Scene, *, seed: int = 0, size: float = 0.5, place: float = 0.5
    ) -> Specimen:
        """Plant the leak; see `Where` for size and place."""
        return self.grow(scene, Where(seed, size, place), leaking=True)

    def clean(
        self, scene: Scene, *, seed: int = 0, size: float = 0.5, place: float = 0.5
    ) -> Specimen:
        """Make the clean twin: the same dataset as it should have been made."""
        return self.grow(scene, Where(seed, size, place), leaking=False)


def leak(origin: str, *found_by: str) -> Callable[[Grow], Leak]:
    """Make a leak of a function: its name and docstring become the leak's.

    Parameters
    ----------
    origin : str
        Where it comes from in practice.
    *found_by : str
        Checks that fail on it.
    """

    def of(grow: Grow) -> Leak:
        name = grow.__name__  # type: ignore[attr-defined]  # a function
        described = " ".join((grow.__doc__ or "").split())
        return Leak(name, described, origin, found_by, grow)

    return of

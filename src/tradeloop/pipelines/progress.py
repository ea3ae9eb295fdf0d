"""How a pipeline tells how far it is, without knowing who listens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """What listens: a terminal, a page, a test."""

    def begin(self, stage: str) -> None:
        """Hear that a stage begins, named in words."""

    def end(self, stage: str, figure: str) -> None:
        """Hear that the stage is done; ``figure`` says with what."""


class Silent:
    """Nobody listens."""

    def begin(self, stage: str) -> None:
        """Say nothing."""

    def end(self, stage: str, figure: str) -> None:
        """Say nothing."""


class Figure:
    """What a stage will say when it is done."""

    text = ""


@contextmanager
def stage(progress: Progress, name: str) -> Iterator[Figure]:
    """Run one stage between its begin and its end."""
    figure = Figure()
    progress.begin(name)
    yield figure
    progress.end(name, figure.text)

"""What the benchmark of ticks needs of the stores, which only pipelines may open."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import polars as pl

from tradeloop.clock import LiveClock, monotonic_s
from tradeloop.errors import OverloadedError
from tradeloop.events import QUOTE, Principal
from tradeloop.pipelines.take import Taken, TickIntake
from tradeloop.stores import Lake, open_journal

_WHO = Principal("bench", "bench")
_PAUSE_S = 0.002


@dataclass(frozen=True, slots=True)
class Took:
    """What storing batches took.

    Parameters
    ----------
    seconds : float
        From the first submit until the last answer.
    answers_s : list of float
        From the submit of each batch to its answer.
    commits : int
        Versions of the table that they became.
    rows : polars.DataFrame
        What the table says afterwards.
    """

    seconds: float
    answers_s: list[float]
    commits: int
    rows: pl.DataFrame


def take_all(folder: Path, batches: Sequence[bytes], *, most_rows: int) -> Took:
    """Send batches of quotes to a new lake and journal as fast as they are taken.

    Parameters
    ----------
    folder : Path
        Where both are made.
    batches : sequence of bytes
        Arrow IPC streams of quotes.
    most_rows : int
        Rows that may wait: fewer mean earlier answers and more commits.
    """
    clock, lake = LiveClock(), Lake(folder / "lake")
    answers_s: list[float] = []
    with (
        open_journal(folder / "journal.db", clock) as journal,
        TickIntake(lake, journal, clock, most_rows=most_rows) as intake,
    ):
        began_s = monotonic_s()
        told = []
        for number, batch in enumerate(batches, 1):
            answer = _sent(intake, batch, number)
            answer.add_done_callback(_timer(answers_s))
            told.append(answer)
        found = [answer.result() for answer in told]
        took_s = monotonic_s() - began_s
    commits = len({taken.version for taken in found})
    rows = lake.ticks.read(_WHO, QUOTE.kind)
    return Took(took_s, answers_s, commits, rows)


def _timer(into: list[float]) -> "_Stop":
    return _Stop(monotonic_s(), into)


@dataclass(frozen=True, slots=True)
class _Stop:
    began_s: float
    into: list[float]

    def __call__(self, _: Future[Taken]) -> None:
        self.into.append(monotonic_s() - self.began_s)


def _sent(intake: TickIntake, batch: bytes, number: int) -> Future[Taken]:
    while True:
        try:
            return intake.submit(
                _WHO, QUOTE.kind, batch, source="feed", epoch=0, n=number
            )
        except OverloadedError:
            sleep(_PAUSE_S)

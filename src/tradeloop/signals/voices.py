"""Asking the members of a vote: at once, by the clock, or with threads of their own.

Whoever asks, an answer is the same array, and one that is no forecast is left out:
`Answers` say who is there for which row, and why the others are not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Floats, Given
from tradeloop.models.matrix import as_float32
from tradeloop.models.runtime import Runtime
from tradeloop.models.sequences import Sequences
from tradeloop.signals.breaker import Breaker, Fault, MemberFault

_SUM_TOLERANCE = 1e-3  # of a row's probabilities: beyond it they are none
_AXES = ("rows", "steps", "columns")
Nanoseconds = Callable[[], int]
"""A clock for durations: it never goes back."""


class Scores(Protocol):
    """What a member is asked through, such as `tradeloop.models.runtime.Runtime`."""

    def predict_proba(self, features: Given) -> Floats:
        """Raw probabilities of shape (n_rows, 3)."""


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A member of a vote that is ready to be asked.

    Parameters
    ----------
    name : str
        Name of the member, once in a vote.
    weight : float
        Its weight, at least 0; one of weight 0 is never asked.
    scores : Scores
        The weights, in ONNX Runtime.
    steps : int
        Rows that it looks at for one forecast.
    """

    name: str
    weight: float
    scores: Scores
    steps: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the members said.

    Parameters
    ----------
    probabilities : ndarray of shape (n_members, n_rows, 3)
        Raw; NaN where a member is not there.
    there : ndarray of bool of shape (n_members, n_rows)
        Who votes on which row.
    faults : tuple of MemberFault
        Why the others do not; a member that rests is no new fault.
    """

    probabilities: Floats
    there: NDArray[np.bool_]
    faults: tuple[MemberFault, ...]

    def write(self, at: int, found: Floats | None) -> None:
        """Write what member ``at`` said; a row with NaN counts as absent."""
        if found is not None:
            self.probabilities[at] = found
            self.there[at] = found[:, 0] == found[:, 0]

    @classmethod
    def empty(cls, members: int, rows: int) -> "Answers":
        """Return answers of which none is there; to be written into."""
        return cls(
            np.full((members, rows, len(CLASSES)), np.nan),
            np.zeros((members, rows), dtype=np.bool_),
            (),
        )


class Ask(Protocol):
    """A way to ask the members. It must not raise for what a member does."""

    def __call__(self, voices: Sequence[Voice], features: Given, at_ns: int) -> Answers:
        """Ask all members for all rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Rows as the members take them, cast once for all.

    Parameters
    ----------
    count : int
        Number of rows.
    rows : ndarray of float32 of shape (n_rows, n_columns)
        The rows themselves.
    past : Given
        The rows with the steps that lead to them, where they came with them.
    single : ndarray of float32 or None
        The row, or its steps, if it is one: members have a shorter way for it.
    """

    count: int
    rows: NDArray[np.float32]
    past: Given
    single: NDArray[np.float32] | None

    @classmethod
    def of(cls, features: Given) -> "Question":
        """Cast and check rows.

        Raises
        ------
        InputError
            Not two axes (three of sequences), or an infinite value.
        """
        if isinstance(features, Sequences):
            if len(features) > 1:
                return cls(len(features), as_float32(features), features, None)
            features = features.gather()
        values = np.asarray(features)
        if values.ndim != len(_AXES):
            rows = as_float32(values)
            return cls(len(rows), rows, values, rows[0] if len(rows) == 1 else None)
        if len(values) == 1:
            steps = as_float32(values[0])
            return cls(1, steps[-1:], steps[None], steps)
        return cls(len(values), as_float32(values[:, -1]), values, None)

    def ask(self, voice: Voice) -> tuple[Floats | None, tuple[Fault, str] | None]:
        """Ask one member; what it raises becomes a fault.

        Returns
        -------
        found : ndarray of shape (n_rows, 3) or None
            NaN where the member said no probabilities; None if nothing can be used.
        fault : tuple or None
            Kind and words.
        """
        try:
            scores = voice.scores
            if self.single is not None and isinstance(scores, Runtime):
                found = scores.score_row(self.single)[None]
            else:
                given = self.past if voice.steps > 1 else self.rows
                found = np.asarray(scores.predict_proba(given), dtype=np.float64)
        except Exception as error:  # noqa: BLE001 - nothing raises into a trading loop
            return None, (Fault.RAISED, f"raised {type(error).__name__}: {error}")
        if found.shape != (self.count, len(CLASSES)):
            return None, (Fault.NO_NUMBER, f"gave the shape {found.shape}")
        return _checked(found)


def _checked(
    found: Floats,
) -> tuple[Floats | None, tuple[Fault, str] | None]:
    """Blank out the rows that hold no probabilities."""
    if len(found) == 1:
        down, flat, up = found[0].tolist()
        whole = abs(down + flat + up - 1) <= _SUM_TOLERANCE
        if whole and min(down, flat, up) >= 0:
            return found, None
    sound = (np.abs(found.sum(axis=1) - 1) <= _SUM_TOLERANCE) & (
        found.min(axis=1, initial=1.0) >= 0
    )
    if sound.all():
        return found, None
    odd = int((~sound).sum())
    words = f"gave no probabilities for {odd} of {len(found)} rows"
    return np.where(sound[:, None], found, np.nan), (Fault.NO_NUMBER, words)


def ask_all(voices: Sequence[Voice], features: Given, at_ns: int) -> Answers:
    """Ask one member after the other, without a clock: for history."""
    return _ask(voices, features, at_ns, None)


@dataclass(slots=True, eq=False)
class Watch:
    """Ask one member after the other, by the clock: for live use on one core.

    A member that takes longer than its budget is left out of this vote and rests, as
    one that raises does. Nothing interrupts it: only `tradeloop.signals.workers` does
    not wait for a member that hangs.

    Parameters
    ----------
    clock : callable
        Nanoseconds that never go back.
    budget_ns : int
        What a member may take for one row, above 0; for more rows as often.
    breaker : Breaker
        Who rests; changes with every vote.

    Raises
    ------
    InputError
        The budget is not above 0.
    """

    clock: Nanoseconds
    budget_ns: int = 5_000_000
    breaker: Breaker = field(default_factory=Breaker)

    def __post_init__(self) -> None:
        if self.budget_ns <= 0:
            raise InputError(
                f"Watch.budget_ns must be above 0, was {self.budget_ns}.",
                way_out="Say how long a member may take for one row.",
            )

    def __call__(self, voices: Sequence[Voice], features: Given, at_ns: int) -> Answers:
        """Ask the members that do not rest."""
        return _ask(voices, features, at_ns, self)

    def late(self, took_ns: int, rows: int) -> tuple[Fault, str] | None:
        """Return the fault of an answer that took ``took_ns``, or None."""
        allowed_ns = self.budget_ns * max(rows, 1)
        if took_ns <= allowed_ns:
            return None
        return Fault.LATE, f"took {took_ns:,} ns of {allowed_ns:,} ns"


def _ask(
    voices: Sequence[Voice], features: Given, at_ns: int, watch: Watch | None
) -> Answers:
    question = Question.of(features)
    told = Answers.empty(len(voices), question.count)
    faults: list[MemberFault] = []
    for at, voice in enumerate(voices):
        if voice.weight <= 0:
            continue
        if watch is not None and not watch.breaker.may_vote(voice.name):
            continue
        began_ns = watch.clock() if watch is not None else 0
        found, fault = question.ask(voice)
        if watch is not None:
            late = watch.late(watch.clock() - began_ns, question.count)
            found, fault = (None, late) if late and fault is None else (found, fault)
            watch.breaker.tell(voice.name, good=fault is None)
        told.write(at, found)
        if fault is not None:
            faults.append(MemberFault(voice.name, fault[1], at_ns, fault[0]))
    return Answers(told.probabilities, told.there, tuple(faults))

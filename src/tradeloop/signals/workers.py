"""Asking members in threads of their own: a vote does not wait for one that hangs.

ONNX Runtime lets other threads run while it computes, so with a core for each member
the vote takes as long as the slowest one that is in time. On one core it is slower than
`tradeloop.signals.voices.Watch`, which is why it has to be asked for.

A thread cannot be stopped from outside. One that hangs keeps its thread, and its member
is left out until it answers; its late answer is thrown away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

from tradeloop.errors import InputError
from tradeloop.models.base import Floats, Given
from tradeloop.signals.breaker import Breaker, Fault, MemberFault
from tradeloop.signals.voices import (
    Answers,
    Nanoseconds,
    Question,
    Voice,
)

_NS_PER_S = 1e9
_Said = tuple[int, int, Floats | None, tuple[Fault, str] | None]
_Asked = tuple[int, Question] | None


@dataclass(slots=True, eq=False)
class Workers:
    """One thread for each member.

    Parameters
    ----------
    voices : tuple of Voice
        The members; the scorer must have the same.
    clock : callable
        Nanoseconds that never go back.
    deadline_ns : int
        How long a vote waits, above 0.
    breaker : Breaker
        Who rests; changes with every vote.

    Raises
    ------
    InputError
        The deadline is not above 0.
    """

    voices: tuple[Voice, ...]
    clock: Nanoseconds
    deadline_ns: int = 5_000_000
    breaker: Breaker = field(default_factory=Breaker)
    _inboxes: list["SimpleQueue[_Asked]"] = field(default_factory=list)
    _said: "SimpleQueue[_Said]" = field(default_factory=SimpleQueue)
    _busy: set[int] = field(default_factory=set)
    _vote: int = 0

    def __post_init__(self) -> None:
        if self.deadline_ns <= 0:
            raise InputError(
                f"Workers.deadline_ns must be above 0, was {self.deadline_ns}.",
                way_out="Say how long a vote may wait.",
            )
        for at, voice in enumerate(self.voices):
            inbox: SimpleQueue[_Asked] = SimpleQueue()
            self._inboxes.append(inbox)
            work = (voice, at, inbox, self._said)
            Thread(target=_work, args=work, name=voice.name, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads as soon as each has done what it does now."""
        for inbox in self._inboxes:
            inbox.put(None)

    def __call__(self, voices: Sequence[Voice], features: Given, at_ns: int) -> Answers:
        """Ask the members that neither rest nor hang; wait until the deadline."""
        question = Question.of(features)
        self._vote += 1
        self._drain()
        told = Answers.empty(len(voices), question.count)
        waiting = self._send(voices, question)
        faults = self._gather(told, voices, waiting, at_ns)
        for at in sorted(waiting):
            self.breaker.tell(voices[at].name, good=False)
            words = f"gave no answer within {self.deadline_ns:,} ns"
            faults.append(MemberFault(voices[at].name, words, at_ns, Fault.HANGING))
        return Answers(told.probabilities, told.there, tuple(faults))

    def _send(self, voices: Sequence[Voice], question: Question) -> set[int]:
        """Give the row to each member that is asked; return which ones."""
        asked = set()
        for at, voice in enumerate(voices):
            rests = not self.breaker.may_vote(voice.name)
            if voice.weight <= 0 or at in self._busy or rests:
                continue
            self._inboxes[at].put((self._vote, question))
            asked.add(at)
        self._busy |= asked
        return asked

    def _gather(
        self, told: Answers, voices: Sequence[Voice], waiting: set[int], at_ns: int
    ) -> list[MemberFault]:
        """Take answers until all are in or time is up; ``waiting`` keeps the rest."""
        until_ns = self.clock() + self.deadline_ns
        faults = []
        while waiting:
            left_s = (until_ns - self.clock()) / _NS_PER_S
            try:
                vote, at, found, fault = self._said.get(timeout=max(left_s, 0.0))
            except Empty:
                break
            self._busy.discard(at)
            if vote != self._vote:
                continue
            waiting.discard(at)
            told.write(at, found)
            self.breaker.tell(voices[at].name, good=fault is None)
            if fault is not None:
                faults.append(MemberFault(voices[at].name, fault[1], at_ns, fault[0]))
        return faults

    def _drain(self) -> None:
        """Throw away answers that came after their vote."""
        while not self._said.empty():
            self._busy.discard(self._said.get()[1])


def _work(
    voice: Voice, at: int, inbox: "SimpleQueue[_Asked]", said: "SimpleQueue[_Said]"
) -> None:
    while (asked := inbox.get()) is not None:
        vote, question = asked
        said.put((vote, at, *question.ask(voice)))

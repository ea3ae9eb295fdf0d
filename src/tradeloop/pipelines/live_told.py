"""What the live loop has done since it began."""

from collections import Counter
from dataclasses import dataclass, field

from tradeloop.signals import Signal

_KEPT_LATENCIES = 4_096


@dataclass(slots=True)
class Told:
    """What the loop has done since it began.

    Parameters
    ----------
    signals, abstained, faults : int
        Answers that trade or hold, answers that abstain, events that could not be
        answered.
    late : int
        Bars before the newest one, and decisions after which a bar was known that they
        did not know: not answered.
    left_out : Counter
        How often a member was left out of a vote, by model, member and fault.
    trouble : dict of str to str
        What does not work at the moment, and why.
    latencies_s : list of float
        From the receipt of an event to its stored signal, the newest last.
    """

    signals: int = 0
    abstained: int = 0
    faults: int = 0
    late: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    trouble: dict[str, str] = field(default_factory=dict)
    latencies_s: list[float] = field(default_factory=list)

    def note(self, part: str, why: str = "") -> None:
        """Say why a part does not work; nothing: it does again."""
        if why:
            self.trouble[part] = why
        else:
            self.trouble.pop(part, None)

    def count(self, signal: Signal) -> None:
        """Count an answer."""
        if signal.abstain_reason:
            self.abstained += 1
        else:
            self.signals += 1

    def took(self, seconds: float) -> None:
        """Note how long an event took to become a stored signal."""
        self.latencies_s.append(seconds)
        del self.latencies_s[:-_KEPT_LATENCIES]

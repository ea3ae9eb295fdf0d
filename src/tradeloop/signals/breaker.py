"""Members that fail rest for a while, so that they cannot slow every vote.

| state | meaning |
|---|---|
| closed | asked at every vote |
| open | not asked for the next so many votes |
| half-open | asked once: a good answer closes, a bad one opens for twice as long |

Time is counted in votes, so the same faults give the same rests wherever they happen.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from tradeloop.errors import InputError


class Fault(StrEnum):
    """What went wrong with a member."""

    RAISED = "raised"
    NO_NUMBER = "no number"
    LATE = "late"
    HANGING = "hanging"


@dataclass(frozen=True, slots=True)
class MemberFault:
    """A member was left out of a vote.

    Parameters
    ----------
    member : str
        Its name.
    reason : str
        Why, in words, with the figure.
    at_ns : int
        Time of the vote, ns UTC.
    fault : Fault
        Kind of the fault.
    """

    member: str
    reason: str
    at_ns: int
    fault: Fault


class Circuit(StrEnum):
    """State of one member."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """When a member rests, and for how long.

    Parameters
    ----------
    opens_after : int
        Faults in a row that open the circuit, at least 1.
    rest : int
        Votes that it is then left out of, at least 1.
    longest_rest : int
        The rest doubles with every failed retry up to this many votes.

    Raises
    ------
    InputError
        A figure is outside its range.
    """

    opens_after: int = 1
    rest: int = 16
    longest_rest: int = 1024

    def __post_init__(self) -> None:
        if not (self.opens_after >= 1 and 1 <= self.rest <= self.longest_rest):
            raise InputError(
                "BreakerRule needs opens_after >= 1 and 1 <= rest <= longest_rest, was "
                f"{self.opens_after}, {self.rest}, {self.longest_rest}.",
                way_out="Correct the figure.",
            )


@dataclass(slots=True)
class _Rest:
    state: Circuit = Circuit.CLOSED
    faults: int = 0
    left: int = 0
    length: int = 0


@dataclass(slots=True)
class Breaker:
    """The circuits of the members of one vote; it changes with every vote.

    Parameters
    ----------
    rule : BreakerRule
        When a member rests.
    """

    rule: BreakerRule = field(default_factory=BreakerRule)
    _members: dict[str, _Rest] = field(default_factory=dict)

    def may_vote(self, member: str) -> bool:
        """Whether ``member`` is asked in this vote; counts a rest down. Once a vote."""
        found = self._members.get(member)
        if found is None or found.state is Circuit.CLOSED:
            return True
        if found.left > 0:
            found.left -= 1
            return False
        found.state = Circuit.HALF_OPEN
        return True

    def tell(self, member: str, *, good: bool) -> None:
        """Say how ``member`` did in this vote."""
        if good:
            self._members.pop(member, None)
            return
        found = self._members.setdefault(member, _Rest())
        found.faults += 1
        if found.state is Circuit.HALF_OPEN:
            found.length = min(2 * found.length, self.rule.longest_rest)
        elif found.faults >= self.rule.opens_after:
            found.length = self.rule.rest
        else:
            return
        found.state, found.left = Circuit.OPEN, found.length

    def state(self, member: str) -> Circuit:
        """Return the state of ``member``; one never told of is closed."""
        found = self._members.get(member)
        return Circuit.CLOSED if found is None else found.state

    def resting(self) -> dict[str, int]:
        """Return the members that rest, with the votes that they still miss."""
        return {
            name: found.left
            for name, found in self._members.items()
            if found.state is Circuit.OPEN
        }

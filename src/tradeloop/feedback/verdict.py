"""What the gate says of a model, with every number that it said it by."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from tradeloop.errors import InputError
from tradeloop.feedback.policy import Role

Outcome = Literal["passed", "failed", "absent"]


@dataclass(frozen=True, slots=True)
class Check:
    """One figure against its limit.

    Parameters
    ----------
    name : str
        What was looked at.
    role : {"decides", "vetoes", "reports"}
        What the outcome does.
    outcome : {"passed", "failed", "absent"}
        ``absent`` where nothing was given to judge by.
    value, limit : float or None
        The figure and the last value that passes; None where there is none.
    reason : str
        The outcome in a sentence.
    """

    name: str
    role: Role
    outcome: Outcome
    value: float | None
    limit: float | None
    reason: str

    @property
    def forbids(self) -> bool:
        """Whether this check alone keeps the model from being promoted."""
        return self.role != "reports" and self.outcome != "passed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a model is promoted, and why.

    Parameters
    ----------
    model, author : str
        The candidate, and who trained it.
    promoted : bool
        All deciding checks passed and no veto fell.
    reason : str
        Why, in a sentence or two.
    checks : tuple of Check
        Every check, in the order of its weight.
    figures : mapping of str to number or None
        Every number by name.
    policy : str
        Name of the policy.
    policy_fingerprint : str
        Fingerprint of the policy.
    """

    model: str
    author: str
    promoted: bool
    reason: str
    checks: tuple[Check, ...]
    figures: Mapping[str, float | int | str | None]
    policy: str
    policy_fingerprint: str

    def check(self, name: str) -> Check:
        """Return the check of this name.

        Raises
        ------
        InputError
            There is none.
        """
        for each in self.checks:
            if each.name == name:
                return each
        raise InputError(
            f"The verdict has no check {name!r}.",
            way_out=f"Known: {', '.join(each.name for each in self.checks)}.",
            source="name",
        )

    def as_mapping(self) -> dict[str, Any]:
        """Return everything as plain JSON, for the catalog."""
        return {
            "model": self.model,
            "author": self.author,
            "promoted": self.promoted,
            "reason": self.reason,
            "checks": [asdict(each) for each in self.checks],
            "figures": dict(self.figures),
            "policy": self.policy,
            "policy_fingerprint": self.policy_fingerprint,
        }

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> Self:
        """Return the verdict that `as_mapping` wrote.

        Raises
        ------
        InputError
            A field is missing or unknown, or the fields contradict one another.
        """
        names = [f.name for f in fields(cls)]
        if set(kept) != set(names):
            raise InputError(
                f"A verdict has the fields {', '.join(names)}; had {', '.join(kept)}.",
                way_out="Judge the model again.",
                source="verdict",
            )
        checks = tuple(Check(**each) for each in kept["checks"])
        found = cls(**{**kept, "checks": checks})
        if not checks or found.promoted == any(each.forbids for each in checks):
            raise InputError(
                f"A verdict is promoted just when no check forbids it, was "
                f"{found.promoted}.",
                way_out="It was changed after it was given: judge the model again.",
                source="verdict",
            )
        return found

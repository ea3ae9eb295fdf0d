"""A challenger that gets 1, 5, 25, 50 and 100 % of the signals, or is rolled back.

A state never changes; each step returns the next one. Which arm serves a signal depends
on its unit and on *when it was created* alone: a retry, a replay or a restarted process
finds the same arm, so a change of stage neither loses nor doubles a signal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self, cast

from tradeloop.errors import InputError
from tradeloop.signals.experiments.assignment import Layout
from tradeloop.signals.experiments.canary_plan import CanaryPlan
from tradeloop.signals.experiments.observation import (
    CHALLENGER,
    CHAMPION,
    Arm,
    Observation,
    Scored,
    refuse_empty,
)
from tradeloop.signals.experiments.seen import NOTHING, Seen
from tradeloop.statistics import BoundedMean


class CanaryStatus(StrEnum):
    """Where the roll-out stands."""

    RUNNING = "running"
    FINISHED = "finished"
    ROLLED_BACK = "rolled back"


class Action(StrEnum):
    """What is to be done now."""

    ADVANCE = "advance"
    HOLD = "hold"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, slots=True)
class CanaryVerdict:
    """What is to be done, and why.

    Parameters
    ----------
    action : Action
        ADVANCE to the next stage (or to the end), HOLD, or ROLL_BACK.
    reason : str
        Why, with the numbers.
    """

    action: Action
    reason: str


@dataclass(frozen=True, slots=True)
class Canary:
    """A roll-out at one moment.

    Parameters
    ----------
    plan : CanaryPlan
        Stages and guards.
    history : tuple of (int, Layout)
        From when on (ns UTC, by creation of the signal) which layout holds.
    tests : tuple of BoundedMean
        One per guard, begun anew in each stage.
    stage : int
        Place of the stage in the plan, from 0.
    scored, settled : int
        Observations of the challenger in this stage.
    status : CanaryStatus
        Where it stands.
    reason : str
        Why it was rolled back; empty otherwise.
    routed_ns : int
        Latest creation of a signal that was routed.
    seen : Seen
        Observations that were counted.
    """

    plan: CanaryPlan
    history: tuple[tuple[int, Layout], ...]
    tests: tuple[BoundedMean, ...]
    stage: int = 0
    scored: int = 0
    settled: int = 0
    status: CanaryStatus = CanaryStatus.RUNNING
    reason: str = ""
    routed_ns: int = 0
    seen: Seen = NOTHING

    @classmethod
    def start(cls, plan: CanaryPlan, at_ns: int) -> Self:
        """Begin the first stage for signals created from ``at_ns`` on."""
        whole = Layout.of(plan.experiment, {CHAMPION: 1.0})
        first = whole.with_shares(_shares(plan.stages[0].share))
        return cls(plan, ((at_ns, first),), plan.tests())

    def arm_of(self, unit: str, created_ns: int) -> Arm:
        """Return the one arm that serves a signal: the champion before the start.

        Parameters
        ----------
        unit : str
            Key of the signal.
        created_ns : int
            When it was created, ns UTC.
        """
        for since_ns, layout in reversed(self.history):
            if created_ns >= since_ns:
                return cast("Arm", layout.arm_of(unit))
        return CHAMPION

    def route(self, unit: str, created_ns: int) -> tuple[Self, Arm]:
        """Return the arm and the state that knows of it.

        A later change of stage holds only for signals created after the latest one that
        was routed, so that no signal that has its arm gets another.
        """
        refuse_empty(unit, name="unit")
        arm = self.arm_of(unit, created_ns)
        return replace(self, routed_ns=max(self.routed_ns, created_ns)), arm

    def observe(self, found: Observation) -> Self:
        """Count an observation, and roll back at once if a guard falls.

        One that was counted already, and any after the end, leaves the state as it is.
        Those of the champion are not tested.

        Raises
        ------
        InputError
            The id is empty or a value is not finite; the state stays as it was.
        """
        refuse_empty(found.id, name="id")
        if found.key in self.seen or self.status is not CanaryStatus.RUNNING:
            return self
        known = replace(self, seen=self.seen.adding(found.key))
        if self.arm_of(found.unit, found.created_ns) != CHALLENGER:
            return known
        was_scored = isinstance(found, Scored)
        moved = replace(
            known,
            tests=tuple(
                test if (value := guard.value(found)) is None else test.after(value)
                for guard, test in zip(self.plan.guards, self.tests, strict=True)
            ),
            scored=self.scored + was_scored,
            settled=self.settled + (not was_scored),
        )
        fallen = _fallen(moved)
        return moved.roll_back(found.at_ns, fallen) if fallen else moved

    def judge(self) -> CanaryVerdict:
        """Say what is to be done now."""
        if self.status is CanaryStatus.ROLLED_BACK:
            return CanaryVerdict(Action.ROLL_BACK, self.reason)
        if self.status is CanaryStatus.FINISHED:
            return CanaryVerdict(Action.HOLD, "The challenger serves every signal.")
        stage = self.plan.stages[self.stage]
        waits = self.scored < stage.scored or self.settled < stage.settled
        count = (
            f"Stage {self.stage + 1} of {len(self.plan.stages)} ({stage.share:.0%}): "
            f"{self.scored:,} of {stage.scored:,} signals scored, {self.settled:,} of "
            f"{stage.settled:,} settled."
        )
        if waits:
            return CanaryVerdict(Action.HOLD, count)
        above = [
            f"{guard.metric} is {test.mean:.4g}, its limit {guard.limit:.4g}, not "
            f"beyond doubt (p = {test.p_value:.3g})"
            for guard, test in zip(self.plan.guards, self.tests, strict=True)
            if test.mean is not None and test.mean > guard.limit
        ]
        if above:
            return CanaryVerdict(Action.HOLD, f"{count} {'; '.join(above)}.")
        return CanaryVerdict(Action.ADVANCE, f"{count} No guard is beyond its limit.")

    def advance(self, now_ns: int) -> Self:
        """Go to the next stage, or finish after the last.

        Raises
        ------
        InputError
            The verdict is not to advance.
        """
        verdict = self.judge()
        if verdict.action is not Action.ADVANCE:
            raise InputError(
                f"{self.plan.experiment} may not advance now: {verdict.action}. "
                f"{verdict.reason}",
                way_out="Wait for more observations, or roll back.",
                source="canary",
            )
        if self.stage + 1 == len(self.plan.stages):
            return replace(self, status=CanaryStatus.FINISHED)
        moved = self._laid_out(self.plan.stages[self.stage + 1].share, now_ns)
        return replace(
            moved, stage=self.stage + 1, tests=self.plan.tests(), scored=0, settled=0
        )

    def roll_back(self, now_ns: int, reason: str) -> Self:
        """Give every signal back to the champion; a second time changes nothing."""
        if self.status is CanaryStatus.ROLLED_BACK:
            return self
        moved = self._laid_out(0.0, now_ns)
        return replace(moved, status=CanaryStatus.ROLLED_BACK, reason=reason)

    def _laid_out(self, share: float, now_ns: int) -> Self:
        last_ns, layout = self.history[-1]
        since_ns = max(now_ns, self.routed_ns + 1, last_ns)
        changed = layout.with_shares(_shares(share))
        return replace(self, history=(*self.history, (since_ns, changed)))

    def to_mapping(self) -> dict[str, Any]:
        """Return the whole state as plain JSON."""
        return {
            "plan": self.plan.to_mapping(),
            "history": [[at, layout.to_mapping()] for at, layout in self.history],
            "tests": [test.to_mapping() for test in self.tests],
            "stage": self.stage,
            "scored": self.scored,
            "settled": self.settled,
            "status": str(self.status),
            "reason": self.reason,
            "routed_ns": self.routed_ns,
            "seen": sorted(self.seen.ids()),
        }

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> Self:
        """Return the state that `to_mapping` kept; it goes on as if never stopped."""
        read = {
            "plan": CanaryPlan.from_mapping(kept["plan"]),
            "history": tuple((at, Layout.from_mapping(x)) for at, x in kept["history"]),
            "tests": tuple(BoundedMean.from_mapping(test) for test in kept["tests"]),
            "status": CanaryStatus(kept["status"]),
            "seen": Seen.of(kept["seen"]),
        }
        return cls(**{**kept, **read})


def _fallen(state: Canary) -> str:
    """Why a state must be rolled back; empty if no guard fell."""
    level = state.plan.guard_level
    told = [
        f"{guard.metric} is {test.mean:.4g} over {test.rows:,} observations and above "
        f"its limit {guard.limit:.4g} beyond doubt (p = {test.p_value:.2g}, at most "
        f"{level:.2g})"
        for guard, test in zip(state.plan.guards, state.tests, strict=True)
        if test.rejects(level)
    ]
    return f"Stage {state.stage + 1}: {'; '.join(told)}." if told else ""


def _shares(challenger: float) -> dict[str, float]:
    return {CHAMPION: 1.0 - challenger, CHALLENGER: challenger}

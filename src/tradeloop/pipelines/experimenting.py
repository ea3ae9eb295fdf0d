"""Experiments between two versions of a model, kept so that they survive a restart.

- ``shadow``: the champion answers, the challenger is asked too and compared.
- ``ab``: each takes half of the events, by a hash of the event.
- ``canary``: the challenger takes 1, 5, 25, 50, 100 % of them while its guards hold,
  and none at once where one falls.

Whether an event is the champion's or the challenger's depends on the event alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any, Literal, TypeAlias, get_args

from tradeloop.errors import InputError, NotFoundError
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals.experiments import (
    CHALLENGER,
    CHAMPION,
    Action,
    Canary,
    CanaryPlan,
    CanaryStatus,
    Comparison,
    Scored,
    Settled,
    Shadow,
    SplitTest,
)
from tradeloop.signals.live_rows import Answer
from tradeloop.stores import AlertRecord
from tradeloop.stores.records_models import ExperimentRecord

Kind = Literal["shadow", "ab", "canary"]
State: TypeAlias = Shadow | SplitTest | Canary
KINDS: tuple[Kind, ...] = get_args(Kind)
RUNNING = "running"
_READ = {"shadow": Shadow, "ab": SplitTest, "canary": Canary}
_PNL_BPS = 200.0  # net result of one signal that counts in full in an A/B test


@dataclass(slots=True)
class Trial:
    """A running experiment; its state is replaced by what each observation makes of it.

    Parameters
    ----------
    name, model : str
        Name of the experiment, and of the model.
    kind : {"shadow", "ab", "canary"}
        What it is.
    challenger : str
        Version that is tried.
    state : Shadow, SplitTest or Canary
        Where it stands. It changes under ``lock``: the loop scores while a request
        settles outcomes.
    """

    name: str
    model: str
    kind: Kind
    challenger: str
    state: State
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    @property
    def status(self) -> str:
        """``running``, or how it ended."""
        if isinstance(self.state, Canary):
            return str(self.state.status).replace(" ", "_")
        if isinstance(self.state, SplitTest) and self.state.winner != "undecided":
            return f"{self.state.winner}_better"
        return RUNNING

    def arm_of(self, unit: str, created_ns: int) -> str:
        """Return which arm answers an event, ``champion`` or ``challenger``."""
        if isinstance(self.state, SplitTest):
            return CHALLENGER if self.state.arm_of(unit) == "b" else CHAMPION
        with self.lock:
            if isinstance(self.state, Canary):
                self.state, arm = self.state.route(unit, created_ns)
                return arm
        return CHAMPION

    def scored(
        self, unit: str, answers: Mapping[str, Answer], took_ns: int, at_ns: int
    ) -> None:
        """Count that both arms were asked about an event."""
        own, other = answers[CHAMPION], answers[CHALLENGER]
        failed = other.signal.probabilities is None
        took_us = took_ns / 1_000
        compared = Comparison(
            id=unit,
            champion_side=own.signal.side,
            challenger_side=other.signal.side,
            distance=_distance(own, other),
            challenger_failed=failed,
            challenger_latency_us=took_us,
        )
        scored = Scored(
            id=unit,
            unit=unit,
            created_ns=other.signal.created_ns,
            failed=failed,
            abstained=not other.signal.side,
            latency_us=took_us,
            at_ns=at_ns,
        )
        with self.lock:
            if isinstance(self.state, Shadow):
                self.state = self.state.observe(compared)
            elif isinstance(self.state, Canary):
                self.state = self.state.observe(scored)

    def settled(self, found: Settled, served_net_bps: float) -> None:
        """Count an outcome: the differences, or what the arm that served made."""
        with self.lock:
            if isinstance(self.state, SplitTest):
                self.state = self.state.observe(found.unit, served_net_bps)
            else:
                self.state = self.state.observe(found)

    def step(self, now_ns: int) -> str:
        """Go on where the figures say so; return what was done, or an empty text."""
        with self.lock:
            if not isinstance(self.state, Canary) or self.status != RUNNING:
                return ""
            verdict = self.state.judge()
            if verdict.action is not Action.ADVANCE:
                return ""
            self.state = self.state.advance(now_ns)
        return f"advanced: {verdict.reason}"

    def record(self) -> ExperimentRecord:
        """Write it down as it stands."""
        return ExperimentRecord(
            experiment_name=self.name,
            kind=self.kind,
            status=self.status,
            model_name=self.model,
            state={"challenger": self.challenger, "state": self.state.to_mapping()},
        )


def _distance(own: Answer, other: Answer) -> float:
    pairs = zip(
        own.signal.probabilities or (0.0,) * 3,
        other.signal.probabilities or (0.0,) * 3,
        strict=True,
    )
    return min(1.0, sum(abs(a - b) for a, b in pairs) / 2)


def trial_of(record: ExperimentRecord) -> Trial:
    """Read an experiment that was written down; it goes on as if never stopped."""
    kind: Any = record.kind
    kept = dict(record.state)
    state = _READ[kind].from_mapping(kept["state"])  # type: ignore[attr-defined]
    return Trial(
        record.experiment_name, record.model_name, kind, kept["challenger"], state
    )


def running(workspace: Workspace) -> dict[str, Trial]:
    """Return the experiments that run, by name of the model."""
    found = workspace.catalog.models.experiments(workspace.principal, RUNNING)
    return {record.model_name: trial_of(record) for record in found}


def keep(workspace: Workspace, trial: Trial, why: str) -> None:
    """Write an experiment down; a canary that fell is an alert about its version."""
    workspace.catalog.models.keep_experiment(
        workspace.principal,
        trial.record(),
        workspace.audit("experiment", trial.name, why=why or "observed"),
    )
    state = trial.state
    if not isinstance(state, Canary) or state.status is not CanaryStatus.ROLLED_BACK:
        return
    workspace.catalog.models.alert(
        workspace.principal,
        trial.model,
        trial.challenger,
        AlertRecord(
            kind="canary",
            severity="warning",
            message=f"{trial.name} was rolled back: {state.reason}",
            at_ns=state.history[-1][0],
        ),
        workspace.audit("alert", f"{trial.model} {trial.challenger}"),
    )


def begin(
    workspace: Workspace, model: str, challenger: str, kind: Kind, name: str = ""
) -> Trial:
    """Begin an experiment; a server takes it up within a second.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    model, challenger : str
        Name of the model, and the version that is tried against its champion.
    kind : {"shadow", "ab", "canary"}
        What it is.
    name : str
        Name; made of the others if empty.

    Raises
    ------
    InputError
        Another experiment on this model runs, there is no such kind, or the challenger
        is the champion.
    NotFoundError
        There is no such version, or no champion to try it against.
    """
    registry, who = workspace.catalog.models, workspace.principal
    _require_kind(kind)
    registry.model(who, model, challenger)
    champion = registry.champions(who).get(model)
    if champion is None:
        raise NotFoundError(f"The model {model!r} has no champion. Promote one first.")
    there = running(workspace).get(model)
    if there is not None or champion == challenger:
        what = f"{there.name} runs" if there else f"{challenger} is the champion"
        raise InputError(
            f"No experiment can begin on {model}: {what}.",
            way_out="End it, or try another version.",
            source="experiment",
        )
    named = name or _unused(workspace, f"{kind}-{model}-{challenger}")
    trial = Trial(named, model, kind, challenger, _fresh(kind, named, workspace))
    keep(workspace, trial, f"begun against {champion}")
    return trial


def _unused(workspace: Workspace, name: str) -> str:
    """Give a name a number where it is taken: who ended keeps it, and its signals."""
    kept = workspace.catalog.models.experiments(workspace.principal)
    known = {record.experiment_name for record in kept}
    if name not in known:
        return name
    return next(f"{name}-{n}" for n in count(2) if f"{name}-{n}" not in known)


def _fresh(kind: Kind, name: str, workspace: Workspace) -> State:
    if kind == "shadow":
        return Shadow.start(name)
    if kind == "ab":
        return SplitTest.start(name, low=-_PNL_BPS, high=_PNL_BPS)
    return Canary.start(CanaryPlan(name), workspace.clock.now_ns())


def end(workspace: Workspace, model: str, reason: str) -> Trial:
    """End the experiment on a model: a canary is rolled back, others just stop.

    Raises
    ------
    NotFoundError
        None runs.
    """
    trial = running(workspace).get(model)
    if trial is None:
        raise NotFoundError(f"No experiment runs on {model!r}.")
    if isinstance(trial.state, Canary):
        trial.state = trial.state.roll_back(workspace.clock.now_ns(), reason)
        keep(workspace, trial, reason)
        return trial
    record = trial.record()
    ended = ExperimentRecord(
        experiment_name=record.experiment_name,
        kind=record.kind,
        status="ended",
        model_name=record.model_name,
        state={**record.state, "reason": reason},
    )
    workspace.catalog.models.keep_experiment(
        workspace.principal, ended, workspace.audit("experiment", trial.name)
    )
    return trial


def _require_kind(kind: str) -> None:
    if kind not in KINDS:
        raise InputError(
            f"There is no experiment of the kind {kind!r}.",
            way_out=f"Kinds: {', '.join(KINDS)}.",
            source="kind",
        )

"""A registered version before the gate, with all the evidence that the workspace holds.

1. Its forecasts are those of the folds that had not seen the decisions, as they were
   kept when it was trained; its files must still say the same on the last fold.
2. They become daily returns net of costs, as the back-test makes them (`Ground`), and
   so do those of every other version of the family (`family_of`) that was tested on the
   same decisions. What else was tried counts without returns.
3. The champion is compared on the same days: by its kept forecasts, or by new ones
   where it cannot have seen any of the decisions.
4. The verdict is kept; `promote` goes by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tradeloop.errors import InputError, TradeloopError
from tradeloop.feedback import Evidence, Policy, Verdict, judge
from tradeloop.models import read_artefact
from tradeloop.models.base import Floats
from tradeloop.pipelines.judge_candidate import Candidate, candidate_of, forecast
from tradeloop.pipelines.judge_family import Family, family_of
from tradeloop.pipelines.judge_figures import calibration_of, drift_of, permutation_of
from tradeloop.pipelines.keep_verdict import keep_verdict
from tradeloop.pipelines.kept_forecasts import CHANCES, KEY, forecasts_of
from tradeloop.pipelines.lesson import known_until_ns
from tradeloop.pipelines.models_load import load_stored
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import StoredModel


@dataclass(frozen=True, slots=True)
class Judged:
    """A version that was judged.

    Parameters
    ----------
    name, version : str
        Which one.
    verdict : Verdict
        What the gate said; it is kept.
    decisions, days : int
        Tested decisions, and daily returns.
    family : Family
        What was tried beside it.
    champion : str
        Version that it was compared with; empty for none.
    notes : mapping of str to str
        What could not be compared, and why.
    """

    name: str
    version: str
    verdict: Verdict
    decisions: int
    days: int
    family: Family
    champion: str
    notes: Mapping[str, str]


def judge_model(
    workspace: Workspace, name: str, version: str, rules: Rules, policy: Policy
) -> Judged:
    """Judge a version by the gate, and keep the verdict.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    name, version : str
        Which one.
    rules : Rules
        Costs, and when a forecast is traded.
    policy : Policy
        Promotion policy in force.

    Raises
    ------
    NotFoundError
        There is no such version, or its dataset is gone.
    InputError
        Its forecasts were not kept when it was trained.
    ArtefactError
        Its files are not what they were, or do not say what was kept of them.
    """
    candidate = candidate_of(workspace, name, version, rules)
    family = family_of(workspace, candidate.model)
    notes: dict[str, str] = {}
    evidence, champion = _evidence(workspace, candidate, family, policy, notes)
    verdict = judge(evidence, policy)
    keep_verdict(workspace, name, version, verdict)
    return Judged(
        name=name,
        version=version,
        verdict=verdict,
        decisions=len(candidate.rows),
        days=len(evidence.returns),
        family=family,
        champion=champion,
        notes=notes,
    )


def _evidence(
    workspace: Workspace,
    candidate: Candidate,
    family: Family,
    policy: Policy,
    notes: dict[str, str],
) -> tuple[Evidence, str]:
    ground, model = candidate.ground, candidate.model
    members = len(candidate.artefact.members)
    own = ground.returns(candidate.chances, members)
    others = [
        found
        for each in family.versions
        if (found := _followed(workspace, candidate, each, notes)) is not None
    ]
    champion, champion_returns = _champion(workspace, candidate, notes)
    return Evidence(
        model=f"{model.record.name} {model.record.version}",
        author=model.principal.name,
        returns=np.column_stack([own, *others]),
        candidate=0,
        trials=family.trials,
        champion=champion_returns,
        doubled_costs=ground.returns(candidate.chances, members, cost_factor=2.0),
        calibration=calibration_of(model),
        drift=drift_of(candidate),
        permutation_p=permutation_of(candidate, policy.seed),
    ), champion


def _followed(
    workspace: Workspace,
    candidate: Candidate,
    other: StoredModel,
    notes: dict[str, str],
) -> Floats | None:
    """Daily returns of another version on the same decisions, if it forecast them."""
    record, decisions = other.record, candidate.ground.decisions
    name = f"{record.name} {record.version}"
    try:
        kept = forecasts_of(workspace, other)
        if kept is None:
            notes[name] = "kept no forecasts: counted without returns"
            return None
        both = decisions.join(kept, on=KEY, how="inner", maintain_order="left")
        if both.height < decisions.height:
            notes[name] = "was tested on other decisions: counted without returns"
            return None
        members = record.estimator.count("+") + 1
        return candidate.ground.returns(both.select(CHANCES).to_numpy(), members)
    except (TradeloopError, LookupError) as error:
        notes[name] = f"cannot be read, counted without returns: {error}"
        return None


def _champion(
    workspace: Workspace, candidate: Candidate, notes: dict[str, str]
) -> tuple[str, Floats | None]:
    """Champion of the name, and its daily returns on the same decisions."""
    record, catalog = candidate.model.record, workspace.catalog.models
    named = catalog.aliases(candidate.model.principal, record.name)
    version = named.get("champion", "")
    if version in {"", record.version}:
        return "", None
    champion = catalog.model(workspace.principal, record.name, version)
    found = _followed(workspace, candidate, champion, {})
    if found is not None:
        return version, found
    try:
        return version, _forecast_anew(workspace, candidate, champion)
    except TradeloopError as error:
        notes["champion"] = f"{version} is not compared: {error}"
        return version, None


def _forecast_anew(
    workspace: Workspace, candidate: Candidate, champion: StoredModel
) -> Floats:
    artefact = read_artefact(load_stored(workspace, champion).files)
    lesson, rows = candidate.lesson, candidate.rows
    artefact.meta.columns.refuse_other(lesson.columns)
    until_ns = known_until_ns(workspace, artefact)
    if until_ns >= lesson.subject.dataset.decision_ns[rows].min():
        raise InputError(
            "It had learned from labels that were known after the first decision.",
            way_out="Judge a candidate that was tested on newer decisions.",
            source="champion",
        )
    chances = forecast(artefact, lesson, rows)
    return candidate.ground.returns(chances, len(artefact.members))

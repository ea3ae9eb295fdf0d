"""What the registry takes and gives: frozen records, one per table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from tradeloop.events import Principal
from tradeloop.stores.records import Json
from tradeloop.stores.stages import Stage

Verdict = Literal["passed", "failed", "none"]
Alias = Literal["champion", "challenger"]
DeploymentKind = Literal["promote", "rollback", "archive", "run"]
JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]
TrialState = Literal["complete", "pruned", "failed", "abandoned"]

PLATFORM = "platform"
"""Tenant whose models everybody sees; nobody else writes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """A version of a model, as it was registered; it never changes.

    Parameters
    ----------
    name, version : str
        Unique together within the tenant; ``vMAJOR.MINOR.PATCH``.
    parent : str
        Version that it was made from; empty for none.
    estimator : str
        Names of its members, joined by ``+``.
    dataset_version, feature_fingerprint, code_version : str
        What it was made of.
    environment : mapping
        Versions of the libraries, and what else was there.
    seed : int
        Seed of the fit.
    metrics : mapping of str to float
        Figures on unseen rows; intervals as ``{name}_low`` and ``{name}_high``.
    tags : mapping of str to str
        What else was said.
    artefact_location : str
        Path below the artefact root.
    artefact_sha256 : str
        Hash of its content; the artefact is loaded only where it is still the same.
    signature : str
        HMAC-SHA256 over tenant, name, version and hash; empty: not signed.
    private : bool
        Only for the user who registered it.
    """

    name: str
    version: str
    parent: str = ""
    estimator: str
    dataset_version: str
    feature_fingerprint: str
    code_version: str
    environment: Json = field(default_factory=dict)
    seed: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    artefact_location: str
    artefact_sha256: str
    signature: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A registered version with where it stands.

    Parameters
    ----------
    id : UUID
        Of the row.
    principal : Principal
        Who registered it; the artefact lies under this tenant.
    tenant_id, user_id : str or None
        For whom: both None everybody, ``user_id`` None the whole tenant.
    record : ModelRecord
        What was registered.
    stage : Stage
        Where it stands.
    stage_reason : str
        Why.
    tracking : mapping or None
        What the tracking server was told last; None: nothing yet.
    created_ns : int
        When it was registered, ns UTC.
    """

    id: UUID
    principal: Principal
    tenant_id: str | None
    user_id: str | None
    record: ModelRecord
    stage: Stage
    stage_reason: str
    tracking: Json | None
    created_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRecord:
    """What was found out about a version.

    Parameters
    ----------
    kind : str
        ``gate`` for the verdict of the gate, else such as ``training``.
    at_ns : int
        When, ns UTC; kept to the microsecond.
    numbers : mapping
        Every number that led to it, as JSON.
    verdict : {"passed", "failed", "none"}
        ``none`` where nothing was judged.
    reason : str
        Why, in words.
    rows_location : str
        ``{name}/{version}`` of the artefact that holds the figures row by row.
    """

    kind: str
    at_ns: int
    numbers: Json
    verdict: Verdict = "none"
    reason: str = ""
    rows_location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why an alias is moved, and who said so."""

    reason: str
    approver: str
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One move of an alias; the rows of an alias in order are its history.

    Parameters
    ----------
    model : str
        Name of the model.
    alias : {"champion", "challenger"}
        What was moved.
    number : int
        From 1, without a gap.
    kind : {"promote", "rollback", "archive", "run"}
        ``run``: set by a run without the gate, for its own use.
    before, after : str or None
        Version that it named, and names; None: no version.
    grounds : Grounds
        Why, and who said so.
    at_ns : int
        When, ns UTC.
    """

    model: str
    alias: Alias
    number: int
    kind: DeploymentKind
    before: str | None
    after: str | None
    grounds: Grounds
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """Something about a version that a person should see.

    Parameters
    ----------
    kind, severity : str
        Such as ``drift`` and ``warning``.
    message : str
        What it is.
    numbers : mapping
        Its figures, as JSON.
    at_ns : int
        When it was raised, ns UTC.
    """

    kind: str
    severity: str
    message: str
    at_ns: int
    numbers: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A training job; it is written down again as it goes on.

    Parameters
    ----------
    job_name : str
        Unique within the tenant.
    model_name : str
        What it trains.
    status : {"queued", "running", "done", "failed", "cancelled"}
        Where it stands.
    recipe : mapping
        What is trained on what, as JSON.
    progress : float
        0 to 1.
    model_version : str
        What it made; empty while there is none.
    started_ns, finished_ns : int, optional
        ns UTC; kept to the microsecond.
    error : str
        Why it failed; empty otherwise.
    """

    job_name: str
    model_name: str
    status: JobStatus
    recipe: Json
    progress: float = 0.0
    model_version: str = ""
    started_ns: int | None = None
    finished_ns: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRecord:
    """State of a shadow, an A/B test or a canary; it survives a restart.

    Parameters
    ----------
    experiment_name : str
        Unique within the tenant.
    kind : str
        ``shadow``, ``ab`` or ``canary``.
    status : str
        Such as ``running``, ``won``, ``rolled_back``.
    model_name : str
        What it is about.
    state : mapping
        Everything that it needs to go on, as JSON.
    """

    experiment_name: str
    kind: str
    status: str
    model_name: str
    state: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """A trial of a search; every one counts, also the one that was given up.

    Parameters
    ----------
    number : int
        Within its study, from 0.
    state : {"complete", "pruned", "failed", "abandoned"}
        How it ended.
    parameters : mapping
        What was tried, as JSON.
    score : float, optional
        What came of it; None where it was not finished.
    """

    number: int
    state: TrialState
    parameters: Mapping[str, Any]
    score: float | None = None

"""What ``tradeloop models list|show|compare|judge|promote|rollback|archive`` does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tradeloop.apps.choosing import rules_of
from tradeloop.apps.commanding import commanded
from tradeloop.apps.settings import load
from tradeloop.clock import LiveClock
from tradeloop.datasets import utc_text
from tradeloop.errors import BusyError, InputError, NotFoundError
from tradeloop.feedback import Approver, Policy
from tradeloop.pipelines.archive import archive
from tradeloop.pipelines.judge_model import judge_model
from tradeloop.pipelines.models_compare import compare_models
from tradeloop.pipelines.models_list import ListedModel, list_models, version_named
from tradeloop.pipelines.models_open import open_registry
from tradeloop.pipelines.models_show import show_model
from tradeloop.pipelines.models_track import tracking_pending
from tradeloop.pipelines.promote import Promoted, promote
from tradeloop.pipelines.roll_back import roll_back
from tradeloop.pipelines.serve import served_at
from tradeloop.pipelines.workspace import Workspace, open_workspace

POLICY = "promotion.yaml"
Answer = Mapping[str, Any]


def policy_of(folder: Path) -> Policy:
    """Read the promotion policy among the rules of a workspace; else the default one.

    Raises
    ------
    InputError
        A setting is unknown or outside its range.
    """
    file = folder / load(folder).rules / POLICY
    return Policy.from_yaml(file.read_text("utf-8")) if file.is_file() else Policy()


def listed(folder: Path, name: str | None, stage: str | None) -> Answer:
    """List the registered versions, the newest first."""
    settings = load(folder)
    places, who = settings.places(folder), settings.acting()
    with open_registry(places, who, LiveClock()) as workspace:
        return list_of(workspace, name, stage)


def list_of(workspace: Workspace, name: str | None, stage: str | None) -> Answer:
    """List the registered versions of an open workspace."""
    pending = {model.id for model in tracking_pending(workspace)}
    models = [
        {**_said(each), "tracked": each.model.id not in pending}
        for each in list_models(workspace, name, stage)
    ]
    return {"models": models}


def shown(folder: Path, asked: str) -> Answer:
    """Show everything about a version, ``NAME`` or ``NAME@VERSION``."""
    settings = load(folder)
    places, who = settings.places(folder), settings.acting()
    with open_registry(places, who, LiveClock()) as workspace:
        return version_of(workspace, *split(asked))


def version_of(workspace: Workspace, name: str, which: str) -> Answer:
    """Show everything about a version of an open workspace."""
    found = show_model(workspace, name, which)
    record = found.listed.model.record
    about = (
        *("dataset_version", "feature_fingerprint", "code_version", "seed", "parent"),
        *("artefact_location", "artefact_sha256", "signature"),
    )
    return {
        **_said(found.listed),
        **{name: getattr(record, name) for name in about},
        "stage_reason": found.listed.model.stage_reason,
        "environment": dict(record.environment),
        "tags": dict(record.tags),
        "evaluations": [
            {**asdict(each), "at": utc_text(each.at_ns)} for each in found.evaluations
        ],
        "deployments": [
            {**asdict(each), "at": utc_text(each.at_ns)} for each in found.deployments
        ],
        "alerts": [asdict(each) for each in found.alerts],
        "damage": found.damage,
        "tracked": found.tracked,
        "card": found.card,
    }


def compared(folder: Path, asked: Sequence[str]) -> Answer:
    """Compare versions, each ``NAME`` or ``NAME@VERSION``."""
    settings = load(folder)
    places, who = settings.places(folder), settings.acting()
    with open_registry(places, who, LiveClock()) as workspace:
        found = compare_models(workspace, [split(each) for each in asked])
    figures = {name: list(each) for name, each in found.figures.items()}
    return {**asdict(found), "figures": figures, "versions": list(found.versions)}


def judged(folder: Path, name: str, version: str) -> Answer:
    """Judge a version by the gate; the verdict is kept, beside a server too.

    Raises
    ------
    TradeloopError
        As in `tradeloop.pipelines.judge_model.judge_model`.
    """
    settings = load(folder)
    places, who = settings.places(folder), settings.acting()
    rules, policy = rules_of(settings, folder), policy_of(folder)
    with open_registry(places, who, LiveClock()) as workspace:
        exact = version_named(workspace, name, version).record.version
        found = judge_model(workspace, name, exact, rules, policy)
    return {
        "name": found.name,
        "version": found.version,
        **found.verdict.as_mapping(),
        "decisions": found.decisions,
        "days": found.days,
        "trials": found.family.trials,
        "versions": 1 + len(found.family.versions),
        "studies": dict(found.family.studies),
        "abandoned": found.family.abandoned,
        "compared_with": found.champion,
        "notes": dict(found.notes),
    }


def changed(folder: Path, verb: str, asked: Answer) -> Answer:
    """Promote, roll back or archive; while a server holds the journal, it does it.

    Parameters
    ----------
    folder : Path
        Folder of a workspace.
    verb : {"promote", "rollback", "archive"}
        What to do.
    asked : mapping
        ``name``, ``version``, ``to``, ``reason``, ``approver``, ``roles``.

    Raises
    ------
    NotFoundError
        There is no workspace, or no such version.
    InputError
        A rule of the promotion is broken.
    """
    settings = load(folder)
    places, who = settings.places(folder), settings.acting()
    given = {**asked, "approver": asked.get("approver") or who.name}
    if not places.catalog.is_file():
        raise NotFoundError(f"{folder} holds no workspace: no {places.catalog.name}.")
    policy = policy_of(folder)
    try:
        with open_workspace(places, who, LiveClock()) as workspace:
            return done(workspace, policy, verb, given)
    except BusyError:
        address = served_at(places)
        if address is None:
            raise
    told: Answer = commanded(address, f"/models/{verb}", given)
    return told


def done(workspace: Workspace, policy: Policy, verb: str, asked: Answer) -> Answer:
    """Do what `changed` asks, in the process that holds the workspace."""
    if verb not in _VERBS:
        raise InputError(f"No verb {verb!r}.", way_out=f"Known: {', '.join(_VERBS)}.")
    return _VERBS[verb](workspace, policy, asked)


def split(asked: str) -> tuple[str, str]:
    """Split ``NAME@VERSION``; without a version the champion is meant."""
    name, _, which = asked.partition("@")
    return name, which


def _promote(workspace: Workspace, policy: Policy, asked: Answer) -> Answer:
    name, version = asked["name"], _version(workspace, asked)
    roles = frozenset(asked.get("roles") or ())
    approver = Approver(str(asked["approver"]), roles)
    to, reason = str(asked["to"]), str(asked["reason"])
    moved = promote(
        workspace, name, version, to, approver=approver, policy=policy, reason=reason
    )
    return _moved(moved)


def _archive(workspace: Workspace, _policy: Policy, asked: Answer) -> Answer:
    version, approver = _version(workspace, asked), str(asked["approver"])
    name, reason = str(asked["name"]), str(asked["reason"])
    return _moved(archive(workspace, name, version, approver=approver, reason=reason))


def _roll_back(workspace: Workspace, _policy: Policy, asked: Answer) -> Answer:
    name, approver = str(asked["name"]), str(asked["approver"])
    back = roll_back(workspace, name, approver=approver, reason=str(asked["reason"]))
    move = back.deployment
    return {
        "name": name,
        "version": move.after,
        "stage": "production",
        "before": "archived",
        "replaced": move.before or "",
        "note": back.note,
    }


def _version(workspace: Workspace, asked: Answer) -> str:
    model = version_named(workspace, str(asked["name"]), str(asked["version"]))
    return model.record.version


def _moved(moved: Promoted) -> Answer:
    return {
        "name": moved.model.record.name,
        "version": moved.model.record.version,
        "stage": moved.model.stage,
        "before": moved.before,
        "replaced": moved.replaced,
        "note": moved.note,
    }


def _said(each: ListedModel) -> dict[str, Any]:
    model, record = each.model, each.model.record
    for_all = "user" if model.user_id else "tenant"
    return {
        "name": record.name,
        "version": record.version,
        "stage": model.stage,
        "aliases": list(each.aliases),
        "verdict": each.verdict,
        "estimator": record.estimator,
        "scope": for_all if model.tenant_id else "platform",
        "registered_by": model.principal.name,
        "created": utc_text(model.created_ns),
        "metrics": dict(record.metrics),
    }


_VERBS: dict[str, Callable[[Workspace, Policy, Answer], Answer]] = {
    "promote": _promote,
    "rollback": _roll_back,
    "archive": _archive,
}

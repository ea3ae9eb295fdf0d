"""Rows of the registry's tables to records and back."""

from typing import Any
from uuid import UUID

from tradeloop.events import Principal
from tradeloop.stores.records_models import (
    PLATFORM,
    AlertRecord,
    Deployment,
    EvaluationRecord,
    ExperimentRecord,
    Grounds,
    JobRecord,
    ModelRecord,
    StoredModel,
    TrialRecord,
)

Row = dict[str, Any]
_SAME = (
    "name",
    "version",
    "estimator",
    "dataset_version",
    "feature_fingerprint",
    "code_version",
    "environment",
    "seed",
    "metrics",
    "tags",
    "artefact_location",
    "artefact_sha256",
    "signature",
)
_NS_PER_US = 1_000


def _us(ns: int | None) -> int | None:
    """Round down to the microsecond, as SQL keeps it."""
    return None if ns is None else ns // _NS_PER_US * _NS_PER_US


def _plain(value: Any) -> Any:
    """Make a mapping a dict, which JSON writes."""
    return dict(value) if hasattr(value, "items") else value


def model_row(principal: Principal, record: ModelRecord, parent: UUID | None) -> Row:
    """Write a version as a row of ``models``, without its stage."""
    owner = None if principal.tenant == PLATFORM else principal.tenant
    row = {name: _plain(getattr(record, name)) for name in _SAME}
    return row | {
        "tenant_id": owner,
        "user_id": principal.name if record.private else None,
        "parent_model_id": parent,
    }


def model(row: Row) -> StoredModel:
    """Read a row of ``models`` with the version of its parent."""
    record = ModelRecord(
        **{name: row[name] for name in _SAME},
        parent=row["parent_version"] or "",
        private=row["user_id"] is not None,
    )
    return StoredModel(
        id=row["id"],
        principal=Principal(row["tenant"], row["principal"]),
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        record=record,
        stage=row["status"],
        stage_reason=row["status_reason"],
        tracking=row["tracking"],
        created_ns=row["created_at"],
    )


def evaluation_row(model_id: UUID, record: EvaluationRecord) -> Row:
    """Write what was found out as a row of ``model_evaluations``."""
    return {
        "model_id": model_id,
        "kind": record.kind,
        "verdict": record.verdict,
        "reason": record.reason,
        "numbers": dict(record.numbers),
        "rows_location": record.rows_location,
        "evaluated_at": _us(record.at_ns),
    }


def evaluation(row: Row) -> EvaluationRecord:
    """Read a row of ``model_evaluations``."""
    return EvaluationRecord(
        kind=row["kind"],
        at_ns=row["evaluated_at"],
        numbers=row["numbers"],
        verdict=row["verdict"],
        reason=row["reason"],
        rows_location=row["rows_location"],
    )


def deployment_row(moved: Deployment) -> Row:
    """Write a move of an alias as a row of ``model_deployments``."""
    return {
        "model_name": moved.model,
        "alias": moved.alias,
        "number": moved.number,
        "kind": moved.kind,
        "from_version": moved.before,
        "to_version": moved.after,
        "reason": moved.grounds.reason,
        "approver": moved.grounds.approver,
        "approver_role": moved.grounds.role,
        "deployed_at": _us(moved.at_ns),
    }


def deployment(row: Row) -> Deployment:
    """Read a row of ``model_deployments``."""
    return Deployment(
        model=row["model_name"],
        alias=row["alias"],
        number=row["number"],
        kind=row["kind"],
        before=row["from_version"],
        after=row["to_version"],
        grounds=Grounds(
            reason=row["reason"], approver=row["approver"], role=row["approver_role"]
        ),
        at_ns=row["deployed_at"],
    )


def alert_row(model_id: UUID, record: AlertRecord) -> Row:
    """Write an alert as a row of ``model_alerts``."""
    return {
        "model_id": model_id,
        "kind": record.kind,
        "severity": record.severity,
        "message": record.message,
        "numbers": dict(record.numbers),
        "raised_at": _us(record.at_ns),
    }


def alert(row: Row) -> AlertRecord:
    """Read a row of ``model_alerts``."""
    return AlertRecord(
        kind=row["kind"],
        severity=row["severity"],
        message=row["message"],
        numbers=row["numbers"],
        at_ns=row["raised_at"],
    )


def job_row(record: JobRecord, model_id: UUID | None) -> Row:
    """Write a job as a row of ``training_jobs``."""
    return {
        "job_name": record.job_name,
        "model_name": record.model_name,
        "status": record.status,
        "progress": record.progress,
        "recipe": dict(record.recipe),
        "model_id": model_id,
        "started_at": _us(record.started_ns),
        "finished_at": _us(record.finished_ns),
        "error": record.error,
    }


def job(row: Row, versions: dict[UUID, str]) -> JobRecord:
    """Read a row of ``training_jobs``; ``versions`` names the models by id."""
    return JobRecord(
        job_name=row["job_name"],
        model_name=row["model_name"],
        status=row["status"],
        progress=row["progress"],
        recipe=row["recipe"],
        model_version=versions.get(row["model_id"], ""),
        started_ns=row["started_at"],
        finished_ns=row["finished_at"],
        error=row["error"],
    )


def experiment_row(record: ExperimentRecord) -> Row:
    """Write an experiment as a row of ``experiments``."""
    return {
        "experiment_name": record.experiment_name,
        "kind": record.kind,
        "status": record.status,
        "model_name": record.model_name,
        "state": dict(record.state),
    }


def experiment(row: Row) -> ExperimentRecord:
    """Read a row of ``experiments``."""
    return ExperimentRecord(
        experiment_name=row["experiment_name"],
        kind=row["kind"],
        status=row["status"],
        model_name=row["model_name"],
        state=row["state"],
    )


def trial_row(study: str, record: TrialRecord) -> Row:
    """Write a trial as a row of ``trials``."""
    return {
        "study": study,
        "number": record.number,
        "state": record.state,
        "parameters": dict(record.parameters),
        "score": record.score,
    }


def trial(row: Row) -> TrialRecord:
    """Read a row of ``trials``."""
    return TrialRecord(
        number=row["number"],
        state=row["state"],
        parameters=row["parameters"],
        score=row["score"],
    )

"""The registry in the catalog: versions, their stages, verdicts and deployments.

A version is registered with its evaluation and its trials in one transaction, and is
never changed; its stage moves along `stages.MOVES`. The aliases champion and challenger
are the last rows of their histories, written in the same transaction as the stages.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from tradeloop.errors import ConflictError, NotFoundError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import catalog_models_rows as rows
from tradeloop.stores.catalog_trials import TrialCatalog, counted
from tradeloop.stores.catalog_write import Write, differs
from tradeloop.stores.deploying import (
    Move,
    crown,
    earlier,
    move,
    roll_back,
    row_of,
)
from tradeloop.stores.records import Change, Json
from tradeloop.stores.records_models import (
    AlertRecord,
    Alias,
    Deployment,
    EvaluationRecord,
    Grounds,
    ModelRecord,
    StoredModel,
    TrialRecord,
)
from tradeloop.stores.stages import Stage
from tradeloop.stores.tables_models import ALERTS, DEPLOYMENTS, EVALUATIONS, MODELS


class ModelCatalog(TrialCatalog):
    """The registry of all tenants; each method sees the tenant of its principal.

    A tenant also sees the models of the platform, and a user those that are private to
    him; both are written only by their owners.
    """

    def register(
        self,
        principal: Principal,
        model: ModelRecord,
        audit: AuditEntry,
        *,
        evaluations: Sequence[EvaluationRecord] = (),
        trials: tuple[str, Sequence[TrialRecord]] = ("", ()),
    ) -> Change:
        """Register a version as a draft, with what was found out about it.

        Parameters
        ----------
        principal : Principal
            Whose it is.
        model : ModelRecord
            The version; its artefact is already durable.
        audit : AuditEntry
            Committed with it.
        evaluations : sequence of EvaluationRecord
            Of this version.
        trials : (str, sequence of TrialRecord)
            Study, and the trials that led to it.

        Returns
        -------
        {"added", "unchanged"}
            ``unchanged`` where it is there with the same content.

        Raises
        ------
        ConflictError
            It is there with another content, or the name is private to another user.
        NotFoundError
            The parent is not registered.
        """
        with self._database.writing(principal, audit) as write:
            _check_owner(write, principal, model)
            parent = row_of(write, model.name, model.parent) if model.parent else None
            parent_id = None if parent is None else parent["id"]
            row = rows.model_row(principal, model, parent_id)
            key = f"{model.name} {model.version}"
            known = write.find(MODELS, "id", write.id_of(MODELS, key))
            if known is None:
                stage = {"status": "draft", "status_reason": "registered"}
                write.add(MODELS, key, row | stage | {"tracking": None})
            elif differs(known, row):
                raise ConflictError(
                    f"The model {key} is registered with another content. A version "
                    "does not change: give the new one the next number."
                )
            for record in evaluations:
                _evaluate(write, key, record)
            counted(write, *trials)
        return "added" if known is None else "unchanged"

    def evaluate(
        self,
        principal: Principal,
        name: str,
        version: str,
        record: EvaluationRecord,
        audit: AuditEntry,
    ) -> None:
        """Keep what was found out about a version; the same again changes nothing."""
        with self._database.writing(principal, audit) as write:
            row_of(write, name, version)
            _evaluate(write, f"{name} {version}", record)

    def alert(
        self,
        principal: Principal,
        name: str,
        version: str,
        record: AlertRecord,
        audit: AuditEntry,
    ) -> None:
        """Keep an alert about a version; the same again changes nothing."""
        with self._database.writing(principal, audit) as write:
            row = rows.alert_row(row_of(write, name, version)["id"], record)
            key = f"{name} {version} {record.kind} {row['raised_at']} {record.message}"
            if write.find(ALERTS, "id", write.id_of(ALERTS, key)) is None:
                write.add(ALERTS, key, row)

    def move(
        self,
        principal: Principal,
        name: str,
        version: str,
        asked: Move,
        audit: AuditEntry,
    ) -> StoredModel:
        """Move a version to another stage, and the aliases with it.

        Into canary: it becomes the challenger. Into production: it becomes the
        champion, and the version that was in production is archived. Into archived: it
        loses its aliases.

        Raises
        ------
        InputError
            No such move (`stages.MOVES`), or its newest verdict does not let it.
        NotFoundError
            No such version of this tenant.
        """
        with self._database.writing(principal, audit) as write:
            move(write, principal, row_of(write, name, version), asked)
        return self.model(principal, name, version)

    def crown(
        self,
        principal: Principal,
        name: str,
        version: str,
        grounds: Grounds,
        audit: AuditEntry,
    ) -> bool:
        """Let a run serve its own newest version, as long as none is in production.

        Returns
        -------
        bool
            False where a version is in production: it stays the champion.
        """
        with self._database.writing(principal, audit) as write:
            return crown(write, row_of(write, name, version), grounds)

    def roll_back(
        self, principal: Principal, name: str, grounds: Grounds, audit: AuditEntry
    ) -> Deployment:
        """Put the production version before this one back, in one transaction.

        Raises
        ------
        NotFoundError
            There is none before it.
        """
        with self._database.writing(principal, audit) as write:
            return roll_back(write, principal, name, grounds)

    def track(
        self,
        principal: Principal,
        name: str,
        version: str,
        told: Json,
        audit: AuditEntry,
    ) -> None:
        """Note what the tracking server was told of a version."""
        with self._database.writing(principal, audit) as write:
            known = row_of(write, name, version)
            same = {"name": name, "version": version}
            write.change(MODELS, known, same | {"tracking": dict(told)})

    def models(
        self, principal: Principal, name: str | None = None, stage: Stage | None = None
    ) -> list[StoredModel]:
        """Return what the principal may see, by name, the newest version first."""
        before = MODELS.alias("before")
        query = sa.select(MODELS, before.c.version.label("parent_version"))
        query = query.outerjoin(before, MODELS.c.parent_model_id == before.c.id)
        query = query.where(_visible(principal))
        for column, value in ((MODELS.c.name, name), (MODELS.c.status, stage)):
            if value is not None:
                query = query.where(column == value)
        with self._database.reading() as connection:
            found = connection.execute(query).mappings().all()
        return sorted((rows.model(dict(row)) for row in found), key=_place)

    def model(self, principal: Principal, name: str, version: str) -> StoredModel:
        """Return one version; the tenant's own before the platform's.

        Raises
        ------
        NotFoundError
            There is none, or it is another's.
        """
        for found in self.models(principal, name):
            if found.record.version == version:
                return found
        raise NotFoundError(f"The model {name!r} has no version {version!r}.")

    def evaluations(
        self, model: StoredModel, kind: str | None = None
    ) -> list[EvaluationRecord]:
        """Return what was found out about a version that was read, newest first."""
        table = EVALUATIONS.c
        equal = {"model_id": model.id, "kind": kind}
        order = (table.evaluated_at.desc(), table.created_at.desc(), table.id)
        found = self._rows(model.principal, EVALUATIONS, order, equal)
        return [rows.evaluation(row) for row in found]

    def alerts(self, model: StoredModel) -> list[AlertRecord]:
        """Return the alerts about a version that was read, newest first."""
        order = (ALERTS.c.raised_at.desc(), ALERTS.c.id)
        by_model = {"model_id": model.id}
        found = self._rows(model.principal, ALERTS, order, by_model)
        return [rows.alert(row) for row in found]

    def deployments(
        self, principal: Principal, name: str, alias: Alias | None = None
    ) -> list[Deployment]:
        """Return every move of the tenant's aliases of a model, the oldest first."""
        equal = {"model_name": name, "alias": alias}
        order = (DEPLOYMENTS.c.alias, DEPLOYMENTS.c.number)
        found = self._rows(principal, DEPLOYMENTS, order, equal)
        return [rows.deployment(row) for row in found]

    def champions(self, principal: Principal) -> dict[str, str]:
        """Return the version that serves now, by name of the tenant's models."""
        moves = self._rows(
            principal, DEPLOYMENTS, (DEPLOYMENTS.c.number,), {"alias": "champion"}
        )
        last = {row["model_name"]: row["to_version"] for row in moves}
        return {name: version for name, version in sorted(last.items()) if version}

    def earlier(self, principal: Principal, name: str) -> str | None:
        """Return the version that `roll_back` would put back; None: there is none."""
        return earlier(self.deployments(principal, name, "champion"))

    def aliases(self, principal: Principal, name: str) -> dict[Alias, str]:
        """Return which version each alias of a model names now."""
        last = {each.alias: each.after for each in self.deployments(principal, name)}
        return {alias: version for alias, version in last.items() if version}


def _place(model: StoredModel) -> tuple[object, ...]:
    """By name, the tenant's own before the platform's, the newest version first."""
    numbers = model.record.version.removeprefix("v").split(".")
    newest = tuple(-int(each) if each.isdecimal() else 0 for each in numbers)
    return model.record.name, model.tenant_id is None, newest


def _visible(principal: Principal) -> sa.ColumnElement[bool]:
    mine = sa.or_(MODELS.c.user_id.is_(None), MODELS.c.user_id == principal.name)
    of_tenant = sa.and_(MODELS.c.tenant == principal.tenant, mine)
    return sa.or_(of_tenant, MODELS.c.tenant_id.is_(None))


def _check_owner(write: Write, principal: Principal, model: ModelRecord) -> None:
    """All versions of a name are for the same people."""
    known = write.find(MODELS, "name", model.name)
    user = principal.name if model.private else None
    if known is not None and known["user_id"] != user:
        raise ConflictError(
            f"The name {model.name!r} is taken for other users of the tenant. Give the "
            "model another name."
        )


def _evaluate(write: Write, key: str, record: EvaluationRecord) -> None:
    row = rows.evaluation_row(write.id_of(MODELS, key), record)
    name = f"{key} {record.kind} {row['evaluated_at']}"
    known = write.find(EVALUATIONS, "id", write.id_of(EVALUATIONS, name))
    if known is not None and differs(known, row):
        raise ConflictError(
            f"An evaluation of {key} of this kind and time is there with other "
            "figures. What was found out does not change: judge it again."
        )
    if known is None:
        write.add(EVALUATIONS, name, row)

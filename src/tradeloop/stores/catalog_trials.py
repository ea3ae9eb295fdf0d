"""What leads to models, in the catalog: trials, training jobs, experiments."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tradeloop.errors import ConflictError, InputError, NotFoundError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import catalog_models_rows as rows
from tradeloop.stores.catalog_engine import CatalogDatabase
from tradeloop.stores.catalog_write import Write, differs
from tradeloop.stores.records import Change
from tradeloop.stores.records_models import (
    ExperimentRecord,
    JobRecord,
    TrialRecord,
)
from tradeloop.stores.tables_models import EXPERIMENTS, JOBS, MODELS, TRIALS

_ENDED = frozenset({"done", "failed", "cancelled"})


class TrialCatalog:
    """Trials, jobs and experiments of all tenants; each method sees one tenant.

    Parameters
    ----------
    database : CatalogDatabase
        The open database of the catalog.
    """

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def add_trials(
        self,
        principal: Principal,
        study: str,
        trials: Sequence[TrialRecord],
        audit: AuditEntry,
    ) -> int:
        """Count trials; return how many are new. A trial is never changed or removed.

        Raises
        ------
        ConflictError
            A trial of the number is there with another content; none is added.
        """
        with self._database.writing(principal, audit) as write:
            return counted(write, study, trials)

    def trials(self, principal: Principal, study: str) -> list[TrialRecord]:
        """Return the trials of a study, by number."""
        found = self._rows(principal, TRIALS, (TRIALS.c.number,), {"study": study})
        return [rows.trial(row) for row in found]

    def trial_counts(self, principal: Principal) -> dict[str, int]:
        """Return how many trials each study has, the abandoned ones among them."""
        mine = TRIALS.c.tenant == principal.tenant
        query = sa.select(TRIALS.c.study, sa.func.count()).where(mine)
        query = query.group_by(TRIALS.c.study).order_by(TRIALS.c.study)
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def keep_job(
        self, principal: Principal, job: JobRecord, audit: AuditEntry
    ) -> Change:
        """Write a job down as it stands now.

        Raises
        ------
        ConflictError
            It had ended, and is told another end.
        NotFoundError
            It names a version that is not registered.
        """
        with self._database.writing(principal, audit) as write:
            model_id = _version_id(write, job.model_name, job.model_version)
            row = rows.job_row(job, model_id)
            known = write.find(JOBS, "job_name", job.job_name)
            ended = known is not None and known["status"] in _ENDED
            if known is not None and ended and differs(known, row):
                raise ConflictError(
                    f"The job {job.job_name!r} ended as {known['status']}. A job that "
                    "ended does not go on: start one under another name."
                )
            return put(write, JOBS, job.job_name, known, row)

    def jobs(self, principal: Principal, status: str | None = None) -> list[JobRecord]:
        """Return the tenant's jobs, the newest first."""
        order = (JOBS.c.created_at.desc(), JOBS.c.job_name)
        found = self._rows(principal, JOBS, order, {"status": status})
        mine = sa.select(MODELS.c.id, MODELS.c.version)
        mine = mine.where(MODELS.c.tenant == principal.tenant)
        with self._database.reading() as connection:
            versions = {row.id: row.version for row in connection.execute(mine)}
        return [rows.job(row, versions) for row in found]

    def keep_experiment(
        self, principal: Principal, experiment: ExperimentRecord, audit: AuditEntry
    ) -> Change:
        """Write an experiment down as it stands now.

        Raises
        ------
        ConflictError
            One of this name is of another kind, or about another model.
        """
        row = rows.experiment_row(experiment)
        with self._database.writing(principal, audit) as write:
            name = experiment.experiment_name
            known = write.find(EXPERIMENTS, "experiment_name", name)
            fixed = {key: row[key] for key in ("kind", "model_name")}
            if known is not None and differs(known, fixed):
                raise ConflictError(
                    f"The experiment {name!r} is a {known['kind']} of "
                    f"{known['model_name']!r}. Give the new one its own name."
                )
            if known is not None and not differs(known, row):
                return "unchanged"
            row |= {"updated_at": write.now_ns // 1_000 * 1_000}
            return put(write, EXPERIMENTS, name, known, row)

    def experiments(
        self, principal: Principal, status: str | None = None
    ) -> list[ExperimentRecord]:
        """Return the tenant's experiments, by name."""
        order = (EXPERIMENTS.c.experiment_name,)
        found = self._rows(principal, EXPERIMENTS, order, {"status": status})
        return [rows.experiment(row) for row in found]

    def experiment(self, principal: Principal, name: str) -> ExperimentRecord:
        """Return one experiment.

        Raises
        ------
        NotFoundError
            The tenant has none of this name.
        """
        by_name = {"experiment_name": name}
        found = self._rows(principal, EXPERIMENTS, (EXPERIMENTS.c.id,), by_name)
        if not found:
            raise NotFoundError(f"There is no experiment {name!r}.")
        return rows.experiment(found[0])

    def _rows(
        self,
        principal: Principal,
        table: sa.Table,
        order: Sequence[Any],
        equal: dict[str, Any],
    ) -> list[rows.Row]:
        query = sa.select(table).where(table.c.tenant == principal.tenant)
        for name, value in equal.items():
            if value is not None:
                query = query.where(table.c[name] == value)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(*order)).mappings()
            return [dict(row) for row in found]


def counted(write: Write, study: str, trials: Sequence[TrialRecord]) -> int:
    """Add the trials that are new within a transaction; return how many."""
    if trials and not study:
        raise InputError("A trial belongs to a study.", way_out="Name the study.")
    there = _trials_of(write, study)
    new = 0
    for each in trials:
        row, known = rows.trial_row(study, each), there.get(each.number)
        if known is None:
            write.add(TRIALS, f"{study} {each.number}", row)
            there[each.number], new = row, new + 1
        elif differs(known, row):
            raise ConflictError(
                f"Trial {each.number} of {study!r} is counted with another content. A "
                "trial does not change: give the new one the next number."
            )
    return new


def put(
    write: Write, table: sa.Table, key: str, known: rows.Row | None, row: rows.Row
) -> Change:
    """Add a row, or change the one that is there."""
    if known is None:
        write.add(table, key, row)
        return "added"
    if not differs(known, row):
        return "unchanged"
    write.change(table, known, row)
    return "changed"


def _trials_of(write: Write, study: str) -> dict[int, rows.Row]:
    mine = TRIALS.c.tenant == write.owner["tenant"], TRIALS.c.study == study
    found = write.connection.execute(sa.select(TRIALS).where(*mine)).mappings()
    return {row["number"]: dict(row) for row in found}


def _version_id(write: Write, name: str, version: str) -> Any:
    if not version:
        return None
    known = write.find(MODELS, "id", write.id_of(MODELS, f"{name} {version}"))
    if known is None:
        raise NotFoundError(f"The model {name!r} has no version {version!r}.")
    return known["id"]

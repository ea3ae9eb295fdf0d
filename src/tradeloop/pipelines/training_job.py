"""A training as the registry sees it: begun, and ended, or never heard of again.

One that broke off and goes on with the same recipe on the same rows is the same job.
One that never ends stays ``running``: for the gate it is a trial like any other.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import JobRecord
from tradeloop.stores.records_models import JobStatus

RUNNING: JobStatus = "running"


def begin_job(
    workspace: Workspace, model: str, dataset_version: str, recipe: Mapping[str, Any]
) -> JobRecord:
    """Write down that a training begins, or goes on.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    model : str
        Name of the model in the registry.
    dataset_version : str
        Rows that it learns from.
    recipe : mapping
        How, as JSON.
    """
    catalog, who = workspace.catalog.models, workspace.principal
    said = {"dataset_version": dataset_version, "recipe": dict(recipe)}
    mine = [job for job in catalog.jobs(who) if job.model_name == model]
    for job in mine:
        if job.status == RUNNING and dict(job.recipe) == said:
            return job
    job = JobRecord(
        job_name=f"train-{model}-{len(mine) + 1}",
        model_name=model,
        status=RUNNING,
        recipe=said,
        started_ns=workspace.clock.now_ns(),
    )
    catalog.keep_job(who, job, workspace.audit("train", job.job_name))
    return job


def end_job(
    workspace: Workspace,
    job: JobRecord,
    status: JobStatus,
    *,
    version: str = "",
    error: str = "",
) -> None:
    """Write down how a training ended."""
    ended = replace(
        job,
        status=status,
        progress=1.0 if status == "done" else job.progress,
        model_version=version,
        finished_ns=workspace.clock.now_ns(),
        error=error,
    )
    audit = workspace.audit("train", job.job_name, status=status)
    workspace.catalog.models.keep_job(workspace.principal, ended, audit)

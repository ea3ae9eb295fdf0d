"""Every trial beside which a model is judged: none is forgotten because it failed.

The family of a version are the versions of the tenant that share its dataset or its
name, every trial of the searches that led to one of them, and every training that was
begun and gave no version, unless it failed before it could be judged. A trial whose
forecasts were not kept on the same decisions is counted as one more attempt without an
edge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import JobRecord, StoredModel


@dataclass(frozen=True, slots=True)
class Family:
    """What was tried beside a version.

    Parameters
    ----------
    versions : tuple of StoredModel
        Other versions, by name, the newest first.
    studies : mapping of str to int
        Searches that led to one of them or to the version, with their trials.
    abandoned : int
        Trainings that gave no version: broken off, refused for a leak, or still at it.
    """

    versions: tuple[StoredModel, ...]
    studies: Mapping[str, int]
    abandoned: int = 0

    @property
    def trials(self) -> int:
        """All of them: each version, each trial of a search, each abandoned one."""
        tried = 1 + len(self.versions) + sum(self.studies.values())
        return tried + self.abandoned


def family_of(workspace: Workspace, model: StoredModel) -> Family:
    """Find what was tried beside a version."""
    catalog, tenant = workspace.catalog.models, model.principal.tenant
    kin = [
        each
        for each in catalog.models(workspace.principal)
        if each.principal.tenant == tenant and _akin(each, model)
    ]
    named = {study for each in kin if (study := study_of(workspace, each))}
    counts = catalog.trial_counts(workspace.principal)
    studies = {study: counts.get(study, 0) for study in sorted(named)}
    abandoned = [
        job
        for job in catalog.jobs(workspace.principal)
        if not job.model_version and job.status != "failed" and _tried(job, model)
    ]
    others = tuple(each for each in kin if each.id != model.id)
    return Family(others, studies, len(abandoned))


def _tried(job: JobRecord, model: StoredModel) -> bool:
    same_rows = job.recipe.get("dataset_version") == model.record.dataset_version
    return same_rows or job.model_name == model.record.name


def _akin(one: StoredModel, other: StoredModel) -> bool:
    first, second = one.record, other.record
    same_rows = first.dataset_version == second.dataset_version
    return same_rows or first.name == second.name


def study_of(workspace: Workspace, model: StoredModel) -> str:
    """Name of the search that led to a version; empty for none."""
    for judged in workspace.catalog.models.evaluations(model):
        search: Any = judged.numbers.get("search")
        if isinstance(search, Mapping):
            return str(search.get("study", ""))
    return ""

"""Every trial beside which a model is judged: none is forgotten because it failed.

The family of a version are the versions of the tenant that share its dataset or its
name, and every trial of the searches that led to one of them. A trial whose forecasts
were not kept on the same decisions is counted as one more attempt without an edge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import StoredModel


@dataclass(frozen=True, slots=True)
class Family:
    """What was tried beside a version.

    Parameters
    ----------
    versions : tuple of StoredModel
        Other versions, by name, the newest first.
    studies : mapping of str to int
        Searches that led to one of them or to the version, with their trials.
    """

    versions: tuple[StoredModel, ...]
    studies: Mapping[str, int]

    @property
    def trials(self) -> int:
        """All of them: each version, and each trial of a search."""
        return 1 + len(self.versions) + sum(self.studies.values())


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
    return Family(tuple(each for each in kin if each.id != model.id), studies)


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

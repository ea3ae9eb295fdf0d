"""How much the features of a dataset mattered: into the catalog, and out of it."""

from collections.abc import Mapping
from typing import Any

from tradeloop.clock import Clock
from tradeloop.errors import NotFoundError
from tradeloop.events import DatasetType, Principal
from tradeloop.pipelines.workspace import Places, Workspace
from tradeloop.stores import ImportanceRecord, open_catalog

_SCORES = ("correlation_with_outcome", "information_gain", "mutual_information")
_NONE = "No dataset of this workspace was learned from yet. Run 'tradeloop run' first."


def newest_importance(
    places: Places, principal: Principal, clock: Clock
) -> Mapping[str, Any]:
    """Return what the newest dataset that was learned from says of its features.

    Only the catalog is opened, beside whoever writes the journal; nothing is made.

    Returns
    -------
    mapping
        ``dataset_id``, and what `tradeloop.pipelines.weigh` found.

    Raises
    ------
    NotFoundError
        There is no catalog, or no dataset in it was learned from.
    """
    if not places.catalog.is_file():
        raise NotFoundError(_NONE)
    with open_catalog(f"sqlite:///{places.catalog}", clock) as catalog:
        records = catalog.datasets(principal)
    for record in records:
        told = _weighed(record.feature_schema)
        if told:
            return {"dataset_id": record.dataset_id, **told}
    raise NotFoundError(_NONE)


def _weighed(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what `weigh` found; empty where no model learned from the dataset."""
    told = schema["feature_selection_criteria"]
    return told if isinstance(told, Mapping) and "importance" in told else {}


def keep_importance(
    workspace: Workspace, described: Mapping[str, Any], at_ns: int
) -> int:
    """Add to the catalog's time series how much the features of a dataset mattered.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    described : mapping
        Metadata of the dataset, as the lake holds it: a dataset that is built again
        says what it said the first time, and adds nothing.
    at_ns : int
        When the dataset was made, ns UTC.

    Returns
    -------
    int
        Count of new rows; 0 where no model learned from the dataset.
    """
    told = _weighed(described["feature_schema"])
    if not told:
        return 0
    kind, scores = DatasetType(described["dataset_type"]), told["scores"]
    found = [
        ImportanceRecord(
            at_ns=at_ns,
            feature_name=name,
            dataset_type=kind,
            importance_score=each["value"],
            **{score: scores.get(name, {}).get(score) for score in _SCORES},
        )
        for name, each in told["importance"]["columns"].items()
    ]
    audit = workspace.audit("weigh", described["dataset_id"], features=len(found))
    return workspace.catalog.add_importance(workspace.principal, found, audit)

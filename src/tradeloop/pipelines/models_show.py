"""Everything that is known of one version."""

from dataclasses import dataclass

from tradeloop.errors import ArtefactError
from tradeloop.models import read_artefact
from tradeloop.pipelines.models_list import ListedModel, listed, version_named
from tradeloop.pipelines.models_load import load_stored
from tradeloop.pipelines.models_track import tracking_pending
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import AlertRecord, Deployment, EvaluationRecord


@dataclass(frozen=True, slots=True)
class ShownModel:
    """A version, its judgements and its history.

    Parameters
    ----------
    listed : ListedModel
        What was registered, with its aliases.
    evaluations : tuple of EvaluationRecord
        Newest first, verdicts of the gate among them.
    deployments : tuple of Deployment
        Moves of an alias from or to it, the oldest first.
    alerts : tuple of AlertRecord
        Newest first.
    damage : str
        What is wrong with its files; empty where every byte is as registered.
    card : str
        Its model card; empty where it has none.
    tracked : bool
        Whether the tracking store knows the latest of it.
    """

    listed: ListedModel
    evaluations: tuple[EvaluationRecord, ...]
    deployments: tuple[Deployment, ...]
    alerts: tuple[AlertRecord, ...]
    damage: str
    card: str
    tracked: bool


def show_model(workspace: Workspace, name: str, which: str = "") -> ShownModel:
    """Return everything about a version; its files are checked.

    Raises
    ------
    NotFoundError
        There is no such version.
    """
    catalog = workspace.catalog.models
    model = version_named(workspace, name, which)
    version = model.record.version
    moves = catalog.deployments(model.principal, name)
    damage = card = ""
    try:
        card = read_artefact(load_stored(workspace, model).files).card
    except ArtefactError as error:
        damage = str(error)
    pending = {each.id for each in tracking_pending(workspace)}
    return ShownModel(
        listed=listed(workspace, model),
        evaluations=tuple(catalog.evaluations(model)),
        deployments=tuple(m for m in moves if version in {m.before, m.after}),
        alerts=tuple(catalog.alerts(model)),
        damage=damage,
        card=card,
        tracked=model.tracking is not None and model.id not in pending,
    )

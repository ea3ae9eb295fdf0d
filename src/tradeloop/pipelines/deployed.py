"""The champions of the registry, ready to answer: the alias says what serves."""

from collections.abc import Mapping

from tradeloop.pipelines.experimenting import Trial, running
from tradeloop.pipelines.models_load import load_model
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals import Scorer


class Champions:
    """Champions of a tenant's models.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def current(self) -> Mapping[str, str]:
        """Return the version that answers now, by name of the model."""
        workspace = self._workspace
        return workspace.catalog.models.champions(workspace.principal)

    def trials(self) -> Mapping[str, Trial]:
        """Return the experiments that run, by name of the model."""
        return running(self._workspace)

    def load(self, name: str, version: str) -> Scorer:
        """Return a version ready to score, each of its files checked.

        Raises
        ------
        NotFoundError
            It is not registered.
        ArtefactError
            A file is not what it was when it was registered.
        """
        return Scorer.of(load_model(self._workspace, name, version))

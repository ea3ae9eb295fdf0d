"""The registry for looking at it, beside whoever writes the workspace."""

from collections.abc import Iterator
from contextlib import contextmanager

from tradeloop.clock import Clock
from tradeloop.errors import NotFoundError
from tradeloop.events import Principal
from tradeloop.pipelines.workspace import Places, Workspace
from tradeloop.stores import Artefacts, FeatureStore, Lake, open_catalog, open_log


@contextmanager
def open_registry(
    places: Places, principal: Principal, clock: Clock
) -> Iterator[Workspace]:
    """Open a workspace of which the journal is only read.

    Raises
    ------
    NotFoundError
        There is no workspace; nothing is made.
    """
    if not places.catalog.is_file():
        raise NotFoundError(
            f"{places.catalog.parent} holds no workspace: no {places.catalog.name}. "
            "Make one: tradeloop run, or tradeloop capture file."
        )
    with (
        open_log(places.journal, clock, read_only=True) as journal,
        open_catalog(f"sqlite:///{places.catalog}", clock) as catalog,
    ):
        yield Workspace(
            places=places,
            principal=principal,
            clock=clock,
            journal=journal,
            catalog=catalog,
            lake=Lake(places.lake),
            features=FeatureStore(places.lake),
            artefacts=Artefacts(places.artefacts),
        )

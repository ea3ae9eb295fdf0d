"""The stores of one tenant, opened together and closed together."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tradeloop.clock import Clock
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import (
    Artefacts,
    Catalog,
    FeatureStore,
    Journal,
    Lake,
    open_catalog,
    open_log,
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the stores lie.

    Parameters
    ----------
    journal : Path or str
        The file of an embedded journal, or the URL of a server's.
    catalog : Path
        Database file.
    tracking : Path or str
        Database file of MLflow, or the address of its server.
    lake, artefacts : Path
        Folders.
    lineage : str
        URL that hears of the lineage of each dataset; empty: nobody.
    """

    journal: Path | str
    catalog: Path
    tracking: Path | str
    lake: Path
    artefacts: Path
    lineage: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """Database files of this machine."""
        given = (self.journal, self.catalog, self.tracking)
        return tuple(place for place in given if isinstance(place, Path))

    @property
    def tracking_url(self) -> str:
        """Where runs and versions are tracked."""
        here = isinstance(self.tracking, Path)
        return f"sqlite:///{self.tracking}" if here else str(self.tracking)

    @property
    def runs(self) -> Path:
        """Folder for the files of tracked runs, beside their database."""
        here = self.tracking if isinstance(self.tracking, Path) else self.catalog
        return here.parent / "runs"


@dataclass(frozen=True, slots=True)
class Workspace:
    """Open stores and who works with them.

    Parameters
    ----------
    places : Places
        Where they lie.
    principal : Principal
        For whom, and who.
    clock : Clock
        Tells when something was recorded.
    journal, catalog, lake, features, artefacts : store
        The stores.
    """

    places: Places
    principal: Principal
    clock: Clock
    journal: Journal
    catalog: Catalog
    lake: Lake
    features: FeatureStore
    artefacts: Artefacts

    def audit(
        self, action: str, subject: str, **figures: float | str | None
    ) -> AuditEntry:
        """Write down what is about to be done; the store commits it with the deed."""
        detail = json.dumps(figures, sort_keys=True)
        return AuditEntry(self.principal, self.clock.now_ns(), action, subject, detail)


@contextmanager
def open_workspace(
    places: Places, principal: Principal, clock: Clock
) -> Iterator[Workspace]:
    """Open all stores for writing; absent ones are made.

    Raises
    ------
    BusyError
        Another process writes the journal.
    """
    for file in places.files:
        file.parent.mkdir(parents=True, exist_ok=True)
    with (
        open_log(places.journal, clock) as journal,
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

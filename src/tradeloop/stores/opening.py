"""The journal by its place: a path, or a URL whose scheme names the backend."""

from collections.abc import Callable
from pathlib import Path

from tradeloop.clock import Clock
from tradeloop.errors import InputError
from tradeloop.stores.journal import Journal, open_journal
from tradeloop.stores.postgres import PostgresJournal, open_postgres

Log = Journal | PostgresJournal
"""An open journal of any backend; use it in a ``with`` statement."""


def open_log(place: Path | str, clock: Clock, *, read_only: bool = False) -> Log:
    """Open the journal at ``place``; use it in a ``with`` statement.

    Parameters
    ----------
    place : Path or str
        A path or ``sqlite:///PATH``: SQLite; ``postgresql://...``: PostgreSQL, with
        libpq's parameters (the password rather from its ``~/.pgpass``).
    clock : Clock
        Says when an event came to us, and when a lease is over.
    read_only : bool
        Change nothing.

    Raises
    ------
    InputError
        No backend has that scheme, or the backend cannot use what is there.
    BusyError
        SQLite: another process holds it for writing.
    MissingExtraError
        The backend's driver is not installed.
    """
    scheme, slashes, _ = str(place).partition("://")
    if isinstance(place, Path) or not slashes:
        return open_journal(Path(place), clock, read_only=read_only)
    if scheme not in BACKENDS:
        raise InputError(
            f"No journal is kept in {scheme}://.",
            way_out=f"Use one of: {', '.join(f'{name}://' for name in BACKENDS)}.",
        )
    return BACKENDS[scheme](str(place), clock, read_only)


def _sqlite(url: str, clock: Clock, read_only: bool) -> Log:  # noqa: FBT001 - a table's form
    path = url.removeprefix("sqlite:///")
    if path in {url, ""}:
        raise InputError(
            f"A SQLite journal is sqlite:///PATH, was {url!r}.",
            way_out="Write sqlite:///journal.db, or sqlite:////var/lib/journal.db.",
        )
    return open_journal(Path(path), clock, read_only=read_only)


def _postgresql(url: str, clock: Clock, read_only: bool) -> Log:  # noqa: FBT001 - a table's form
    return open_postgres(url, clock, read_only=read_only)


BACKENDS: dict[str, Callable[[str, Clock, bool], Log]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "postgres": _postgresql,
}
"""What opens a journal, by the scheme of its URL."""

"""Which schema a database has, and how it becomes the one that this code knows.

1. The revisions of a database are the files of its folder under `migrations`:
   ``rNNNN_title.py`` holds revision ``NNNN``. Listing them needs no Alembic.
2. A database says its revision in the table ``alembic_version``; a catalog on
   PostgreSQL in ``catalog_version``, since a journal may be in the same database.
3. Equal to the last one: nothing to do, and Alembic is not imported.
4. Unknown: a newer Tradeloop wrote it; refuse.
5. Older: Alembic upgrades it, online for the catalog, or as SQL text for the journal,
   whose SQLite library is not the one that Alembic would use.
"""

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tradeloop.errors import InputError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

Database = Literal["journal", "catalog"]
_FOLDER = Path(__file__).parent / "migrations"


def revisions(database: Database) -> tuple[str, ...]:
    """Revisions of a database, oldest first."""
    return tuple(sorted(p.name[1:5] for p in (_FOLDER / database).glob("r????_*.py")))


def head(database: Database) -> str:
    """Revision that this code works with."""
    return revisions(database)[-1]


def is_current(database: Database, revision: str | None, source: str) -> bool:
    """Whether a database needs no upgrade.

    Parameters
    ----------
    database : {"journal", "catalog"}
        Which one.
    revision : str or None
        What its ``alembic_version`` says; None where there is no such table.
    source : str
        Where it lies, for the message.

    Raises
    ------
    InputError
        The revision is not known here: a newer Tradeloop wrote it.
    """
    if revision is not None and revision not in revisions(database):
        raise InputError(
            f"The {database} has schema {revision}, newer than this Tradeloop, which "
            f"knows schemas up to {head(database)}.",
            way_out="Update Tradeloop, or open another file.",
            source=source,
        )
    return revision == head(database)


def upgrade_sql(database: Database, revision: str | None) -> str:
    """Write the SQL that takes a SQLite database from ``revision`` to the last one."""
    from alembic import command  # noqa: PLC0415 - only needed once per database

    config, text = _config(database), StringIO()
    config.output_buffer = text
    command.upgrade(config, f"{revision or 'base'}:head", sql=True)
    return text.getvalue()


def upgrade(
    database: Database, connection: "Connection", *, table: str = "alembic_version"
) -> None:
    """Upgrade a database inside the open transaction of ``connection``.

    ``table`` is where the database says its revision.
    """
    from alembic import command  # noqa: PLC0415 - only needed once per database

    config = _config(database)
    config.attributes |= {"connection": connection, "version_table": table}
    command.upgrade(config, "head")


def _config(database: Database) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - only needed once per database

    config = Config()
    for name, value in (
        ("script_location", str(_FOLDER)),
        ("version_locations", str(_FOLDER / database)),
        ("path_separator", "newline"),
    ):
        config.set_main_option(name, value.replace("%", "%%"))
    return config

"""The driver of PostgreSQL, and what it says in our words, with the way out."""

from typing import TYPE_CHECKING, Any

from tradeloop.errors import (
    BusyError,
    FullError,
    InputError,
    MissingExtraError,
    TradeloopError,
)

if TYPE_CHECKING:
    import psycopg

_PATIENCE = {
    "application_name": "tradeloop",
    "connect_timeout": "10",  # s
    "tcp_user_timeout": "30000",  # ms
}
_CUT = ("57P", "080")  # classes of SQLSTATE that end a connection


def driver() -> Any:
    """Import the driver.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("psycopg", "postgres") from error
    return psycopg


def place_of(url: str) -> str:
    """Name the database of a URL without its password."""
    psycopg = driver()
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise InputError(
            "This is no URL of PostgreSQL.",
            way_out="Write postgresql://user@host:5432/database.",
        ) from error
    where = ":".join(str(parts[k]) for k in ("host", "port") if k in parts)
    return f"postgresql://{where}/{parts.get('dbname', '')}"


def patient(url: str) -> str:
    """Write a URL as libpq's parameters, with an end to each wait for a dead host."""
    psycopg = driver()
    given = psycopg.conninfo.conninfo_to_dict(url)
    return str(psycopg.conninfo.make_conninfo("", **(_PATIENCE | given)))


def refused(place: str, what: str, wanted: str) -> InputError:
    """Say which property of the server the journal cannot live with."""
    return InputError(
        f"The server {what}, the journal needs {wanted}.",
        way_out="Change the server, or give the URL of another one.",
        source=place,
    )


def told(error: "psycopg.Error", place: str) -> TradeloopError:
    """Say what became of a transaction that failed."""
    errors = driver().errors
    if isinstance(error, errors.DiskFull):
        return FullError(
            f"No space left for {place}; nothing of this write was stored. "
            "Free space and send it again."
        )
    if isinstance(error, errors.LockNotAvailable):
        return BusyError(f"Another writer holds the tenant in {place} for too long.")
    if error.sqlstate is None or error.sqlstate[:3] in _CUT:
        return TradeloopError(
            f"The connection to {place} failed ({first_line(error)}); whether the last "
            "write was stored is not known. Send it again: what is there will be "
            "answered as a duplicate."
        )
    return TradeloopError(f"{place}: {first_line(error)}")


def first_line(error: Exception) -> str:
    """Name an error in one line; what follows in others are a server's hints."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]

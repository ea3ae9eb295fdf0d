"""Tables over Arrow Flight, on this machine only.

The server listens on loopback and nowhere else: others reach it through a tunnel of
their own. With a token, every call needs ``authorization: Bearer TOKEN``. The wire is
not encrypted, which is why it does not leave the machine.
"""

import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import polars as pl
import pyarrow as pa
from pyarrow import flight

from tradeloop.errors import InputError, NotFoundError
from tradeloop.stores.exports.base import Tables
from tradeloop.stores.exports.tabular import arrow_table

HOST = "127.0.0.1"
_ROWS_PER_BATCH = 1 << 16
_HEADER = "authorization"


class _Gate(flight.ServerMiddlewareFactory):  # type: ignore[misc]
    """Lets a call in only with the token."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._wanted = f"Bearer {token}".encode()

    def start_call(self, info: Any, headers: Mapping[str, list[str]]) -> None:
        """Refuse a call without the token; compared in constant time."""
        del info
        given = [value for name, value in headers.items() if name.lower() == _HEADER]
        text = str(given[0][0]) if given and given[0] else ""
        if not hmac.compare_digest(text.encode(), self._wanted):
            raise flight.FlightUnauthenticatedError("a token is needed")


class _Server(flight.FlightServerBase):  # type: ignore[misc]
    """Serves tables by their names."""

    def __init__(self, tables: Mapping[str, pa.Table], token: str | None) -> None:
        gate = None if token is None else {"token": _Gate(token)}
        super().__init__(f"grpc://{HOST}:0", middleware=gate)
        self._tables = dict(tables)

    def _found(self, name: str) -> pa.Table:
        if name not in self._tables:
            raise KeyError(f"there is no table {name!r}")
        return self._tables[name]

    def _info(self, name: str) -> Any:
        table = self._found(name)
        descriptor = flight.FlightDescriptor.for_path(name.encode())
        place = flight.FlightEndpoint(name.encode(), [f"grpc://{HOST}:{self.port}"])
        return flight.FlightInfo(
            table.schema, descriptor, [place], table.num_rows, table.nbytes
        )

    def list_flights(self, context: Any, criteria: bytes) -> Iterator[Any]:
        """Tell of every table, in the order given."""
        del context, criteria
        yield from (self._info(name) for name in self._tables)

    def get_flight_info(self, context: Any, descriptor: Any) -> Any:
        """Tell schema and size of one table."""
        del context
        return self._info(b"/".join(descriptor.path).decode())

    def do_get(self, context: Any, ticket: Any) -> Any:
        """Send the rows of one table."""
        del context
        table = self._found(ticket.ticket.decode())
        batches = table.to_batches(max_chunksize=_ROWS_PER_BATCH)
        return flight.GeneratorStream(table.schema, iter(batches))


class FlightTables:
    """Serve tables while the block runs: ``with FlightTables(tables) as served:``.

    Parameters
    ----------
    tables : mapping of str to polars.DataFrame
        Name, such as ``train``, to rows.
    token : str, optional
        What every call must bring; without it any process of this machine may read.

    Raises
    ------
    InputError
        There is no table, or the token is empty.
    """

    def __init__(self, tables: Tables, token: str | None = None) -> None:
        if not tables:
            raise InputError(
                "There is no table to serve.", way_out="Give at least one."
            )
        if token is not None and not token.strip():
            raise InputError(
                "The token is empty.", way_out="Give a long random one, or None."
            )
        held = {name: arrow_table(frame) for name, frame in tables.items()}
        self._server = _Server(held, token)

    @property
    def address(self) -> str:
        """Where it listens, such as ``grpc://127.0.0.1:41234``."""
        return f"grpc://{HOST}:{self._server.port}"

    def wait(self) -> None:
        """Serve until `stop` is called from another thread."""
        self._server.serve()

    def stop(self) -> None:
        """Stop serving; calls that run are ended."""
        self._server.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _options(token: str | None) -> Any:
    headers = [] if token is None else [(_HEADER.encode(), f"Bearer {token}".encode())]
    return flight.FlightCallOptions(headers=headers)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """Open a client whose errors say what to do."""
    with flight.connect(address) as client:
        try:
            yield client
        except flight.FlightUnauthenticatedError as refused:
            raise InputError(
                f"The server at {address} did not take the token.",
                way_out="Give token=..., as the server was started with.",
                column="token",
            ) from refused


def fetch_table(address: str, name: str, token: str | None = None) -> pl.DataFrame:
    """Read one table from a Flight server.

    Parameters
    ----------
    address : str
        `FlightTables.address`.
    name : str
        Of the table, such as ``train``.
    token : str, optional
        As the server was started with.

    Raises
    ------
    NotFoundError
        There is no such table.
    InputError
        The server asks for another token.
    """
    with _client(address) as client:
        try:
            reader = client.do_get(flight.Ticket(name.encode()), _options(token))
            return pl.DataFrame(reader.read_all())
        except KeyError as missing:
            raise NotFoundError(
                f"There is no table {name!r} at {address}."
            ) from missing


def list_tables(address: str, token: str | None = None) -> dict[str, int]:
    """Name of each table of a Flight server to its number of rows.

    Parameters
    ----------
    address, token
        As in `fetch_table`.

    Raises
    ------
    InputError
        The server asks for another token.
    """
    with _client(address) as client:
        return {
            b"/".join(each.descriptor.path).decode(): each.total_records
            for each in client.list_flights(options=_options(token))
        }

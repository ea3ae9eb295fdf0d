"""The client of MLflow, quiet and impatient; what it says in our words.

MLflow reads its switches when it is imported, so they are set before, here, and it is
imported only when a tracking store is opened. A server that does not answer is given up
after seconds, not minutes: the catalog is the truth, and tracking is caught up later.
"""

import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from tradeloop.errors import InputError, MissingExtraError, TradeloopError

_SWITCHES = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # s
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
}
_LOUD = ("alembic", "mlflow", "urllib3.connectionpool")
_ABSENT = {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}
_SECRET = re.compile(r"//[^/@\s]*@")
_FILE, _SERVERS = "sqlite:///", ("http://", "https://")


class TrackingAwayError(TradeloopError):
    """The tracking store cannot be used now; what it was to hear is told later."""


def is_server(url: str) -> bool:
    """Whether tracking is a server, which keeps files itself.

    Raises
    ------
    InputError
        Another kind of URL.
    """
    if url.startswith(_SERVERS):
        return True
    if url.startswith(_FILE) and url != _FILE:
        return False
    raise InputError(
        "Tracking lies in a SQLite file or on an MLflow server, was "
        f"{url.partition(':')[0]!r}.",
        way_out="Write the URL like sqlite:///folder/mlflow.db or https://host:5000.",
        source="tracking URL",
    )


def connect(url: str) -> Any:
    """Return a client whose store answered.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    InputError
        Another kind of URL.
    TrackingAwayError
        The store does not answer.
    """
    patience = _PATIENCE if is_server(url) else {}
    os.environ.update(_SWITCHES)  # noqa: TID251 - MLflow has no other switch
    for name, value in patience.items():
        os.environ.setdefault(name, value)  # noqa: TID251 - MLflow has no other switch
    with warnings.catch_warnings():
        # MLflow is behind the libraries that it uses; its user cannot change that.
        warnings.simplefilter("ignore")
        try:
            from mlflow.tracking import MlflowClient  # noqa: PLC0415 - heavy
        except ModuleNotFoundError as error:
            raise MissingExtraError("mlflow", "models") from error
        for name in _LOUD:  # after the import, which sets them to INFO
            logging.getLogger(name).setLevel(logging.ERROR)
        with telling(url):
            client = MlflowClient(tracking_uri=url, registry_uri=url)
            client.search_registered_models(max_results=1)  # opens the registry's store
    return client


@contextmanager
def telling(url: str) -> Iterator[None]:
    """Say what MLflow says in our words, without a password."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - heavy

    try:
        yield
    except (MlflowException, sa.exc.SQLAlchemyError, OSError) as error:
        said = _SECRET.sub("//", str(error).partition("\n")[0])
        raise TrackingAwayError(
            f"Tracking at {_SECRET.sub('//', url)} cannot be used: {said[:300]}. What "
            "is in the catalog stays there and is told when tracking is back."
        ) from error


def is_absent(error: TrackingAwayError) -> bool:
    """Whether MLflow answered that there is no such thing."""
    return getattr(error.__cause__, "error_code", "") in _ABSENT

"""Runs and model versions in MLflow on SQLite, with files beside it and no call home.

MLflow reads its switches when it is imported, so they are set before, here, and it is
imported only when a tracking store is opened.
"""

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tradeloop.errors import InputError, MissingExtraError, NotFoundError
from tradeloop.events import Principal
from tradeloop.stores.canonical import canonical

_CHAMPION = "champion"
_SWITCHES = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
_LOUD = ("alembic", "mlflow")
_ABSENT = {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A registered version of a model.

    Parameters
    ----------
    model : str
        Name of the model within the tenant.
    version : int
        Number that the registry gave it, from 1.
    source : str
        Where its artefact lies.
    run_id : str
        Run that made it.
    tags : dict of str to str
        What was said about it.
    """

    model: str
    version: int
    source: str
    run_id: str
    tags: dict[str, str]


def open_tracking(url: str, artefact_root: Path) -> "Tracking":
    """Open the tracking store at ``url``; use it in a ``with`` statement.

    Parameters
    ----------
    url : str
        ``sqlite:///path``; the file is made where it is absent.
    artefact_root : Path
        Folder for the files of runs.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    InputError
        Another kind of URL.
    """
    if not url.startswith("sqlite:///"):
        raise InputError(
            f"Tracking lies in a SQLite file, was {url.partition(':')[0]!r}.",
            way_out="Write the URL like sqlite:///folder/mlflow.db.",
            source="tracking URL",
        )
    return Tracking(_client(url), artefact_root)


class Tracking:
    """Runs and models of all tenants; each method sees the tenant of its principal.

    Parameters
    ----------
    client : mlflow.MlflowClient
        Client of the SQLite file.
    artefact_root : Path
        Folder for the files of runs.
    """

    def __init__(self, client: Any, artefact_root: Path) -> None:
        self._client, self._root = client, artefact_root

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database's connections."""
        for store in (
            self._client._tracking_client.store,  # noqa: SLF001 - no public way
            self._client._get_registry_client().store,  # noqa: SLF001 - no public way
        ):
            store.engine.dispose()

    def log_run(
        self,
        principal: Principal,
        experiment: str,
        *,
        params: Mapping[str, Any],
        metrics: Mapping[str, float],
        files: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Log one finished run; return its id.

        Parameters
        ----------
        principal : Principal
            Whose it is.
        experiment : str
            Name within the tenant; made where it is absent.
        params : mapping
            What was chosen, as text or JSON values.
        metrics : mapping of str to float
            A few figures; rows of figures belong into a file.
        files : sequence of Path
            Copied beside the run.
        tags : mapping, optional
            What else is worth saying, such as the dataset's version.
        """
        from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - heavy

        said = {**(tags or {}), "tenant": principal.tenant, "principal": principal.name}
        run = self._client.create_run(self._experiment(principal, experiment))
        run_id, at_ms = str(run.info.run_id), run.info.start_time
        self._client.log_batch(
            run_id,
            metrics=[Metric(k, float(v), at_ms, 0) for k, v in metrics.items()],
            params=[Param(k, _text(v)) for k, v in params.items()],
            tags=[RunTag(k, v) for k, v in said.items()],
        )
        for file in files:
            self._client.log_artifact(run_id, str(file))
        self._client.set_terminated(run_id, "FINISHED")
        return run_id

    def register(
        self,
        principal: Principal,
        model: str,
        *,
        run_id: str,
        source: Path,
        tags: Mapping[str, str],
    ) -> ModelVersion:
        """Register a version of a model; make the model where it is absent.

        Parameters
        ----------
        principal : Principal
            Whose it is.
        model : str
            Name within the tenant.
        run_id : str
            Run that made it.
        source : Path
            Folder of the artefact.
        tags : mapping of str to str
            Such as the artefact's version and hash, and the dataset's.
        """
        name = _name(principal, model)
        if not self._client.search_registered_models(f"name = '{name}'"):
            self._client.create_registered_model(name, {"tenant": principal.tenant})
        said = {**tags, "principal": principal.name}
        made = self._client.create_model_version(
            name, source.resolve().as_uri(), run_id=run_id, tags=said
        )
        return _version(model, made)

    def crown(self, principal: Principal, version: ModelVersion) -> None:
        """Make a registered version the champion of its model."""
        name = _name(principal, version.model)
        self._client.set_registered_model_alias(name, _CHAMPION, str(version.version))

    def champion(self, principal: Principal, model: str) -> ModelVersion:
        """Return the champion of a model.

        Raises
        ------
        NotFoundError
            The tenant has no such model, or no version of it was crowned.
        """
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - heavy

        name = _name(principal, model)
        try:
            found = self._client.get_model_version_by_alias(name, _CHAMPION)
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            raise NotFoundError(
                f"The model {model!r} has no champion. Train and promote one."
            ) from error
        return _version(model, found)

    def _experiment(self, principal: Principal, experiment: str) -> str:
        name = _name(principal, experiment)
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        place = (self._root / principal.tenant / experiment).resolve()
        return str(self._client.create_experiment(name, place.as_uri()))


def _client(url: str) -> Any:
    os.environ.update(_SWITCHES)  # noqa: TID251 - MLflow has no other switch
    with warnings.catch_warnings():
        # MLflow is behind the libraries that it uses; its user cannot change that.
        warnings.simplefilter("ignore")
        try:
            from mlflow.tracking import MlflowClient  # noqa: PLC0415 - heavy
        except ModuleNotFoundError as error:
            raise MissingExtraError("mlflow", "models") from error
        for name in _LOUD:  # after the import, which sets them to INFO
            logging.getLogger(name).setLevel(logging.WARNING)
        client = MlflowClient(tracking_uri=url, registry_uri=url)
        client.search_registered_models(max_results=1)  # opens the registry's store
    return client


def _name(principal: Principal, model: str) -> str:
    """Name of a tenant's model in the registry, which knows no tenants."""
    checked = Principal(principal.tenant, model)
    return f"{checked.tenant}.{checked.name}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value)


def _version(model: str, found: Any) -> ModelVersion:
    return ModelVersion(
        model, int(found.version), str(found.source), str(found.run_id), found.tags
    )

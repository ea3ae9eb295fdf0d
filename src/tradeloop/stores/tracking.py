"""Runs and model versions in MLflow, in a SQLite file or on a server, and no call home.

The catalog is the truth; tracking is a copy for people and their tools. On SQLite files
lie in a folder beside it, on a server where the server keeps them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tradeloop.errors import NotFoundError
from tradeloop.events import Principal
from tradeloop.stores.canonical import canonical
from tradeloop.stores.tracking_client import (
    TrackingAwayError,
    connect,
    is_absent,
    is_server,
    telling,
)

_CHAMPION = "champion"
_PAGE = 200


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
        ``sqlite:///path``, where the file is made if it is absent, or the
        ``http(s)://`` address of an MLflow server.
    artefact_root : Path
        Folder for the files of runs; a server has its own.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    InputError
        Another kind of URL.
    TrackingAwayError
        It does not answer.
    """
    return Tracking(connect(url), None if is_server(url) else artefact_root, url)


class Tracking:
    """Runs and models of all tenants; each method sees the tenant of its principal.

    Each method raises `TrackingAwayError` where the store cannot be used.

    Parameters
    ----------
    client : mlflow.MlflowClient
        Client of the store.
    artefact_root : Path or None
        Folder for the files of runs; None on a server.
    url : str
        Where the store is, for messages.
    """

    def __init__(self, client: Any, artefact_root: Path | None, url: str) -> None:
        self._client, self._root, self._url = client, artefact_root, url

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
            if hasattr(store, "engine"):  # a server has none
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
        with telling(self._url):
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
            Folder of the artefact; a server is told where its own copy of the run's
            files lies.
        tags : mapping of str to str
            Such as the artefact's version and hash, and the dataset's.
        """
        name = _name(principal, model)
        said = {**tags, "principal": principal.name}
        with telling(self._url):
            if not self._client.search_registered_models(f"name = '{name}'"):
                self._client.create_registered_model(name, {"tenant": principal.tenant})
            place = source.resolve().as_uri()
            if self._root is None:
                place = str(self._client.get_run(run_id).info.artifact_uri)
            made = self._client.create_model_version(
                name, place, run_id=run_id, tags=said
            )
        return _version(model, made)

    def versions(self, principal: Principal, model: str) -> list[ModelVersion]:
        """Return every version of a model, the oldest first; none where it is new."""
        asked, found, token = f"name = '{_name(principal, model)}'", [], None
        with telling(self._url):
            while True:
                page = self._client.search_model_versions(
                    asked, max_results=_PAGE, page_token=token
                )
                found += [_version(model, each) for each in page]
                token = page.token
                if not token:
                    return sorted(found, key=lambda each: each.version)

    def tag(self, principal: Principal, version: ModelVersion, **tags: str) -> None:
        """Say something more about a version, such as its stage."""
        name = _name(principal, version.model)
        with telling(self._url):
            for key, value in tags.items():
                self._client.set_model_version_tag(
                    name, str(version.version), key, value
                )

    def point(
        self, principal: Principal, model: str, aliases: Mapping[str, int | None]
    ) -> None:
        """Let each alias name a version, or none."""
        name = _name(principal, model)
        with telling(self._url):
            for alias, version in aliases.items():
                if version is None:
                    self._client.delete_registered_model_alias(name, alias)
                else:
                    self._client.set_registered_model_alias(name, alias, str(version))

    def crown(self, principal: Principal, version: ModelVersion) -> None:
        """Make a registered version the champion of its model."""
        self.point(principal, version.model, {_CHAMPION: version.version})

    def champion(self, principal: Principal, model: str) -> ModelVersion:
        """Return the champion of a model.

        Raises
        ------
        NotFoundError
            The tenant has no such model, or no version of it was crowned.
        """
        name = _name(principal, model)
        try:
            with telling(self._url):
                found = self._client.get_model_version_by_alias(name, _CHAMPION)
        except TrackingAwayError as error:
            if not is_absent(error):
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
        if self._root is None:
            return str(self._client.create_experiment(name))
        place = (self._root / principal.tenant / experiment).resolve()
        return str(self._client.create_experiment(name, place.as_uri()))


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

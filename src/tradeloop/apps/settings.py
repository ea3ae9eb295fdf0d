"""Settings: ``tradeloop.toml``, then ``TRADELOOP_*`` variables, then the defaults.

A variable overrides the file, the file overrides the default. Relative paths are
relative to the folder of the file. No other module reads the environment.
"""

import json
import os
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from tradeloop.errors import InputError
from tradeloop.events import Principal
from tradeloop.pipelines.workspace import Places

FILE = "tradeloop.toml"
_KEPT = "# As of the last run into this folder; its next run writes it again."

_SECRET = {"polygon_key"}


class Settings(BaseSettings):
    """Where things are kept and how the loop runs.

    Parameters
    ----------
    tenant, principal : str
        For whom, and who: part of every key and every audit entry.
    journal : str
        ``sqlite:///PATH`` or ``postgresql://HOST/DATABASE``.
    catalog : str
        Database, as ``sqlite:///PATH``.
    tracking : str
        ``sqlite:///PATH``, or ``http(s)://HOST`` of an MLflow server.
    lake, artefacts, rules : str
        Folders.
    horizons : tuple of str
        Horizons of the labels, the first one is what the model learns; empty: chosen
        from the bar interval.
    features : str
        ``default``: some fifty columns; ``all``: the whole catalogue, as far as the
        bars bring its inputs.
    feature_files : tuple of str
        Python files with features of the user's own; they are run.
    timeframes : tuple of str
        Longer timeframes, such as ``1h``, on which the features of bars come too.
    benchmark : str
        Instrument whose return is subtracted; empty is cash.
    broker : str
        ``nats://HOST:4222`` or ``kafka://HOST:9092``; empty: none.
    lineage : str
        ``http://HOST/api/v1/lineage``: hears of the lineage of each dataset; empty: it
        only lies beside the dataset.
    polygon_key : SecretStr
        Key of the vendor's account; better in ``TRADELOOP_POLYGON_KEY`` than in a
        file. It is never written or shown.
    host : str
        Address of the HTTP API; anything but loopback has to be written here.
    port : int
        Port of the HTTP API.
    """

    model_config = SettingsConfigDict(
        env_prefix="TRADELOOP_", extra="forbid", frozen=True
    )

    tenant: str = "default"
    principal: str = "me"
    journal: str = "sqlite:///journal.db"
    catalog: str = "sqlite:///catalog.db"
    tracking: str = "sqlite:///mlflow.db"
    lake: str = "lake"
    artefacts: str = "artefacts"
    rules: str = "rules"
    horizons: tuple[str, ...] = ()
    features: Literal["default", "all"] = "default"
    feature_files: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    benchmark: str = ""
    broker: str = ""
    lineage: str = ""
    polygon_key: SecretStr = SecretStr("")
    host: str = "127.0.0.1"
    port: int = 8800

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let variables win over the file, whose values come in as arguments."""
        return env_settings, init_settings

    def acting(self) -> Principal:
        """Who acts, checked."""
        return Principal(self.tenant, self.principal)

    def places(self, folder: Path) -> Places:
        """Turn the URLs into places, relative to ``folder``."""
        return Places(
            journal=_journal(self.journal, folder),
            catalog=_database(self.catalog, folder, "catalog"),
            tracking=_tracking(self.tracking, folder),
            lake=folder / self.lake,
            artefacts=folder / self.artefacts,
            lineage=_web(self.lineage),
        )


def _web(url: str) -> str:
    if url and url.partition("://")[0] not in {"http", "https"}:
        raise InputError(
            f"lineage must be a URL of http or https, was {url!r}.",
            way_out="Write http://HOST/api/v1/lineage, or nothing.",
            source=FILE,
            column="lineage",
        )
    return url


def _journal(url: str, folder: Path) -> Path | str:
    """Return the URL of a server's journal as it is, else the file."""
    if url.partition("://")[0] in {"postgresql", "postgres"}:
        return url
    return _database(url, folder, "journal", " or postgresql://HOST/DATABASE")


def _tracking(url: str, folder: Path) -> Path | str:
    """Return the address of a server as it is, else the file."""
    if url.startswith(("http://", "https://")):
        return url
    return _database(url, folder, "tracking", " or http://HOST")


def _database(url: str, folder: Path, name: str, other: str = "") -> Path:
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite" or not path:
        raise InputError(
            f"{name} must be a URL like sqlite:///{name}.db{other}, was {url!r}.",
            way_out="Other backends are not built in yet; use SQLite.",
            source=FILE,
            column=name,
        )
    return folder / path


def load(folder: Path) -> Settings:
    """Read ``tradeloop.toml`` of ``folder``; an absent file means the defaults.

    Raises
    ------
    InputError
        The file is no TOML, names an unknown setting, or a value breaks its type.
    """
    file = folder / FILE
    try:
        given = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"This is no TOML: {error}.",
            way_out="Run 'tradeloop init DIR' for one that works.",
            source=str(file),
        ) from error
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        shown = "..." if name in _SECRET else repr(first["input"])
        raise InputError(
            f"{first['msg']}, was {shown}.",
            way_out=f"Known settings: {', '.join(Settings.model_fields)}.",
            source=str(file) if file.is_file() else "TRADELOOP_* variables",
            column=name,
        ) from error


def keep(settings: Settings, folder: Path) -> None:
    """Write the settings beside what they made last; a file of the user's own stays."""
    if not is_kept(folder):
        return
    lines = [
        f"{name} = {json.dumps(value)}"
        for name, value in settings
        if name not in _SECRET
    ]
    (folder / FILE).write_text("\n".join([_KEPT, *lines, ""]), "utf-8")


def is_kept(folder: Path) -> bool:
    """Whether the settings of ``folder`` are a run's own copy, or absent."""
    file = folder / FILE
    return not file.is_file() or file.read_bytes().startswith(_KEPT.encode())


def switch_telemetry_off() -> None:
    """Tell every dependency that calls home not to, before any is imported."""
    os.environ.update(_OPT_OUTS)


_OPT_OUTS = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_DISABLE_ASSISTANT": "true",
    "OTEL_SDK_DISABLED": "true",
}

"""The files of a model: readable without pickle, checked before use.

| file | content |
|---|---|
| model.ubj | the booster, XGBoost's UBJSON |
| model.onnx | the same for ONNX Runtime |
| calibration.json | slope, biases, base rates |
| model.json | what it is: columns, bank, horizon, dataset, versions; a hash of each |

The mapping name -> bytes is a pure value; a store puts it on disk. The same model gives
the same bytes: no time, host or path is written.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Self

from tradeloop.errors import ArtefactError
from tradeloop.models.base import CLASSES, Columns, Fitted
from tradeloop.models.boosting import Boosting, FittedBoosting
from tradeloop.models.calibration import Calibration
from tradeloop.models.onnx_export import Export
from tradeloop.models.runtime import Runtime

FORMAT = "tradeloop-model-1"
BOOSTER, ONNX, CALIBRATION, META = (
    "model.ubj",
    "model.onnx",
    "calibration.json",
    "model.json",
)
FILES = (BOOSTER, ONNX, CALIBRATION, META)
LIBRARIES = ("numpy", "onnx", "onnxmltools", "onnxruntime", "xgboost-cpu", "xgboost")
_PICKLED = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x93NUMPY", b"PK\x03")


def library_versions() -> dict[str, str]:
    """Versions of the installed libraries that shape a model, by distribution."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class Meta:
    """What a model is, without its weights.

    Parameters
    ----------
    name, version : str
        Name in the registry and version such as ``v0.1.0``.
    columns : Columns
        Columns in order, with the fingerprint of the bank.
    horizon_ns : int
        How far ahead it forecasts.
    dataset_version : str
        Dataset that it was fitted on.
    seed : int
        Seed of the fit.
    parameters : mapping
        Parameters of the estimator.
    base_rates : tuple of float
        Shares of the classes in its training rows.
    importance : mapping
        Share of the total gain by column name.
    parity : float
        Largest difference of a probability between ONNX and original at export.
    estimator : str
        `Model.name`.
    classes : tuple of int
        Directions in the order of the probabilities.
    libraries : mapping
        Versions of the libraries that made it.
    """

    name: str
    version: str
    columns: Columns
    horizon_ns: int
    dataset_version: str
    seed: int
    parameters: Mapping[str, int | float]
    base_rates: tuple[float, ...]
    importance: Mapping[str, float]
    parity: float
    estimator: str = Boosting.name
    classes: tuple[int, ...] = CLASSES
    libraries: Mapping[str, str] = field(default_factory=library_versions)

    def as_mapping(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, found: Mapping[str, Any]) -> Self:
        """Undo `as_mapping`.

        Raises
        ------
        KeyError, TypeError, ValueError, InputError
            A field is missing, unknown or of another type.
        """
        fields = dict(found)
        columns = fields.pop("columns")
        fields["columns"] = Columns(
            tuple(columns["names"]), str(columns["fingerprint"])
        )
        fields["base_rates"] = tuple(float(rate) for rate in fields["base_rates"])
        fields["classes"] = tuple(int(name) for name in fields["classes"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model as read from its files.

    Parameters
    ----------
    meta : Meta
        What it is.
    calibration : Calibration
        Its calibration.
    booster, onnx : bytes
        The weights in both formats.
    """

    meta: Meta
    calibration: Calibration
    booster: bytes
    onnx: bytes

    def runtime(self) -> Runtime:
        """Return the model ready to score, without any trainer."""
        return Runtime(self.onnx, self.meta.columns)

    def fitted(self) -> FittedBoosting:
        """Return the original, for explanations; imports XGBoost."""
        return Boosting.load(self.booster, self.meta.columns)


def write_artefact(
    fitted: Fitted, calibration: Calibration, export: Export, meta: Meta
) -> dict[str, bytes]:
    """Return the files of a model, by name.

    Raises
    ------
    ArtefactError
        ``meta`` names other columns than the model or another parity than the export.
    """
    fitted.columns.refuse_other(meta.columns)
    if meta.parity != export.parity:
        raise ArtefactError(
            f"Meta.parity must be the export's {export.parity}, was {meta.parity}. "
            "Take it from the export."
        )
    files = {
        BOOSTER: fitted.to_bytes(),
        ONNX: export.content,
        CALIBRATION: calibration.to_json().encode(),
    }
    model = meta.as_mapping()
    hashes = {name: _sha256(content) for name, content in files.items()}
    body = {
        "format": FORMAT,
        "model": model,
        "sha256": hashes | {META: _sha256(_canonical(model))},
    }
    text = json.dumps(body, indent=2, sort_keys=True, allow_nan=False)
    return files | {META: text.encode()}


def read_artefact(files: Mapping[str, bytes]) -> Artefact:
    """Check the files of a model and read them.

    Parameters
    ----------
    files : mapping of name to bytes
        Exactly `FILES`.

    Raises
    ------
    ArtefactError
        A file is missing or unknown, is a pickle, an array file or an archive, differs
        from its hash, or is of a format that this version does not know.
    """
    if set(files) != set(FILES):
        raise ArtefactError(
            f"A model consists of {sorted(FILES)}, found {sorted(files)}. Other files, "
            "pickles above all, are not read."
        )
    for name, content in files.items():
        if bytes(content).startswith(_PICKLED):
            raise ArtefactError(
                f"{name} is a pickle, an array file or an archive under another name. "
                "It is not read."
            )
    body = _read_body(files[META])
    hashed = {**files, META: _canonical(body["model"])}
    for name, content in hashed.items():
        if _sha256(content) != body["sha256"][name]:
            raise ArtefactError(
                f"{name} does not match the hash in {META}. Restore it or train again."
            )
    meta = _read_meta(body["model"])
    calibration = Calibration.from_json(files[CALIBRATION].decode())
    return Artefact(meta, calibration, bytes(files[BOOSTER]), bytes(files[ONNX]))


def _read_body(content: bytes) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(content)
        found = body["format"]
        hashed = set(body["sha256"]) if "model" in body else set()
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactError(f"{META} cannot be read: {error}. Train again.") from error
    if found != FORMAT:
        raise ArtefactError(
            f"{META} has the format {found!r}, this version reads {FORMAT!r}. Use the "
            "version of Tradeloop that wrote it, or train again."
        )
    if hashed != set(FILES):
        raise ArtefactError(
            f"{META} must describe the model and hash {sorted(FILES)}, hashes "
            f"{sorted(hashed)}. Train again."
        )
    return body


def _read_meta(found: Mapping[str, Any]) -> Meta:
    try:
        meta = Meta.from_mapping(found)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(f"{META} cannot be read: {error}. Train again.") from error
    if meta.classes != CLASSES or meta.estimator != Boosting.name:
        raise ArtefactError(
            f"The model must be a {Boosting.name} of the classes {CLASSES}, is a "
            f"{meta.estimator} of {meta.classes}. Train again."
        )
    return meta


def _canonical(model: Mapping[str, Any]) -> bytes:
    """One spelling of the description, so that its hash can stand beside it."""
    return json.dumps(model, sort_keys=True, separators=(",", ":")).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

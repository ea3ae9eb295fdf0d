"""What a model is, without its weights: the content of ``model.json``."""

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import ArtefactError
from tradeloop.models.base import CLASSES, Columns, Floats
from tradeloop.models.matrix import as_float32

LIBRARIES = (
    "jax",
    "lightgbm",
    "numpy",
    "onnx",
    "onnxmltools",
    "onnxruntime",
    "optax",
    "safetensors",
    "scikit-learn",
    "xgboost",
    "xgboost-cpu",
)
_TAIL = 0.01
_WIDER = 0.5
Range = tuple[float, float]


def library_versions() -> dict[str, str]:
    """Versions of the installed libraries that shape a model, by distribution."""
    found = {name: _version_of(name) for name in LIBRARIES}
    return {name: there for name, there in found.items() if there}


def environment() -> dict[str, str]:
    """Where a model is made: Python and the kind of machine, neither host nor path."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }


def code_version() -> str:
    """Version of Tradeloop that is installed; empty where it is not."""
    return _version_of("tradeloop")


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def input_ranges(
    values: NDArray[np.floating], columns: Columns
) -> dict[str, tuple[float, float]]:
    """Range of each column that a model may be asked about.

    From the 1st to the 99th percentile of its known values, half of that distance wider
    on either side; the least and the greatest value where both percentiles are equal,
    as of a flag that is rarely set.

    Parameters
    ----------
    values : array of shape (n_rows, n_columns)
        Training rows only; NaN means missing.
    columns : Columns
        Their names.

    Returns
    -------
    dict of str to (float, float)
        Lowest and highest, both inside; columns without any value are left out.

    Raises
    ------
    InputError
        Another width, or an infinite value.
    """
    narrow = as_float32(values, columns)
    found = {}
    for at, name in enumerate(columns.names):
        known = narrow[:, at][~np.isnan(narrow[:, at])].astype(np.float64)
        if not len(known):
            continue
        low, high = np.quantile(known, (_TAIL, 1 - _TAIL))
        wider = _WIDER * (high - low)
        ends = (low - wider, high + wider) if wider else (known.min(), known.max())
        found[name] = (float(ends[0]), float(ends[1]))
    return found


@dataclass(frozen=True, slots=True)
class MemberMeta:
    """What a member of a model is.

    Parameters
    ----------
    name : str
        Its name, once in a model.
    estimator : str
        `Model.name`.
    weight : float
        Its weight in the vote, at least 0.
    steps : int
        Rows that it looks at for one forecast.
    parity : float
        Largest difference of a probability between ONNX and original at export.
    """

    name: str
    estimator: str
    weight: float
    steps: int
    parity: float


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
        Parameters of the estimator; of a vote those of each member, by its name.
    base_rates : tuple of float
        Shares of the classes in its training rows.
    importance : mapping
        Share of the model's weight by column name.
    parity : float
        Largest difference of a probability between ONNX and original at export, over
        all members.
    estimator : str
        `Fitted.name`; ``vote`` for several members. Filled in when it is written.
    members : tuple of MemberMeta
        Filled in when it is written.
    calibration : str
        Kind of its calibration. Filled in when it is written.
    classes : tuple of int
        Directions in the order of the probabilities.
    parent : str
        Version that it was made from; empty for none.
    input_ranges : mapping of str to (float, float)
        See `input_ranges`; outside of them a row is unlike those it was trained on.
    training_rows : int
        Rows that it was fitted on.
    training_period_ns : (int, int) or None
        First and last decision of these rows, ns UTC.
    metrics : mapping of str to float
        Figures of its evaluation.
    libraries, environment : mapping of str to str
        What it was made with and where.
    code_version : str
        Version of Tradeloop that made it.
    """

    name: str
    version: str
    columns: Columns
    horizon_ns: int
    dataset_version: str
    seed: int
    parameters: Mapping[str, Any]
    base_rates: tuple[float, ...]
    importance: Mapping[str, float]
    parity: float
    estimator: str = ""
    members: tuple[MemberMeta, ...] = ()
    calibration: str = ""
    classes: tuple[int, ...] = CLASSES
    parent: str = ""
    input_ranges: Mapping[str, Range] = field(default_factory=dict)
    training_rows: int = 0
    training_period_ns: tuple[int, int] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=library_versions)
    environment: Mapping[str, str] = field(default_factory=environment)
    code_version: str = field(default_factory=code_version)

    def bounds(self) -> tuple[Floats, Floats]:
        """Lowest and highest value of each column, each of shape (n_columns,).

        NaN where the training rows had no value.
        """
        none = (np.nan, np.nan)
        ends = [self.input_ranges.get(name, none) for name in self.columns.names]
        found = np.array(ends, dtype=np.float64).T
        return found[0], found[1]

    def as_mapping(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, found: Mapping[str, Any]) -> Self:
        """Undo `as_mapping`.

        Raises
        ------
        ArtefactError
            Other classes than `CLASSES`.
        KeyError, TypeError, ValueError, InputError
            A field is missing, unknown or of another type.
        """
        names = {each.name for each in fields(cls)}
        if set(found) != names:
            odd = sorted(names ^ set(found))
            raise ValueError(f"these fields are missing or unknown: {odd}")
        given = dict(found)
        columns, period = given["columns"], given["training_period_ns"]
        given["columns"] = Columns(tuple(columns["names"]), str(columns["fingerprint"]))
        given["base_rates"] = tuple(float(rate) for rate in given["base_rates"])
        given["classes"] = tuple(int(name) for name in given["classes"])
        given["members"] = tuple(_member(member) for member in given["members"])
        given["input_ranges"] = {
            str(name): (float(low), float(high))
            for name, (low, high) in given["input_ranges"].items()
        }
        if period is not None:
            given["training_period_ns"] = (int(period[0]), int(period[1]))
        if given["classes"] != CLASSES:
            raise ArtefactError(
                f"The model must be one of the classes {CLASSES}, is one of "
                f"{given['classes']}. Train again."
            )
        return cls(**given)


def _member(found: Mapping[str, Any]) -> MemberMeta:
    return MemberMeta(
        name=str(found["name"]),
        estimator=str(found["estimator"]),
        weight=float(found["weight"]),
        steps=int(found["steps"]),
        parity=float(found["parity"]),
    )

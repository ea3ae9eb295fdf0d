"""Finished folds, kept so that a training that broke off goes on where it was.

A fold is kept under the hash of all that shapes it: the rows, the recipe, the training
and test rows of the fold, what it goes on from, and the versions of the libraries. What
is kept is safetensors with a JSON header: the members in their native formats, the row
numbers, calibration, conformal sets and preparation. It holds no code.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tradeloop.errors import ArtefactError, MissingExtraError, TradeloopError
from tradeloop.models.base import Fitted, Ints
from tradeloop.models.calibrated import CalibratedModel, Start
from tradeloop.models.calibration import Calibration
from tradeloop.models.conformal import Conformal
from tradeloop.models.labelled import Labelled
from tradeloop.models.meta import code_version, library_versions
from tradeloop.models.preparation import Prepared
from tradeloop.models.recipe import Recipe
from tradeloop.models.vote import Member, Vote

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = "tradeloop-fold-1"
_ROWS = (
    "model_rows",
    "calibration_rows",
    "held_rows",
    "vote_rows",
    "start_rows",
)
_INDIFFERENT = "n_jobs"  # no result depends on it


class FoldStore(Protocol):
    """Where finished folds are kept."""

    def get(self, key: str) -> bytes | None:
        """Return what was put under this key; None where nothing was."""

    def put(self, key: str, content: bytes) -> None:
        """Keep a finished fold under its key, whole or not at all."""


@dataclass(slots=True)
class Keeping:
    """The folds of one training.

    Parameters
    ----------
    store : FoldStore, optional
        Where they are kept; None keeps nothing.
    rows : Labelled
        All rows.
    recipe : Recipe
        How each fold is fitted.
    """

    store: FoldStore | None
    rows: Labelled
    recipe: Recipe
    _common: bytes = b""

    def key(self, train: Ints, test: Ints, start: Start | None) -> str:
        """Hash what shapes a fold; empty where nothing is kept."""
        if self.store is None:
            return ""
        if not self._common:
            self._common = _digest(self.rows, self.recipe)
        found = hashlib.sha256(self._common)
        for rows in (train, test):
            found.update(np.ascontiguousarray(rows, np.int64).tobytes() + b"|")
        if start is not None:
            content = b"".join(m.fitted.to_bytes() for m in _members(start.fitted))
            found.update(content + str(start.until_ns).encode())
        return found.hexdigest()

    def get(self, key: str) -> CalibratedModel | None:
        """Take a fold from the store; a damaged one is fitted again."""
        content = self.store.get(key) if self.store is not None else None
        if content is None:
            return None
        try:
            return read_fold(content, self.recipe, self.rows)
        except ArtefactError:
            return None

    def put(self, key: str, model: CalibratedModel) -> None:
        """Keep a finished fold."""
        if self.store is not None:
            self.store.put(key, write_fold(model))


def _digest(rows: Labelled, recipe: Recipe) -> bytes:
    said = recipe.as_mapping()
    for member in said["members"]:
        member["parameters"].pop(_INDIFFERENT, None)
    about = {
        "recipe": said,
        "columns": rows.columns.names,
        "fingerprint": rows.columns.fingerprint,
        "versions": {"tradeloop": code_version(), **library_versions()},
    }
    found = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    arrays: tuple[NDArray[Any] | None, ...] = (
        rows.features,
        rows.classes,
        rows.decision_ns,
        rows.end_ns,
        rows.weight,
        rows.places,
        rows.further,
        rows.past,
    )
    for array in arrays:
        found.update(b"|" if array is None else np.ascontiguousarray(array).tobytes())
    return found.digest()


def _members(fitted: Fitted) -> tuple[Member, ...]:
    if isinstance(fitted, Vote):
        return fitted.members
    return (Member(fitted.name, 1.0, fitted),)


def write_fold(model: CalibratedModel) -> bytes:
    """Write a finished fold; the same fold gives the same bytes."""
    members = _members(model.fitted)
    tensors: dict[str, NDArray[Any]] = {
        f"member-{at}": np.frombuffer(member.fitted.to_bytes(), np.uint8)
        for at, member in enumerate(members)
    }
    tensors |= {name: np.asarray(getattr(model, name)) for name in _ROWS}
    tensors["base_rates"] = model.base_rates
    tensors["weights"] = np.array([member.weight for member in members])
    about = {
        "format": FORMAT,
        "calibration": model.calibration.to_json(),
        "conformal": "" if model.conformal is None else model.conformal.to_json(),
        "preparation": "" if model.preparation is None else model.preparation.to_json(),
    }
    content: bytes = _safetensors().save(tensors, metadata=about)
    return content


def read_fold(content: bytes, recipe: Recipe, rows: Labelled) -> CalibratedModel:
    """Read what `write_fold` wrote.

    Raises
    ------
    ArtefactError
        It is no such fold, or one of another recipe.
    """
    try:
        about = _header(content)
        tensors = _safetensors().load(content)
        prepared = about["preparation"] and Prepared.from_json(about["preparation"])
        columns = prepared.inner if prepared else rows.columns
        found = tuple(
            Member(
                model.name,
                float(tensors["weights"][at]),
                model.load(tensors[f"member-{at}"].tobytes(), columns),
            )
            for at, (model, _) in enumerate(recipe.voters)
        )
        return CalibratedModel(
            fitted=found[0].fitted if len(found) == 1 else Vote(found),
            calibration=Calibration.from_json(about["calibration"]),
            base_rates=tensors["base_rates"],
            conformal=_conformal(about["conformal"]),
            preparation=prepared or None,
            **{name: tensors[name] for name in _ROWS},
        )
    except TradeloopError:
        raise
    except Exception as error:
        # Whatever a damaged file makes its reader say, it is damaged.
        raise ArtefactError(f"The kept fold cannot be read: {error}.") from error


def _conformal(text: str) -> Conformal | None:
    return Conformal.from_json(text) if text else None


def _header(content: bytes) -> dict[str, str]:
    size = int.from_bytes(content[:8], "little")
    about: dict[str, str] = json.loads(content[8 : 8 + size])["__metadata__"]
    if about["format"] != FORMAT:
        raise ArtefactError(f"A kept fold has the format {about['format']!r}.")
    return about


def _safetensors() -> Any:
    try:
        import safetensors.numpy  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("safetensors", "models") from error
    return safetensors.numpy

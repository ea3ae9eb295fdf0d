"""A model as read from its files, and what these files are called."""

from dataclasses import dataclass

import numpy as np

from tradeloop.errors import ArtefactError
from tradeloop.models.base import Columns, Fitted, Given, Model
from tradeloop.models.calibration import Calibration
from tradeloop.models.conformal import Conformal
from tradeloop.models.matrix import as_float32
from tradeloop.models.meta import Meta
from tradeloop.models.preparation import Prepared
from tradeloop.models.runtime import Runtime
from tradeloop.models.sequences import Sequences
from tradeloop.models.vote import Member, Vote

_NATIVE = {"boosting": "ubj", "light_boosting": "txt"}
_OTHERS = "safetensors"


@dataclass(frozen=True, slots=True)
class StoredMember:
    """A member of a model, as it lies in the files.

    Parameters
    ----------
    name : str
        Its name, once in a model.
    estimator : str
        `Model.name`.
    weight : float
        Its weight in the vote.
    steps : int
        Rows that it looks at for one forecast.
    native, onnx : bytes
        The weights in both formats.
    """

    name: str
    estimator: str
    weight: float
    steps: int
    native: bytes
    onnx: bytes


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model as read from its files.

    Parameters
    ----------
    meta : Meta
        What it is.
    calibration : Calibration
        Its calibration.
    members : tuple of StoredMember
        One or more.
    conformal : Conformal or None
        Which classes remain possible.
    preparation : Prepared or None
        Which columns the members see.
    card : str
        Model card in Markdown; empty for none.
    """

    meta: Meta
    calibration: Calibration
    members: tuple[StoredMember, ...]
    conformal: Conformal | None = None
    preparation: Prepared | None = None
    card: str = ""

    @property
    def steps(self) -> int:
        """Most rows that a member of a weight above 0 looks at."""
        return max(member.steps for member in self.members if member.weight > 0)

    @property
    def inner(self) -> Columns:
        """Columns that the members see; those of ``meta`` where all were kept."""
        prepared = self.preparation
        return self.meta.columns if prepared is None else prepared.inner

    def seen(self, features: Given) -> Given:
        """Return what the members see of rows with the columns of ``meta``.

        The runtimes do it by themselves; the originals of `fitted` do not.

        Raises
        ------
        InputError
            Another number of columns, or an infinite value.
        """
        if self.preparation is None:
            return features
        kept = self.preparation.kept
        if isinstance(features, Sequences):
            values = as_float32(features.values, self.meta.columns)[:, kept]
            return Sequences(np.ascontiguousarray(values), features.places)
        return np.ascontiguousarray(as_float32(features, self.meta.columns)[:, kept])

    def runtimes(self) -> tuple[Runtime, ...]:
        """Return the members ready to score, without any trainer.

        Each takes the columns of ``meta``.
        """
        kept = None if self.preparation is None else self.preparation.kept
        return tuple(
            Runtime(member.onnx, self.meta.columns, member.steps, kept=kept)
            for member in self.members
        )

    def runtime(self) -> Runtime:
        """Return the runtime of a model of one member.

        Raises
        ------
        ArtefactError
            It has several.
        """
        if len(self.members) > 1:
            raise ArtefactError(
                f"{self.meta.name} has {len(self.members)} members. Use runtimes()."
            )
        return self.runtimes()[0]

    def fitted(self) -> Vote:
        """Return the originals, for explanations; imports their libraries.

        They take the `inner` columns, see `seen`.
        """
        members = [
            (member, model_named(member.estimator).load(member.native, self.inner))
            for member in self.members
        ]
        return Vote(tuple(Member(m.name, m.weight, fitted) for m, fitted in members))


def native_name(member: int, estimator: str) -> str:
    """Name of the file with the native weights of a member, such as member-0.ubj."""
    return f"member-{member}.{_NATIVE.get(estimator, _OTHERS)}"


def onnx_name(member: int) -> str:
    """Name of the file with a member's ONNX model."""
    return f"member-{member}.onnx"


def members_of(fitted: Fitted) -> tuple[Member, ...]:
    """Members of a vote; a single model is one of weight 1."""
    if isinstance(fitted, Vote):
        return fitted.members
    return (Member(fitted.name, 1.0, fitted),)


def model_named(estimator: str) -> type[Model]:
    """Return the estimator of this name.

    Raises
    ------
    ArtefactError
        This version has none.
    """
    from tradeloop.models import ALL  # noqa: PLC0415 - the package imports this file

    for model in ALL:
        if model.name == estimator:
            return model
    raise ArtefactError(
        f"The model has a member of the kind {estimator!r}; known are "
        f"{', '.join(model.name for model in ALL)}. Use the version of Tradeloop that "
        "wrote it."
    )

"""Several models, one forecast: the mean of their probabilities, by weight.

A member that is not there, for a row or at all, gives its weight to the others; one of
weight 0 is as good as absent. `tradeloop.models.blending` has the arithmetic.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import Columns, Fitted, Floats, Given
from tradeloop.models.blending import blend, learned_weights
from tradeloop.models.sequences import Sequences
from tradeloop.models.tensors import pack

DEFAULT_WEIGHTS: Mapping[str, float] = {"boosting": 0.4, "forest": 0.3, "lstm": 0.3}
"""Weight of each member of the usual ensemble, by the name of its estimator."""
__all__ = ["DEFAULT_WEIGHTS", "Member", "Vote", "as_asked", "blend", "learned_weights"]


@dataclass(frozen=True, slots=True)
class Member:
    """A model in a vote.

    Parameters
    ----------
    name : str
        What it is called in listings and records; once in a vote.
    weight : float
        Finite and at least 0.
    fitted : Fitted
        The model.
    """

    name: str
    weight: float
    fitted: Fitted


@dataclass(frozen=True, slots=True)
class Vote:
    """Fitted models that forecast together; itself a `tradeloop.models.base.Fitted`.

    Parameters
    ----------
    members : tuple of Member
        At least one of a weight above 0; all of the same columns.

    Raises
    ------
    InputError
        No member, a name that occurs twice, or weights that are no weights.
    ArtefactError
        Members of other columns than the first.
    """

    name: ClassVar[str] = "vote"

    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        weights = np.array([member.weight for member in self.members], dtype=float)
        names = [member.name for member in self.members]
        good = np.isfinite(weights) & (weights >= 0)
        if not good.all() or not (weights > 0).any() or len(set(names)) < len(names):
            raise InputError(
                "A vote needs members of different names, with finite weights of at "
                f"least 0 that are not all 0; had {names} with {weights.tolist()}.",
                way_out="Correct the members.",
                source="Vote",
            )
        for member in self.members[1:]:
            self.columns.refuse_other(member.fitted.columns)

    @property
    def columns(self) -> Columns:
        """Columns that the members were fitted on."""
        return self.members[0].fitted.columns

    @property
    def steps(self) -> int:
        """Most rows that a member of a weight above 0 looks at."""
        return max(member.fitted.steps for member in self.members if member.weight > 0)

    @property
    def weights(self) -> Floats:
        """Weights of shape (n_members,), as given."""
        return np.array([member.weight for member in self.members], dtype=float)

    def predict_proba(self, features: Given, columns: Columns | None = None) -> Floats:
        """Blend the members' probabilities; see `tradeloop.models.base.Fitted`.

        Members of weight 0 are not asked.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            Sequences, or an array of three axes, where a member looks at several rows.
        columns : Columns, optional
            Refused if they are not those of the members.

        Returns
        -------
        ndarray of shape (n_rows, 3)

        Raises
        ------
        InputError
            Rows without their past for a member of several steps, wrong shape, or an
            infinite value.
        """
        voices = [member for member in self.members if member.weight > 0]
        given = as_asked(features, self.steps)
        told = [member.fitted.predict_proba(given, columns) for member in voices]
        return blend(np.stack(told), [member.weight for member in voices])

    def to_bytes(self) -> bytes:
        """Return the members' own bytes in one safetensors file, to tell votes apart.

        A model is kept by `tradeloop.models.write_artefact`, one file for each member.
        """
        told = [
            {"name": m.name, "weight": m.weight, "estimator": m.fitted.name}
            for m in self.members
        ]
        contents = {
            f"member-{at}": np.frombuffer(member.fitted.to_bytes(), dtype=np.uint8)
            for at, member in enumerate(self.members)
        }
        return pack(self.name, contents, members=json.dumps(told))

    def to_onnx(self) -> bytes:
        """Refuse: each member has a graph of its own, so that one may fail alone.

        Raises
        ------
        ArtefactError
            Always.
        """
        raise ArtefactError(
            "A vote has no ONNX model of its own; each member has one, so that one "
            "that fails can be left out. Use export_members."
        )

    def importance(self) -> Mapping[str, float]:
        """Weighted mean of the members' importance; members without any are left out.

        They measure by different yardsticks (gain, size of coefficients), so it says
        where the vote looks, not how much a column is worth.
        """
        names = self.columns.names
        whole = np.zeros(len(names))
        for member in self.members:
            told = member.fitted.importance() if member.weight > 0 else {}
            own = np.array([told.get(name, 0.0) for name in names])
            whole += member.weight * own
        total = whole.sum() or 1.0
        return {
            name: float(value / total) for name, value in zip(names, whole, strict=True)
        }


def as_asked(features: Given, steps: int) -> Given:
    """Return features as models of one and of several steps both take them.

    Raises
    ------
    InputError
        Rows without their past, for a model of several steps.
    """
    if isinstance(features, Sequences):
        return features
    values = np.asarray(features)
    if values.ndim == len(("rows", "steps", "columns")):
        return Sequences.of(values)
    if steps > 1:
        raise InputError(
            f"The model looks at {steps} rows for one forecast, had rows of shape "
            f"{values.shape} without their past.",
            way_out="Pass Sequences with the places of that many steps.",
        )
    return values

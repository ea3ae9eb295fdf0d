"""How a fold is fitted, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tradeloop.errors import InputError
from tradeloop.models.base import Model
from tradeloop.models.boosting import Boosting
from tradeloop.models.calibration import KINDS, RIDGE
from tradeloop.models.preparation import Preparation

VoteWeights = Literal["given", "learned"]
ClassWeight = Literal["none", "balanced"]
_CHOICES = {"vote_weights": ("given", "learned"), "class_weight": ("none", "balanced")}
CALIBRATIONS = tuple(KINDS)
_LEAST_FOLDS = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a fold is fitted.

    The training rows of a fold are cut in time into up to three parts: the estimators
    learn on the first, stop early by the second (``held_share``) and are calibrated on
    the third. What a later part decides is purged from the earlier ones.

    Parameters
    ----------
    model : Model
        Estimator with its parameters, where there is one.
    fit_share : float
        Share of the training rows, by time, that the estimators learn on, held rows
        included; the calibration takes the rest. Between 0 and 1.
    min_rows : int
        Least rows of each part, after purging.
    ridge : float
        See `tradeloop.models.calibration.fit_calibration`.
    members : tuple of (Model, float)
        Estimators that vote, each with its weight above 0; instead of ``model``.
    vote_weights : {"given", "learned"}
        ``learned`` replaces the weights by those that minimise the log loss on inner
        purged folds of the model rows, on rows that the member was not fitted on.
    vote_folds : int
        Those inner folds, at least 2.
    calibration : str
        Kind, one of `CALIBRATIONS`.
    held_share : float
        Share of the first part, by time, that is held back to stop early; 0: none.
    class_weight : {"none", "balanced"}
        ``balanced`` multiplies each row's weight by n / (3 n_class), both counted in
        weight over the model rows. The calibration takes the weights as they are, so
        that its probabilities have the true base rates again.
    preparation : Preparation, optional
        Which columns the estimators see; fitted on the model rows.
    conformal_level : float, optional
        Coverage of conformal sets, fitted on the calibration rows; None: no sets.
    warm : bool
        Each fold goes on from the members of the fold before, where these had seen
        none of its held, calibration and test rows.

    Raises
    ------
    InputError
        A figure is outside its range, or a name is unknown.
    """

    model: Model = field(default_factory=Boosting)
    fit_share: float = 0.8
    min_rows: int = 30
    ridge: float = RIDGE
    members: tuple[tuple[Model, float], ...] = ()
    vote_weights: VoteWeights = "given"
    vote_folds: int = 3
    calibration: str = "shrunk"
    held_share: float = 0.0
    class_weight: ClassWeight = "none"
    preparation: Preparation | None = None
    conformal_level: float | None = None
    warm: bool = False

    def __post_init__(self) -> None:
        if not (0 < self.fit_share < 1 and self.min_rows >= 1 and self.ridge > 0):
            self._refuse(
                "0 < fit_share < 1, min_rows >= 1 and ridge > 0",
                f"{self.fit_share}, {self.min_rows}, {self.ridge}",
            )
        level = self.conformal_level
        if not 0 <= self.held_share < 1 or (level is not None and not 0 < level < 1):
            self._refuse(
                "0 <= held_share < 1 and 0 < conformal_level < 1",
                f"{self.held_share} and {level}",
            )
        for name, known in (*_CHOICES.items(), ("calibration", CALIBRATIONS)):
            if getattr(self, name) not in known:
                self._refuse(
                    f"{name} to be one of {', '.join(known)}",
                    repr(getattr(self, name)),
                )
        if self.vote_folds < _LEAST_FOLDS or not all(w > 0 for _, w in self.members):
            weights = [weight for _, weight in self.members]
            self._refuse(
                f"vote_folds >= {_LEAST_FOLDS} and weights above 0",
                f"{self.vote_folds} and {weights}",
            )
        names = [model.name for model, _ in self.members]
        if len(set(names)) < len(names):
            self._refuse("each estimator to vote once", f"{names}")

    def _refuse(self, rule: str, was: str) -> None:
        raise InputError(
            f"Recipe needs {rule}, was {was}.", way_out="Correct the figure."
        )

    @property
    def voters(self) -> tuple[tuple[Model, float], ...]:
        """Members with weights that sum to 1; the single model is one of weight 1."""
        if not self.members:
            return ((self.model, 1.0),)
        whole = sum(weight for _, weight in self.members)
        return tuple((model, weight / whole) for model, weight in self.members)

    @property
    def steps(self) -> int:
        """Longest sequence that a member looks at."""
        return max(model.steps for model, _ in self.voters)

    def as_mapping(self) -> dict[str, Any]:
        """Everything that shapes a fit, as JSON can hold it."""
        prepared = self.preparation
        return {
            "members": [
                {
                    "name": model.name,
                    "weight": weight,
                    "parameters": plain(model.get_params()),
                }
                for model, weight in self.voters
            ],
            "fit_share": self.fit_share,
            "min_rows": self.min_rows,
            "ridge": self.ridge,
            "vote_weights": self.vote_weights,
            "vote_folds": self.vote_folds,
            "calibration": self.calibration,
            "held_share": self.held_share,
            "class_weight": self.class_weight,
            "preparation": None if prepared is None else prepared.as_mapping(),
            "conformal_level": self.conformal_level,
            "warm": self.warm,
        }


def plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON can hold them: tuples become lists."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in parameters.items()
    }

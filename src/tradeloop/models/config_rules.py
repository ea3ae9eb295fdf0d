"""The parts of ``model_configs.yaml`` and their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tradeloop.errors import InputError
from tradeloop.models.recipe import ClassWeight, VoteWeights
from tradeloop.models.search import Pruner
from tradeloop.models.spaces import Space, Span
from tradeloop.models.vote import DEFAULT_WEIGHTS


@dataclass(frozen=True, slots=True)
class EnsembleRule:
    """Who votes.

    Parameters
    ----------
    members : mapping of str to float
        Estimator to its weight, above 0.
    weights : {"given", "learned"}
        Whether the weights stand, or are learned on inner purged folds.
    confidence_threshold : float
        Probability of the likeliest direction below which the vote is no signal.
    """

    members: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    weights: VoteWeights = "given"
    confidence_threshold: float = 0.6

    def __post_init__(self) -> None:
        if not self.members or not 0 <= self.confidence_threshold <= 1:
            raise InputError(
                "An ensemble needs members and a confidence_threshold from 0 to 1, had "
                f"{dict(self.members)} and {self.confidence_threshold}.",
                way_out="Correct the setting.",
                source="ensemble",
            )


@dataclass(frozen=True, slots=True)
class TrainingRule:
    """How a fold is fitted; see `tradeloop.models.recipe.Recipe`.

    Parameters
    ----------
    fit_share, held_share, min_rows, calibration, class_weight, warm, vote_folds
        As in the recipe.
    conformal_level : float
        Coverage of conformal sets; 0 makes none.
    sample_weight : {"none", "uniqueness"}
        ``uniqueness``: a row counts less where its label shares prices with others.
    half_life : str
        Age at which a row counts half, such as ``365d``; empty: no decay.
    inputs : {"decision", "market"}
        ``decision``: features and the decision's own figures; the model answers
        decisions. ``market``: features alone; it answers every bar.
    """

    fit_share: float = 0.8
    held_share: float = 0.1
    min_rows: int = 20
    calibration: str = "shrunk"
    class_weight: ClassWeight = "none"
    sample_weight: Literal["none", "uniqueness"] = "uniqueness"
    half_life: str = ""
    conformal_level: float = 0.9
    vote_folds: int = 3
    warm: bool = False
    inputs: Literal["decision", "market"] = "decision"


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How parameters are searched for.

    Parameters
    ----------
    trials : int
        Trials in each outer fold; all of them count for the gate.
    seed : int
        Of the draws.
    pruner : {"median", "hyperband", "none"}
        See `tradeloop.models.search.SearchRule`.
    inner : {"walk_forward", "combinatorial"}
        How the training rows of an outer fold are cut.
    folds : int
        Inner folds; of combinatorial ones, the groups, of which two test.
    outer : int
        How many of the last outer folds are searched in; 0: all.
    min_edge : float
        Least ``|p(up) - p(down)|`` that counts as a trade in the returns of a trial.
    """

    trials: int = 50
    seed: int = 42
    pruner: Pruner = "median"
    inner: Literal["walk_forward", "combinatorial"] = "walk_forward"
    folds: int = 3
    outer: int = 0
    min_edge: float = 0.05

    def __post_init__(self) -> None:
        known = ("walk_forward", "combinatorial")
        if self.inner not in known or self.folds < 1 or self.outer < 0:
            raise InputError(
                f"A search needs inner {' or '.join(known)}, folds of 1 or more and "
                f"outer of 0 or more, had {self.inner!r}, {self.folds}, {self.outer}.",
                way_out="Correct the setting.",
                source="search",
            )


SPACES: Mapping[str, Space] = {
    "boosting": {
        "n_estimators": Span(50, 400, log=True),
        "max_depth": Span(2, 8),
        "learning_rate": Span(0.01, 0.3, log=True),
        "subsample": Span(0.5, 1.0),
        "colsample_bytree": Span(0.3, 1.0),
    },
    "forest": {"max_depth": Span(4, 16), "min_samples_leaf": Span(2, 100, log=True)},
    "light_boosting": {
        "num_leaves": Span(7, 63, log=True),
        "min_child_samples": Span(5, 200, log=True),
        "learning_rate": Span(0.01, 0.3, log=True),
    },
    "logistic": {"C": Span(0.001, 100.0, log=True)},
    "support_vectors": {"C": Span(0.01, 100.0, log=True)},
    "perceptron": {
        "hidden": Span(16, 128, log=True),
        "dropout": Span(0.0, 0.5),
        "learning_rate": Span(0.0001, 0.01, log=True),
    },
    "lstm": {
        "hidden": Span(16, 128, log=True),
        "dropout": Span(0.0, 0.5),
        "learning_rate": Span(0.0001, 0.01, log=True),
    },
    "transformer": {
        "layers": Span(1, 4),
        "dropout": Span(0.0, 0.5),
        "learning_rate": Span(0.0001, 0.01, log=True),
    },
}
"""What is searched over, by estimator; an empty space leaves its defaults."""

"""Every rule of a run in one value: what is graded, paid, trained and refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from tradeloop.clock import NS_PER_DAY, NS_PER_SECOND
from tradeloop.costs import CostModel
from tradeloop.errors import InputError
from tradeloop.events import duration_ns, duration_text
from tradeloop.features import FeatureChoice
from tradeloop.labels import OutcomeRule


@dataclass(frozen=True, slots=True)
class ModelRule:
    """How the model is trained and when a signal speaks.

    Parameters
    ----------
    folds : int
        Test folds of the purged walk-forward split.
    embargo : str
        Time kept free after each label interval, beyond the purge; ``horizon`` is the
        primary horizon once more.
    seed : int
        Of the trees and of every bootstrap.
    trees, depth : int
        Size of the model.
    learning_rate, subsample, colsample : float
        Of gradient boosting.
    minimum_rows : int
        Labelled decisions below which no model is trained.
    min_edge : float
        Smallest ``p(up) - p(down)`` that is worth a signal.
    position_share : float
        Share of the capital that one signal takes.
    """

    folds: int = 5
    embargo: str = "horizon"
    seed: int = 42
    trees: int = 100
    depth: int = 6
    learning_rate: float = 0.1
    subsample: float = 0.8
    colsample: float = 0.8
    minimum_rows: int = 200
    min_edge: float = 0.05
    position_share: float = 0.2

    def __post_init__(self) -> None:
        for name, low, high, whole in _BOUNDS:
            value = getattr(self, name)
            kinds = (int,) if whole else (int, float)
            number = isinstance(value, kinds) and not isinstance(value, bool)
            if not (number and low <= value <= high):
                kind = "a whole number" if whole else "a number"
                raise InputError(
                    f"{name} must be {kind} from {low:g} to {high:g}, was {value!r}.",
                    way_out="Correct it, or leave it out for the default.",
                    source="model.yaml",
                    column=name,
                )
        self.embargo_ns(0)

    def embargo_ns(self, horizon_ns: int) -> int:
        """Length of the embargo for a primary horizon."""
        named = self.embargo == "horizon"
        return horizon_ns if named else duration_ns(str(self.embargo))

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> "ModelRule":
        """Build the rule of ``model.yaml``.

        Raises
        ------
        InputError
            A name is unknown, or a value is outside its range.
        """
        known = [f.name for f in fields(cls)]
        for name in given:
            if name not in known:
                near = get_close_matches(str(name), known, n=1, cutoff=0.0)[0]
                raise InputError(
                    f"model has no setting {name!r}; did you mean {near!r}?",
                    way_out=f"Known: {', '.join(known)}.",
                    source="model.yaml",
                    column=str(name),
                )
        return cls(**given)


# name, lowest, highest, whole
_BOUNDS: tuple[tuple[str, float, float, bool], ...] = (
    ("folds", 1, 100, True),
    ("seed", 0, 2**31 - 1, True),
    ("trees", 1, 10_000, True),
    ("depth", 1, 20, True),
    ("learning_rate", 1e-6, 1, False),
    ("subsample", 0.01, 1, False),
    ("colsample", 0.01, 1, False),
    ("minimum_rows", 50, 10**9, True),
    ("min_edge", 0, 1, False),
    ("position_share", 1e-6, 1, False),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a run.

    Parameters
    ----------
    outcome : OutcomeRule
        Bounds of the five classes.
    costs : CostModel
        What a trade costs.
    model : ModelRule
        How a model is trained.
    wait_ns : int
        How long a label waits for the first bar at or after its horizon.
    stale_bars_ns, stale_ticks_ns : int
        Age beyond which a price says nothing about a decision.
    features : FeatureChoice
        What is computed of the bars. A dataset's version knows the features themselves,
        so the choice is not told to it again.
    """

    outcome: OutcomeRule = field(default_factory=OutcomeRule)
    costs: CostModel = field(default_factory=CostModel)
    model: ModelRule = field(default_factory=ModelRule)
    wait_ns: int = 5 * NS_PER_DAY
    stale_bars_ns: int = 5 * NS_PER_DAY
    stale_ticks_ns: int = 60 * NS_PER_SECOND
    features: FeatureChoice = field(default_factory=FeatureChoice)

    def stale_after_ns(self, interval_ns: int) -> int:
        """Age of a price that is too old, for bars of ``interval_ns``."""
        short = interval_ns < self.stale_ticks_ns
        return self.stale_ticks_ns if short else self.stale_bars_ns

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], features: FeatureChoice) -> "Rules":
        """Build the rules that `as_mapping` wrote down.

        Parameters
        ----------
        given : mapping
            What `as_mapping` gave.
        features : FeatureChoice
            What is computed of the bars; the mapping does not say.

        Raises
        ------
        InputError
            A name is unknown, or a value is outside its range.
        """
        return cls(
            outcome=OutcomeRule.from_mapping(given["outcome"]),
            costs=CostModel.from_mapping(given["costs"]),
            model=ModelRule.from_mapping(given["model"]),
            wait_ns=duration_ns(given["wait"]),
            stale_bars_ns=duration_ns(given["stale_bars"]),
            stale_ticks_ns=duration_ns(given["stale_ticks"]),
            features=features,
        )

    def as_mapping(self) -> dict[str, Any]:
        """Plain values, for the version hash, the card and the tracking run."""
        return {
            "outcome": self.outcome.as_mapping(),
            "costs": self.costs.as_mapping(),
            "model": {f.name: getattr(self.model, f.name) for f in fields(ModelRule)},
            "wait": duration_text(self.wait_ns),
            "stale_bars": duration_text(self.stale_bars_ns),
            "stale_ticks": duration_text(self.stale_ticks_ns),
        }

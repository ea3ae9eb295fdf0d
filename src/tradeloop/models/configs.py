"""Estimators, ensemble, training and search as data: ``model_configs.yaml``.

What the file leaves out has its default; an unknown name is an error that names the
nearest one. The file that `tradeloop init` writes says just what the defaults are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from tradeloop.errors import InputError
from tradeloop.models.base import Model
from tradeloop.models.config_rules import (
    SPACES,
    EnsembleRule,
    SearchSettings,
    TrainingRule,
)
from tradeloop.models.preparation import Preparation
from tradeloop.models.reading import mapping_of, refuse_unknown, typed
from tradeloop.models.recipe import Recipe
from tradeloop.models.spaces import Choice, Space, Span, Value

ENSEMBLE = "ensemble"
"""Name of the vote, where an estimator is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelConfigs:
    """Everything of ``model_configs.yaml``.

    Parameters
    ----------
    estimators : mapping of str to Model
        Each with its parameters.
    ensemble : EnsembleRule
        Who votes.
    training : TrainingRule
        How a fold is fitted.
    preparation : Preparation
        Which columns the estimators see.
    search : SearchSettings
        How parameters are searched for.
    spaces : mapping of str to Space
        What is searched over, by estimator.
    """

    estimators: Mapping[str, Model]
    ensemble: EnsembleRule = field(default_factory=EnsembleRule)
    training: TrainingRule = field(default_factory=TrainingRule)
    preparation: Preparation = field(default_factory=Preparation)
    search: SearchSettings = field(default_factory=SearchSettings)
    spaces: Mapping[str, Space] = field(default_factory=lambda: dict(SPACES))

    @classmethod
    def of(cls, kinds: Sequence[type[Model]]) -> Self:
        """Return the defaults of these estimators."""
        return cls({kind.name: kind() for kind in kinds}, spaces=_there(SPACES, kinds))

    @classmethod
    def from_mapping(
        cls, given: Mapping[str, Any], kinds: Sequence[type[Model]]
    ) -> Self:
        """Read what ``model_configs.yaml`` holds.

        Parameters
        ----------
        given : mapping
            The file; what it leaves out has its default.
        kinds : sequence of Model types
            Estimators that there are, such as `tradeloop.models.ALL`.

        Raises
        ------
        InputError
            A name is unknown, or a value is outside its range or of another type.
        """
        usual = cls.of(kinds)
        parts = mapping_of(given, "model_configs")
        refuse_unknown(parts, [each.name for each in fields(cls)], "model_configs")
        estimators = dict(usual.estimators)
        asked = mapping_of(parts.get("estimators", {}), "estimators")
        refuse_unknown(asked, list(estimators), "estimators")
        for name, parameters in asked.items():
            where = f"estimators.{name}"
            estimators[name] = _changed(estimators[name], parameters, where)
        found = cls(
            estimators,
            ensemble=typed(usual.ensemble, parts.get("ensemble"), "ensemble"),
            training=typed(usual.training, parts.get("training"), "training"),
            preparation=typed(
                usual.preparation, parts.get("preparation"), "preparation"
            ),
            search=typed(usual.search, parts.get("search"), "search"),
            spaces={**usual.spaces, **_spaces(parts.get("spaces", {}), estimators)},
        )
        if "ensemble" in parts:
            members = found.ensemble.members
            refuse_unknown(members, list(estimators), "ensemble.members")
        found.recipe(next(iter(estimators)))  # its rules hold, or it raises
        return found

    def as_mapping(self) -> dict[str, Any]:
        """Write it as `from_mapping` reads it."""
        plain = {
            part: {
                each.name: getattr(getattr(self, part), each.name)
                for each in fields(getattr(self, part))
            }
            for part in ("ensemble", "training", "preparation", "search")
        }
        plain["ensemble"]["members"] = dict(self.ensemble.members)
        return {
            "estimators": {
                name: dict(model.get_params())
                for name, model in self.estimators.items()
            },
            **plain,
            "spaces": {
                name: {part: each.as_mapping() for part, each in space.items()}
                for name, space in self.spaces.items()
            },
        }

    def voters(self, name: str) -> dict[str, float]:
        """Estimators of a model by its name, with their weights.

        Raises
        ------
        InputError
            There is no such estimator; the nearest is named.
        """
        if name == ENSEMBLE:
            members = dict(self.ensemble.members)
            refuse_unknown(members, list(self.estimators), "ensemble.members")
            return members
        refuse_unknown({name: None}, [*self.estimators, ENSEMBLE], "model")
        return {name: 1.0}

    def recipe(
        self,
        name: str,
        values: Mapping[str, Value] | None = None,
        *,
        seed: int | None = None,
        rows: int = 0,
    ) -> Recipe:
        """Return how a model is fitted.

        Parameters
        ----------
        name : str
            An estimator, or ``ensemble``.
        values : mapping, optional
            Parameters that differ, as ``ESTIMATOR.PARAMETER``.
        seed : int, optional
            Seed of every estimator that has one.
        rows : int
            Rows to learn from: an estimator that can bound its effort for many does.

        Raises
        ------
        InputError
            There is no such estimator or parameter.
        """
        members = []
        for each, weight in self.voters(name).items():
            mine = {
                key.partition(".")[2]: value
                for key, value in (values or {}).items()
                if key.startswith(f"{each}.")
            }
            parameters = self.estimators[each].get_params()
            if seed is not None and "random_state" in parameters:
                mine["random_state"] = seed
            model = _changed(self.estimators[each], mine, each)
            bounded = getattr(model, "bounded", None)
            members.append((bounded(rows) if bounded and rows else model, weight))
        rule = self.training
        return Recipe(
            members=tuple(members),
            fit_share=rule.fit_share,
            held_share=rule.held_share,
            min_rows=rule.min_rows,
            calibration=rule.calibration,
            class_weight=rule.class_weight,
            conformal_level=rule.conformal_level or None,
            vote_weights=self.ensemble.weights if len(members) > 1 else "given",
            vote_folds=rule.vote_folds,
            warm=rule.warm,
            preparation=self.preparation,
        )

    def space(self, name: str) -> tuple[dict[str, Span | Choice], dict[str, Value]]:
        """Return what a search for a model chooses from, and its defaults.

        Raises
        ------
        InputError
            There is no such estimator, or nothing to search over.
        """
        space: dict[str, Span | Choice] = {}
        defaults: dict[str, Value] = {}
        for each in self.voters(name):
            parameters = self.estimators[each].get_params()
            for part, choice in self.spaces.get(each, {}).items():
                space[f"{each}.{part}"] = choice
                defaults[f"{each}.{part}"] = parameters[part]
        if not space:
            raise InputError(
                f"model_configs.yaml names no parameter of {name} to search over.",
                way_out="Add some under spaces.",
                source="spaces",
            )
        return space, defaults


def _changed(model: Model, given: Any, where: str) -> Model:
    """Return an estimator with other parameters."""
    parameters = dict(model.get_params())
    asked = mapping_of(given, where)
    refuse_unknown(asked, list(parameters), where)
    found: Model = typed(model, asked, where) if asked else model
    return found


def _there(
    spaces: Mapping[str, Space], kinds: Sequence[type[Model]]
) -> dict[str, Space]:
    names = {kind.name for kind in kinds}
    return {name: space for name, space in spaces.items() if name in names}


def _spaces(given: Any, estimators: Mapping[str, Model]) -> dict[str, Space]:
    asked = mapping_of(given, "spaces")
    refuse_unknown(asked, list(estimators), "spaces")
    found: dict[str, Space] = {}
    for name, parts in asked.items():
        space = mapping_of(parts, f"spaces.{name}")
        refuse_unknown(space, list(estimators[name].get_params()), f"spaces.{name}")
        found[name] = {
            part: _part(said, f"spaces.{name}.{part}") for part, said in space.items()
        }
    return found


def _part(given: Any, where: str) -> Span | Choice:
    said = mapping_of(given, where)
    refuse_unknown(said, ("low", "high", "log", "values"), where)
    if "values" in said:
        return Choice(tuple(said["values"]))
    usual = replace(Span(0, 1), low=said.get("low", 0), high=said.get("high", 0))
    return replace(usual, log=bool(said.get("log", False)))

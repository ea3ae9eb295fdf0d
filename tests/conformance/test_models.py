"""Laws of the models over `ALL`, an audit of `ALL`, and planted bad models."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import tradeloop.models
from tradeloop.models import ALL, Boosting, Columns, FittedBoosting, SupportVectors
from tradeloop.models.checks import LAWS
from tradeloop.models.sequences import Sequences

TREES = {"n_estimators": 10, "max_depth": 3}
CENTRES = {"exact_rows": 100, "n_components": 60}
NETWORKS = {
    "epochs": 30,
    "epochs_without_held": 30,
    "hidden": 8,
    "heads": 2,
    "layers": 1,
    "sequence": 5,
    "learning_rate": 0.01,
}


def small(kind):
    """A model of the kind that is quick to fit."""
    known = kind().get_params()
    fast = TREES | CENTRES | (NETWORKS if "epochs" in known else {})
    return kind(**{name: value for name, value in fast.items() if name in known})


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_every_model_passes_every_law(kind, law):
    assert law(small(kind)) == ""


def test_names_of_models_are_unique():
    names = [kind.name for kind in ALL]
    assert len(names) == len(set(names))


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def parameters(function) -> set[str]:
    return set(inspect.signature(function).parameters) if callable(function) else set()


def models_in(modules) -> set[type]:
    """Classes that can be fitted and loaded, where they are defined."""
    return {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
        and not getattr(kind, "_is_protocol", False)
        and "direction" in parameters(getattr(kind, "fit", None))
        and callable(getattr(kind, "load", None))
    }


def test_every_model_file_is_in_all():
    assert models_in(modules_of(tradeloop.models)) == set(ALL)


def test_the_audit_finds_a_model_that_was_left_out():
    class Forgotten(Boosting):
        pass

    Forgotten.__module__ = "tradeloop.models.forgotten"
    module = ModuleType("tradeloop.models.forgotten")
    module.Forgotten = Forgotten
    found = models_in([*modules_of(tradeloop.models), module])
    assert found - set(ALL) == {Forgotten}


@dataclass(frozen=True)
class Planted:
    """Boosting with one part of it replaced by something wrong."""

    wrong: SimpleNamespace
    random_state: int = 42
    name: str = "boosting"
    steps: int = 1

    @property
    def real(self):
        return Boosting(n_estimators=5, max_depth=3, random_state=self.random_state)

    def get_params(self):
        return self.real.get_params()

    def fit(self, features, direction, weight=None, **more):
        real = getattr(self.wrong, "before_fit", lambda real: real)(self.real)
        fit = getattr(self.wrong, "fit", type(real).fit)
        return self._planted(fit(real, features, direction, weight, **unplanted(more)))

    def load(self, content, columns):
        load = getattr(self.wrong, "load", self.real.load)
        return self._planted(load(content, columns))

    def _planted(self, real):
        wrong = vars(self.wrong)
        parts = {
            name: partial(wrong[name], real) if name in wrong else getattr(real, name)
            for name in ("predict_proba", "to_bytes", "to_onnx", "importance")
        }
        name = wrong.get("name", real.name)
        return SimpleNamespace(
            columns=real.columns, steps=1, name=name, real=real, **parts
        )


def unplanted(more):
    """What a model is given beside its rows, with a planted start taken out."""
    start = more.get("start")
    return more | {"start": getattr(start, "real", start)}


def ever_new_seed():
    seeds = iter(range(1000))
    return lambda real: replace(real, random_state=next(seeds))


def one_seed(real):
    return replace(real, random_state=1)


def normalised_by_the_batch(real, features, columns=None):
    centred = features - np.nanmean(features, axis=0) if len(features) else features
    return real.predict_proba(centred, columns)


def not_normalised(real, features, columns=None):
    return real.predict_proba(features, columns) * 1.01


def lenient(real, features, columns=None):
    width = len(real.columns.names)
    kept = np.nan_to_num(np.asarray(features, float)[:, :width], posinf=0.0)
    padded = np.pad(kept, ((0, 0), (0, width - kept.shape[1])))
    return real.predict_proba(padded)


def filling_in_place(real, features, columns=None):
    found = real.predict_proba(features, columns)
    features[np.isnan(features)] = 0.0
    return found


def blind_fit(real, features, direction, weight=None, *, columns=None, **more):
    """Learn from a column that is no feature: fits anything, knows nothing."""
    draw = np.random.default_rng(0)
    rows = max(len(direction), 30)
    return Boosting(n_estimators=5).fit(
        draw.normal(size=(rows, np.shape(features)[1])),
        np.arange(rows) % 3 - 1,
        columns=columns,
    )


def fitting_the_last_step_but_one(real, features, direction, weight=None, **more):
    if isinstance(features, Sequences):
        features = features.gather()[:, -2]
    return real.fit(features, direction, weight, **more)


def hearing_rows_of_weight_zero(real, features, direction, weight=None, **more):
    heard = None if weight is None else np.maximum(weight, 0.1)
    return real.fit(features, direction, heard, **more)


def learning_from_held_rows(real, features, direction, weight=None, **more):
    held = more.pop("held", None)
    if held is None:
        return real.fit(features, direction, weight, **more)
    both = np.vstack([features, held.features])
    return real.fit(both, np.concatenate([direction, held.direction]), **more)


def scaling_by_held_rows(real, features, direction, weight=None, **more):
    held = more.pop("held", None)
    rows = real.n_estimators if held is None else len(held.direction) // 100
    return replace(real, n_estimators=rows).fit(features, direction, weight, **more)


def forgetting_the_start(real, features, direction, weight=None, **more):
    checked = real.fit(features, direction, weight, **more)
    return checked if more.pop("start") is None else real.fit(features, direction)


def going_on_from_anything(real, features, direction, weight=None, **more):
    return real.fit(features, direction, weight, **(more | {"start": None}))


def loading_another(content, columns):
    rows, direction = np.zeros((30, len(columns.names))), np.zeros(30)
    return blind_fit(None, rows, direction, columns=columns)


def loading_anything(content, columns):
    return FittedBoosting(content, columns)


def exporting_another(real):
    return blind_fit(None, np.zeros((30, 6)), np.zeros(30)).to_onnx()


def exporting_with_a_count():
    count = iter(range(1000))
    return lambda real: real.to_onnx() + bytes([next(count)])


def importance_of_the_names(real):
    return {name: float(len(name)) for name in real.columns.names}


PLANTED = [
    ("same_seed_gives_same_bytes", {"before_fit": ever_new_seed()}),
    ("another_seed_gives_other_bytes", {"before_fit": one_seed}),
    ("fitted_model_says_what_it_is", {"name": "forest"}),
    ("loaded_model_predicts_the_same", {"load": loading_another}),
    ("one_row_equals_many_rows", {"predict_proba": normalised_by_the_batch}),
    ("probabilities_are_probabilities", {"predict_proba": not_normalised}),
    ("strange_rows_are_refused", {"predict_proba": lenient}),
    ("inputs_are_not_changed", {"predict_proba": filling_in_place}),
    ("unlearnable_rows_are_refused", {"fit": blind_fit}),
    ("plain_skill_is_learned", {"fit": blind_fit}),
    ("more_steps_change_nothing", {"fit": fitting_the_last_step_but_one}),
    ("rows_of_weight_zero_are_absent", {"fit": hearing_rows_of_weight_zero}),
    ("held_rows_teach_nothing", {"fit": learning_from_held_rows}),
    ("held_rows_teach_nothing", {"fit": scaling_by_held_rows}),
    ("a_start_is_gone_on_from_or_refused", {"fit": forgetting_the_start}),
    ("a_start_is_gone_on_from_or_refused", {"fit": going_on_from_anything}),
    ("foreign_bytes_are_refused", {"load": loading_anything}),
    ("importance_is_a_share", {"importance": importance_of_the_names}),
    ("export_equals_the_original", {"to_onnx": exporting_another}),
    ("two_exports_are_equal_bytes", {"to_onnx": exporting_with_a_count()}),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_frame_of_planted_models_passes_every_law(law):
    assert law(Planted(SimpleNamespace())) == ""


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize(
    ("law", "wrong"),
    PLANTED,
    ids=[f"{law}-{number}" for number, (law, _) in enumerate(PLANTED)],
)
def test_every_law_fails_on_a_planted_bad_model(law, wrong):
    found = next(known for known in LAWS if known.__name__ == law)
    assert found(Planted(SimpleNamespace(**wrong))) != ""


def test_every_law_has_a_planted_bad_model():
    assert {law for law, _ in PLANTED} == {law.__name__ for law in LAWS}


@pytest.mark.parametrize(
    "law",
    [law for law in LAWS if law.__name__ != "another_seed_gives_other_bytes"],
    ids=lambda law: law.__name__,
)
def test_the_exact_machine_passes_every_law_but_that_of_chance(law):
    """Its seed draws the centres of the approximation alone."""
    assert law(SupportVectors()) == ""


def test_columns_refuse_a_repeated_name():
    with pytest.raises(ValueError, match="repeats \\['a'\\]"):
        Columns(("a", "b", "a"))

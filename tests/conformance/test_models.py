"""Laws of the models over `ALL`, an audit of `ALL`, and planted bad models."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import tradeloop.models
from tradeloop.models import ALL, Boosting, Columns, FittedBoosting
from tradeloop.models.checks import LAWS


def small(kind):
    """A model of the kind that is quick to fit."""
    fast = {"n_estimators": 10, "max_depth": 3}
    return kind(**{k: v for k, v in fast.items() if k in kind().get_params()})


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_every_model_passes_every_law(kind, law):
    assert law(small(kind)) == ""


def test_names_of_models_are_unique():
    names = [kind.name for kind in ALL]
    assert len(names) == len(set(names))


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def models_in(modules) -> set[type]:
    """Classes that can be fitted and loaded, where they are defined."""
    return {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
        and not getattr(kind, "_is_protocol", False)
        and callable(getattr(kind, "fit", None))
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
    real: Boosting = field(
        default_factory=lambda: Boosting(n_estimators=5, max_depth=3)
    )

    def get_params(self):
        return self.real.get_params()

    def fit(self, features, direction, weight=None, *, columns=None):
        real = getattr(self.wrong, "before_fit", lambda real: real)(self.real)
        fit = getattr(self.wrong, "fit", real.fit)
        return self._planted(fit(features, direction, weight, columns=columns))

    def load(self, content, columns):
        load = getattr(self.wrong, "load", self.real.load)
        return self._planted(load(content, columns))

    def _planted(self, real):
        kinds = {"predict_proba", "to_bytes"} & vars(self.wrong).keys()
        ours = {name: vars(self.wrong)[name] for name in kinds}
        parts = {"predict_proba": real.predict_proba, "to_bytes": real.to_bytes}
        for name, wrong in ours.items():
            parts[name] = lambda *args, wrong=wrong: wrong(real, *args)
        return SimpleNamespace(columns=real.columns, **parts)


def ever_new_seed():
    seeds = iter(range(1000))
    return lambda real: replace(real, random_state=next(seeds))


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


def blind_fit(features, direction, weight=None, *, columns=None):
    """Learn from a column that is no feature: fits anything, knows nothing."""
    draw = np.random.default_rng(0)
    rows = max(len(direction), 30)
    return Boosting(n_estimators=5).fit(
        draw.normal(size=(rows, np.shape(features)[1])),
        np.arange(rows) % 3 - 1,
        columns=columns,
    )


def loading_another(content, columns):
    return blind_fit(np.zeros((30, len(columns.names))), np.zeros(30), columns=columns)


def loading_anything(content, columns):
    return FittedBoosting(content, columns)


PLANTED = {
    "same_seed_gives_same_bytes": {"before_fit": ever_new_seed()},
    "loaded_model_predicts_the_same": {"load": loading_another},
    "one_row_equals_many_rows": {"predict_proba": normalised_by_the_batch},
    "probabilities_are_probabilities": {"predict_proba": not_normalised},
    "strange_rows_are_refused": {"predict_proba": lenient},
    "inputs_are_not_changed": {"predict_proba": filling_in_place},
    "unlearnable_rows_are_refused": {"fit": blind_fit},
    "plain_skill_is_learned": {"fit": blind_fit},
    "foreign_bytes_are_refused": {"load": loading_anything},
}


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_law_fails_on_a_planted_bad_model(law):
    assert law(Planted(SimpleNamespace())) == "", "the frame itself must pass"
    assert law(Planted(SimpleNamespace(**PLANTED[law.__name__]))) != ""


def test_columns_refuse_a_repeated_name():
    with pytest.raises(ValueError, match="repeats \\['a'\\]"):
        Columns(("a", "b", "a"))

"""``model_configs.yaml``: its defaults are the code's, what is wrong in it is named."""

from importlib.resources import files

import pytest
import yaml

from tradeloop.errors import InputError
from tradeloop.models import Boosting
from tradeloop.models.configs import ModelConfigs
from tradeloop.models.deep import Lstm, Perceptron, Transformer
from tradeloop.models.forest import Forest
from tradeloop.models.light_boosting import LightBoosting
from tradeloop.models.logistic import Logistic
from tradeloop.models.support_vectors import SupportVectors

KINDS = (
    Boosting,
    Forest,
    LightBoosting,
    SupportVectors,
    Logistic,
    Perceptron,
    Lstm,
    Transformer,
)


@pytest.fixture(scope="module")
def template():
    text = files("tradeloop.apps").joinpath("templates/rules/model_configs.yaml")
    return yaml.safe_load(text.read_text("utf-8"))


def read(given):
    return ModelConfigs.from_mapping(given, KINDS)


def test_the_template_says_just_what_the_defaults_are(template):
    usual = ModelConfigs.of(KINDS)
    assert template == usual.as_mapping()
    assert read(template).as_mapping() == usual.as_mapping()
    assert read({}).as_mapping() == usual.as_mapping()
    assert template["ensemble"]["members"] == {
        "boosting": 0.4,
        "forest": 0.3,
        "lstm": 0.3,
    }
    assert template["ensemble"]["confidence_threshold"] == 0.6


def test_what_is_asked_for_arrives_in_the_recipe():
    configs = read(
        {
            "estimators": {"boosting": {"n_estimators": 7, "learning_rate": 1}},
            "ensemble": {
                "members": {"boosting": 3, "logistic": 1},
                "weights": "learned",
            },
            "training": {"calibration": "platt", "conformal_level": 0},
        }
    )
    recipe = configs.recipe("ensemble", {"logistic.C": 0.5}, seed=5)
    (trees, share), (plain, rest) = recipe.voters
    assert (trees.n_estimators, trees.learning_rate, trees.random_state) == (7, 1.0, 5)
    assert (share, rest, plain.C) == (0.75, 0.25, 0.5)
    assert recipe.vote_weights == "learned"
    assert recipe.calibration == "platt"
    assert recipe.conformal_level is None
    assert configs.recipe("boosting").voters == ((Boosting(7, learning_rate=1.0), 1.0),)


def test_many_rows_bound_the_effort_of_those_that_can():
    (model, _), *_ = ModelConfigs.of(KINDS).recipe("lstm", rows=500_000).voters
    assert model == Lstm().bounded(500_000) != Lstm()
    assert ModelConfigs.of(KINDS).recipe("lstm", rows=300).voters[0][0] == Lstm()


def test_a_search_has_the_defaults_of_the_file_in_its_spaces():
    for name in (*(kind.name for kind in KINDS), "ensemble"):
        space, defaults = ModelConfigs.of(KINDS).space(name)
        assert set(space) == set(defaults)
        for each, part in space.items():
            assert part.holds(defaults[each]), each
    configs = read({"spaces": {"boosting": {"max_depth": {"values": [2, 6]}}}})
    assert configs.space("boosting")[0]["boosting.max_depth"].values == (2, 6)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"estimator": {}}, "did you mean 'estimators'"),
        ({"estimators": {"bosting": {}}}, "did you mean 'boosting'"),
        (
            {"estimators": {"boosting": {"tree": 3}}},
            "estimators.boosting has no 'tree'",
        ),
        ({"estimators": {"boosting": {"max_depth": "deep"}}}, "must be a whole number"),
        ({"estimators": {"boosting": {"max_depth": True}}}, "must be a whole number"),
        ({"estimators": {"boosting": {"max_depth": 0}}}, "max_depth"),
        ({"estimators": []}, "must be a mapping"),
        ({"ensemble": {"members": {"forrest": 1}}}, "did you mean 'forest'"),
        ({"ensemble": {"members": {}}}, "needs members"),
        ({"training": {"calibration": "plat"}}, "calibration to be one of"),
        ({"training": {"class_weights": "none"}}, "did you mean 'class_weight'"),
        ({"training": {"warm": "yes"}}, "true or false"),
        ({"preparation": {"by": "informations"}}, "did you mean 'information'"),
        ({"preparation": {"most_columns": 0}}, "counts of 1 or more"),
        ({"search": {"inner": "random"}}, "needs inner walk_forward or combinatorial"),
        ({"spaces": {"boosting": {"max_dept": {"low": 1, "high": 2}}}}, "'max_depth'"),
        ({"spaces": {"boosting": {"max_depth": {"low": 3, "high": 2}}}}, "low below"),
        ({"spaces": {"boosting": {"max_depth": {"lo": 3}}}}, "did you mean 'low'"),
    ],
)
def test_what_breaks_a_rule_is_named(given, said):
    with pytest.raises(InputError, match=said):
        read(given)


def test_an_unknown_model_is_named_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'ensemble'"):
        ModelConfigs.of(KINDS).recipe("ensemle")
    with pytest.raises(InputError, match=r"ensemble\.members has no 'forest'"):
        ModelConfigs.of((Boosting,)).recipe("ensemble")
    with pytest.raises(InputError, match="no parameter of boosting to search"):
        read({"spaces": {"boosting": {}}}).space("boosting")

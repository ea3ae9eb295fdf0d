"""A stored dataset becomes a lesson; finished folds wait as files."""

import numpy as np
import polars as pl
import pytest

from pipelines.captured_years import bars, capture_bars, capture_decisions, decisions
from pipelines.simulated_rows import simulated, subject_of
from tradeloop.clock import NS_PER_DAY, LiveClock
from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import DatasetType, Principal
from tradeloop.models import ALL, Boosting, Recipe, read_artefact
from tradeloop.models.config_rules import TrainingRule
from tradeloop.models.configs import ModelConfigs
from tradeloop.models.deep import Lstm
from tradeloop.models.preparation import Preparation
from tradeloop.models.vote import blend
from tradeloop.pipelines.build import Ask, build
from tradeloop.pipelines.evaluate_models import evaluated
from tradeloop.pipelines.finished_folds import FinishedFolds
from tradeloop.pipelines.lesson import Lesson, going_on, read_lesson, weights_of
from tradeloop.pipelines.models_load import load_model
from tradeloop.pipelines.package import About, packed
from tradeloop.pipelines.progress import Silent
from tradeloop.pipelines.rules import ModelRule, Rules
from tradeloop.pipelines.train import inputs
from tradeloop.pipelines.train_models import kept, learned
from tradeloop.pipelines.workspace import Places, open_workspace

RULES = Rules(model=ModelRule(folds=2, minimum_rows=50))
CONFIGS = ModelConfigs.from_mapping(
    {
        "estimators": {"boosting": {"n_estimators": 6, "max_depth": 2}},
        "training": {"min_rows": 5},
    },
    ALL,
)


def lesson_of(subject, **more):
    columns, features = inputs(subject.dataset, "")
    given = {
        "subject": subject,
        "columns": columns,
        "features": features,
        "direction": subject.dataset.outcome_labels["direction_3h"]
        .to_numpy()
        .astype(np.int64),
        "further": None,
        "weight": None,
        **more,
    }
    return Lesson(**given)


def test_weights_tell_how_unique_a_label_is_and_how_old():
    subject = subject_of(simulated(rows=slice(0, 200)))
    assert weights_of(subject, TrainingRule(sample_weight="none")) is None
    unique = weights_of(subject, TrainingRule())
    assert unique.sum() == pytest.approx(200)
    assert unique[0] > unique[100]
    aged = weights_of(subject, TrainingRule(sample_weight="none", half_life="1h"))
    assert aged[100] / aged[99] == pytest.approx(2.0)


def test_planted_skill_is_found_by_the_usual_model():
    lesson = lesson_of(subject_of(simulated()))
    found = learned(lesson, CONFIGS.recipe("boosting"), seed=1)
    assert found.evaluation.log_loss_gain.low > 0
    assert {part.what.split(" of ")[0] for part in found.fitted} == {
        *("model", "held", "calibration", "base_rates", "preparation", "conformal"),
    }


def test_finished_folds_are_whole_or_not_there(tmp_path):
    folds = FinishedFolds(tmp_path / "folds")
    assert folds.get("a") is None
    folds.put("a", b"one")
    folds.put("b", b"two")
    assert FinishedFolds(tmp_path / "folds").get("a") == b"one"
    (tmp_path / "folds" / "a").write_bytes(b"damaged")
    assert folds.get("a") is None
    folds.forget()
    assert not list((tmp_path / "folds").iterdir())


def test_a_training_that_broke_off_goes_on_with_the_folds_that_are_done(tmp_path):
    lesson = lesson_of(subject_of(simulated(rows=slice(0, 800))))
    recipe = CONFIGS.recipe("boosting")

    class Dying(FinishedFolds):
        def put(self, key, content):
            super().put(key, content)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learned(lesson, recipe, seed=1, folds=Dying(tmp_path / "folds"))
    assert len(list((tmp_path / "folds").iterdir())) == 1
    folds = FinishedFolds(tmp_path / "folds")
    again = learned(lesson, recipe, seed=1, folds=folds)
    plain = learned(lesson, recipe, seed=1)
    assert np.array_equal(
        again.walk.probabilities, plain.walk.probabilities, equal_nan=True
    )
    assert len(list((tmp_path / "folds").iterdir())) == 2


def opened(folder):
    names = ("j.db", "c.db", "t.db", "lake", "artefacts")
    places = Places(*(folder / name for name in names))
    return open_workspace(places, Principal("default", "me"), LiveClock())


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("store")) as stores:
        yield stores


def made(workspace):
    ask = Ask(DatasetType.SIGNAL_GENERATION, (5 * NS_PER_DAY, NS_PER_DAY), None, None)
    return build(workspace, ask, RULES, Silent()).written.dataset_id


def test_without_a_dataset_there_is_nothing_to_learn_from(tmp_path):
    with (
        opened(tmp_path) as empty,
        pytest.raises(NotFoundError, match="no dataset to learn signals from"),
    ):
        read_lesson(empty, "", CONFIGS.training)


@pytest.fixture(scope="module")
def grown(workspace):
    """A parent of the first years, and the lesson of all years that goes on from it."""
    recipe, (early, late) = CONFIGS.recipe("boosting"), (bars(1_000), bars(2_000))
    capture_bars(workspace, early)
    capture_decisions(workspace, decisions(early))
    made(workspace)
    first = read_lesson(workspace, "", CONFIGS.training)
    parent = learned(first, recipe, seed=1)
    kept(workspace, first, parent, name="m", seed=1, own=())
    capture_bars(workspace, late.tail(late.height - early.height))
    rows = decisions(late)
    capture_decisions(workspace, rows.tail(rows.height - decisions(early).height))
    made(workspace)
    newest = read_lesson(workspace, "", CONFIGS.training)
    return first, going_on(workspace, newest, "m", "v1.0.0")


def test_a_lesson_has_the_directions_of_further_horizons(grown):
    first, second = grown
    assert first.further.shape == (len(first.direction), 1)
    assert len(second.direction) > len(first.direction)


def test_a_parent_is_no_start_on_the_rows_that_it_had_seen(workspace, grown):
    again = going_on(workspace, grown[0], "m", "v1.0.0")
    with pytest.raises(InputError, match="had learned from labels"):
        learned(again, CONFIGS.recipe("boosting"), seed=1)


def test_a_stored_model_is_gone_on_from_with_what_came_after_it(workspace, grown):
    second = grown[1]
    found = learned(second, CONFIGS.recipe("boosting"), seed=1)
    judged = np.flatnonzero(found.walk.tested)
    decided = second.subject.dataset.decision_ns
    assert decided[judged].min() > second.start.until_ns
    child = kept(workspace, second, found, name="m", seed=1, own=())
    assert child.model.version == "v1.0.1"
    assert child.model.stored.parent == "v1.0.0"
    sizes = [
        len(load_model(workspace, "m", version).members[0].native)
        for version in ("v1.0.0", "v1.0.1")
    ]
    assert sizes[1] > 1.3 * sizes[0]


def test_a_stored_model_is_evaluated_on_what_came_after_it(workspace, grown):
    second, model = grown[1], load_model(workspace, "m", "v1.0.0")
    seen = evaluated(workspace, model, second, seed=1)
    assert seen.until_ns == second.start.until_ns
    later = second.subject.dataset.decision_ns > seen.until_ns
    assert seen.evaluation.rows == int(later.sum())
    own = evaluated(workspace, model, grown[0], seed=1)
    last = grown[0].subject.dataset.fold == 1
    assert own.evaluation.rows <= last.sum()
    newest = load_model(workspace, "m", "v1.0.1")
    with pytest.raises(InputError, match="were decided after all that the model"):
        evaluated(workspace, newest, grown[0], seed=1)


def bars_behind(dataset):
    """A bar for each decision, known with it."""
    at = pl.Series(dataset.decision_ns)
    known = dataset.decision_context.select("instrument").with_columns(
        event_ns=at, received_ns=at
    )
    return known.hstack(dataset.feature_vectors.select(dataset.feature_names))


def test_a_model_that_looks_at_several_rows_asks_for_the_bars_before_them():
    lesson = lesson_of(subject_of(simulated(rows=slice(0, 600))))
    recipe = Recipe(model=Lstm(sequence=4, hidden=4, epochs=1))
    with pytest.raises(InputError, match="bars before the decisions are not at hand"):
        learned(lesson, recipe, seed=1)


def test_files_of_a_vote_say_what_the_models_say():
    subject = subject_of(simulated(rows=slice(0, 600)))
    lesson = lesson_of(subject, bars=bars_behind(subject.dataset))
    tiny = Lstm(sequence=4, hidden=4, epochs=2, epochs_without_held=1)
    members = ((Boosting(n_estimators=5), 0.6), (tiny, 0.4))
    recipe = Recipe(
        members=members,
        preparation=Preparation(most_columns=9),
        conformal_level=0.9,
        held_share=0.1,
        min_rows=10,
    )
    found = learned(lesson, recipe, seed=1)
    rows, about = np.flatnonzero(found.walk.fold == 1), About("m", 1, "d", 1)
    files = packed(found, found.walk.models[1], rows, about)("v1.0.0")
    stored = read_artefact(files)
    assert [(m.name, m.weight) for m in stored.members] == [
        ("boosting", 0.6),
        ("lstm", 0.4),
    ]
    assert len(stored.preparation.kept) == 9
    given = found.given(rows)
    told = np.stack([each.predict_proba(given) for each in stored.runtimes()])
    chances = stored.calibration.apply(
        blend(told, [member.weight for member in stored.members])
    )
    assert np.abs(chances - found.walk.probabilities[rows]).max() < 1e-6
    assert set(stored.meta.parameters) == {"boosting", "lstm"}

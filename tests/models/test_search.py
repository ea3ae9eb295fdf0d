"""Searches that count every trial and see the training rows alone."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tradeloop.datasets import CombinatorialPurged, PurgedWalkForward
from tradeloop.errors import InputError, NotFoundError
from tradeloop.models import Boosting, Recipe
from tradeloop.models.checks import training_rows
from tradeloop.models.labelled import labelled
from tradeloop.models.nested_search import Plan, nested_search, question_of
from tradeloop.models.search import Payoff, SearchRule, search
from tradeloop.models.spaces import Choice, Span
from tradeloop.models.trials import read_search

ROWS = 600
SPACE = {
    "n_estimators": Span(2, 12),
    "learning_rate": Span(0.05, 0.5, log=True),
    "max_depth": Choice((2, 3)),
}
DEFAULTS = {"n_estimators": 4, "learning_rate": 0.1, "max_depth": 2}


def made(values):
    return Recipe(Boosting(**values), min_rows=15)


def all_rows(seed=81):
    features, direction = training_rows(seed, n_rows=ROWS)
    decided = np.arange(ROWS, dtype=np.int64) * 10
    return labelled(features, direction, decided, decided + 25, None, None)


def plan(**more):
    given = {
        "space": SPACE,
        "defaults": DEFAULTS,
        "make": made,
        "inner": PurgedWalkForward(folds=2, min_train_share=0.5, min_rows=15),
        "rule": SearchRule(trials=6),
        **more,
    }
    return Plan(**given)


def question(rows=None, train=400, **more):
    return question_of(rows or all_rows(), np.arange(train), plan(**more))


def shown(found):
    return [trial.as_mapping() for trial in found.trials]


def test_the_first_trial_is_the_defaults_and_the_best_has_the_lowest_score(tmp_path):
    found = search(question(), tmp_path / "s" / "j.jsonl", "a", SearchRule(trials=8))
    assert len(found.trials) == 8 == sum(found.counts.values())
    assert found.trials[0].parameters == DEFAULTS
    complete = [t.score for t in found.trials if t.state == "complete"]
    assert found.best.score == min(complete) < found.trials[0].score
    for trial in found.trials:
        for name, part in SPACE.items():
            assert part.holds(trial.parameters[name])


def test_the_same_seed_tries_the_same_and_another_seed_does_not(tmp_path):
    rule = SearchRule(trials=7)
    one = search(question(), tmp_path / "1", "a", rule)
    two = search(question(), tmp_path / "2", "a", rule)
    other = search(question(), tmp_path / "3", "a", replace(rule, seed=1))
    assert shown(one) == shown(two)
    assert shown(one) != shown(other)


def test_a_search_that_broke_off_goes_on_as_if_it_had_not(tmp_path):
    whole = search(question(), tmp_path / "1", "a", SearchRule(trials=8))
    search(question(), tmp_path / "2", "a", SearchRule(trials=3))
    rest = search(question(), tmp_path / "2", "a", SearchRule(trials=8))
    assert shown(rest) == shown(whole)
    again = search(question(), tmp_path / "2", "a", SearchRule(trials=8))
    assert shown(again) == shown(whole)


def test_failed_pruned_and_abandoned_trials_are_counted(tmp_path):
    def odd(values):
        if values["max_depth"] == 3:
            raise InputError("Three is too deep.", way_out="Take two.")
        return made(values)

    journal = tmp_path / "j"
    found = search(question(make=odd), journal, "a", SearchRule(trials=10))
    assert found.counts["failed"] > 0
    assert {t.reason for t in found.trials if t.state == "failed"} == {
        "Three is too deep. Take two."
    }

    def dies(values):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(question(make=dies), journal, "a", SearchRule(trials=11))
    left = read_search(journal, "a")
    assert left.counts["abandoned"] == 1
    assert len(left.trials) == 11
    after = search(question(make=odd), journal, "a", SearchRule(trials=12))
    assert len(after.trials) == 12
    assert after.counts["abandoned"] == 1


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_trials_that_lag_behind_are_pruned(tmp_path, pruner):
    space = {"learning_rate": Span(0.0001, 0.6, log=True)}
    asked = question(
        space=space,
        defaults={"learning_rate": 0.3},
        make=lambda v: Recipe(Boosting(n_estimators=3, **v), min_rows=15),
        inner=PurgedWalkForward(folds=3, min_train_share=0.4, min_rows=15),
    )
    rule = SearchRule(trials=20, pruner=pruner)
    found = search(asked, tmp_path / "j", "a", rule)
    pruned = [t for t in found.trials if t.state == "pruned"]
    assert pruned
    assert all(0 < len(t.scores) < 3 and t.score is None for t in pruned)
    kept = search(asked, tmp_path / "k", "a", replace(rule, pruner="none"))
    assert kept.counts["pruned"] == 0


def test_the_search_sees_the_training_rows_of_the_outer_fold_only(tmp_path):
    rows = all_rows()
    plain = search(question(rows), tmp_path / "1", "a", SearchRule(trials=4))
    features, classes = rows.features.copy(), rows.classes.copy()
    features[400:], classes[400:] = 1e6, 2 - classes[400:]
    poisoned = replace(rows, features=features, classes=classes)
    again = search(question(poisoned), tmp_path / "2", "a", SearchRule(trials=4))
    assert shown(again) == shown(plain)


def test_combinatorial_folds_average_what_tests_a_row_several_times(tmp_path):
    rows = all_rows()
    payoff = Payoff(np.full(ROWS, 5.0), np.full(ROWS, 1.0), min_edge=0.0)
    asked = question(
        rows, inner=CombinatorialPurged(groups=4, test_groups=2), payoff=payoff
    )
    found = search(asked, tmp_path / "j", "a", SearchRule(trials=3, pruner="none"))
    returns = found.returns_bps()
    assert returns.shape == (400, 3)
    assert np.array_equal(asked.tested, np.arange(400))
    assert set(np.unique(returns)) <= {4.0, -6.0, 0.0}
    assert all(len(trial.scores) == 6 for trial in found.trials)


def test_returns_of_a_trial_are_those_of_following_its_forecasts():
    payoff = Payoff(np.array([10.0, -4.0, 7.0]), np.array([1.0, 2.0, 3.0]), 0.1)
    chances = np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1], [0.33, 0.34, 0.33]])
    assert payoff.of(chances, np.arange(3)).tolist() == [9.0, 2.0, 0.0]


def test_the_journal_is_lines_of_json_and_a_torn_line_is_cut_off(tmp_path):
    journal = tmp_path / "j"
    found = search(question(), journal, "a", SearchRule(trials=3))
    lines = journal.read_bytes().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    journal.write_bytes(journal.read_bytes() + b'{"op_code":5,"tri')
    assert shown(read_search(journal, "a")) == shown(found)
    assert len(search(question(), journal, "a", SearchRule(trials=4)).trials) == 4
    assert [p.name for p in tmp_path.iterdir()] == ["j"]


WORKER = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from models.test_search import question
from tradeloop.models.search import SearchRule, search
search(question(), Path(sys.argv[1]), "a", SearchRule(trials=8))
"""


def test_several_processes_search_in_one_journal(tmp_path, request):
    tests = str(request.config.rootpath / "tests")
    command = [sys.executable, "-c", WORKER, str(tmp_path / "j"), tests]
    running = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    found = read_search(tmp_path / "j", "a")
    assert 8 <= len(found.trials) <= 9
    assert found.counts["abandoned"] == 0
    assert [trial.number for trial in found.trials] == list(range(len(found.trials)))


def test_what_cannot_be_searched_is_refused(tmp_path):
    rule = SearchRule(trials=2)
    bad = question(defaults={**DEFAULTS, "n_estimators": 40})
    with pytest.raises(InputError, match=r"default of n_estimators .* was 40"):
        search(bad, tmp_path / "j", "a", rule)
    with pytest.raises(InputError, match="had 2 folds and 0 parameters"):
        search(question(space={}), tmp_path / "j", "a", rule)
    with pytest.raises(InputError, match="was 3 to 3"):
        Span(3, 3)
    with pytest.raises(InputError, match="two values or more"):
        Choice((1,))
    with pytest.raises(InputError, match="1 trial or more"):
        SearchRule(trials=0)
    with pytest.raises(NotFoundError, match="no journal"):
        read_search(tmp_path / "none", "a")
    search(question(), tmp_path / "j", "a", rule)
    with pytest.raises(NotFoundError, match="no search 'b'"):
        read_search(tmp_path / "j", "b")


def test_a_search_without_a_complete_trial_has_no_best(tmp_path):
    def never(values):
        raise InputError("No.", way_out="None.")

    found = search(question(make=never), tmp_path / "j", "a", SearchRule(trials=2))
    with pytest.raises(NotFoundError, match=r"is complete: No\. None\."):
        _ = found.best


def test_a_nested_search_is_judged_on_rows_that_it_never_saw(tmp_path):
    rows = all_rows()
    outer = PurgedWalkForward(folds=2, min_train_share=0.6)
    folds = list(enumerate(outer.split(rows.decision_ns, rows.end_ns)))
    found = nested_search(rows, folds, plan(), tmp_path / "j", "a")
    assert sum(found.counts.values()) == 12
    assert [each.study for each in found.searches] == ["a-fold-0", "a-fold-1"]
    tested = found.tuned.tested
    assert np.array_equal(tested, found.plain.tested)
    assert found.gain.rows == tested.sum() == 240
    classes = rows.classes[tested]

    def loss(walk):
        told = walk.probabilities[tested][np.arange(240), classes]
        return -np.log(told).mean()

    by_hand = loss(found.plain) - loss(found.tuned)
    assert found.gain.nats.value == pytest.approx(by_hand)
    assert found.gain.nats.low < by_hand < found.gain.nats.high
    assert found.gain.share.value == pytest.approx(by_hand / loss(found.plain))
    for part in found.tuned.fitted_rows:
        assert np.isin(part.rows, folds[part.fold][1][0]).all()
    assert json.dumps(found.gain.as_mapping())


def test_on_noise_the_search_finds_no_gain(tmp_path):
    draw = np.random.default_rng(3)
    decided = np.arange(ROWS, dtype=np.int64) * 10
    rows = labelled(
        draw.normal(size=(ROWS, 4)),
        draw.choice([-1, 0, 1], ROWS),
        decided,
        decided + 25,
        None,
        None,
    )
    outer = PurgedWalkForward(folds=2, min_train_share=0.6)
    folds = list(enumerate(outer.split(rows.decision_ns, rows.end_ns)))
    found = nested_search(rows, folds, plan(), tmp_path / "j", "a")
    assert not found.gain.found
    assert not found.gain.met

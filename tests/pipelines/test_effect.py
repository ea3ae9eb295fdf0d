"""What a dataset is good for, on simulated rows where the truth is known."""

import json
from dataclasses import astuple, replace

import numpy as np
import pytest

from pipelines.captured_years import capture
from pipelines.simulated_rows import FAMILIES, ROWS, simulated, subject_of
from pipelines.test_build import make
from tradeloop.clock import NS_PER_DAY
from tradeloop.datasets import Undivided
from tradeloop.errors import InputError
from tradeloop.features import Bank
from tradeloop.features.arithmetic.level import level
from tradeloop.pipelines.effect import effect
from tradeloop.pipelines.lift import TARGET, Lift, lifts, over_previous, suspicion
from tradeloop.pipelines.subject import (
    previous_of,
    read_subject,
    standard_rule,
    taught,
)
from tradeloop.pipelines.value import (
    DECISION_FIGURES,
    Group,
    Value,
    blockwise,
    families,
    recommend,
    source_of,
    sources,
    values,
    variance_within,
)
from tradeloop.pipelines.value_costs import Collected, collected, worth
from tradeloop.statistics import Interval


@pytest.fixture(scope="module")
def planted():
    subject = subject_of(simulated())
    said, trained = effect(subject, None)
    return subject, said, trained


@pytest.fixture(scope="module")
def shuffled():
    subject = subject_of(simulated(shuffled=True))
    said, trained = effect(subject, None)
    return subject, said, trained


def test_a_planted_family_gives_a_lift_above_the_target_with_its_interval(planted):
    _, said, _ = planted
    lift = said["lift"]["log_loss"]
    assert said["simulated"]
    assert 0 < lift["low"] < lift["value"] < lift["high"]
    assert lift["value"] > TARGET
    assert lift["met"]
    assert said["lift"]["accuracy"]["met"]
    assert said["verdict"] == "met"
    assert not said["leak"]["suspicious"]
    json.dumps(said, allow_nan=False)


def test_the_lift_is_the_share_of_the_no_skill_loss_that_is_saved(planted):
    subject, _, trained = planted
    loss, lossless = 0.0, 0.0
    right, came = 0, [0, 0, 0]
    tested = [k for k in range(ROWS) if trained.walk.fold[k] >= 0]
    for k in tested:
        what = int(trained.direction[k]) + 1
        loss -= np.log(trained.walk.probabilities[k, what])
        lossless -= np.log(trained.walk.no_skill[k, what])
        right += int(trained.walk.probabilities[k].argmax() == what)
        came[what] += 1
    found = lifts(subject, trained)
    assert found["log_loss"].interval.value == pytest.approx(1 - loss / lossless)
    assert found["accuracy"].interval.value == pytest.approx(right / max(came) - 1)


def test_no_skill_is_the_class_shares_of_the_training_rows(planted):
    subject, _, trained = planted
    made = subject.dataset
    folds = list(subject.splitter.split(made.decision_ns, made.end_ns))
    for (_, test), model in zip(folds, trained.walk.models, strict=True):
        rows = np.union1d(model.model_rows, model.calibration_rows)
        assert made.end_ns[rows].max() < made.decision_ns[test].min()
        counts = [np.sum(trained.direction[rows] == each) for each in (-1, 0, 1)]
        assert trained.walk.no_skill[test[0]] == pytest.approx(
            np.array(counts) / len(rows)
        )


def test_shuffled_labels_reach_no_lift(shuffled):
    _, said, _ = shuffled
    assert not said["lift"]["log_loss"]["met"]
    assert said["lift"]["log_loss"]["value"] < TARGET
    assert not said["lift"]["accuracy"]["met"]
    assert said["verdict"] == "not met"
    assert not said["leak"]["suspicious"]


def test_the_planted_family_is_worth_most_and_noise_is_not_kept(planted):
    subject, _, trained = planted
    found = worth(subject, trained, "no market")
    judged = {
        each["name"]: each for each in found["groups"] if each["kind"] == "family"
    }
    assert next(iter(judged)) == "planted"
    assert judged["planted"]["recommendation"] == "keep"
    assert judged["planted"]["bps"]["low"] > 0
    by_loss = max(judged, key=lambda name: judged[name]["log_loss"]["value"])
    assert by_loss == "planted"
    noise = [judged[name]["recommendation"] for name in FAMILIES[1:]]
    assert noise.count("keep") <= 1  # one of five by chance is no surprise
    trading = found["trading"]
    assert trading["following"]["low"] > trading["taking_all"]["value"]
    json.dumps(found, allow_nan=False)


def test_what_labels_do_not_follow_is_not_kept(shuffled):
    subject, _, trained = shuffled
    groups = families(
        trained.columns.names, subject.about["feature_schema"]["feature_definitions"]
    )
    found = values(subject, trained, groups)
    assert sum(each.recommendation == "keep" for each in found) <= 1


def test_a_column_that_no_tree_reads_is_worth_nothing_and_dropped(planted):
    subject, _, trained = planted
    unread = trained.columns.names.index("strategy_simulated")
    (found,) = values(subject, trained, [Group("family", "unread", (unread,))])
    assert (found.bps.low, found.bps.high, found.log_loss.value) == (0, 0, 0)
    assert (found.used, found.recommendation) == (False, "drop")


def test_the_same_columns_are_worth_the_same_whatever_is_judged_beside_them(planted):
    subject, _, trained = planted
    one, other = Group("family", "planted", (0, 1)), Group("source", "bars", (0, 1))
    (alone,) = values(subject, trained, [one])
    beside = values(subject, trained, [Group("family", "noise", (2, 3)), other])
    for mine, again in zip(
        (alone.bps, alone.log_loss), (beside[0].bps, beside[0].log_loss), strict=True
    ):
        assert astuple(mine) == pytest.approx(astuple(again))


def test_a_forecast_that_is_right_too_often_is_suspicious_and_no_success():
    subject = subject_of(simulated(strong=0.9))
    said, _ = effect(subject, None)
    assert said["lift"]["log_loss"]["met"]
    assert said["leak"]["direction_accuracy"]["value"] > 0.6
    assert said["verdict"] == "suspicious"


def test_an_earlier_version_is_compared_on_the_decisions_of_both(planted):
    subject, _, trained = planted
    earlier = subject_of(simulated(rows=slice(0, 1_700)), "earlier")
    said, _ = effect(subject, earlier)
    found, before = said["previous"], taught(earlier)
    both = [
        k
        for k in range(1_700)
        if trained.walk.fold[k] >= 0 and before.walk.fold[k] >= 0
    ]
    what = trained.direction[both] + 1
    ours = -np.log(trained.walk.probabilities[both, what])
    theirs = -np.log(before.walk.probabilities[both, what])
    assert (found["rows"], found["labels_changed"]) == (len(both), 0)
    assert found["log_loss_difference"]["value"] == pytest.approx(
        np.mean(theirs - ours)
    )
    assert found["lift"]["value"] == pytest.approx(1 - ours.sum() / theirs.sum())
    assert found["lift"]["low"] <= found["lift"]["high"]


def test_a_version_adds_nothing_over_itself(planted):
    subject, _, trained = planted
    lift = over_previous((subject, subject), (trained, trained))["lift"]
    assert (lift["value"], lift["low"], lift["high"]) == (0, 0, 0)
    assert not lift["met"]


def test_versions_without_a_common_decision_say_so(planted):
    subject, _, trained = planted
    earlier = subject_of(simulated(rows=slice(0, 900)), "earlier")
    said, _ = effect(subject, earlier)
    assert "test 0 decisions both" in said["previous"]["reason"]
    with pytest.raises(InputError, match="test 0 decisions both"):
        over_previous((subject, earlier), (trained, taught(earlier)))


def test_a_dataset_without_directions_is_refused(planted):
    subject, _, _ = planted
    labels = subject.dataset.outcome_labels.drop("direction_3h")
    without = replace(subject.dataset, outcome_labels=labels)
    with pytest.raises(InputError, match="direction"):
        taught(replace(subject, dataset=without))


def test_a_dataset_without_folds_is_refused(planted):
    subject, _, _ = planted
    with pytest.raises(InputError, match=f"{ROWS} rows without folds"):
        taught(replace(subject, splitter=Undivided()))


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.3, 0.1, 0.5), "keep"),
        ((-0.3, -0.5, 0.0), "drop"),
        ((0.01, -0.1, 0.1), "drop"),
        ((0.01, -0.11, 0.1), "not decided"),
        ((0.4, -0.1, 0.9), "not decided"),
    ],
)
def test_what_to_do_follows_the_interval(ends, said):
    assert recommend(Interval(*ends, 0.95)) == said


def test_what_cannot_show_its_value_is_not_dropped_for_it():
    nothing = Interval(0.0, -0.05, 0.05, 0.95)
    group = Group("source", "slow", (0,))
    slow = Value(group, nothing, nothing, within=0.1, known=1.0, used=True)
    assert slow.recommendation == "not decided"
    assert replace(slow, within=0.5).recommendation == "drop"
    unread = replace(slow, used=False)
    assert unread.recommendation == "drop"
    assert replace(unread, known=0.4).recommendation == "not decided"
    told = Interval(0.002, 0.001, 0.003, 0.95)
    assert replace(unread, log_loss=told).recommendation == "not decided"


@pytest.mark.parametrize(
    ("value", "low", "met"),
    [(0.06, 0.01, True), (0.06, -0.01, False), (0.05, 0.01, False)],
)
def test_a_lift_is_met_above_the_target_with_its_interval_above_0(value, low, met):
    assert Lift("no skill", Interval(value, low, 0.1, 0.95)).met is met


def test_rows_are_shuffled_within_blocks_of_time_only():
    order = blockwise(400, np.random.default_rng(3))
    assert sorted(order) == list(range(400))
    assert all(sorted(order[k : k + 100]) == list(range(k, k + 100)) for k in (0, 300))
    assert not np.array_equal(order, np.arange(400))


def test_variance_within_blocks_tells_the_slow_from_the_quick():
    quick = np.random.default_rng(1).normal(size=400)
    slow = np.repeat([0.0, 1.0, 2.0, 3.0], 100)
    assert variance_within(quick[:, None]) > 0.9
    assert variance_within(slow[:, None]) == 0
    assert variance_within(np.full((400, 1), np.nan)) == 1


def test_sources_are_what_columns_read_in_the_end():
    bank = Bank([level(name) for name in ("close", "bid", "vix_index")])
    names = (*bank.names, "decision_side", "strategy_breakout")
    found = {group.name: group.columns for group in sources(names, bank)}
    assert found == {
        "bars": (0,),
        "quotes": (1,),
        "series vix_index": (2,),
        DECISION_FIGURES: (3, 4),
    }
    assert [source_of(raw) for raw in ("day", "quote.bid", "trade.price")] == [
        "",
        "quote",
        "trade",
    ]


def test_a_dataset_of_a_workspace_tells_costs_and_its_earlier_version(workspace):
    capture(workspace, 1_500)
    first = make(workspace)
    workspace.clock.advance(workspace.clock.now_ns() + NS_PER_DAY)
    capture(workspace, 2_000)
    second = make(workspace)
    subject = read_subject(workspace, second.written.dataset_id)
    subject = replace(subject, rule=standard_rule(1, trees=10))
    previous = previous_of(workspace, subject)
    assert previous.dataset_id == first.written.dataset_id
    assert previous_of(workspace, previous) is None
    known = collected(workspace, subject, ())
    assert isinstance(known, Collected)
    said, trained = effect(subject, previous)
    assert said["previous"]["rows"] > 0
    assert not said["simulated"]
    found = worth(subject, trained, known)
    bars = next(
        e for e in found["groups"] if (e["kind"], e["name"]) == ("source", "bars")
    )
    assert bars["cost"]["rows"] == 2_000
    assert bars["cost"]["bytes"] > 0
    assert bars["cost"]["seconds_per_1000_bars"] > 0
    assert suspicion(trained)["suspicious"] == (said["verdict"] == "suspicious")

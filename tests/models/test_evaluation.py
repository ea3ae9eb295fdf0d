import json

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.metrics import log_loss as sklearn_log_loss

from tradeloop.errors import InputError
from tradeloop.models import evaluate, rows_per_block
from tradeloop.statistics import (
    accuracy,
    balanced_accuracy,
    brier_score,
    expected_calibration_error,
    log_loss,
)

RATES = np.array([0.4, 0.2, 0.4])


def sample(seed=0, n_rows=400, *, skill=0.5):
    draw = np.random.default_rng(seed)
    direction = draw.choice([-1, 0, 1], n_rows, p=[0.35, 0.2, 0.45])
    logits = skill * np.eye(3)[direction + 1] + draw.normal(size=(n_rows, 3))
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True), direction


def measured(chances, direction, **more):
    rates = np.tile(RATES, (len(chances), 1))
    defaults = {"block_rows": 10, "seed": 1, "repeats": 60}
    return evaluate(chances, rates, direction, **(defaults | more))


def test_figures_equal_the_definitions_of_the_statistics_floor_and_of_sklearn():
    chances, direction = sample()
    classes = direction + 1
    found = measured(chances, direction).model
    assert found.accuracy.value == pytest.approx(accuracy(chances, classes))
    expected = balanced_accuracy(chances, classes)
    assert found.balanced_accuracy.value == pytest.approx(expected)
    assert found.log_loss.value == pytest.approx(log_loss(chances, classes))
    assert found.brier.value == pytest.approx(brier_score(chances, classes))
    expected = expected_calibration_error(chances, classes)
    assert found.calibration_error.value == pytest.approx(expected)
    expected = balanced_accuracy_score(classes, chances.argmax(axis=1))
    assert found.balanced_accuracy.value == pytest.approx(expected)
    assert found.log_loss.value == pytest.approx(sklearn_log_loss(classes, chances))


def test_direction_accuracy_looks_only_at_rows_that_moved():
    chances = np.array(
        [[0.5, 0.1, 0.4], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4], [0.2, 0.7, 0.1]]
    )
    found = measured(chances, [-1, 1, 0, 1], block_rows=1)
    assert found.model.direction_accuracy.value == pytest.approx(2 / 3)


def test_without_moves_there_is_no_direction_accuracy_and_no_alarm():
    chances, _ = sample(n_rows=50)
    found = measured(chances, np.zeros(50, int))
    assert found.model.direction_accuracy is None
    assert not found.leak_alarm
    assert "direction_accuracy" not in found.as_mapping()["model"]


def test_baselines_stand_on_the_same_rows():
    chances, direction = sample()
    found = measured(chances, direction)
    rates = np.tile(RATES, (400, 1))
    assert found.no_skill.log_loss.value == pytest.approx(
        log_loss(rates, direction + 1)
    )
    assert found.no_skill.accuracy.value == pytest.approx(np.mean(direction == -1))
    assert found.majority.accuracy.value == pytest.approx(np.mean(direction == 1))
    assert found.majority.balanced_accuracy.value == pytest.approx(1 / 3)
    assert found.majority.log_loss is None
    moved = direction[direction != 0]
    expected = np.mean(moved == 1)
    assert found.majority.direction_accuracy.value == pytest.approx(expected)
    assert found.class_shares == pytest.approx(
        [np.mean(direction == k) for k in (-1, 0, 1)]
    )


def test_gain_is_the_difference_of_the_log_losses_and_signed_for_skill():
    good, bad = (measured(*sample(skill=skill)) for skill in (2.0, -2.0))
    for found in (good, bad):
        gain = found.no_skill.log_loss.value - found.model.log_loss.value
        assert found.log_loss_gain.value == pytest.approx(gain)
    assert good.log_loss_gain.low > 0 > bad.log_loss_gain.high


def test_the_base_rate_itself_gains_nothing():
    _, direction = sample()
    found = measured(np.tile(RATES, (400, 1)), direction)
    assert found.log_loss_gain.value == 0
    assert found.model == found.no_skill


def test_rows_that_were_not_tested_are_left_out():
    chances, direction = sample()
    expected = measured(chances[100:], direction[100:])
    chances[:100] = np.nan
    assert measured(chances, direction) == expected
    assert expected.rows == 300


def test_the_alarm_rings_above_sixty_percent_only():
    chances = np.tile([0.1, 0.1, 0.8], (100, 1))
    sides = np.tile([1, -1], 50)
    for right, rings in ((60, False), (62, True)):
        direction = np.where(np.arange(100) < right, sides, -sides)
        forecast = np.where(sides[:, None] > 0, chances, chances[:, ::-1])
        assert measured(forecast, direction).leak_alarm is rings


def test_naming_the_majority_of_a_market_that_rose_is_no_leak():
    chances = np.tile([0.2, 0.2, 0.6], (100, 1))
    direction = np.r_[np.ones(70, int), -np.ones(30, int)]
    found = measured(chances, direction)
    assert found.model.direction_accuracy.value == pytest.approx(0.7)
    assert not found.leak_alarm


def test_the_same_seed_gives_the_same_intervals_and_another_not():
    chances, direction = sample()
    first, second, other = (measured(chances, direction, seed=k) for k in (3, 3, 4))
    assert first == second
    assert first.model.accuracy != other.model.accuracy


def test_longer_blocks_widen_the_interval_of_rows_that_hang_together():
    chances, direction = sample(n_rows=60)
    chances, direction = np.repeat(chances, 20, axis=0), np.repeat(direction, 20)
    widths = [
        found.model.accuracy.high - found.model.accuracy.low
        for found in (measured(chances, direction, block_rows=b) for b in (1, 40))
    ]
    assert widths[1] > 2 * widths[0]


def test_the_mapping_is_json():
    found = measured(*sample(n_rows=50))
    body = json.loads(json.dumps(found.as_mapping(), allow_nan=False))
    assert body["model"]["accuracy"]["value"] == found.model.accuracy.value
    assert set(body["majority"]) == {
        "accuracy",
        "balanced_accuracy",
        "direction_accuracy",
    }


def test_block_is_twice_the_mean_number_of_rows_under_a_label():
    decided = np.arange(100) * 10
    assert rows_per_block(decided, decided + 5) == 2
    # Each label spans 5 rows but the last ones, which have fewer rows to span: 4.9.
    assert rows_per_block(decided, decided + 50) == 10
    assert rows_per_block(decided, decided + 10**6) == 100
    assert rows_per_block([], []) == 1


@pytest.mark.parametrize("bad", [np.ones((4, 2)), np.ones(4), np.full((4, 3), np.nan)])
def test_what_cannot_be_evaluated_is_refused(bad):
    with pytest.raises(InputError):
        evaluate(bad, np.full((4, 3), 1 / 3), [0, 1, 0, -1], block_rows=1, seed=0)

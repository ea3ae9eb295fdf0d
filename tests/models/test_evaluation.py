import json

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import (
    balanced_accuracy_score,
    matthews_corrcoef,
    roc_auc_score,
)
from sklearn.metrics import log_loss as sklearn_log_loss

from tradeloop.errors import InputError
from tradeloop.models.evaluation import (
    LEAK_ALARM,
    Realised,
    evaluate,
    evaluate_by,
    period_of,
    rows_per_block,
)
from tradeloop.statistics import (
    accuracy,
    balanced_accuracy,
    block_bootstrap,
    brier_score,
    expected_calibration_error,
    log_loss,
)
from tradeloop.statistics.reliability import classwise_calibration_error

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
        "mcc",
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


def slow(statistic, rows, block_rows=10, seed=1, repeats=60):
    return block_bootstrap(
        statistic, rows, block_rows=block_rows, seed=seed, repeats=repeats
    )


def returns(direction, seed=5):
    size = np.random.default_rng(seed).uniform(1, 30, len(direction))
    return direction * size


SLOW = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "log_loss": log_loss,
    "brier": brier_score,
    "calibration_error": expected_calibration_error,
    "classwise_calibration_error": classwise_calibration_error,
    "mcc": lambda p, y: matthews_corrcoef(y, p.argmax(axis=1)),
    "auc": lambda p, y: roc_auc_score(y, p, multi_class="ovr"),
    "auc_up_down": lambda p, y: roc_auc_score(
        y[y != 1] == 2, (p[:, 2] / (p[:, 0] + p[:, 2]))[y != 1]
    ),
    "direction_accuracy": lambda p, y: np.mean(
        (np.sign(p[:, 2] - p[:, 0]) == y - 1)[y != 1]
    ),
}


@pytest.mark.parametrize("name", sorted(SLOW))
def test_each_interval_is_that_of_the_slow_bootstrap_with_the_definition(name):
    chances, direction = sample(n_rows=150)
    found = getattr(measured(chances, direction).model, name)
    rows = np.column_stack([chances, direction + 1])
    expected = slow(lambda held: SLOW[name](held[:, :3], held[:, 3].astype(int)), rows)
    for end in ("value", "low", "high"):
        assert getattr(found, end) == pytest.approx(getattr(expected, end), abs=1e-9)


def test_figures_against_returns_are_those_of_the_slow_bootstrap():
    chances, direction = sample(n_rows=150)
    given, costs = returns(direction), np.linspace(0, 3, 150)
    realised = Realised(given, costs, min_edge=0.1)
    found = measured(chances, direction, realised=realised).model
    edge = chances[:, 2] - chances[:, 0]
    rows = np.column_stack([edge, given, costs])

    def net(held):
        traded = np.abs(held[:, 0]) >= 0.1
        return (np.sign(held[:, 0]) * held[:, 1] - held[:, 2])[traded].mean()

    for name, statistic in {
        "ic": lambda held: pearsonr(held[:, 0], held[:, 1]).statistic,
        "rank_ic": lambda held: spearmanr(held[:, 0], held[:, 1]).statistic,
        "net_bps": net,
        "traded_share": lambda held: (np.abs(held[:, 0]) >= 0.1).mean(),
    }.items():
        expected, shown = slow(statistic, rows), getattr(found, name)
        for end in ("value", "low", "high"):
            wanted = getattr(expected, end)
            assert getattr(shown, end) == pytest.approx(wanted, abs=1e-9)


def test_without_returns_there_are_no_figures_against_them():
    found = measured(*sample(n_rows=60))
    assert found.model.ic is found.model.net_bps is found.cross_section is None


def test_the_majority_trades_every_row_and_a_level_baseline_none():
    chances, direction = sample(n_rows=200)
    given = returns(direction)
    found = measured(chances, direction, realised=Realised(given, 2.0))
    assert found.majority.net_bps.value == pytest.approx(given.mean() - 2)
    assert found.majority.traded_share.value == 1
    assert found.no_skill.traded_share.value == 0
    assert found.no_skill.net_bps is None
    assert found.no_skill.ic is None


def test_the_cross_section_is_the_mean_of_the_correlations_of_the_dates():
    chances, direction = sample(n_rows=300)
    given, date = returns(direction), np.repeat(np.arange(50), 6)
    date[:3] = -1
    found = measured(chances, direction, realised=Realised(given, date=date))
    edge = chances[:, 2] - chances[:, 0]
    days = range(1, 50)
    pairs = [(edge[date == day], given[date == day]) for day in days]
    expected = np.array([pearsonr(*each).statistic for each in pairs])
    section = found.cross_section
    assert (section.dates, section.left_out, section.least_rows) == (49, 2, 5)
    assert section.ic.value == pytest.approx(expected.mean())
    ratio = expected.mean() / expected.std(ddof=1)
    assert section.ic_ir.value == pytest.approx(ratio)
    ranked = np.mean([spearmanr(*each).statistic for each in pairs])
    assert section.rank_ic.value == pytest.approx(ranked)
    assert section.ic.low < section.ic.value < section.ic.high


def test_the_skill_test_tells_skill_from_none():
    good = measured(*sample(skill=1.5), repeats=200).skill
    assert good.p_value == pytest.approx(1 / 201)
    assert good.diebold_mariano_p_value < 1e-3
    none = measured(*sample(skill=0.0), repeats=200).skill
    assert none.p_value > 0.5
    assert none.diebold_mariano < 0


def test_without_skill_the_skill_test_is_seldom_sure():
    sure = []
    for seed in range(150):
        draw = np.random.default_rng(seed)
        direction = draw.choice([-1, 0, 1], 120, p=RATES)
        tilt = RATES * np.exp(draw.normal(0, 0.1, (120, 3)))
        chances = tilt / tilt.sum(axis=1, keepdims=True)
        found = measured(chances, direction, block_rows=1, repeats=99, seed=seed)
        sure.append(found.skill.p_value <= 0.05)
    assert np.mean(sure) < 0.1


def test_the_alarm_says_what_to_do():
    chances = np.tile([0.1, 0.1, 0.8], (100, 1))
    direction = np.where(np.arange(100) < 70, 1, -1)
    flipped = np.where(np.arange(100)[:, None] % 2 > 0, chances, chances[:, ::-1])
    direction = np.where(np.arange(100) % 2 > 0, direction, -direction)
    found = measured(flipped, direction)
    assert found.leak_alarm
    assert found.leak.direction_accuracy == found.model.direction_accuracy
    assert found.leak.limit == LEAK_ALARM
    assert "leak checks" in found.leak.steps[0]
    assert json.loads(json.dumps(found.as_mapping()))["leak"]["limit"] == 0.6
    assert measured(*sample(skill=0.0)).leak is None


def test_the_whole_mapping_is_json():
    chances, direction = sample(n_rows=120, skill=0.0)
    date = np.repeat(np.arange(20), 6)
    realised = Realised(returns(direction), 1.0, date)
    found = measured(chances, direction, realised=realised)
    body = json.loads(json.dumps(found.as_mapping(), allow_nan=False))
    assert body["cross_section"]["dates"] == 20
    assert body["model"]["brier_parts"]["uncertainty"] > 0
    assert body["skill"]["lags"] == 10
    assert "leak" not in body


@pytest.mark.parametrize(
    "realised",
    [
        Realised(np.ones(59)),
        Realised(np.full(60, np.nan)),
        Realised(np.ones(60), -1.0),
        Realised(np.ones(60), np.ones(59)),
        Realised(np.ones(60), date=np.ones(59)),
        Realised(np.ones(60), min_edge=2.0),
    ],
    ids=["length", "nan", "negative cost", "costs", "dates", "edge"],
)
def test_returns_that_cannot_be_are_refused(realised):
    with pytest.raises(InputError):
        measured(*sample(n_rows=60), realised=realised)


def sliced(n_rows=400, groups=None, **more):
    chances, direction = sample(n_rows=n_rows)
    decided = np.arange(n_rows, dtype=np.int64) * 86_400 * 10**9
    groups = groups or {"regime": np.arange(n_rows) % 2, "month": period_of(decided)}
    times, rates = (decided, decided + 10), np.tile(RATES, (n_rows, 1))
    found = evaluate_by(
        chances, rates, direction, times, groups, seed=1, repeats=60, **more
    )
    return found, chances, direction


def test_a_slice_has_the_figures_of_its_rows_alone():
    found, chances, direction = sliced()
    odd = np.arange(400) % 2 == 1
    alone = measured(chances[odd], direction[odd], block_rows=2)
    shown = next(each for each in found.slices if each.value == "1")
    assert shown.rows == 200
    assert shown.blocks == 100
    for own, other in (
        (shown.log_loss, alone.model.log_loss),
        (shown.log_loss_gain, alone.log_loss_gain),
        (shown.direction_accuracy, alone.model.direction_accuracy),
    ):
        ends = (other.value, other.low, other.high)
        assert (own.value, own.low, own.high) == pytest.approx(ends)
    assert shown.p_value == alone.skill.p_value


def test_every_slice_is_told_and_every_row_is_in_one_per_group():
    found, *_ = sliced()
    for group in ("regime", "month"):
        held = [each for each in found.slices if each.group == group]
        assert sum(each.rows for each in held) == 400
    first = next(each for each in found.slices if each.group == "month")
    assert first.value == "1970-01"
    assert json.loads(json.dumps(found.as_mapping()))["looks"] == found.looks


def test_slices_of_few_rows_have_no_figures_and_are_no_looks():
    groups = {"symbol": np.where(np.arange(400) < 20, "A", "B")}
    found, *_ = sliced(groups=groups)
    few, many = found.slices
    assert (few.value, few.few, few.log_loss, few.p_value) == ("A", True, None, None)
    assert many.log_loss is not None
    assert found.looks == 1


def test_many_looks_are_adjusted_for_by_holm():
    found, *_ = sliced()
    tested = sorted(
        (each.p_value, each.adjusted_p_value)
        for each in found.slices
        if each.p_value is not None
    )
    count, highest = len(tested), 0.0
    assert count == found.looks > 10
    for place, (own, adjusted) in enumerate(tested):
        highest = max(highest, min(own * (count - place), 1.0))
        assert adjusted == pytest.approx(highest)


def test_long_labels_leave_few_blocks_and_the_slice_says_so():
    chances, direction = sample(n_rows=60)
    decided = np.arange(60, dtype=np.int64)
    found = evaluate_by(
        chances,
        np.tile(RATES, (60, 1)),
        direction,
        (decided, decided + 10),
        {"all": np.zeros(60)},
        seed=1,
        repeats=20,
    ).slices[0]
    assert found.rows == 60
    assert found.few


def test_groups_and_periods_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="one value for each"):
        sliced(groups={"symbol": ["A"]})
    with pytest.raises(InputError, match="Y, M or D"):
        period_of([0], "week")


def test_periods_are_calendar_ones_in_utc():
    moments = np.array(["2024-02-29T23:59", "2024-03-01T00:00"], "datetime64[ns]")
    stamps = moments.astype(np.int64)
    assert period_of(stamps).tolist() == ["2024-02", "2024-03"]
    assert period_of(stamps, "Y").tolist() == ["2024", "2024"]
    assert period_of(stamps, "D").tolist() == ["2024-02-29", "2024-03-01"]

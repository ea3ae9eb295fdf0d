import re
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets import PurgedWalkForward
from tradeloop.errors import InputError
from tradeloop.models import (
    Boosting,
    Columns,
    Recipe,
    evaluate,
    rows_per_block,
    walk_forward,
)
from tradeloop.models.checks import training_rows

TINY = Recipe(Boosting(n_estimators=3, max_depth=2))
SPAN = 25


class Expanding:
    """Equal test blocks after a first one; training ends before the block."""

    def __init__(self, blocks=4):
        self.blocks = blocks

    def split(self, decision_ns, end_ns):
        edges = np.linspace(0, len(decision_ns), self.blocks + 1).astype(int)
        for start, stop in pairwise(edges[1:]):
            test = np.arange(start, stop)
            yield np.flatnonzero(end_ns < decision_ns[start]), test


class Fixed:
    def __init__(self, *folds):
        self.folds = folds

    def split(self, *_):
        for train, test in self.folds:
            yield np.array(train), np.array(test)


def times(n_rows):
    decided = np.arange(n_rows, dtype=np.int64) * 10
    return decided, decided + SPAN


@pytest.fixture(scope="module")
def data():
    return training_rows(51, n_rows=600)


@pytest.fixture(scope="module")
def walk(data):
    return walk_forward(*data, *times(600), Expanding(), recipe=TINY)


def test_each_row_is_forecast_by_the_fold_that_tests_it(walk, data):
    assert walk.fold.tolist() == [-1] * 150 + [0] * 150 + [1] * 150 + [2] * 150
    assert np.array_equal(walk.tested, np.isfinite(walk.probabilities).all(axis=1))
    for fold, model in enumerate(walk.models):
        rows = walk.fold == fold
        expected = model.predict_proba(data[0][rows])
        assert np.array_equal(walk.probabilities[rows], expected)
        assert (walk.no_skill[rows] == model.base_rates).all()
    assert np.isnan(walk.no_skill[~walk.tested]).all()
    assert np.abs(walk.probabilities[walk.tested].sum(axis=1) - 1).max() < 1e-9


def test_the_record_names_rows_that_ended_before_every_test(walk):
    decided, ended = times(600)
    record = walk.fitted_rows
    assert [(part.fold, part.part) for part in record[:3]] == [
        (0, "model"),
        (0, "calibration"),
        (0, "base_rates"),
    ]
    assert len(record) == 9
    for part in record:
        tests = decided[walk.fold == part.fold]
        assert ended[part.rows].max() < tests.min()
    for fold in range(3):
        trees, calibration, base = (p.rows for p in record if p.fold == fold)
        assert ended[trees].max() < decided[calibration].min()
        assert np.array_equal(base, np.union1d(trees, calibration))


def test_rows_outside_the_record_change_nothing_in_a_fold(walk, data):
    features, direction = data[0].copy(), data[1].copy()
    used = walk.fitted_rows[2].rows
    others = np.setdiff1d(np.arange(600), used)
    direction[others] *= -1
    untested = np.setdiff1d(others, np.flatnonzero(walk.fold == 0))
    features[untested] += 7
    again = walk_forward(features, direction, *times(600), Expanding(), recipe=TINY)
    rows = walk.fold == 0
    assert np.array_equal(again.probabilities[rows], walk.probabilities[rows])
    assert again.models[0].fitted == walk.models[0].fitted


def test_the_same_call_gives_the_same_bits(walk, data):
    again = walk_forward(*data, *times(600), Expanding(), recipe=TINY)
    assert np.array_equal(again.probabilities, walk.probabilities, equal_nan=True)
    bytes_of = [[m.fitted.to_bytes() for m in w.models] for w in (again, walk)]
    assert bytes_of[0] == bytes_of[1]


def test_names_travel_into_every_model_and_inputs_stay_as_they_are(data):
    columns = Columns(tuple("abcdef"), "bank")
    features, direction = data
    before = features.copy(), direction.copy()
    weight = np.linspace(1, 2, 600)
    walk = walk_forward(
        *data, *times(600), Expanding(), recipe=TINY, columns=columns, weight=weight
    )
    assert all(model.fitted.columns == columns for model in walk.models)
    assert np.array_equal(features, before[0], equal_nan=True)
    assert np.array_equal(direction, before[1])


def test_a_fold_without_a_class_is_left_out_and_named(data):
    features, direction = data[0], data[1].copy()
    direction[:150] = np.where(direction[:150] == 0, 1, direction[:150])
    walk = walk_forward(features, direction, *times(600), Expanding(), recipe=TINY)
    (left,) = walk.skipped
    assert left.fold == 0
    assert re.match(r"fold 0, .* missing: \[0\]", left.reason)
    assert walk.numbers == (1, 2)
    assert walk.fold.tolist() == [-1] * 300 + [0] * 150 + [1] * 150
    assert {part.fold for part in walk.fitted_rows} == {1, 2}
    whole = walk_forward(*data, *times(600), Expanding(), recipe=TINY)
    assert not whole.skipped


def test_where_every_fold_lacks_a_class_the_first_one_is_named(data):
    direction = np.where(data[1] == 0, 1, data[1])
    with pytest.raises(InputError, match=r"^fold 0, .* missing: \[0\]"):
        walk_forward(data[0], direction, *times(600), Expanding(), recipe=TINY)


def test_a_fold_with_constant_features_is_named(data):
    features = data[0].copy()
    features[:120] = 1.0
    with pytest.raises(InputError, match=r"^fold 0.*constant over the 1\d\d training"):
        walk_forward(features, data[1], *times(600), Expanding(), recipe=TINY)


def test_too_few_rows_are_counted(data):
    few = data[0][:120], data[1][:120]
    with pytest.raises(InputError, match=r"^fold 0: Of 28 training rows 20 are left"):
        walk_forward(*few, *times(120), Expanding(), recipe=TINY)


@pytest.mark.parametrize(
    ("splitter", "said"),
    [
        (Fixed(), "gave no fold for 600 rows"),
        (Fixed((range(200), range(199, 300))), "trains on and tests row 199"),
        (
            Fixed((range(200), range(300, 400)), (range(200), range(399, 500))),
            "fold 1 tests row 399, which an earlier fold tests",
        ),
    ],
)
def test_a_splitter_that_breaks_the_rules_is_refused(data, splitter, said):
    with pytest.raises(InputError, match=said):
        walk_forward(*data, *times(600), splitter, recipe=TINY)


def test_a_future_that_is_told_to_the_model_raises_accuracy_and_noise_does_not():
    draw = np.random.default_rng(52)
    direction = draw.choice([-1, 0, 1], 900)
    noise = draw.normal(size=(900, 5))
    told = noise.copy()
    told[:, 2] += 10 * direction
    hits = []
    for features in (noise, told):
        walk = walk_forward(features, direction, *times(900), Expanding(), recipe=TINY)
        picked = walk.probabilities[walk.tested].argmax(axis=1) - 1
        hits.append(np.mean(picked == direction[walk.tested]))
    assert hits[0] < 0.42
    assert hits[1] > 0.85


def test_overlapping_labels_of_unequal_length_never_reach_a_test():
    draw = np.random.default_rng(53)
    features, direction = training_rows(54, n_rows=1500)
    decided = np.sort(draw.integers(0, 100_000, 1500))
    ended = decided + draw.integers(0, 4000, 1500)
    splitter = PurgedWalkForward(folds=5)
    walk = walk_forward(features, direction, decided, ended, splitter, recipe=TINY)
    assert len(walk.models) == 5
    for part in walk.fitted_rows:
        assert ended[part.rows].max() < decided[walk.fold == part.fold].min()


@pytest.fixture(scope="module")
def hours(market_data):
    """Returns before and after 2,500 real hours of AUDUSD, in bps."""
    bars = pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
    bars = bars.filter(pl.col("symbol") == "AUDUSD").sort("ts").tail(2525)
    close = np.log(bars["close"].to_numpy())
    ahead = 1e4 * (close[24:] - close[:-24])
    before = 1e4 * np.diff(close, prepend=close[0])
    features = np.column_stack([np.roll(before, lag) for lag in range(5)])
    return features[5:2500], ahead[5:2500]


@pytest.mark.realdata
@pytest.mark.parametrize("leak", [False, True], ids=["honest", "planted leak"])
def test_real_hours_show_no_leak_unless_one_is_planted(hours, leak):
    features, ahead = hours
    direction = np.where(np.abs(ahead) < 10, 0, np.sign(ahead)).astype(int)
    if leak:
        features = np.column_stack([features, np.round(ahead, -1)])
    decided = np.arange(len(ahead), dtype=np.int64) * NS_PER_HOUR
    ended = decided + 24 * NS_PER_HOUR
    walk = walk_forward(
        features, direction, decided, ended, PurgedWalkForward(folds=3), recipe=TINY
    )
    found = evaluate(
        walk.probabilities,
        walk.no_skill,
        direction,
        block_rows=rows_per_block(decided, ended),
        seed=1,
        repeats=200,
    )
    assert found.leak_alarm is leak
    assert (found.log_loss_gain.low > 0) is leak

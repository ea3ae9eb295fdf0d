"""Selection: on training rows only, without holes, without two that say the same."""

import json
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score
from sklearn.tree import DecisionTreeClassifier

from tradeloop.datasets.selection import (
    SelectionRule,
    clusters,
    correlations,
    information_gain,
    mutual_information,
    representatives,
    select,
    stability,
)
from tradeloop.errors import InputError

ROWS = 600
NAN = np.nan


# Mutual information and information gain


@pytest.mark.parametrize("rows", [40, 300, 3_000])
@pytest.mark.parametrize("shift", [0.0, 0.5, 3.0])
def test_mutual_information_is_that_of_scikit_learn(rows, shift):
    draw = np.random.default_rng(rows)
    classes = draw.integers(-1, 2, rows)
    x = draw.normal(0, 1, rows) + shift * classes
    right = mutual_info_classif(
        x[:, None], classes, discrete_features=False, random_state=0
    )[0]
    assert mutual_information(x, classes) == pytest.approx(right, abs=2e-3)


@pytest.mark.parametrize("values", [2, 5])
def test_a_column_of_few_values_comes_close_to_the_sum_over_its_table(values):
    draw = np.random.default_rng(values)
    classes = draw.integers(-1, 2, 5_000)
    x = np.clip(classes + draw.integers(0, values, 5_000), -1, values - 2).astype(float)
    right = mutual_info_score(x, classes)
    assert right > 0.05
    assert mutual_information(x, classes) == pytest.approx(right, rel=0.02)


def test_mutual_information_of_two_normals_is_the_known_one():
    """Two equally likely normals, one deviation of 1 each, means -m and m."""
    m, rows = 1.5, 40_000
    draw = np.random.default_rng(4)
    classes = draw.integers(0, 2, rows)
    x = draw.normal(0, 1, rows) + m * (2 * classes - 1)
    grid = np.linspace(-12, 12, 200_001)
    one, two = (np.exp(-((grid - c) ** 2) / 2) / np.sqrt(2 * np.pi) for c in (-m, m))
    mix = (one + two) / 2
    terms = [np.where(p > 0, p * np.log(p / mix), 0.0) for p in (one, two)]
    right = sum(term.sum() for term in terms) / 2 * (grid[1] - grid[0])
    assert mutual_information(x, classes) == pytest.approx(right, abs=0.01)


@pytest.mark.parametrize("rows", [10, 500])
def test_information_gain_is_that_of_the_first_split_of_a_tree(rows):
    for seed in range(10):
        draw = np.random.default_rng(seed)
        classes = draw.integers(-1, 2, rows)
        x = np.round(draw.normal(0, 1, rows) + 0.3 * classes, seed % 3)
        tree = DecisionTreeClassifier(max_depth=1, criterion="entropy")
        grown = tree.fit(x[:, None], classes).tree_
        weights = grown.n_node_samples[1:] / rows
        right = (grown.impurity[0] - weights @ grown.impurity[1:]) * log(2)
        assert information_gain(x, classes) == pytest.approx(right, abs=1e-9)


VALUES = arrays(np.float64, 30, elements=st.integers(-5, 5).map(float))
CLASSES = arrays(np.int64, 30, elements=st.integers(-1, 1))


@given(VALUES, CLASSES)
def test_information_is_bounded_and_blind_to_the_scale(x, classes):
    shares = np.unique(classes, return_counts=True)[1] / 30
    entropy = -(shares * np.log(shares)).sum()
    gain = information_gain(x, classes)
    assert -1e-12 <= gain <= entropy + 1e-12
    assert information_gain(8 * x + 16, classes) == pytest.approx(gain, abs=1e-12)
    told = mutual_information(x, classes)
    assert told >= 0
    assert mutual_information(8 * x + 16, classes) == pytest.approx(told, abs=1e-12)
    order = np.random.default_rng(0).permutation(30)
    assert mutual_information(x[order], classes[order]) == pytest.approx(told)


def test_what_does_not_vary_tells_nothing():
    classes = np.arange(60) % 3
    for found in (mutual_information, information_gain):
        assert found(np.full(60, 3.0), classes) == pytest.approx(0, abs=0.05)
        assert found(np.arange(60.0), np.zeros(60, np.int64)) == 0
        assert found(np.zeros(0), np.zeros(0, np.int64)) == 0


# Correlation clusters


def alike(seed, rows=400, columns=30):
    """Columns around a few common ones, with more or less noise."""
    draw = np.random.default_rng(seed)
    common = draw.normal(0, 1, (rows, 6))
    picked = common[:, draw.integers(0, 6, columns)]
    return picked + draw.normal(0, 1, (rows, columns)) * draw.choice(
        [0.05, 0.2, 0.5, 3.0], columns
    )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("limit", [0.05, 0.3])
def test_clusters_are_those_of_scipy(seed, limit):
    distance = 1.0 - correlations(alike(seed))
    joined = linkage(squareform(distance, checks=False), "complete")
    flat = fcluster(joined, limit, "distance")
    right = {tuple(np.flatnonzero(flat == k)) for k in set(flat)}
    assert {tuple(each) for each in clusters(distance, limit)} == right


@given(st.integers(0, 50), st.sampled_from([0.5, 0.9, 0.95]))
def test_of_what_is_chosen_no_pair_is_above_the_limit_and_nothing_is_left(seed, limit):
    found = correlations(alike(seed, rows=60))
    relevance = np.random.default_rng(seed).random(30)
    groups = clusters(1 - found, 1 - limit)
    assert sorted(at for group in groups for at in group) == list(range(30))
    for group in groups:
        inside = found[np.ix_(group, group)]
        assert len(group) == 1 or inside.min() > limit - 1e-9
    chosen = representatives(groups, found, relevance, limit)
    pairs = found[np.ix_(chosen, chosen)] - np.eye(len(chosen))
    assert pairs.max() <= limit
    for at in set(range(30)) - set(chosen):
        assert found[at, chosen].max() > limit - 1e-9


def test_correlation_counts_the_rows_that_know_both():
    values = alike(3)
    values[:50, 4], values[:120, 7], values[:120, 8] = NAN, NAN, NAN
    found = correlations(values)
    for one, two, rows in ((4, 7, 120), (0, 4, 50), (7, 8, 120), (0, 1, 0)):
        right = abs(np.corrcoef(values[rows:, one], values[rows:, two])[0, 1])
        assert found[one, two] == pytest.approx(right, abs=1e-9)
    assert (found == found.T).all()
    assert correlations(np.ones((5, 2))).tolist() == [[1, 0], [0, 1]]


# Stability over time


def test_order_stability_is_the_mean_rank_correlation():
    scores = np.random.default_rng(1).random((4, 9))
    pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    right = np.mean([spearmanr(scores[a], scores[b]).statistic for a, b in pairs])
    assert stability(scores).of_order == pytest.approx(right)


def test_a_rank_that_never_moves_is_stable_and_one_that_jumps_is_not():
    scores = np.array([[9.0, 5.0, 1.0, 4.0], [9.0, 1.0, 5.0, 4.0]] * 3)
    found = stability(scores).of_columns
    assert found[0] == 1
    assert found[1] == found[2] < found[3] == pytest.approx(1)
    jumping = stability(np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert jumping.of_columns.tolist() == [0, 0]
    assert jumping.of_order == pytest.approx(-1)
    assert stability(scores[:1]).of_order == 1


# Selection


def world(seed=0, rows=ROWS):
    """Features of every kind that a selection meets, by name, and the class."""
    draw = np.random.default_rng(seed)
    classes = draw.integers(-1, 2, rows)
    strong = classes + draw.normal(0, 1, rows)
    weak = 0.3 * classes + draw.normal(0, 1, rows)
    features = {
        "weak": weak,
        "weak_twin": -weak * 3 + draw.normal(0, 0.05, rows),
        "strong": strong,
        "strong_twin": strong + draw.normal(0, 0.05, rows),
        "noise": draw.normal(0, 1, rows),
        "late": np.where(np.arange(rows) < 60, NAN, draw.normal(0, 1, rows)),
        "constant": np.full(rows, 2.5),
        "nearly": np.where(np.arange(rows) % 200 == 0, 1.0, 0.0),
        "holed": np.where(np.arange(rows) == 70, NAN, draw.normal(0, 1, rows)),
        "too_late": np.where(np.arange(rows) < 400, NAN, draw.normal(0, 1, rows)),
        "empty": np.full(rows, NAN),
    }
    return features, classes


def selected(features, classes, rows=None, **given):
    values = np.column_stack(list(features.values()))
    return select(values, tuple(features), classes, rows, **given)


def test_each_feature_is_kept_or_dropped_for_its_reason():
    found = selected(*world())
    assert set(found.kept) <= {"weak", "weak_twin", "strong", "strong_twin"} | {
        "noise",
        "late",
    }
    assert {name: why.criterion for name, why in found.dropped.items()} == {
        **dict.fromkeys(["constant", "nearly"], "variance"),
        **dict.fromkeys(["holed", "too_late", "empty"], "known"),
        **dict.fromkeys(
            {"weak", "weak_twin", "strong", "strong_twin"} - set(found.kept),
            "correlation",
        ),
    }
    assert len(found.kept) == 4
    assert found.clusters == (("weak", "weak_twin"), ("strong", "strong_twin"))
    assert "1 rows after its warm-up" in found.dropped["holed"].detail
    told = found.scores
    for measure in ("mutual_information", "information_gain", "relevance"):
        strong = max(told["strong"][measure], told["strong_twin"][measure])
        assert strong > told["noise"][measure]


def test_rows_outside_training_change_nothing():
    features, classes = world()
    others, after = world(seed=9)
    training = np.arange(ROWS) < 420
    mixed = {
        name: np.where(training, x, others[name] * 50) for name, x in features.items()
    }
    one = selected(features, classes, training)
    two = selected(mixed, np.where(training, classes, after), training)
    assert one == two
    assert one.as_criteria() == two.as_criteria()
    assert one.rows == 420
    cut = {name: x[:420] for name, x in features.items()}
    assert selected(cut, classes[:420]) == one
    odd = np.where(training, features["noise"], np.inf)
    assert selected(features | {"noise": odd}, classes, training) == one


def test_criteria_are_json_and_say_everything():
    found = selected(*world(), importance={"shap": {"weak": 0.25}})
    told = json.loads(json.dumps(found.as_criteria(), allow_nan=False))
    assert told == found.as_criteria()
    assert told["selected"] == list(found.kept)
    assert set(told["dropped"]) | set(told["selected"]) == set(world()[0])
    assert told["limits"]["most_correlation"] == 0.95
    assert told["training_rows"] == ROWS
    assert told["scores"]["weak"]["shap"] == 0.25
    assert "shap" not in told["scores"]["noise"]


@given(st.integers(0, 10_000), st.sampled_from([0.6, 0.95]))
def test_what_is_selected_has_no_hole_and_no_pair_above_the_limit(seed, limit):
    draw = np.random.default_rng(seed)
    values = alike(seed, rows=120, columns=14)
    instruments = np.repeat([0, 1], 60)[draw.permutation(120)]
    for at in range(14):
        for who in (0, 1):
            rows = np.flatnonzero(instruments == who)
            values[rows[: draw.integers(0, 25)], at] = NAN
        if draw.random() < 0.2:
            values[draw.integers(0, 120), at] = NAN
    names = tuple(f"f{at}" for at in range(14))
    rule = SelectionRule(most_correlation=limit)
    classes = draw.integers(-1, 2, 120)
    found = select(values, names, classes, instruments=instruments, rule=rule)
    assert set(found.kept) | set(found.dropped) == set(names)
    assert not set(found.kept) & set(found.dropped)
    kept = values[:, [names.index(name) for name in found.kept]]
    for who in (0, 1):
        missing = np.isnan(kept[instruments == who]).any(axis=1)
        warm = int(np.argmin(missing))
        assert not missing[warm:].any()
    whole = kept[~np.isnan(kept).any(axis=1)]
    if len(found.kept) > 1:
        pairs = np.abs(np.corrcoef(whole, rowvar=False)) - np.eye(len(found.kept))
        assert pairs.max() <= limit + 1e-12


def test_the_more_relevant_of_two_that_say_the_same_is_kept():
    features, classes = world()
    for better, worse in (("weak", "weak_twin"), ("weak_twin", "weak")):
        measured = {"permutation": {better: 1.0, worse: 0.0, "noise": 0.5}}
        measured["shap"] = measured["permutation"]
        measured["more"] = measured["permutation"]
        found = selected(features, classes, importance=measured)
        assert better in found.kept
        assert found.dropped[worse].criterion == "correlation"
        assert better in found.dropped[worse].detail


def test_limits_on_information_stability_and_count_leave_out_the_rest():
    features, classes = world()
    some = selected(features, classes, rule=SelectionRule(most_features=1))
    assert some.kept in (("strong",), ("strong_twin",))
    assert some.dropped["noise"].criterion == "count"
    telling = SelectionRule(least_information_gain=0.1)
    found = selected(features, classes, rule=telling)
    assert found.dropped["noise"].criterion == "information"
    steady = SelectionRule(least_stability=0.9)
    found = selected(features, classes, rule=steady)
    assert "stability" in {why.criterion for why in found.dropped.values()}
    assert all(found.scores[name]["stability"] >= 0.9 for name in found.kept)


def test_each_instrument_warms_up_for_itself():
    features, classes = world()
    who = np.repeat(["A", "B"], ROWS // 2)
    late = features["noise"].copy()
    late[:20], late[300:320] = NAN, NAN
    assert "x" in selected({"x": late}, classes, instruments=who).kept
    assert "x" in selected({"x": late}, classes).dropped
    absent = features["noise"].copy()
    absent[300:] = NAN
    found = selected({"x": absent}, classes, instruments=who)
    assert found.dropped["x"].criterion == "known"


def test_nothing_may_be_left():
    found = selected({"constant": np.ones(ROWS)}, world()[1])
    assert found.kept == ()
    assert found.as_criteria()["selected"] == []


def test_what_cannot_be_selected_from_is_named():
    features, classes = world()
    values = np.column_stack(list(features.values()))
    with pytest.raises(InputError, match="all different"):
        select(values, ["a"] * len(features), classes)
    with pytest.raises(InputError, match="one class a row"):
        select(values, tuple(features), classes[:-1])
    with pytest.raises(InputError, match="mask"):
        select(values, tuple(features), classes, np.zeros(ROWS, bool))
    values[5, 4] = np.inf
    with pytest.raises(InputError, match="'noise', row 5"):
        select(values, tuple(features), classes)
    for odd in ({"most_correlation": 0}, {"periods": 0}, {"least_known_share": 2}):
        with pytest.raises(InputError, match="selection needs"):
            SelectionRule(**odd)

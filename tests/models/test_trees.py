"""Trees as arrays, against a walk of one row and one node at a time."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tradeloop.errors import ArtefactError
from tradeloop.models import Runtime
from tradeloop.models.base import Columns
from tradeloop.models.exact import FLOAT
from tradeloop.models.graph import INPUT_NAME, Graph
from tradeloop.models.trees import LEAF, Trees, round_down

WIDTH = 4
LARGEST = np.finfo(np.float32).max


def random_trees(seed, *, count=20, splits=30, size=1.0):
    """Trees of random splits, every third node sending missing values left."""
    draw = np.random.default_rng(seed)
    first, feature, threshold, left, right = [0], [], [], [], []
    for _ in range(count):
        begin, children, leaves = first[-1], {}, [0]
        for number in range(splits):
            node = leaves.pop(draw.integers(len(leaves)))
            children[node] = (2 * number + 1, 2 * number + 2)
            leaves += children[node]
        for node in range(2 * splits + 1):
            inner = node in children
            feature.append(int(draw.integers(WIDTH)) if inner else LEAF)
            threshold.append(draw.normal() if inner else 0.0)
            left.append(begin + children.get(node, (node, node))[0])
            right.append(begin + children.get(node, (node, node))[1])
        first.append(begin + 2 * splits + 1)
    leaf = np.array(feature) == LEAF
    return Trees(
        np.array(first, np.int32),
        np.array(feature, np.int32),
        np.array(threshold, np.float32),
        np.array(left, np.int32),
        np.array(right, np.int32),
        (np.arange(len(leaf)) % 3 == 0) & ~leaf,
        draw.normal(scale=size, size=(int(leaf.sum()), 3)),
    )


def rows_at_thresholds(trees, seed=5):
    """Rows with every threshold, and its neighbours, in the column that asks for it."""
    inner = np.flatnonzero(~trees.is_leaf)
    found = np.random.default_rng(seed).normal(size=(3 * len(inner), WIDTH))
    found = found.astype(np.float32)
    for at, node in enumerate(inner):
        value = trees.threshold[node]
        for to, near in enumerate((value, np.float32(np.inf), np.float32(-np.inf))):
            found[3 * at + to, trees.feature[node]] = np.nextafter(value, near)
    found[::11, 1] = np.nan
    return found


def walked(trees, row):
    """Sum of the leaves, one node at a time."""
    leaf_of = dict(zip(np.flatnonzero(trees.is_leaf), trees.leaves, strict=True))
    found = np.zeros(3)
    for root in trees.first[:-1]:
        node = root
        while not trees.is_leaf[node]:
            value = row[trees.feature[node]]
            if math.isnan(value):
                goes_left = trees.missing_left[node]
            else:
                goes_left = float(value) <= float(trees.threshold[node])
            node = (trees.left if goes_left else trees.right)[node]
        found += leaf_of[node]
    return found


def exported(trees):
    graph = Graph("trees")
    sums = graph.add("Cast", trees.write(graph, INPUT_NAME), to=FLOAT)
    return Runtime(graph.build(sums, columns=WIDTH), Columns.unnamed(WIDTH))


def test_sums_equal_a_walk_to_the_bit():
    trees = random_trees(1)
    rows = rows_at_thresholds(trees)[:300]
    expected = np.array([walked(trees, row) for row in rows])
    assert np.array_equal(trees.sums(rows), expected)


def test_depth_is_the_longest_way():
    trees = random_trees(2, count=3)

    def below(node):
        if trees.is_leaf[node]:
            return 0
        return 1 + max(below(trees.left[node]), below(trees.right[node]))

    assert trees.depth == max(below(root) for root in trees.first[:-1])


def test_many_rows_are_cut_without_a_seam():
    trees = random_trees(3, count=3)
    rows = np.random.default_rng(1).normal(size=(4_500, WIDTH)).astype(np.float32)
    found = trees.sums(rows)
    parts = [trees.sums(rows[at : at + 700]) for at in range(0, 4_500, 700)]
    assert np.array_equal(found, np.concatenate(parts))


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
def test_the_export_adds_exactly_whatever_the_size_of_the_leaves(size):
    trees = random_trees(4, count=300, splits=5, size=size)
    rows = rows_at_thresholds(trees)
    sums = trees.sums(rows)
    off = np.abs(exported(trees).predict_proba(rows) - sums).max()
    assert off <= np.abs(sums).max() * 2**-24


def test_the_export_takes_the_same_branch_at_every_threshold():
    trees = random_trees(5)
    rows = rows_at_thresholds(trees)
    found = exported(trees).predict_proba(rows)
    assert np.array_equal(found, trees.sums(rows).astype(np.float32))


def test_trees_of_one_leaf_are_summed_and_exported():
    stump = random_trees(6, count=3, splits=0)
    rows = np.zeros((2, WIDTH), np.float32)
    assert stump.depth == 0
    assert np.array_equal(stump.sums(rows)[0], stump.leaves.sum(axis=0))
    assert np.abs(exported(stump).predict_proba(rows) - stump.sums(rows)).max() < 1e-6


def test_trees_of_empty_leaves_add_nothing_in_the_export():
    trees = random_trees(7, count=3)
    silent = replace(trees, leaves=np.zeros_like(trees.leaves))
    rows = np.zeros((2, WIDTH), np.float32)
    assert np.array_equal(exported(silent).predict_proba(rows), np.zeros((2, 3)))


def test_joined_trees_sum_to_the_sum_of_both():
    one, two = random_trees(8), random_trees(9)
    rows = rows_at_thresholds(one)[:50]
    both = one + two
    both.refuse_broken(WIDTH)
    assert np.abs(both.sums(rows) - one.sums(rows) - two.sums(rows)).max() < 1e-12


@pytest.mark.parametrize(
    "threshold", [0.1, -0.1, 1 / 3, 1e-46, -1e-46, 1e300, 16777217.0, -16777217.0]
)
def test_round_down_parts_float32_values_as_the_threshold_does(threshold):
    found = round_down(threshold)
    steps = [found]
    for towards in (-LARGEST, LARGEST):
        steps += [np.nextafter(found, towards)]
    for value in steps:
        assert (value <= found) == (float(value) <= threshold)


def test_an_infinite_threshold_lies_above_every_value():
    assert round_down(np.inf) == LARGEST


@pytest.mark.parametrize(
    "change",
    [
        lambda t: {"feature": np.where(t.feature == 3, WIDTH, t.feature)},
        lambda t: {"feature": np.where(t.feature == 3, -2, t.feature)},
        lambda t: {"left": np.zeros_like(t.left)},
        lambda t: {"right": t.right + 1000},
        lambda t: {"threshold": t.threshold[1:]},
        lambda t: {"leaves": t.leaves[1:]},
        lambda t: {"leaves": t.leaves[:, :2]},
        lambda t: {"first": t.first[:-1]},
        lambda t: {"first": t.first[:1]},
        lambda t: {"first": t.first[[0, 2, 1, *range(3, len(t.first))]]},
    ],
    ids=[
        "a column too many",
        "a column below the first",
        "a child before its parent",
        "a child beyond the end",
        "a threshold too few",
        "a leaf too few",
        "a class too few",
        "a tree too few",
        "no tree",
        "roots out of order",
    ],
)
def test_trees_that_cannot_be_walked_are_refused(change):
    trees = random_trees(10)
    trees.refuse_broken(WIDTH)
    with pytest.raises(ArtefactError, match="are no trees over 4 columns"):
        replace(trees, **change(trees)).refuse_broken(WIDTH)

"""Means of groups of labels: luck is not taken for skill, skill is found."""

import numpy as np
import polars as pl
import pytest

from tradeloop.errors import InputError
from tradeloop.labels.significance import holm, significance

HOUR = 3_600 * 10**9


def labels(rng, *, groups=4, n=150, span=1, step=1, edge=(), common=0.0):
    """Labels of an hour each, one an hour, of several strategies; bps of sd 10."""
    frames, shared = [], rng.standard_normal(n)
    for k in range(groups):
        noise = common**0.5 * shared + (1 - common) ** 0.5 * rng.standard_normal(n)
        start = np.arange(n, dtype=np.int64) * step * HOUR
        gross = 10 * noise + (edge[k] if k < len(edge) else 0.0)
        frames.append(
            pl.DataFrame(
                {
                    "strategy": f"s{k}",
                    "instrument": "X",
                    "decision_ns": start,
                    "end_ns": start + span * HOUR,
                    "outperformance_bps": gross,
                    "net_bps": gross - 1.0,
                }
            )
        )
    return pl.concat(frames)


def overlapping(rng, *, n=1500, span=30):
    """Zero edge, but each label shares 29 of its 30 hours with the next."""
    hourly = rng.standard_normal(n + span)
    gross = np.convolve(hourly, np.ones(span), "valid")[:n]
    start = np.arange(n, dtype=np.int64) * HOUR
    return pl.DataFrame(
        {
            "strategy": "s0",
            "instrument": "X",
            "decision_ns": start,
            "end_ns": start + span * HOUR,
            "outperformance_bps": gross,
            "net_bps": gross,
        }
    )


def examine(rows, **given):
    usual = {"by": ["strategy"], "tested": "outperformance_bps", "repeats": 199}
    return significance(rows, **usual | {"seed": 1} | given)


def test_worlds_without_edge_are_rejected_about_one_time_in_twenty():
    worlds, stepwise, adjusted, family = 120, 0, 0, 0
    for world in range(worlds):
        rng = np.random.default_rng(world)
        found = examine(labels(rng, common=0.3), seed=world)
        groups = found.groups
        stepwise += groups["better"].any() or groups["worse"].any()
        adjusted += (groups["p_adjusted"] <= 0.05).any()
        family += found.family_p_value <= 0.05
    # 5 % of 120 is 6; more than 13 has a chance of about 0.2 % at 5 %.
    assert stepwise <= 13
    assert adjusted <= 13
    assert family <= 13
    assert stepwise + adjusted + family > 0  # a test that never rejects is no test


def test_a_planted_edge_is_found_and_the_others_are_left_alone():
    found = examine(labels(np.random.default_rng(5), edge=(0.0, 4.0, 0.0, -4.0)))
    assert found.groups["strategy"].to_list() == ["s0", "s1", "s2", "s3"]
    assert found.groups["better"].to_list() == [False, True, False, False]
    assert found.groups["worse"].to_list() == [False, False, False, True]
    assert found.family_p_value < 0.05
    row = found.groups.row(1, named=True)
    assert row["outperformance_low_bps"] < 4.0 < row["outperformance_high_bps"]
    assert row["p_adjusted"] < 0.05
    assert row["net_bps"] == pytest.approx(row["outperformance_bps"] - 1.0)


def test_labels_that_overlap_do_not_fake_significance():
    worlds, blocks, rows = 80, 0, 0
    for world in range(worlds):
        given = overlapping(np.random.default_rng(world))
        blocks += examine(given, seed=world).groups["outperformance_p_value"][0] <= 0.05
        x = given["outperformance_bps"].to_numpy()
        rows += abs(x.mean()) / (x.std() / len(x) ** 0.5) > 1.96
    assert rows > worlds / 2  # taken as independent, most worlds seem to have an edge
    assert blocks <= 12  # 5 % is 4; of 50 slices in blocks some too many are left


def test_overlapping_labels_count_for_as_many_as_do_not_overlap():
    found = examine(overlapping(np.random.default_rng(0))).groups
    assert found["labels"][0] == 1500
    assert found["effective"][0] == pytest.approx(1500 / 30, rel=0.05)
    width = found["wins_high"][0] - found["wins_low"][0]
    assert 0.2 < width < 0.3  # of 50 trials, not of 1500


def test_the_detectable_effect_is_found_about_as_often_as_it_says():
    one = examine(labels(np.random.default_rng(1), groups=1))
    effect = one.groups["detectable_bps"][0]
    assert effect == pytest.approx(2.8 * 10 / 150**0.5, rel=0.25)
    hits = sum(
        examine(
            labels(np.random.default_rng(100 + k), groups=1, edge=(effect,)), seed=k
        ).groups["outperformance_p_value"][0]
        <= 0.05
        for k in range(40)
    )
    assert 24 <= hits <= 39  # 80 % of 40 is 32


def test_the_same_seed_gives_the_same_figures_in_any_order_of_rows():
    rows = labels(np.random.default_rng(3))
    first = examine(rows)
    assert examine(rows).groups.equals(first.groups)
    assert not examine(rows, seed=2).groups.equals(first.groups)
    # Sums of another order may differ in their last bits, no more.
    turned = examine(rows.sample(fraction=1.0, shuffle=True, seed=1)).groups
    for name in ("outperformance_bps", "outperformance_p_value", "effective"):
        assert turned[name].to_list() == pytest.approx(first.groups[name].to_list())


def test_a_group_with_few_labels_is_told_but_not_tested():
    rng = np.random.default_rng(7)
    few = labels(rng, groups=1, n=3).with_columns(strategy=pl.lit("rare"))
    found = examine(pl.concat([labels(rng, groups=1), few])).groups
    rare = found.filter(pl.col("strategy") == "rare").row(0, named=True)
    assert rare["labels"] == 3
    assert rare["outperformance_bps"] is not None
    for name in ("outperformance_p_value", "p_adjusted", "better", "detectable_bps"):
        assert rare[name] is None
    usual = found.filter(pl.col("strategy") == "s0").row(0, named=True)
    assert usual["p_adjusted"] == usual["outperformance_p_value"]  # a family of one


def test_too_short_a_series_is_not_tested_at_all():
    found = examine(labels(np.random.default_rng(2), n=10))
    assert found.family_p_value is None
    assert found.groups["p_adjusted"].null_count() == 4


def test_labels_that_are_not_there_are_left_out():
    rows = labels(np.random.default_rng(4))
    hole = pl.when(pl.int_range(pl.len()) % 5 == 0).then(None)
    holed = rows.with_columns(outperformance_bps=hole.otherwise("outperformance_bps"))
    known = holed.drop_nulls()
    assert examine(holed).groups.equals(examine(known).groups)
    with pytest.raises(InputError, match="No row has a label"):
        examine(rows.clear())


def test_holm_gives_the_figures_of_the_worked_example():
    # Worked by hand: 4 tests, sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1.
    found = holm(np.array([0.01, 0.04, np.nan, 0.03, 0.005]))
    assert found == pytest.approx([0.03, 0.06, np.nan, 0.06, 0.02], nan_ok=True)


def test_an_absent_column_is_named():
    rows = labels(np.random.default_rng(0))
    with pytest.raises(InputError, match="net_bps"):
        examine(rows.drop("net_bps"))
    with pytest.raises(InputError, match="at least one column"):
        examine(rows, by=[])

"""Agreement between rules: tables, kappas and their intervals."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.agreement import kappa_oracle
from tradeloop.errors import InputError
from tradeloop.labels.audit import agreement, kappa, signs

WORDS = ("BAD", "POOR", "NEUTRAL", "GOOD", "EXCELLENT")


def test_the_table_counts_the_first_rule_down_and_the_second_across():
    found = agreement(
        pl.Series("gross", ["GOOD", "GOOD", "BAD", None, "BAD"]),
        pl.Series("net", ["GOOD", "BAD", "BAD", "BAD", None]),
        classes=("BAD", "GOOD"),
        repeats=0,
    )
    assert found.names == ("gross", "net")
    assert found.table == ((1, 0), (1, 1))
    assert (found.rows, found.left_out) == (3, 2)
    assert found.raw.value == pytest.approx(2 / 3)


def test_kappa_is_that_of_a_worked_example():
    # 35 of 50 agree where chance gives 25: (0.7 - 0.5) / (1 - 0.5).
    table = np.array([[20, 5], [10, 15]])
    assert kappa(table) == pytest.approx(0.4)
    assert kappa(table, weighted=True) == pytest.approx(
        0.4
    )  # two classes: one distance


def test_kappa_is_that_of_the_published_table_of_cohen():
    # Cohen (1968), table 1: shares .44 .07 .09 / .05 .20 .05 / .01 .03 .06 of 200 rows.
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    assert kappa(table) == pytest.approx(0.492, abs=5e-4)


@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS)), min_size=2),
    st.booleans(),
)
@settings(max_examples=100)
def test_kappa_is_the_disagreement_against_that_of_all_pairings(pairs, weighted):
    one, other = (pl.Series(values) for values in zip(*pairs, strict=True))
    found = agreement(one, other, classes=WORDS, repeats=0)
    value = found.weighted_kappa if weighted else found.kappa
    if len({a for a, _ in pairs} | {b for _, b in pairs}) == 1:
        assert value is None
    else:
        wanted = kappa_oracle(pairs, WORDS, weighted=weighted)
        assert value.value == pytest.approx(wanted, abs=1e-12)


def test_full_agreement_is_one_and_that_of_chance_about_nought():
    generator = np.random.default_rng(0)
    one = pl.Series(generator.choice(WORDS, 20_000))
    other = pl.Series(generator.choice(WORDS, 20_000))
    same = agreement(one, one, classes=WORDS, repeats=0)
    assert same.raw.value == same.kappa.value == same.weighted_kappa.value == 1
    chance = agreement(one, other, classes=WORDS, repeats=0)
    assert abs(chance.kappa.value) < 0.02
    assert chance.raw.value == pytest.approx(0.2, abs=0.02)


def test_a_near_miss_costs_less_than_a_far_one_under_weights_only():
    one = pl.Series(list(WORDS) * 20)
    near = pl.Series(["POOR", *WORDS[1:]] * 20)
    far = pl.Series(["EXCELLENT", *WORDS[1:]] * 20)
    close, distant = (
        agreement(one, other, classes=WORDS, repeats=0) for other in (near, far)
    )
    assert close.raw.value == distant.raw.value
    assert close.weighted_kappa.value > 0.9 > distant.weighted_kappa.value


def test_the_interval_holds_the_true_kappa_and_blocks_widen_it():
    generator = np.random.default_rng(1)
    # Classes stand for 20 rows each, as those of labels that overlap do.
    true = np.repeat(generator.integers(0, 2, 150), 20)
    flip = np.repeat(generator.random(150) < 0.2, 20)
    one, other = pl.Series(true), pl.Series(np.where(flip, 1 - true, true))
    terms = {"classes": (0, 1), "repeats": 300, "seed": 3}
    short = agreement(one, other, block_rows=1, **terms).kappa
    long = agreement(one, other, block_rows=20, **terms).kappa
    assert long.low < 0.6 < long.high  # 1 - 2 x 0.2
    assert long.high - long.low > 2.5 * (short.high - short.low)
    assert agreement(one, other, block_rows=20, **terms).kappa == long


def test_nothing_to_compare_is_none_and_never_nought():
    none = pl.Series([None, None], dtype=pl.String)
    found = agreement(none, pl.Series(["BAD", "GOOD"]), classes=WORDS)
    assert found.raw is found.kappa is found.weighted_kappa is None
    assert found.as_mapping()["kappa"] is None


def test_five_classes_are_reduced_to_their_signs():
    found = signs(pl.Series("x", [*WORDS, None]), WORDS)
    assert found.to_list() == [-1, -1, 0, 1, 1, None]
    with pytest.raises(InputError, match="need a middle class"):
        signs(pl.Series("x", ["a"]), ("a", "b"))


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(InputError, match="'GREAT' is no class"):
        agreement(pl.Series(["GREAT"]), pl.Series(["BAD"]), classes=WORDS)
    with pytest.raises(InputError, match="1 and 2 rows"):
        agreement(pl.Series(["BAD"]), pl.Series(["BAD", "BAD"]), classes=WORDS)

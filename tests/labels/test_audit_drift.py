"""Drift of the class balance: found with its beginning, and not seen in overlap."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, chi2_contingency

from tradeloop.errors import InputError
from tradeloop.labels.audit import Alarms, drift
from tradeloop.labels.audit.drift import chi_square, chi_square_tail, stability_index

CLASSES = (-1, 0, 1)


def apart(codes):
    """Labels that do not overlap."""
    start = np.arange(len(codes)) * 10
    return {
        "classes_given": pl.Series(codes),
        "decision_ns": start,
        "end_ns": start + 10,
        "classes": CLASSES,
    }


def overlapping(seed, rows=6000, span=60):
    """Signs of the moving sums of a walk: labels that say the same again and again."""
    steps = np.random.default_rng(seed).normal(size=rows + span)
    sums = np.convolve(steps, np.ones(span), "valid")[:rows]
    codes = np.where(np.abs(sums) < 2, 0, np.sign(sums)).astype(int)
    start = np.arange(rows) * 10
    return {
        "classes_given": pl.Series(codes),
        "decision_ns": start,
        "end_ns": start + span * 10,
        "classes": CLASSES,
    }


@given(st.floats(0, 80), st.integers(1, 8))
def test_the_tail_of_chi_square_is_that_of_scipy(value, degrees):
    assert chi_square_tail(value, degrees) == pytest.approx(
        chi2.sf(value, degrees), rel=1e-9, abs=1e-300
    )


@given(
    st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=2, max_size=5)
)
def test_chi_square_is_that_of_the_table(counts):
    one, other = np.array(counts, dtype=np.float64).T
    value, degrees, least = chi_square(one, other)
    wanted = chi2_contingency(np.stack([one, other]), correction=False)
    assert value == pytest.approx(wanted.statistic, abs=1e-9)
    assert degrees == wanted.dof
    assert least == pytest.approx(wanted.expected_freq.min())


def test_the_index_is_the_sum_of_its_definition_and_nought_for_equal_shares():
    old, new = np.array([50.0, 30.0, 20.0]), np.array([10.0, 30.0, 60.0])
    wanted = (0.1 - 0.5) * np.log(0.1 / 0.5) + (0.6 - 0.2) * np.log(0.6 / 0.2)
    assert stability_index(old, new) == pytest.approx(wanted)
    assert stability_index(old, 7 * old) == pytest.approx(0)
    assert stability_index(np.array([9.0, 0.0, 9.0]), np.array([1.0, 0.0, 1.0])) == 0


def test_a_planted_change_raises_an_alarm_from_where_it_began():
    generator = np.random.default_rng(0)
    before = generator.choice(CLASSES, 7000, p=[0.4, 0.2, 0.4])
    after = generator.choice(CLASSES, 3000, p=[0.1, 0.2, 0.7])
    found = drift(**apart(np.concatenate([before, after])), windows=20)
    assert found.alarm
    states = found.windows["state"].to_list()
    assert states[:9] == ["calm"] * 9
    assert states[-5:] == ["alarm"] * 5
    assert abs(found.began_ns - 70_000) < 1_500  # 150 of 10,000 rows
    assert found.reference == pytest.approx((0.4, 0.2, 0.4), abs=0.03)


def test_a_small_change_of_many_rows_is_watched_or_calm_but_no_alarm():
    generator = np.random.default_rng(1)
    before = generator.choice(CLASSES, 60_000, p=[0.4, 0.2, 0.4])
    after = generator.choice(CLASSES, 40_000, p=[0.3, 0.15, 0.55])
    found = drift(**apart(np.concatenate([before, after])))
    assert not found.alarm
    assert found.began_ns is None
    assert found.windows["p_value"].min() < 1e-9
    low = drift(
        **apart(np.concatenate([before, after])), alarms=Alarms(0.05, 0.05, 0.01)
    )
    assert low.alarm


def test_labels_that_overlap_raise_no_alarm_though_their_shares_swing():
    strict = Alarms(
        watch_psi=1e-9, alarm_psi=1e-9, level=0.05
    )  # the test decides alone
    found = [drift(**overlapping(seed), alarms=strict) for seed in range(60)]
    assert sum(each.alarm for each in found) <= 6  # 5 % of 60 is 3
    # Counted row by row, nearly all of them would be in alarm.
    blind = []
    for seed in range(10):
        terms = overlapping(seed)
        terms["end_ns"] = terms["decision_ns"]
        blind.append(drift(**terms, alarms=strict).alarm)
    assert sum(blind) >= 9
    assert found[0].effective_rows < 0.03 * found[0].reference_rows


def test_rows_may_come_in_any_order():
    terms = overlapping(3, rows=600)
    order = np.random.default_rng(0).permutation(600)
    mixed = {
        "classes_given": terms["classes_given"][order],
        "decision_ns": terms["decision_ns"][order],
        "end_ns": terms["end_ns"][order],
        "classes": CLASSES,
    }
    assert drift(**terms).as_mapping() == drift(**mixed).as_mapping()


def test_too_few_rows_for_a_test_have_no_p_value():
    found = drift(**apart([-1, 0, 1] * 8))
    assert found.windows["p_value"].null_count() == found.windows.height
    assert not found.alarm


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(InputError, match="reference_windows < windows"):
        drift(**apart([0, 1]))
    with pytest.raises(InputError, match="7 is no class"):
        drift(**apart([0, 1, 7] * 10))
    with pytest.raises(InputError, match="watch_psi <= alarm_psi"):
        Alarms(watch_psi=0.3)
    backwards = apart([0, 1] * 20)
    backwards["end_ns"] = backwards["decision_ns"] - 1
    with pytest.raises(InputError, match="must end after its decision"):
        drift(**backwards)

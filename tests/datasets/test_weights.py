"""Weights of overlapping labels, and the bootstrap that avoids repeating them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.sample_weights import (
    continuous_times,
    probabilities_oracle,
    return_attribution_oracle,
    sequential_oracle,
    uniqueness_oracle,
)
from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE
from tradeloop.datasets import (
    exponential_decay,
    linear_decay,
    return_attribution,
    sequential_bootstrap,
    uniqueness,
    uniqueness_weights,
)
from tradeloop.datasets.concurrency import pieces
from tradeloop.datasets.sequential_bootstrap import _run
from tradeloop.errors import InputError

spans = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 15)), min_size=1, max_size=9
)


def columns(pairs):
    start = np.array([a for a, _ in pairs])
    return start, start + np.array([b for _, b in pairs])


def overlapping(n_rows, seed, longest=40):
    """Labels of random length, of which many overlap."""
    draw = np.random.default_rng(seed)
    start = np.sort(draw.integers(0, 3 * n_rows, n_rows))
    return start, start + draw.integers(1, longest, n_rows)


@given(pairs=spans)
def test_uniqueness_in_continuous_time_is_the_mean_over_every_ns(pairs):
    start, end = columns(pairs)
    exact = uniqueness_oracle(start, end, continuous_times(start, end))
    assert uniqueness(start, end) == pytest.approx([float(u) for u in exact], abs=1e-14)


@given(pairs=spans, data=st.data())
def test_uniqueness_by_ticks_is_the_mean_over_the_ticks_inside(pairs, data):
    start, end = columns(pairs)
    extra = data.draw(st.sets(st.integers(-5, 60)))
    times = sorted(extra | set(start.tolist()))
    exact = uniqueness_oracle(start, end, times)
    found = uniqueness(start, end, times_ns=times)
    assert found == pytest.approx([float(u) for u in exact], abs=1e-14)


def test_labels_that_stand_alone_count_whole_and_twins_half():
    assert uniqueness([0, 10, 20], [5, 15, 25]).tolist() == [1.0, 1.0, 1.0]
    assert uniqueness([0, 0], [9, 9]).tolist() == [0.5, 0.5]


def test_labels_of_other_groups_share_nothing():
    start, end = overlapping(300, 0)
    group = np.where(np.arange(300) % 3, "A", "B")
    found = uniqueness(start, end, group=group)
    for name in "AB":
        rows = group == name
        assert found[rows].tolist() == uniqueness(start[rows], end[rows]).tolist()


@given(pairs=spans, seed=st.integers(0, 99))
def test_weights_sum_to_the_number_of_rows_whatever_their_order(pairs, seed):
    start, end = columns(pairs)
    weights = uniqueness_weights(start, end)
    order = np.random.default_rng(seed).permutation(start.size)
    assert weights.sum() == pytest.approx(start.size, rel=1e-14)
    mixed = uniqueness_weights(start[order], end[order])
    assert weights[order] == pytest.approx(mixed, rel=1e-14)


def test_a_short_label_at_the_end_of_a_long_history_keeps_its_digits():
    """Ten years of labels of a day, then three of a minute: no rounding gathers."""
    days = np.arange(3_650) * NS_PER_DAY
    last = days[-1] + 10 * NS_PER_DAY
    start = np.concatenate([days, last + np.array([0, 0, 30]) * NS_PER_MINUTE])
    end = np.concatenate([days + NS_PER_DAY * 3 // 2, start[-3:] + 9 * NS_PER_MINUTE])
    assert uniqueness(start, end)[-3:] == pytest.approx([0.5, 0.5, 1.0], abs=1e-14)


def test_a_hundred_thousand_labels_are_weighed_as_a_thousand_are():
    """The formula does not depend on the size: far rows change nothing."""
    start, end = overlapping(100_000, 1)
    whole = uniqueness(start, end)
    assert ((whole > 0) & (whole <= 1)).all()
    cut = np.searchsorted(start, 3_000)
    assert whole[: cut - 100] == pytest.approx(
        uniqueness(start[:cut], end[:cut])[: cut - 100], abs=1e-14
    )


def test_the_worked_example_of_the_sequential_bootstrap():
    """Lopez de Prado (2018), section 4.5.3: second draw after row 2 was drawn."""
    start, end = [0, 2, 4], [2, 3, 5]
    wanted = [Fraction(5, 14), Fraction(3, 14), Fraction(6, 14)]
    assert probabilities_oracle(start, end, range(6), [1]) == wanted
    cut = pieces(start, end, np.arange(6))
    drawn, share = _run(cut, np.array([0.5]))
    assert drawn.tolist() == [1]
    assert share / share.sum() == pytest.approx([5 / 14, 3 / 14, 6 / 14], abs=1e-15)


@given(pairs=spans, seed=st.integers(0, 99))
def test_the_sequential_bootstrap_draws_what_the_definition_draws(pairs, seed):
    start, end = columns(pairs)
    uniform = np.random.default_rng(seed).random(start.size)
    wanted = sequential_oracle(start, end, continuous_times(start, end), uniform)
    assert sequential_bootstrap(start, end, seed=seed).tolist() == wanted


def sample_uniqueness(start, end, rows):
    return uniqueness(start[rows], end[rows]).mean()


def of_the_book(seed):
    """Ten labels of up to 5 of 100 bars (Lopez de Prado 2018, section 4.5.4)."""
    draw = np.random.default_rng(seed)
    start = draw.integers(0, 100, 10)
    return start, start + draw.integers(1, 5, 10)


def evenly_spaced(_):
    start = np.arange(400) * 5
    return start, start + 12


def crowd_and_lonely(seed):
    draw = np.random.default_rng(seed)
    crowd, lonely = draw.integers(0, 100, 300), 1_000 + np.arange(100) * 50
    start = np.concatenate([crowd, lonely])
    return start, start + 30


@pytest.mark.parametrize("labels", [of_the_book, evenly_spaced, crowd_and_lonely])
def test_the_sequential_bootstrap_repeats_less_than_the_plain_one(labels):
    gained = []
    for seed in range(100):
        start, end = labels(seed)
        plain = np.random.default_rng(seed).integers(0, start.size, start.size)
        ours = sequential_bootstrap(start, end, seed=seed)
        better = sample_uniqueness(start, end, ours)
        gained.append(better - sample_uniqueness(start, end, plain))
    # Five standard errors above 0: no luck of a seed.
    assert np.mean(gained) > 5 * np.std(gained, ddof=1) / np.sqrt(len(gained))


def test_draws_depend_on_the_seed_alone_and_are_as_many_as_asked():
    start, end = overlapping(200, 3)
    first, again, other = (sequential_bootstrap(start, end, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (
        sequential_bootstrap(start, end, seed=1, draws=7).tolist() == first[:7].tolist()
    )
    ticks = sequential_bootstrap(start, end, seed=1, times_ns=np.arange(700))
    assert ticks.size == 200


def test_linear_decay_is_a_line_over_the_uniqueness_gathered():
    unique = np.array([1.0, 0.5, 0.5, 1.0, 1.0])
    start = np.array([3, 1, 2, 4, 5])
    gathered = np.array([2.0, 0.5, 1.0, 3.0, 4.0])
    assert linear_decay(start, unique, oldest=0.2) == pytest.approx(
        0.2 + 0.8 * gathered / 4
    )
    assert linear_decay(start, unique).tolist() == [1.0] * 5
    assert linear_decay(start, unique, oldest=0.0) == pytest.approx(gathered / 4)


def test_a_negative_oldest_forgets_that_share_of_the_uniqueness():
    unique = np.ones(10)
    weight = linear_decay(np.arange(10), unique, oldest=-0.3)
    assert weight[:3] == pytest.approx([0.0, 0.0, 0.0])
    assert weight[3:] == pytest.approx(np.arange(1, 8) / 7)


def test_rows_of_one_time_decay_alike():
    weight = linear_decay([1, 2, 2, 3], [0.5, 0.1, 0.9, 1.0], oldest=0.0)
    assert weight[1] == weight[2] == pytest.approx(1.5 / 2.5)


def test_exponential_decay_halves_per_half_life():
    assert exponential_decay([0, 30, 20, 10], half_life_ns=10).tolist() == [
        0.125,
        1.0,
        0.5,
        0.25,
    ]


@pytest.mark.parametrize("from_first", [False, True])
@given(pairs=spans, seed=st.integers(0, 99))
def test_return_attribution_credits_each_row_with_its_share(from_first, pairs, seed):
    start, end = columns(pairs)
    # An interval of no length has no return of its own to be credited with.
    end = end + 1
    times = list(range(-1, 60))
    prices = np.exp(np.random.default_rng(seed).normal(0, 0.01, len(times)).cumsum())
    wanted = return_attribution_oracle(start, end, times, prices, from_first=from_first)
    found = return_attribution(start, end, times, prices, from_first=from_first)
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    assert found.sum() == pytest.approx(start.size)


def test_what_moved_before_the_decision_earns_no_weight():
    times, prices = [0, 1, 2, 3, 4], [100.0, 200.0, 200.0, 200.0, 201.0]
    weights = return_attribution([1, 3], [2, 4], times, prices)
    assert weights.tolist() == [0.0, 2.0]
    assert return_attribution([1, 3], [2, 4], times, prices, from_first=True)[0] > 1.9


def test_nothing_is_drawn_or_weighed_from_nothing():
    assert uniqueness([], []).size == uniqueness_weights([], []).size == 0
    assert exponential_decay([], half_life_ns=1).size == 0
    assert linear_decay([], []).size == 0
    with pytest.raises(InputError, match="needs rows"):
        sequential_bootstrap([], [], seed=0)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: uniqueness([0, 5], [1, 6], times_ns=[0, 1]), "row 1"),
        (lambda: uniqueness([0, 5], [1, 6], group=["A"]), "1 groups"),
        (lambda: linear_decay([0], [1.0], oldest=-1.0), "oldest"),
        (lambda: linear_decay([0], [1.0], oldest=1.1), "oldest"),
        (lambda: linear_decay([0], [0.0]), "uniqueness above 0"),
        (lambda: linear_decay([0], [0.5, 0.5]), "uniqueness above 0"),
        (lambda: exponential_decay([0], half_life_ns=0), "half_life_ns"),
        (lambda: return_attribution([0], [1], [0, 1], [1.0, 0.0]), "row 1"),
        (lambda: return_attribution([0], [1], [0, 1], [1.0, np.nan]), "row 1"),
        (lambda: return_attribution([0], [1], [1, 0], [1.0, 1.0]), "ascending"),
        (lambda: return_attribution([0], [1], [0, 1], [1.0, 1.0]), "not all 0"),
        (lambda: sequential_bootstrap([0], [1], seed=0, draws=-1), "draws"),
    ],
)
def test_what_cannot_be_weighed_is_refused(call, told):
    with pytest.raises(InputError, match=told):
        call()

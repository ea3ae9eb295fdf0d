"""The flags against their laws and against slow and obvious oracles."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference import cleaning as oracle
from tradeloop.capture.cleaning import (
    ALL,
    OWN_EVENT,
    OWN_RECEIVED,
    clock_fault,
    flag_counts,
    flag_names,
    marks_of,
    outlier,
    quality_flags,
    sequence_gap,
    stale,
)
from tradeloop.capture.cleaning.checks import LAWS
from tradeloop.events import (
    BAR,
    BOOK_DELTA,
    DECISION,
    OPTION_QUOTE,
    QUOTE,
    SERIES,
    TRADE,
)

MINUTE = 60 * 10**9
RECORDS = (QUOTE, TRADE, BAR, BOOK_DELTA, OPTION_QUOTE)
BY_NAME = {flag.name: flag for flag in ALL}


def clean(record, n=400, seed=3):
    """Rows without a fault: a walk, numbers by one, lags of 5 ms and some waiting."""
    chance = np.random.default_rng(seed)
    price = 100 * np.exp(np.cumsum(chance.normal(0, 1e-4, n)))
    event = np.cumsum(chance.integers(MINUTE // 2, 2 * MINUTE, n)) + 10**18
    lag = 5_000_000 + chance.exponential(2e6, n).astype(np.int64)
    columns = {
        "instrument": ["A"] * n,
        "open_ns": event - MINUTE // 4,
        "event_ns": event,
        "received_ns": event + lag,
        **dict.fromkeys(("open", "close", "price"), price),
        "high": price * 1.001,
        "low": price * 0.999,
        "bid": price * 0.9999,
        "ask": price * 1.0001,
        "size": chance.uniform(1, 9, n),
        "side": [1, -1] * (n // 2),
        "sequence": np.arange(n) + 7,
        "trade_id": [str(k + 7) for k in range(n)],
        "first_sequence": np.arange(n) * 3,
        "last_sequence": np.arange(n) * 3 + 2,
        "previous_sequence": np.arange(n) * 3 - 1,
        "is_snapshot": [False] * n,
        "underlying": ["B"] * n,
        "strike": [100.0] * n,
        "right": ["call"] * n,
        "expiry_ns": event + 10**17,
    }
    frame = pl.DataFrame({k: v for k, v in columns.items() if k in record.schema})
    own = {OWN_EVENT: event, OWN_RECEIVED: event + lag}
    return record.conform(frame).with_columns(
        **{k: pl.Series(v) for k, v in own.items()}
    )


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.kind)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("flag", ALL, ids=lambda flag: flag.name)
def test_every_flag_keeps_every_law(flag, law, record):
    assert law(flag, clean(record), record) == []


@pytest.mark.parametrize("flag", ALL, ids=lambda flag: flag.name)
def test_every_fault_can_be_planted_in_some_kind(flag):
    planted = [
        record.kind
        for record in RECORDS
        if flag.judges(record.kind)
        and not flag.plant(clean(record), 250)[0].equals(clean(record))
    ]
    assert planted


BROKEN = {
    "looks ahead": (
        lambda a: a.where(pl.col("bid") > pl.col("bid").last()),
        "more follow",
    ),
    "marks clean rows": (lambda a: ~a.none(), "clean frame"),
    "finds nothing": (lambda a: a.none(), "not marked"),
    "forgets a row": (lambda a: a.none()[1:], "of shape"),
    "mixes instruments": (
        lambda a: np.arange(a.frame.height) % 7 == 3,
        "another instrument",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_flag_that_breaks_a_law_is_told(case):
    mark, says = BROKEN[case]
    flag = replace(BY_NAME["crossed"], mark=mark)
    frame = clean(QUOTE)
    told = []
    for law in LAWS:
        try:
            told += law(flag, frame, QUOTE)
        except (IndexError, ValueError) as error:
            told.append(str(error))
    assert any(says in reason for reason in told), told


def test_bits_are_stable_and_no_two_flags_share_one():
    assert {flag.name: flag.bit for flag in ALL} == {
        "crossed": 0,
        "locked": 1,
        "duplicate": 2,
        "outlier": 3,
        "stale": 4,
        "negative_latency": 5,
        "sequence_gap": 6,
        "out_of_order": 7,
        "clock_fault": 8,
    }


def test_a_row_with_several_faults_has_all_their_bits():
    frame = clean(QUOTE)
    for name in ("outlier", "crossed", "negative_latency"):
        frame, _ = BY_NAME[name].plant(frame, 300)
    bits = quality_flags(frame, QUOTE)
    assert bits.dtype == pl.Int64
    assert flag_names(bits[300]) == ("crossed", "outlier", "negative_latency")
    assert flag_counts(bits)["crossed"] == 1
    assert (bits[:300] == 0).all()


def test_records_that_hold_no_market_data_are_judged_as_far_as_they_go():
    decided = DECISION.conform(
        pl.DataFrame(
            {
                "decision_id": ["1", "1", "2"],
                "strategy": "s",
                "instrument": "A",
                "side": 1,
                "event_ns": [2, 2, 1],
                "received_ns": [2, 2, 1],
            }
        )
    )
    assert flag_counts(quality_flags(decided, DECISION)) == {"duplicate": 2}
    series = pl.DataFrame(
        {"series": "s", "event_ns": [2, 1], "received_ns": [3, 3], "value": 1.0}
    )
    assert flag_counts(quality_flags(series, SERIES)) == {"out_of_order": 1}


def test_an_option_that_nobody_bids_or_asks_for_is_neither_locked_nor_crossed():
    frame = clean(OPTION_QUOTE).with_columns(
        bid=pl.Series([0.0, 2.0] * 200), ask=pl.lit(0.0)
    )
    assert flag_counts(quality_flags(frame, OPTION_QUOTE)) == {}


def test_a_message_of_many_levels_is_judged_once_by_its_clocks():
    """Fifty levels with one pair of times are no proof that lags have no spread."""
    frame = clean(BOOK_DELTA)
    levels = pl.concat([frame[:300], *[frame[300:301]] * 320, frame[301:]])
    assert not marks_of(levels, BOOK_DELTA, BY_NAME["clock_fault"]).any()


def test_a_snapshot_closes_no_gap_and_opens_none():
    low = [0, 3, 6, 6, 9, 15]
    frame = clean(BOOK_DELTA, 6).with_columns(
        first_sequence=pl.Series(low),
        last_sequence=pl.Series([2, 5, 8, 7, 11, 17]),
        previous_sequence=pl.lit(None, pl.Int64),
        is_snapshot=pl.Series([False, False, False, True, False, False]),
    )
    marks = marks_of(frame, BOOK_DELTA, BY_NAME["sequence_gap"])
    assert marks.tolist() == [False] * 5 + [True]


def test_update_ids_that_jump_anyway_are_no_gaps():
    frame = clean(QUOTE).with_columns(sequence=pl.int_range(400) * 5)
    assert not marks_of(frame, QUOTE, BY_NAME["sequence_gap"]).any()


def test_numbers_that_begin_anew_are_followed_again():
    numbers = [*range(100, 200), *range(60), *range(65, 90)]
    frame = clean(QUOTE, 185 + 1)[:185].with_columns(sequence=pl.Series(numbers))
    marks = marks_of(frame, QUOTE, BY_NAME["sequence_gap"])
    assert np.flatnonzero(marks).tolist() == [160]


PRICES = st.lists(
    st.one_of(st.none(), st.sampled_from([1.0, 1.0001, 1.0002, 1.5, 3.0])),
    min_size=1,
    max_size=60,
)
STEPS = st.sampled_from([0, 1, 1, 7, 10**9, 3 * oracle.DAY])


def times_of(steps):
    return np.cumsum(steps).tolist()


@settings(max_examples=60)
@given(PRICES, st.data())
def test_outliers_are_those_of_the_oracle(prices, data):
    times = times_of(
        data.draw(st.lists(STEPS, min_size=len(prices), max_size=len(prices)))
    )
    rules = {"width": 9, "least": 4, "limit": 3.0}
    values = np.array([np.nan if p is None else np.log(p) for p in prices])
    first = np.arange(len(prices)) == 0
    found = outlier.far_from_median(values, np.array(times), first, *rules.values())
    assert found.tolist() == oracle.outliers(prices, times, **rules)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 2), STEPS), min_size=1, max_size=60))
def test_stale_rows_are_those_of_the_oracle(rows):
    values, times = [v for v, _ in rows], times_of([s for _, s in rows])
    rules = {"width": 9, "least": 3, "limit": 2.0}
    same = np.array([False] + [a == b for a, b in pairwise(values)])
    first = np.arange(len(rows)) == 0
    found = stale.unchanged_too_long(np.array(times), same, first, *rules.values())
    assert found.tolist() == oracle.stale(values, times, **rules)


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1, max_size=60))
def test_clock_faults_are_those_of_the_oracle(lags):
    rules = {"width": 9, "least": 3, "limit": 2.0}
    values = np.array([np.nan if lag is None else float(lag) for lag in lags])
    first = np.arange(len(lags)) == 0
    again = np.zeros(len(lags), np.bool_)
    found = clock_fault.below_the_floor(values, again, first, *rules.values())
    assert found.tolist() == oracle.clock_faults(lags, **rules)


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=1, max_size=60))
def test_gaps_are_those_of_the_oracle(steps):
    numbers, number = [], 0
    for step in steps:
        number += step or 0
        numbers.append(None if step is None else number)
    missing = np.iinfo(np.int64).min
    given_numbers = np.array([missing if n is None else n for n in numbers])
    first = np.arange(len(steps)) == 0
    found = sequence_gap.numbers_left_out(given_numbers, given_numbers, first, 3, 0.5)
    assert found.tolist() == oracle.gaps(numbers, least=3, share=0.5)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2)), min_size=1, max_size=25)
)
def test_copies_and_late_rows_are_those_of_the_oracle(rows):
    frame = QUOTE.conform(
        pl.DataFrame(
            {
                "instrument": "A",
                "event_ns": [at for at, _ in rows],
                "received_ns": 9,
                "bid": [float(bid) for _, bid in rows],
                "ask": 3.0,
            }
        )
    )
    copies = marks_of(frame, QUOTE, BY_NAME["duplicate"])
    assert copies.tolist() == oracle.duplicates(rows)
    late = marks_of(frame, QUOTE, BY_NAME["out_of_order"])
    assert late.tolist() == oracle.late([at for at, _ in rows])

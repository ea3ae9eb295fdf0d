"""A sequence is what the instrument's bars were before the decision, and no more."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.pipelines.histories import histories

NAMES = ["a", "b"]


def drawn(seed, n_bars=40, n_rows=15):
    draw = np.random.default_rng(seed)
    bars = pl.DataFrame(
        {
            "instrument": draw.choice(["X", "Y", "Z"], n_bars),
            "event_ns": draw.integers(0, 60, n_bars),
            "received_ns": draw.integers(0, 60, n_bars),
            "a": draw.normal(size=n_bars),
            "b": draw.normal(size=n_bars),
        }
    )
    decisions = pl.DataFrame(
        {
            "instrument": draw.choice(["X", "Y", "unseen"], n_rows),
            "at_ns": draw.integers(-5, 70, n_rows),
        }
    )
    return bars, decisions, draw.normal(size=(n_rows, 3))


def slow(bars, decisions, rows, steps):
    found, width = [], rows.shape[1]
    for at, row in zip(decisions.iter_rows(named=True), rows, strict=True):
        mine = bars.filter(
            pl.col("instrument") == at["instrument"],
            pl.col("received_ns") <= at["at_ns"],
        ).sort("received_ns", "event_ns", maintain_order=True)
        before = [[r["a"], r["b"], np.nan][:width] for r in mine.iter_rows(named=True)]
        before = before if width > len(NAMES) else before[:-1]
        missing = [[np.nan] * width] * steps
        found.append([*missing, *before, list(row)][-steps:])
    return np.array(found, dtype=np.float32)


@given(
    seed=st.integers(0, 10_000), steps=st.integers(1, 6), own=st.sampled_from([0, 1])
)
def test_the_steps_are_the_bars_that_were_known_then_and_the_row_itself(
    seed, steps, own
):
    bars, decisions, rows = drawn(seed)
    rows = rows[:, : len(NAMES) + own]
    made = histories(bars, decisions, rows, NAMES, steps)
    wanted = slow(bars, decisions, rows, steps)
    np.testing.assert_array_equal(made.gather(), wanted)


def test_what_float32_cannot_hold_is_missing_in_the_past():
    bars, decisions, rows = drawn(3)
    bars = bars.with_columns(a=pl.lit(1e300))
    made = histories(bars, decisions, rows, NAMES, 3)
    assert np.isnan(made.gather()[:, :-1, 0]).all()

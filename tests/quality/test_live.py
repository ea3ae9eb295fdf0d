"""A stream has the figures of history, however its rows are cut and disordered."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.quality_market import BARS, CLEAN, bars_of, features_on, ticks_of
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.errors import InputError
from tradeloop.quality import (
    LIVE,
    MEASURES,
    Evidence,
    LiveQuality,
    RowCounts,
    by_instrument,
    judge,
    learn_usual,
    over_time,
)

BASIS = Evidence(
    bars=BARS.clear(),
    interval_ns=NS_PER_HOUR,
    reference=BARS.select("instrument", "event_ns", close=pl.col("close").round(1)),
    stated_ns={"SRC": 12_000_000},
    usual=learn_usual(CLEAN, LIVE),
)
PRICES = ("open", "high", "low", "close")


def spoilt_bars(seed):
    """Bars with holes, repeats, frozen stretches, jumps and late arrivals."""
    draw = np.random.default_rng(seed)
    frame = bars_of(seed, n=160)
    for _ in range(3):
        first = int(draw.integers(0, frame.height - 40))
        held = pl.int_range(pl.len()).is_between(first, first + draw.integers(2, 40))
        frame = frame.with_columns(
            pl.when(held).then(pl.col(c).get(first)).otherwise(pl.col(c)).alias(c)
            for c in PRICES
        )
    jump = pl.Series(draw.random(frame.height) < 0.01)
    frame = frame.with_columns(
        close=pl.when(jump).then(pl.col("close") * 1.1).otherwise("close"),
        volume=pl.when(pl.Series(draw.random(frame.height) < 0.2)).then("volume"),
        received_ns=pl.col("received_ns")
        + pl.Series(draw.choice([0, 0, 0, -(10**10), 10**13], frame.height)),
    )
    kept = np.flatnonzero(draw.random(frame.height) < 0.9)
    gone = int(draw.integers(0, 200))
    kept = kept[(kept < gone) | (kept > gone + 12)]
    rows = np.concatenate([kept, draw.choice(kept, 12)])
    moved = np.where(draw.random(rows.size) < 0.2, draw.uniform(0, 60, rows.size), 0)
    return frame[rows[np.argsort(rows + moved, kind="stable")]]


def spoilt_ticks(seed):
    """Ticks with lost numbers, repeats, crossed quotes and late arrivals."""
    draw = np.random.default_rng(seed)
    spoilt = {}
    for kind, frame in ticks_of(seed, n=150).items():
        late = pl.Series(
            draw.choice([0, 0, 0, 10**7, 10**11, 36 * 10**11], frame.height)
        )
        worse = frame.with_columns(received_ns=pl.col("received_ns") + late)
        if kind == "quote":
            swap = pl.Series(draw.random(frame.height) < 0.05)
            worse = worse.with_columns(
                bid=pl.when(swap).then("ask").otherwise("bid"),
                ask=pl.when(swap).then("bid").otherwise("ask"),
            )
        kept = np.flatnonzero(draw.random(frame.height) < 0.95)
        rows = np.concatenate([kept, draw.choice(kept, 9)])
        moved = np.where(draw.random(rows.size) < 0.1, draw.uniform(0, 9, rows.size), 0)
        spoilt[kind] = worse[rows[np.argsort(rows + moved, kind="stable")]]
    return spoilt


def whole(bars, ticks):
    return replace(
        BASIS,
        bars=bars,
        ticks=ticks,
        features=features_on(bars),
        rows=RowCounts(100, 3, 2),
    )


def cut(frame, places):
    edges = [0, *sorted(min(p, frame.height) for p in places), frame.height]
    return [frame[a:b] for a, b in pairwise(edges)]


def streamed(evidence, places, asked):
    live = LiveQuality(BASIS, NS_PER_DAY)
    live.add(rows=RowCounts(60, 3, 0))
    pieces = [cut(evidence.bars, places), cut(evidence.features, places)]
    ticks = {kind: cut(frame, places) for kind, frame in evidence.ticks.items()}
    for k in range(len(places) + 1):
        live.add(
            bars=pieces[0][k],
            features=pieces[1][k],
            ticks={kind: frames[k] for kind, frames in ticks.items()},
        )
        if k in asked:
            live.report()
    live.add(rows=RowCounts(40, 0, 2))
    return live


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    places=st.lists(st.integers(0, 330), max_size=8),
    asked=st.sets(st.integers(0, 8)),
)
def test_a_stream_has_the_figures_of_history_for_any_batches(seed, places, asked):
    evidence = whole(spoilt_bars(seed), spoilt_ticks(seed + 1))
    live = streamed(evidence, places, asked)
    history, stream = judge(evidence, LIVE), live.report()
    assert {a.name: a.count for a in stream.anomalies} == {
        a.name: a.count for a in history.anomalies
    }
    for side in MEASURES:
        assert getattr(stream, side) == getattr(history, side), side
    assert live.by_instrument().equals(by_instrument(evidence, LIVE))
    assert live.over_time().equals(over_time(evidence, NS_PER_DAY, LIVE))


def test_the_spoilt_market_shows_every_anomaly_that_a_stream_can_see():
    found = set()
    for seed in range(6):
        evidence = whole(spoilt_bars(seed), spoilt_ticks(seed + 1))
        found |= {a.name for a in judge(evidence, LIVE).anomalies}
    assert found == {detector.name for detector in LIVE}


def test_row_after_row_is_as_good_as_all_at_once():
    evidence = whole(spoilt_bars(3), {})
    one = streamed(evidence, list(range(1, evidence.bars.height)), {5, 77})
    assert one.report() == streamed(evidence, [], set()).report()


def test_a_clean_stream_scores_one():
    live = LiveQuality(replace(BASIS, reference=None, stated_ns={}))
    live.add(bars=BARS, ticks=ticks_of())
    report = live.report()
    assert report.anomalies == ()
    assert report.overall == 1.0


def test_after_forgetting_rows_in_order_are_judged_as_before():
    live = LiveQuality(BASIS)
    first = BARS.filter(pl.col("instrument") == "A.SRC").head(400)
    live.add(bars=first[:300])
    live.forget(int(first["event_ns"][299]))
    live.add(bars=first[300:])
    expected = judge(replace(BASIS, bars=first), LIVE)
    assert live.report().completeness == expected.completeness
    assert live.report().validity == expected.validity


def test_a_stream_needs_to_know_what_is_usual():
    with pytest.raises(InputError, match="usual"):
        LiveQuality(replace(BASIS, usual=None))


def test_a_stream_without_windows_says_so():
    with pytest.raises(InputError, match="window_ns"):
        LiveQuality(BASIS).over_time()

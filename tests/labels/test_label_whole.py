"""Whole frames of labels: as the future arrives, in states, in time, on real data."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from reference.label_market import HOUR, bars, random_decisions, walk
from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.labels import label


def test_labels_made_as_the_future_arrives_equal_those_made_afterwards():
    market = walk(3, 3, 200)
    rows = random_decisions(4, market, 100)
    terms = {"horizons_ns": [5 * HOUR, HOUR], "benchmark": "I2", "wait_ns": HOUR}
    final = label(rows, market, **terms)
    seen = 0
    for as_of_ns in range(40 * HOUR, 200 * HOUR, 31 * HOUR):
        known = market.filter(pl.col("received_ns") <= as_of_ns)
        cut = label(rows, known, **terms, as_of_ns=as_of_ns)
        assert_frame_equal(label(rows, market, **terms, as_of_ns=as_of_ns), cut)
        done = cut["state"] == "labelled"
        assert_frame_equal(cut.filter(done), final.filter(done), check_exact=True)
        seen += int(done.sum())
        over = final.filter(pl.col("end_ns_5h") <= as_of_ns, state="labelled")
        assert (
            over["decision_id"].is_in(cut.filter(done)["decision_id"].to_list()).all()
        )
    assert seen > 50


def test_each_decision_stands_in_one_state_and_only_labelled_ones_have_a_class():
    market = walk(5, 4, 150)
    frame = label(
        random_decisions(6, market, 500), market, horizons_ns=[9 * HOUR], benchmark="I0"
    )
    counts = dict(frame["state"].value_counts().iter_rows())
    assert sum(counts.values()) == frame.height
    assert set(counts) == {"labelled", "pending", "censored"}
    labelled = frame["state"] == "labelled"
    for column in ("decision_outcome", "outperformance_bps_9h", "net_bps_9h"):
        assert (frame[column].is_not_null() == labelled).all()
    assert (frame["reason"].is_null() == labelled).all()
    for column in frame.iter_columns():
        if column.dtype == pl.Float64():
            assert not column.is_nan().any()


def test_a_decision_among_ten_thousand_is_labelled_as_it_is_alone():
    market = walk(1, 8, 5_000)
    requests = random_decisions(2, market, 10_000)
    terms = {"horizons_ns": [HOUR, 24 * HOUR, 120 * HOUR]}
    frame = label(requests, market, **terms)
    assert frame["decision_id"].equals(requests["decision_id"])
    for row in range(0, frame.height, 500):
        assert_frame_equal(
            label(requests[row], market, **terms), frame[row], check_exact=True
        )


@pytest.mark.realdata
def test_a_hundred_thousand_decisions_on_real_hourly_bars_are_labelled(market_data):
    raw = pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
    open_ns = raw["ts"].cast(pl.Int64)
    market = raw.select("high", "low", "close", instrument="symbol").with_columns(
        open_ns=open_ns, event_ns=open_ns + HOUR, received_ns=open_ns + HOUR
    )
    requests = random_decisions(2, market, 100_000)
    frame = label(requests, market, horizons_ns=[5 * NS_PER_DAY, NS_PER_DAY, HOUR])
    states = dict(frame["state"].value_counts().iter_rows())
    assert states["labelled"] > 60_000
    labelled = frame.filter(state="labelled")
    assert (labelled["end_ns_5d"] >= labelled["due_ns_5d"]).all()
    assert (labelled["max_gain_5d"] >= labelled["max_loss_5d"]).all()


@pytest.mark.realdata
def test_real_ticks_are_labelled_until_their_own_recording_ends(market_data):
    raw = pl.read_parquet(market_data / "crypto" / "quotes.parquet")
    time = raw["ts"].cast(pl.Int64)
    names = pl.concat_str("symbol", "venue", separator=".")
    quotes = raw.select("bid", "ask", instrument=names).with_columns(
        received_ns=time, event_ns=time
    )
    last = quotes.group_by("instrument").agg(pl.col("received_ns").max().alias("last"))
    rows = quotes.gather_every(500).select("instrument", "received_ns")
    rows = rows.with_row_index("k").select(
        pl.col("k").cast(pl.String).alias("decision_id"),
        "instrument",
        "received_ns",
        side=pl.lit(1, pl.Int8),
    )
    empty = bars("A", [])
    frame = label(rows, empty, quotes, horizons_ns=[NS_PER_MINUTE, 5 * NS_PER_SECOND])
    due = frame.join(last, on="instrument", maintain_order="left")
    there = due["due_ns_1m"] <= due["last"]
    assert ((frame["state"] == "labelled") == there).all()
    assert there.sum() > 300
    assert (~there).sum() > 20

"""Features of several streams: history equals live, and nobody sees too much."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.features import Bank, Feature, LiveBank, compute_streams
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.level import level
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.rolling.zscore import zscore
from tradeloop.features.streams import rank
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.sma import sma

SECOND = 1_000_000_000


def on(clock, feature):
    """The same feature, stepping on another stream."""
    return replace(feature, clock=clock)


def bank():
    """Quotes, trades, bars and an index that all see, each reading the others."""
    mid = ema("quote.bid", 3)
    paid = on("trade", difference("trade.price", mid.columns[0], name="paid"))
    slow = on("bar", ratio("close", sma("trade.price", 4).columns[0], name="slow"))
    return Bank(
        [
            sma("close", 2),
            mid,
            paid,
            zscore(paid.columns[0], 5),
            slow,
            on(
                "bar", difference("close", ema("index.close", 2).columns[0], name="far")
            ),
            level("index.close"),
        ]
    )


COLUMNS = {
    "bar": ("close",),
    "quote": ("bid",),
    "trade": ("price",),
    "index": ("close",),
}
EVENT = st.tuples(
    st.sampled_from(["bar", "quote", "trade", "index"]),
    st.sampled_from("AB"),
    st.integers(0, 3),
    st.one_of(st.floats(1, 100), st.just(float("nan"))),
)


def in_order(events):
    """Stamp events with times that often meet, in the order in which they are seen."""
    now, stamped = 0, []
    for stream, name, pause, value in events:
        now += pause * SECOND
        stamped.append((now, rank(stream), stream, name, value))
    stamped.sort(key=lambda e: e[:2])
    last = {}
    kept = []
    for now, _, stream, name, value in stamped:
        if stream == "bar" and last.get(name) == now:
            continue  # a bar comes once
        if stream == "bar":
            last[name] = now
        kept.append((stream, None if stream == "index" else name, now, value))
    return kept


def tables(events):
    found = {}
    for stream, columns in COLUMNS.items():
        rows = [e for e in events if e[0] == stream]
        frame = pl.DataFrame(
            {
                "instrument": pl.Series([e[1] for e in rows], dtype=pl.String),
                "event_ns": pl.Series([e[2] for e in rows], dtype=pl.Int64),
                "received_ns": pl.Series([e[2] for e in rows], dtype=pl.Int64),
                columns[0]: pl.Series([e[3] for e in rows], dtype=pl.Float64),
            }
        )
        shared = stream == "index"
        found[stream] = (
            frame.drop("instrument")
            if shared
            else frame.sort("instrument", maintain_order=True)
        )
    return found


def live_values(bank, events, restart_every=0):
    driver, found = LiveBank(bank, shared=["index"]), []
    for k, (stream, name, now, value) in enumerate(events):
        if restart_every and k % restart_every == 0:
            saved, driver = driver.state_bytes(), LiveBank(bank, shared=["index"])
            driver.restore(saved)
        row = {"event_ns": now, "received_ns": now, COLUMNS[stream][0]: value}
        values = driver.update(name, row, stream)
        if stream == "bar":
            found.append((name, now, values))
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=60), st.sampled_from([0, 1, 7]))
def test_history_equals_live_to_the_bit_on_any_interleaving(events, restart_every):
    events = in_order(events)
    made = bank()
    history = compute_streams(made, tables(events))
    rows = {
        (name, now): np.array(values, float)
        for name, now, _, *values in history.fill_null(float("nan")).iter_rows()
    }
    seen = live_values(made, events, restart_every)
    assert len(seen) == len(rows)
    for name, now, values in seen:
        np.testing.assert_array_equal(values, rows[name, now])


def quotes(*values):
    return pl.DataFrame(
        {
            "instrument": ["A"] * len(values),
            "event_ns": [k * SECOND for k in range(1, len(values) + 1)],
            "received_ns": [k * SECOND for k in range(1, len(values) + 1)],
            "bid": [float(v) for v in values],
        }
    )


def test_a_decision_sees_what_was_received_by_then():
    made = Bank([level("quote.bid")])
    at = pl.DataFrame(
        {"instrument": "A", "event_ns": [0, 2, 2, 9], "received_ns": [0, 2, 2, 9]}
    ).with_columns(pl.col("event_ns", "received_ns") * SECOND)
    found = compute_streams(made, {"quote": quotes(10, 20, 30)}, at)
    assert found[made.names[0]].to_list() == [None, 20.0, 20.0, 30.0]


def test_an_instrument_without_rows_of_a_stream_sees_nothing_of_it():
    made = Bank([level("quote.bid")])
    at = quotes(1).with_columns(instrument=pl.lit("B"))
    found = compute_streams(made, {"quote": quotes(10)}, at)
    assert found[made.names[0]].to_list() == [None]


def test_trade_at_the_instant_of_a_quote_sees_it_but_not_the_other_way_round():
    assert rank("quote") < rank("trade") < rank("bar_5m") < rank("bar")
    made = Bank([on("quote", difference("quote.bid", "trade.price", name="x"))])
    trades = quotes(7, 8).rename({"bid": "price"})
    found = compute_streams(made, {"quote": quotes(10, 20), "trade": trades}, "quote")
    assert found["x"].to_list() == [None, 13.0]


def test_feature_of_two_streams_must_say_which_one_it_steps_on():
    with pytest.raises(InputError, match=r"quote, trade.*step"):
        Bank([difference("quote.bid", "trade.price", name="x")])


def test_absent_stream_is_named():
    with pytest.raises(InputError, match="'quote', which was not given"):
        compute_streams(Bank([level("quote.bid")]), {"bar": quotes(1)})


def test_live_refuses_an_event_that_was_known_before_one_already_seen():
    driver = LiveBank(bank(), shared=["index"])
    quote = {"event_ns": 5 * SECOND, "bid": 1.0}
    driver.update("A", quote, "quote")
    with pytest.raises(InputError, match="known later"):
        driver.update("A", {"event_ns": 4 * SECOND, "price": 1.0}, "trade")
    driver.update("B", {"event_ns": 4 * SECOND, "price": 1.0}, "trade")
    with pytest.raises(InputError, match="known later"):
        driver.update(None, {"event_ns": 4 * SECOND, "close": 1.0}, "index")


def test_refused_event_leaves_no_trace_and_may_be_sent_again():
    made = bank()
    driver = LiveBank(made, shared=["index"])
    driver.update("A", {"event_ns": 5 * SECOND, "bid": 1.0}, "quote")
    before = driver.state_bytes()
    late = {"event_ns": 4 * SECOND, "close": 1.0}
    with pytest.raises(InputError, match="known later"):
        driver.update("A", late)
    with pytest.raises(InputError, match="bring every input"):
        driver.update("NEW", {"event_ns": 9 * SECOND}, "quote")
    assert driver.state_bytes() == before
    driver.update("A", {**late, "received_ns": 6 * SECOND})


@pytest.mark.parametrize("column", ["event_ns", "received_ns"])
def test_missing_time_is_refused_with_its_row(column):
    made = Bank([level("quote.bid")])
    holed = quotes(1, 2, 3).with_columns(
        pl.when(pl.col("bid") == 2.0).then(None).otherwise(column).alias(column)
    )
    with pytest.raises(InputError, match="time is missing"):
        compute_streams(made, {"quote": holed}, "quote")


def test_instants_of_any_unit_are_the_same_times():
    made = Bank([level("quote.bid")])
    plain = quotes(10, 20)
    times = pl.col("event_ns", "received_ns")
    for unit in ("ms", "us", "ns"):
        instants = plain.with_columns(
            times.cast(pl.Datetime("ns")).dt.cast_time_unit(unit)
        )
        found = compute_streams(made, {"quote": instants}, plain)
        assert found[made.names[0]].to_list() == [10.0, 20.0]


def test_unknown_stream_to_look_at_is_named():
    with pytest.raises(InputError, match="no rows of the stream 'bar'"):
        compute_streams(Bank([level("quote.bid")]), {"quote": quotes(1)})


def test_shared_stream_has_no_instrument_and_others_have_one():
    driver = LiveBank(bank(), shared=["index"])
    with pytest.raises(InputError, match="Shared streams have none"):
        driver.update("A", {"event_ns": 1, "close": 1.0}, "index")
    with pytest.raises(InputError, match="Shared streams have none"):
        driver.update(None, {"event_ns": 1, "bid": 1.0}, "quote")


def test_stage_of_one_clock_runs_features_of_another_in_between():
    first = ema("quote.bid", 2)
    second = on("trade", difference("trade.price", first.columns[0], name="second"))
    third = on("quote", difference("quote.bid", second.columns[0], name="third"))
    trades = quotes(1, 2, 3, 4).rename({"bid": "price"})
    found = compute_streams(
        Bank([third]), {"quote": quotes(10, 20, 30, 40), "trade": trades}, "quote"
    )
    # At 3 s the quote sees the trade of 2 s: 2 - ema of 10 and 20.
    known = 30.0 - (2.0 - 15.0), 40.0 - (3.0 - (15.0 / 3 + 30.0 * 2 / 3))
    assert found["third"].to_list() == [None, None, *known]


def test_feature_is_the_same_type_in_every_clock():
    assert isinstance(on("trade", level("quote.bid")), Feature)


def test_rows_to_look_at_may_have_any_other_column():
    made, asked = Bank([level("quote.bid")]), quotes(1, 2, 3)
    plain = compute_streams(made, {"quote": quotes(10, 20, 30)}, asked)
    named = asked.with_columns(row=pl.lit("x"))
    again = compute_streams(made, {"quote": quotes(10, 20, 30)}, named.lazy())
    assert again.equals(plain)


@pytest.mark.parametrize("column", ["instrument", "event_ns", "received_ns"])
def test_rows_to_look_at_that_lack_a_column_are_refused_with_its_name(column):
    made = Bank([level("quote.bid")])
    with pytest.raises(InputError, match=f"column '{column}'"):
        compute_streams(made, {"quote": quotes(10)}, quotes(1).drop(column))

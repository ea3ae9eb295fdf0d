"""Messages fit together, the seed decides all, and every trace is marked."""

import io
import json

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from simulation.made import small
from tradeloop.errors import InputError
from tradeloop.events import BOOK_DELTA, DECISION, FILL, ORDER_EVENT, QUOTE, SERIES
from tradeloop.simulation import METADATA, encode, is_marked, marked, shipped, simulate
from tradeloop.simulation.parameters import Fitted
from tradeloop.stores.parquet import content_sha256


@pytest.mark.parametrize("name", ["fx", "crypto"])
def test_the_top_of_the_rebuilt_book_is_the_quote_of_each_message(name, request):
    market = request.getfixturevalue(name)
    quoted, n = market.frames["quotes"], 0
    for (instrument,), deltas in market.frames["book_deltas"].group_by("instrument"):
        tops = {
            row[0]: row[1:]
            for row in quoted.filter(instrument=instrument)
            .select("sequence", "bid", "bid_size", "ask", "ask_size")
            .rows()
        }
        sides, before = {1: {}, -1: {}}, 0
        columns = ("last_sequence", "side", "price", "size", "is_snapshot")
        messages = deltas.head(60_000).select(columns).rows()
        for k, (sequence, side, price, size, snapshot) in enumerate(messages):
            assert sequence in {before, before + 1}
            before = sequence
            assert snapshot == (sequence == 1)
            if size:
                sides[side][price] = size
            else:
                sides[side].pop(price, None)
            last = k + 1 == len(messages) or messages[k + 1][0] != sequence
            if last and sequence in tops and k + 1 < len(messages):
                bid, ask = max(sides[1]), min(sides[-1])
                top = (bid, sides[1][bid], ask, sides[-1][ask])
                assert top == tops[sequence]
                assert bid < ask
                assert len(sides[1]) == len(sides[-1]) == 10
                n += 1
    assert n > 1_000


def test_trades_are_printed_where_the_book_stood(crypto):
    quotes = crypto.frames["quotes"].sort("instrument", "sequence")
    before = quotes.with_columns(pl.col("sequence") + 1)
    first = (
        crypto.frames["trades"]
        .group_by("instrument", "sequence", maintain_order=True)
        .first()
    )
    both = first.join(before, on=["instrument", "sequence"])
    assert both.height > 500
    touch = pl.when(pl.col("side") > 0).then("ask").otherwise("bid")
    assert both.select((pl.col("price") == touch).all()).item()
    ids = crypto.frames["trades"].filter(instrument="BTCUSDT.SIM")["trade_id"]
    assert ids.cast(pl.Int64).to_list() == list(range(1, ids.len() + 1))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    one, again, other = small(), small(), small(seed=4)
    for part in ("frames", "truth"):
        for name, frame in getattr(one, part).items():
            same = getattr(again, part)[name]
            assert encode(frame, one.about) == encode(same, again.about)
            if name not in {"faults", "regimes"}:
                assert content_sha256(frame) != content_sha256(
                    getattr(other, part)[name]
                )


def test_the_edge_changes_neither_signal_nor_regime(edge, edgeless):
    assert edge.frames["signals"].equals(edgeless.frames["signals"])
    assert edge.truth["regimes"].equals(edgeless.truth["regimes"])
    times = [m.frames["decisions"]["event_ns"] for m in (edge, edgeless)]
    assert times[0].equals(times[1])


def test_frames_are_records(fx):
    records = {
        "quotes": QUOTE,
        "book_deltas": BOOK_DELTA,
        "decisions": DECISION,
        "orders": ORDER_EVENT,
        "fills": FILL,
        "signals": SERIES,
    }
    for name, record in records.items():
        frame = fx.frames[name]
        assert dict(frame.schema) == dict(record.schema)
        assert frame.select(record.key).is_unique().all()
        for column in record.required:
            assert frame[column].null_count() == 0
    for frame in (*fx.frames.values(), *fx.truth.values()):
        floats = frame.select(pl.selectors.float().is_nan().any())
        assert not any(floats.row(0)) if floats.width else True


def test_shortfall_is_the_sum_of_its_parts_and_what_fills_and_quotes_say(fx):
    fills = fx.frames["fills"]
    paid = fills.group_by("order_id").agg(
        price=(pl.col("price") * pl.col("quantity")).sum() / pl.col("quantity").sum(),
        fee=pl.col("fees").sum() / pl.col("quantity").sum(),
        side=pl.col("side").first(),
    )
    both = fx.truth["orders"].join(paid, on="order_id")
    assert both.height == fx.frames["decisions"].height > 50
    cost = pl.col("side") * (pl.col("price") - pl.col("decision_mid")) + pl.col("fee")
    measured = both.select(cost / pl.col("decision_mid") * 1e4).to_series()
    np.testing.assert_allclose(measured, both["shortfall_bps"], atol=1e-9, rtol=0)
    parts = both.select(
        "delay_bps", "timing_bps", "spread_bps", "impact_bps", "fees_bps"
    )
    np.testing.assert_allclose(
        parts.sum_horizontal(), both["shortfall_bps"], atol=1e-9, rtol=0
    )
    assert (both["spread_bps"] > 0).all()
    assert both["fees_bps"].mean() == pytest.approx(shipped("fx").fee_bps, rel=0.01)


def test_decisions_come_before_their_orders_and_these_before_their_fills(fx):
    orders = fx.frames["orders"]
    sent = orders.filter(status="sent").select("order_id", pl.col("event_ns"))
    came = orders.filter(status="acknowledged").select("order_id", came="event_ns")
    fills = fx.frames["fills"].select("order_id", "decision_id", done="event_ns")
    decided = fx.frames["decisions"].select("decision_id", decided="event_ns")
    joined = fills.join(sent, on="order_id").join(came, on="order_id")
    joined = joined.join(decided, on="decision_id")
    assert joined.height == fills.height
    ordered = pl.col("decided") < pl.col("event_ns")
    ordered &= (pl.col("event_ns") < pl.col("came")) & (pl.col("came") < pl.col("done"))
    assert joined.select(ordered.all()).item()


def test_nothing_comes_out_without_the_mark(fx, crypto):
    for market in (fx, crypto):
        for frame in (*market.frames.values(), *market.truth.values()):
            if "instrument" in frame.columns:
                assert all(is_marked(n) for n in frame["instrument"].unique())
        assert all(".SIM" in s for s in market.frames["signals"]["series"].unique())
        assert market.about["simulated"] is True
        assert market.about["source"].startswith("simulated/")
    assert marked("EURUSD") == marked("EURUSD.SIM") == "EURUSD.SIM"


def test_a_frame_without_the_mark_cannot_be_written(fx):
    bare = fx.frames["quotes"].head(3).with_columns(instrument=pl.lit("EURUSD"))
    with pytest.raises(InputError, match="lacks its mark"):
        encode(bare, {})


def test_files_say_in_their_metadata_that_they_are_simulated(fx):
    data = encode(fx.frames["fills"], {"source": fx.about["source"]})
    said = pq.read_schema(io.BytesIO(data)).metadata[METADATA.encode()]
    assert json.loads(said) == {"source": "simulated/fx/3"}
    assert pl.read_parquet(data).equals(fx.frames["fills"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"days": 0}, "days must be"),
        ({"rate": float("nan")}, "rate must be"),
        ({"seed": -1}, "seed must be"),
        ({"days": 5_000}, "do not fit in memory"),
    ],
)
def test_a_market_that_cannot_be_is_refused(given, says):
    with pytest.raises(InputError, match=says):
        simulate(shipped("fx"), **given)


def test_a_preset_that_is_not_known_is_refused():
    with pytest.raises(InputError, match="no preset"):
        shipped("equity")


@pytest.mark.parametrize("name", ["fx", "crypto"])
def test_parameters_are_kept_with_what_they_were_fitted_to(name):
    fitted = shipped(name).fitted
    assert fitted.about["quotes"] > 50_000
    assert "--fit" in fitted.about["command"]
    assert fitted.errors["sigma"] > 0
    assert set(fitted.assumed) <= set(fitted.values())
    import tomllib  # noqa: PLC0415

    again = Fitted.from_mapping(tomllib.loads(fitted.as_toml()))
    assert again == fitted


def test_a_closed_market_sends_nothing(edge):
    shut = simulate(shipped("fx"), days=6.0, seed=1)
    begin = shut.frames["quotes"]["event_ns"].min() // (86_400 * 10**9)
    hour = shut.frames["quotes"]["event_ns"] // (3_600 * 10**9) - begin * 24
    assert not set(hour.to_list()) & set(shipped("fx").fitted.closed)
    assert not set(
        (shut.frames["decisions"]["event_ns"] // (3_600 * 10**9) - begin * 24).to_list()
    ) & set(shipped("fx").fitted.closed)

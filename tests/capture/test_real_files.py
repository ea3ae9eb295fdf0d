"""The real files, whole: every row is accounted for, the known defects are found."""

import subprocess
import sys

import polars as pl
import pytest

from tradeloop.capture import (
    NO_INSTRUMENT,
    fills_in_bars,
    fills_of,
    fills_outside_bar,
    read_decisions,
    read_fills,
    read_market,
    resolve,
)
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_SECOND
from tradeloop.errors import InputError

pytestmark = pytest.mark.realdata

# 2025-10-31 00:00 UTC: from then on the agents' fills are prices of their bar.
OCTOBER_31_NS = 1_761_868_800 * NS_PER_SECOND


@pytest.mark.parametrize(
    ("file", "rows", "hours"),
    [
        ("crypto/bars_4h", 20_695, 4),
        ("equity/bars_1h_us", 17_748, 1),
        ("equity/bars_1d_stocks", 18_870, 24),
        ("fx/quote_bars_1h_eurusd", 74_439, 1),
        ("fx/quote_bars_1d", 7_476, 24),
        ("crypto/trade_bars_1m", 12_423, 1 / 60),
        ("crypto/quote_bars_1m", 7_188, 1 / 60),
        ("equity/bars_1m_spy", 14_180, 1 / 60),
    ],
)
def test_no_bar_of_a_sound_file_is_lost(file, rows, hours, market_data):
    market = read_market([market_data / f"{file}.parquet"])
    assert market.bars.height == market.intakes[0].read == rows
    assert market.interval_ns == hours * NS_PER_HOUR
    assert (
        market.bars["event_ns"] - market.bars["open_ns"] == market.interval_ns
    ).all()


def test_403_200_hourly_bars_are_read_whole(market_data):
    market = read_market([market_data / "fx" / "bars_1h.parquet"])
    assert market.bars.height == market.intakes[0].read == 403_200
    assert market.bars["instrument"].n_unique() == 7
    assert market.bars.select("instrument", "event_ns").is_unique().all()


def test_the_47_bars_of_the_vix_that_open_outside_their_range_are_set_aside(
    market_data,
):
    (intake,) = read_market([market_data / "equity" / "bars_1d_index.parquet"]).intakes
    assert intake.reasons == {"open_outside_range": 47}
    assert intake.quarantined["body"].str.contains('"symbol": "VIX"').all()
    # Not float noise: the nearest of them lies 13 bps outside.
    body = intake.quarantined["body"].str.json_decode(
        pl.Struct(dict.fromkeys(("open", "high", "low"), pl.Float64))
    )
    beyond = body.struct.unnest().select(
        pl.max_horizontal(
            pl.col("open") / pl.col("high") - 1, pl.col("low") / pl.col("open") - 1
        )
    )
    assert beyond.min().item() > 1e-3


def test_eleven_minutes_of_ticks_become_second_bars_of_four_instruments(market_data):
    folder = market_data / "crypto"
    market = read_market([folder / "quotes.parquet", folder / "trades.parquet"])
    assert (market.quotes.height, market.trades.height) == (252_013, 69_808)
    assert market.interval_ns == NS_PER_SECOND
    assert market.bars["instrument"].unique().sort().to_list() == [
        "BTCUSDT.BINANCE_SPOT",
        "BTCUSDT.BINANCE_USDM",
        "ETHUSDT.BINANCE_SPOT",
        "ETHUSDT.BINANCE_USDM",
    ]
    assert all(i.read == i.rows.height for i in market.intakes)
    assert market.bars["volume"].sum() == pytest.approx(market.trades["size"].sum())
    signed = (market.trades["size"] * market.trades["side"]).sum()
    assert market.bars["signed_volume"].sum() == pytest.approx(signed)


def test_a_receiver_clock_that_runs_behind_is_counted_and_kept_as_the_one_clock(
    market_data,
):
    folder = market_data / "crypto"
    market = read_market([folder / "quotes.parquet", folder / "trades.parquet"])
    assert any("120081 rows were received before" in note for note in market.notes)
    assert any("69808 rows were received before" in note for note in market.notes)
    assert [intake.clock_cut for intake in market.intakes] == [120_081, 69_808]
    for ticks in (market.quotes, market.trades):
        assert (ticks["event_ns"] == ticks["received_ns"]).all()
    # On one clock the trades lie at the quotes of their moment. Were the spot trades
    # left on the exchange's clock, 1.27 s ahead, far fewer would.
    spot = pl.col("instrument") == "BTCUSDT.BINANCE_SPOT"
    quotes, trades = (t.filter(spot) for t in (market.quotes, market.trades))

    def at_the_quote(shift_ns):
        moved = trades.with_columns(pl.col("event_ns") + shift_ns)
        found = moved.sort("event_ns").join_asof(
            quotes.select("event_ns", "bid", "ask"), on="event_ns"
        )
        inside = pl.col("price").is_between(pl.col("bid"), pl.col("ask"))
        return found.select(inside.mean()).item()

    assert at_the_quote(0) > 0.5
    assert at_the_quote(1_270_000_000) < at_the_quote(0) - 0.1


def test_1_144_807_ticks_are_read_whole_in_less_than_a_gigabyte(market_data):
    path = market_data / "fx" / "ticks_fxcm_eurusd.parquet"
    # VmHWM, not ru_maxrss: the latter holds the peak of the process that forked us.
    code = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from tradeloop.capture import read_market\n"
        "market = read_market([Path(sys.argv[1])])\n"
        "status = Path('/proc/self/status').read_text()\n"
        "peak = int(re.search(r'VmHWM:\\s+(\\d+) kB', status)[1])\n"
        "print(market.quotes.height, peak, market.bars.height)\n"
        "print(*market.notes, sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    first, *notes = done.stdout.splitlines()
    rows, peak_kib, bars = map(int, first.split())
    assert rows == 1_144_807
    assert peak_kib < 1_000_000
    assert bars > 10_000
    assert any("116871 of 1144807 quotes are crossed (10.2 %)" in n for n in notes)
    assert any("142462 of 1144807 quotes are locked (12.4 %)" in n for n in notes)


def test_the_twelve_second_copies_of_24_equal_ticks_are_set_aside(market_data):
    path = market_data / "fx" / "ticks_oanda_eurusd.parquet"
    market = read_market([path])
    (intake,) = market.intakes
    source = pl.read_parquet(path)
    assert source.is_duplicated().sum() == 24
    assert intake.reasons == {"duplicate_row": 12}
    assert market.quotes.height == 532_903 - 12
    # Those that share a time and differ are quotes of their own.
    assert source.select("ts").is_duplicated().sum() > 8_000


def test_dukascopy_ticks_have_sizes(market_data):
    market = read_market([market_data / "fx" / "ticks_dukascopy_eurusd.parquet"])
    assert market.quotes.height == 3_551
    assert market.bars["bid_size"].null_count() == 0


def test_all_676_records_of_the_agents_are_accounted_for(market_data):
    path = market_data / "decisions" / "agent_decisions_us.parquet"
    decisions, fills = read_decisions(path), fills_of(path)
    assert decisions.read == 676
    assert decisions.rows.height == 673
    assert decisions.reasons == {"bookkeeping": 3}
    assert decisions.rows["decision_id"].is_unique().all()
    assert fills is not None
    assert fills.rows.height == 299
    assert fills.reasons == {"quantity_not_positive": 2}
    assert (
        fills.rows["decision_id"].is_in(decisions.rows["decision_id"].implode()).all()
    )


def test_every_decision_of_the_agents_finds_its_bars(market_data):
    bars = read_market([market_data / "equity" / "bars_1h_us.parquet"]).bars
    decisions = read_decisions(
        market_data / "decisions" / "agent_decisions_us.parquet"
    ).rows
    known, refused = resolve(decisions, bars, stale_after_ns=5 * NS_PER_DAY)
    assert (known.height, refused.height) == (673, 0)
    assert (known["instrument"] == NO_INSTRUMENT).sum() == 372


def test_123_of_the_agents_fills_lie_outside_their_bar_all_before_october_31(
    market_data,
):
    bars = read_market([market_data / "equity" / "bars_1h_us.parquet"]).bars
    fills = fills_of(market_data / "decisions" / "agent_decisions_us.parquet").rows
    assert fills_in_bars(fills, bars)["low"].null_count() == 0
    # The implied price is a change of cash over a quantity: two prices that equal a
    # bound of their bar come out 1e-16 of themselves beyond it.
    assert fills_outside_bar(fills, bars, tolerance=0.0).height == 125
    outside = fills_outside_bar(fills, bars)
    assert outside.height == 123
    assert (outside["event_ns"] < OCTOBER_31_NS).all()
    assert fills.filter(pl.col("event_ns") >= OCTOBER_31_NS).height > 100


def test_transactions_carry_their_side_in_the_quantity(market_data):
    path = market_data / "decisions" / "backtest_transactions.parquet"
    intake = read_fills(path)
    source = pl.read_parquet(path)
    assert intake.rows.height == intake.read == 9_367
    signed = (intake.rows["quantity"] * intake.rows["side"]).sum()
    assert signed == source["quantity"].sum()


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("crypto/book_deltas", "is_snapshot"),
        ("equity/closes_1d_stocks", "a bar lacks open, high, low and close"),
        ("equity/dollar_bars_es", "no time zone"),
        ("options/deribit_tickers", "lacks symbol"),
        ("macro/series", "make no bar, quote or trade"),
        ("text/stock_tweets", "make no bar, quote or trade"),
    ],
)
def test_files_of_something_else_are_refused_and_told_why(file, says, market_data):
    path = market_data / f"{file}.parquet"
    with pytest.raises(InputError) as caught:
        read_market([path])
    assert says in caught.value.message
    assert caught.value.source == str(path)
    assert caught.value.column

"""The flags on the real files: the known counts come out exactly."""

import polars as pl
import pytest

from tradeloop.capture import read_events
from tradeloop.capture.cleaning import (
    align,
    align_by_month,
    compare_clocks,
    compare_triangle,
)
from tradeloop.clock import NS_PER_HOUR, NS_PER_MINUTE

pytestmark = pytest.mark.realdata


def read(folder, name):
    (intake,) = read_events(folder / f"{name}.parquet")
    return intake


def mids(folder, source):
    ticks = pl.read_parquet(folder / "fx" / f"ticks_{source}_eurusd.parquet")
    mid = (pl.col("bid") + pl.col("ask")) / 2
    return ticks.select(event_ns=pl.col("ts").to_physical(), price=mid)


def closes(folder, symbol):
    bars = pl.read_parquet(folder / "fx" / "bars_1h.parquet")
    bars = bars.filter(pl.col("symbol") == symbol)
    end = pl.col("ts").to_physical() + NS_PER_HOUR
    return bars.select(event_ns=end, price="close")


def eurusd_of_two_legs(folder):
    legs = closes(folder, "EURGBP").join(closes(folder, "GBPUSD"), on="event_ns")
    return legs.select("event_ns", price=pl.col("price") * pl.col("price_right"))


def test_the_fxcm_file_has_116_871_crossed_and_142_462_locked_quotes(market_data):
    intake = read(market_data, "fx/ticks_fxcm_eurusd")
    assert intake.flags["crossed"] == 116_871
    assert intake.flags["locked"] == 142_462
    assert intake.rows.height == intake.read == 1_144_807
    bits = intake.flagged["quality_flags"]
    assert (bits & 1).sum() == 116_871
    assert (intake.rows["bid"] > intake.rows["ask"]).sum() == 116_871
    assert intake.flags["outlier"] < 0.001 * intake.read


def test_the_oanda_file_has_24_duplicates_of_which_12_are_kept(market_data):
    intake = read(market_data, "fx/ticks_oanda_eurusd")
    assert intake.flags["duplicate"] == 24
    assert intake.reasons == {"duplicate_row": 12}
    assert intake.read == intake.rows.height + 12 == 532_903


def test_the_receiver_of_the_crypto_files_runs_1_27_s_behind(market_data):
    intake = read(market_data, "crypto/trades")
    spot, usdm = intake.clocks.sort("venue").to_dicts()
    assert (spot["venue"], usdm["venue"]) == ("BINANCE_SPOT", "BINANCE_USDM")
    ranges = [
        tuple(round(lag[end] / 1e6) for end in ("least_ns", "most_ns"))
        for lag in (spot, usdm)
    ]
    assert ranges == [(-1276, -1054), (-1272, -1215)]
    assert all(abs(lag["median_ns"] / 1e9 + 1.27) < 0.005 for lag in (spot, usdm))
    assert intake.flags["negative_latency"] == spot["behind"] + usdm["behind"] == 69_808
    assert "clock_fault" not in intake.flags
    assert "sequence_gap" not in intake.flags


def test_the_clock_of_the_crypto_receiver_drifts_by_5_ppm_and_makes_no_step(
    market_data,
):
    trades = pl.read_parquet(market_data / "crypto" / "trades.parquet")
    for part in trades.partition_by("venue", "symbol"):
        found = compare_clocks(
            part["ts_event"].to_physical().to_numpy(),
            part["ts"].to_physical().to_numpy(),
        )
        assert found.steps.height == 0
        assert -6 < found.drift_ppm.value < -4


def test_a_gap_planted_into_the_book_is_found_and_nothing_else(market_data, tmp_path):
    spot = (pl.col("venue") == "BINANCE_SPOT") & (pl.col("symbol") == "ETHUSDT")
    book = pl.read_parquet(market_data / "crypto" / "book_deltas.parquet").filter(spot)
    book = book.head(30_000)
    book.write_parquet(tmp_path / "whole.parquet")
    assert "sequence_gap" not in read(tmp_path, "whole").flags
    lost = book["last_seq"].unique(maintain_order=True)[100]
    book.filter(pl.col("last_seq") != lost).write_parquet(tmp_path / "holed.parquet")
    holed = read(tmp_path, "holed")
    assert holed.flags["sequence_gap"] == 1
    (marked,) = holed.flagged.filter(pl.col("quality_flags") & 64 != 0).to_dicts()
    assert marked["first_sequence"] == lost + 1


def test_two_feeds_of_one_pair_line_up_and_an_hour_between_them_is_found(market_data):
    oanda, fxcm = mids(market_data, "oanda"), mids(market_data, "fxcm")
    found = align(oanda, fxcm, step_ns=NS_PER_MINUTE, shifts=60)
    assert found.lined_up
    assert found.shift_ns == 0
    assert found.best.value == pytest.approx(0.992, abs=0.001)
    moved = fxcm.with_columns(pl.col("event_ns") + NS_PER_HOUR)
    found = align(oanda, moved, step_ns=NS_PER_MINUTE, shifts=90)
    assert not found.lined_up
    assert found.shift_ns == NS_PER_HOUR
    assert abs(found.at_zero.value) < 0.03


def test_the_triangle_of_hourly_bars_closes_within_a_quarter_of_a_basis_point(
    market_data,
):
    found = compare_triangle(
        *(closes(market_data, name) for name in ("AUDUSD", "USDJPY", "AUDJPY"))
    )
    assert found.rows > 57_000
    assert found.median_error.value == pytest.approx(2.5e-5, abs=1e-6)


def test_hourly_bars_whose_clock_is_an_hour_early_until_november_2014_are_found(
    market_data,
):
    """Ticks of two other sources say which of the two files is wrong."""
    quotes = pl.read_parquet(market_data / "fx" / "quote_bars_1h_eurusd.parquet")
    end = pl.col("ts").to_physical() + NS_PER_HOUR
    mid = (pl.col("bid_close") + pl.col("ask_close")) / 2
    quotes, legs = (
        quotes.select(event_ns=end, price=mid),
        eurusd_of_two_legs(market_data),
    )
    rules = {"step_ns": NS_PER_HOUR, "shifts": 6}
    months = align_by_month(quotes, legs, **rules)
    told = months.with_columns(early=pl.col("month") < pl.date(2014, 12, 1))
    assert (told.filter("early")["shift_ns"] == -NS_PER_HOUR).all()
    assert told.filter("early").select((~pl.col("lined_up")).sum()).item() >= 23
    assert (told.filter(~pl.col("early"))["shift_ns"] == 0).all()
    assert told.filter(~pl.col("early"))["lined_up"].all()
    for source in ("oanda", "fxcm"):
        ticks = mids(market_data, source)
        assert align(ticks, quotes, **rules).lined_up
        found = align(ticks, legs, **rules)
        assert (found.lined_up, found.shift_ns) == (False, -NS_PER_HOUR)

"""The real files that are no bars, quotes or trades: read whole, or told why not."""

import polars as pl
import pytest

from tradeloop.capture import RELEASES, read_events
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError

pytestmark = pytest.mark.realdata


def read(folder, name, **rules):
    (intake,) = read_events(folder / f"{name}.parquet", **rules)
    assert intake.read == intake.rows.height + intake.quarantined.height
    return intake


def test_every_level_of_the_books_is_read_in_the_order_in_which_it_came(market_data):
    intake = read(market_data, "crypto/book_deltas")
    source = pl.read_parquet(market_data / "crypto" / "book_deltas.parquet")
    assert intake.rows.height == intake.read == 1_451_058
    assert dict(intake.flags) == {
        "negative_latency": source.select(
            (pl.col("ts") < pl.col("ts_event")).sum()
        ).item()
    }
    one = intake.rows.filter(pl.col("instrument") == "BTCUSDT.BINANCE_USDM")
    its = source.filter(venue="BINANCE_USDM", symbol="BTCUSDT")
    for name, column in (("last_sequence", "last_seq"), ("size", "size")):
        assert one[name].to_list() == its[column].to_list()
    assert one.filter("is_snapshot").height == 2_000


def test_option_quotes_hold_volatilities_as_numbers_and_known_times(market_data):
    tickers = read(market_data, "options/deribit_tickers").rows
    assert tickers.height == 89
    assert tickers["mark_iv"].is_between(0.3, 3).all()
    assert (tickers["bid"] == 0).sum() == 13
    chain = read(market_data, "options/spx_contracts_1d").rows
    assert chain.height == 392
    assert (chain["bid"] == 0).sum() == 91
    assert (chain["received_ns"] - chain["event_ns"] == NS_PER_DAY).all()
    assert (chain["expiry_ns"] >= chain["event_ns"]).all()


def test_no_value_of_a_series_is_known_on_its_reference_date(market_data):
    intake = read(market_data, "macro/series")
    assert intake.rows.height == 96_667
    wait = (intake.rows["received_ns"] - intake.rows["event_ns"]) / NS_PER_DAY
    assert wait.min() >= 2
    # The same series stand in the package's own table: the lags must not differ.
    by_name = {release.name: release for release in RELEASES}
    for name in ("WTI_USD_BBL", "AAA_YIELD_PCT", "BAA_YIELD_PCT"):
        rows = intake.rows.filter(series=name)
        day = pl.from_epoch(rows["event_ns"], time_unit="ns").dt.date()
        last = day.dt.month_end() if by_name[name].monthly else day
        known = last.dt.offset_by(f"{by_name[name].lag_days + 1}d").cast(
            pl.Datetime("ns")
        )
        assert rows["received_ns"].to_list() == known.to_physical().to_list()


def test_adjusted_closes_are_series_that_say_what_they_are(market_data):
    intake = read(market_data, "equity/closes_1d_stocks")
    assert intake.rows.height == 166_260
    assert intake.rows["series"].n_unique() == 20
    assert any("splits and dividends of later days" in note for note in intake.notes)


def test_dollar_bars_wait_for_the_zone_that_their_file_does_not_state(
    market_data, tmp_path
):
    with pytest.raises(InputError, match="no time zone"):
        read(market_data, "equity/dollar_bars_es")
    columns = tmp_path / "map.toml"
    columns.write_text('[bar.rules]\ntimezone = "UTC"')
    intake = read(market_data, "equity/dollar_bars_es", columns=columns)
    assert intake.reasons == {"no_next_bar": 1}
    assert intake.rows.height == 999
    assert (intake.rows["open_ns"][1:] == intake.rows["event_ns"][:-1]).all()


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("text/stock_tweets", "a sentiment lacks score"),
        ("decisions/backtest_positions", "Columns found: ts, AMD"),
        ("decisions/backtest_returns", "Columns found: ts, return"),
        ("reference/indicators_spy", "13 other kinds lack more"),
        ("reference/black_scholes_greeks", "13 other kinds lack more"),
    ],
)
def test_files_that_hold_no_events_are_refused_and_told_why(file, says, market_data):
    with pytest.raises(InputError) as caught:
        read(market_data, file)
    assert says in caught.value.message
    assert len(caught.value.message) < 1_000

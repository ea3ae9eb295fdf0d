"""The book of the recorded Binance feeds, against the quotes of the same feeds."""

import polars as pl
import pytest

from tradeloop.capture.book import Book
from tradeloop.capture.book_replay import replay_book

pytestmark = pytest.mark.realdata

LEVELS = ("bid", "ask", "bid_size", "ask_size")
# Messages applied; of them at a number that a quote has; with a quote before and after;
# of these, those equal to the quote that stood at their number.
COUNTS = {
    "BTCUSDT.BINANCE_SPOT": (6_493, 1_072, 6_492, 6_490),
    "ETHUSDT.BINANCE_SPOT": (6_468, 1_056, 6_468, 6_468),
    "BTCUSDT.BINANCE_USDM": (6_547, 629, 6_546, 6_546),
    "ETHUSDT.BINANCE_USDM": (6_580, 551, 6_578, 6_578),
}
TICKS = {name: "0.1" if "BTCUSDT.BINANCE_U" in name else "0.01" for name in COUNTS}
NAME = pl.concat_str("symbol", pl.lit("."), "venue").alias("instrument")


@pytest.fixture(scope="module")
def deltas(market_data):
    return pl.read_parquet(market_data / "crypto" / "book_deltas.parquet").select(
        NAME,
        event_ns=pl.coalesce("ts_event", "ts").cast(pl.Int64),
        received_ns=pl.col("ts").cast(pl.Int64),
        side=pl.when(pl.col("side") == "bid").then(1).otherwise(-1).cast(pl.Int8),
        price="price",
        size="size",
        first_sequence="first_seq",
        last_sequence="last_seq",
        previous_sequence="prev_seq",
        is_snapshot="is_snapshot",
    )


@pytest.fixture(scope="module")
def books(deltas):
    return replay_book(deltas, tick_sizes=TICKS)


@pytest.fixture(scope="module")
def quotes(market_data):
    frame = pl.read_parquet(market_data / "crypto" / "quotes.parquet")
    return frame.select(NAME, *LEVELS, pl.col("seq").alias("sequence"))


@pytest.mark.parametrize("name", COUNTS)
def test_rebuilt_tops_equal_the_quotes_of_the_same_number(name, books, quotes, deltas):
    tops, book = books[name]
    snapshot = deltas.filter((pl.col("instrument") == name) & pl.col("is_snapshot"))
    deltas_only = (pl.col("state") != "waiting") & (
        pl.col("sequence") > snapshot["last_sequence"][0]
    )
    own = quotes.filter(pl.col("instrument") == name).with_columns(at="sequence")
    both = tops.filter(deltas_only).join_asof(own, on="sequence", suffix="_quoted")
    both = both.with_columns(
        same=pl.all_horizontal(pl.col(c) == pl.col(f"{c}_quoted") for c in LEVELS)
    )
    exact = both.filter(pl.col("at") == pl.col("sequence"))
    between = both.filter(
        pl.col("at").is_not_null() & (pl.col("sequence") <= own["at"].max())
    )
    assert exact["same"].all()
    equal = between["same"].sum()
    assert (both.height, exact.height, between.height, equal) == COUNTS[name]
    # 99.97 % to the digits given: the two others are in the middle of a match, where
    # the venue's own streams differ; see docs/market-data.md.
    assert round(equal / between.height, 4) >= 0.9997
    assert book.faults.height == 0
    assert book.is_whole


@pytest.mark.parametrize("name", COUNTS)
def test_every_message_taken_out_of_the_real_feed_leaves_one_gap(name, deltas):
    own = deltas.filter(pl.col("instrument") == name)
    numbers = own.filter(~pl.col("is_snapshot"))["last_sequence"].unique().sort()
    gone = numbers.gather(range(2_000, 4_000, 97))
    book = Book(TICKS[name])
    tops = book.update(own.filter(~pl.col("last_sequence").is_in(gone.implode())))
    gaps = book.faults.filter(pl.col("reason") == "gap")
    assert gaps["last_sequence"].to_list() == gone.to_list()
    assert book.faults.height == gaps.height
    known = tops.filter(pl.col("state") != "waiting")["sequence"]
    assert known.max() < gone.min()


def test_the_ticks_of_the_venue_are_learnt_from_its_prices(deltas):
    learnt = replay_book(deltas.filter(pl.col("is_snapshot")))
    sizes = {name: str(book.grid.tick_size) for name, (_, book) in learnt.items()}
    assert sizes == TICKS

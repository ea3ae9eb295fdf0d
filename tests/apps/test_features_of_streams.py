"""``tradeloop features compute --streams``: real ticks, each stream on its clock."""

import json

import polars as pl
import pytest

from apps.given import call
from tradeloop.apps.featuring_streams import KINDS
from tradeloop.capture import read_events
from tradeloop.capture.book_depths import replay_depths
from tradeloop.features import Bank, LiveBank
from tradeloop.features.base import clock_of
from tradeloop.features.catalogue import raw_inputs, standard
from tradeloop.features.microstructure.tape import tape
from tradeloop.features.streams import rank

pytestmark = pytest.mark.realdata

SECONDS = 30
OWN = """
from tradeloop.features import feature
@feature(inputs=["trade.price", "trade.size"], clock="trade", unit="quote currency")
def turnover(price, size):
    "price * size."
    return price * size
@feature()
def of_bars(close):
    return close
"""


@pytest.fixture(scope="module")
def desk(market_data, tmp_path_factory):
    """Half a minute of two futures."""
    folder = tmp_path_factory.mktemp("ticks")
    for name in ("quotes", "trades", "book_deltas"):
        whole = pl.read_parquet(market_data / "crypto" / f"{name}.parquet")
        rows = whole.filter(pl.col("venue") == "BINANCE_USDM")
        until = rows["ts"].min() + pl.duration(seconds=SECONDS)
        rows.filter(pl.col("ts") < until).write_parquet(folder / f"{name}.parquet")
    (folder / "own.py").write_text(OWN)
    return folder


def compute(desk, out, *names, more=()):
    files = [desk / f"{name}.parquet" for name in names]
    return call("features", "compute", *files, "--streams", *more, "--json", out=out)


@pytest.fixture(scope="module")
def whole(desk):
    answer = compute(
        desk,
        desk / "found",
        *("quotes", "trades", "book_deltas"),
        more=("--own", desk / "own.py"),
    )
    assert answer.status == 0, answer.stderr
    return answer.json["streams"]


def frame_of(told):
    return pl.read_parquet(told["out"])


def test_each_stream_has_all_columns_of_the_catalogue_and_a_row_an_event(desk, whole):
    wanted = {"turnover": "trade"}
    for column in standard(["microstructure"]):
        if all("." in name for name in raw_inputs(column)):
            wanted[column.name] = clock_of(column)
    assert set(whole) == set(wanted.values())
    for stream, told in whole.items():
        names = {name for name, clock in wanted.items() if clock == stream}
        assert set(frame_of(told).columns[3:]) == names
    rows = {n: pl.read_parquet(desk / f"{n}.parquet").height for n in ("trades",)}
    assert whole["trade"]["rows"] == rows["trades"]
    assert whole["tape"]["rows"] == whole["quote"]["rows"] + rows["trades"]
    assert all(told["missing_share"] < 0.2 for told in whole.values())


def test_live_gives_the_same_to_the_bit(desk, whole):
    read = [read_events(f, kinds=KINDS) for f in desk.glob("*s.parquet")]
    rows = {each.record.kind: each.rows for (each,) in read}
    quotes, trades = rows["quote"], rows["trade"]
    streams = {
        "quote": quotes,
        "trade": trades,
        "tape": tape(quotes, trades),
        "book": replay_depths(rows["book_delta"]),
    }
    wanted = {c.name: c for c in standard(["microstructure"])}
    for clock, needed in {
        "quote": ("quote",),
        "trade": ("quote", "trade"),
        "tape": ("tape",),
        "book": ("book",),
    }.items():
        found = frame_of(whole[clock]).filter(pl.col("instrument") == LAST)
        names = [name for name in found.columns[3:] if name in wanted]
        live = LiveBank(Bank([wanted[name] for name in names]))
        for _, stream, row in sorted(_events(streams, needed), key=lambda e: e[0]):
            values = live.update(LAST, row, stream)
        last = found.select(names).row(-1)
        held = [None if x != x else x for x in values.tolist()]
        assert held == list(last), clock


LAST = "BTCUSDT.BINANCE_USDM"


def _events(streams, needed):
    for stream in needed:
        mine = streams[stream].filter(pl.col("instrument") == LAST)
        for place, row in enumerate(mine.iter_rows(named=True)):
            at = row["received_ns"], row["event_ns"], rank(stream), place
            yield at, stream, row


def test_trades_alone_give_what_needs_no_quote(desk, tmp_path):
    answer = compute(desk, tmp_path / "some", "trades")
    told = answer.json["streams"]
    assert list(told) == ["trade"]
    names = frame_of(told["trade"]).columns
    assert "trade_roll_200_spread" in names
    assert "effective_spread_bps" not in names


def test_what_cannot_be_is_refused(desk, tmp_path):
    out = tmp_path / "out"
    bar = ("--bar", "1s")
    assert (
        "for features of bars" in compute(desk, out, "trades", more=bar).json["message"]
    )
    out.write_text("a file")
    answer = compute(desk, out, "trades")
    assert answer.status == 2
    assert "A folder is needed" in answer.json["message"]
    (tmp_path / "same.py").write_text(OWN.replace("turnover", "trade_size_100"))
    own = ("--own", tmp_path / "same.py")
    answer = compute(desk, tmp_path / "other", "trades", more=own)
    assert "has a feature 'trade_size_100' already" in answer.json["message"]
    assert json.loads(answer.stdout)["error"] == "InputError"

"""Kinds beyond bars, quotes and trades: their layouts, times and rules."""

import json

import polars as pl
import pytest

from tradeloop.capture import KINDS, read_events
from tradeloop.capture.plain_kinds import PLAIN
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError

DAY = NS_PER_DAY
LEVEL = {
    "symbol": "A",
    "venue": "X",
    "ts_event": 10,
    "ts": 12,
    "first_seq": 5,
    "last_seq": 7,
    "prev_seq": None,
    "side": "bid",
    "price": 9.5,
    "size": 0.0,
    "is_snapshot": False,
}
NS = '[{kind}.rules]\ntime_unit = "ns"\n'


def read(folder, rows, name="f", text=None):
    path = folder / f"{name}.parquet"
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
    columns = None
    if text is not None:
        columns = folder / "map.toml"
        columns.write_text(text)
    (intake,) = read_events(path, columns=columns)
    return intake


def book(folder, *changes):
    rows = [LEVEL | change for change in changes]
    return read(folder, rows, text=NS.format(kind="book_delta"))


def test_a_level_of_a_book_keeps_its_numbers_and_the_order_in_which_it_came(tmp_path):
    later = {"ts": 13, "ts_event": 9, "side": "ask", "last_seq": 8, "first_seq": 8}
    intake = book(tmp_path, {}, {"price": 9.4, "side": "sell"}, later)
    assert intake.rows.select("instrument", "side", "price").rows() == [
        ("A.X", 1, 9.5),
        ("A.X", -1, 9.4),
        ("A.X", -1, 9.5),
    ]
    assert intake.rows["first_sequence"].to_list() == [5, 5, 8]
    assert intake.rows["received_ns"].to_list() == [12, 12, 13]


def test_a_snapshot_covers_the_one_number_that_it_has(tmp_path):
    whole = {"is_snapshot": True, "first_seq": None}
    intake = book(tmp_path, whole, {"price": 9.0})
    assert intake.rows["first_sequence"].to_list() == [7, 5]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"side": "both"}, "side_not_understood"),
        ({"side": "hold"}, "side_not_known"),
        ({"price": 0.0}, "price_not_positive"),
        ({"size": -1.0}, "size_negative"),
        ({"size": None}, "size_missing"),
        ({"last_seq": None}, "last_sequence_missing"),
        ({"first_seq": 8}, "first_sequence_after_last"),
        ({"is_snapshot": None}, "is_snapshot_missing"),
        ({"symbol": None}, "symbol_missing"),
        ({"symbol": "x" * 60}, "instrument_longer_than_50"),
    ],
)
def test_a_level_that_breaks_a_rule_is_set_aside(change, reason, tmp_path):
    intake = book(tmp_path, {"price": 1.0}, change)
    assert intake.reasons == {reason: 1}


OPTION = {
    "contract": "C1",
    "underlying": "U",
    "strike": 100.0,
    "right": "CALL",
    "expiry": pl.Series([2 * DAY]).cast(pl.Datetime("ns", "UTC"))[0],
    "bid": 0.0,
    "ask": 1.0,
    "event_ns": 5,
}


def test_an_option_quote_keeps_strike_right_and_expiry(tmp_path):
    rows = [OPTION, OPTION | {"right": "P", "event_ns": 6}]
    found = read(tmp_path, rows).rows
    assert found["right"].to_list() == ["call", "put"]
    assert found["expiry_ns"].to_list() == [2 * DAY] * 2
    assert found["bid"].to_list() == [0.0, 0.0]
    refused = read(tmp_path, [OPTION, OPTION | {"right": "both", "event_ns": 6}])
    assert refused.reasons == {"right_not_known": 1}


def test_a_map_may_scale_a_number(tmp_path):
    rows = [OPTION | {"mark_iv": 120.0}]
    text = "[option_quote.rules.scale]\nmark_iv = 0.01"
    assert read(tmp_path, rows, text=text).rows["mark_iv"].to_list() == [1.2]


SCORED = {"symbol": "A", "event_ns": 5, "score": -0.5, "text": "down"}


def test_a_score_is_kept_with_its_text_and_known_by_the_hash_of_its_row(tmp_path):
    intake = read(tmp_path, [SCORED, SCORED, SCORED | {"score": 1.5}], name="news")
    assert intake.rows["text_source"].to_list() == ["news"]
    assert intake.rows["sentiment_id"][0].startswith("row-")
    assert intake.reasons == {"duplicate_row": 1, "score_above_1": 1}


def test_a_text_without_a_score_is_refused_and_told_why(tmp_path):
    with pytest.raises(InputError, match="a sentiment lacks score") as caught:
        read(tmp_path, [{"symbol": "A", "event_ns": 5, "text": "down"}])
    assert caught.value.column == "score"


def series(folder, rows, text):
    frame = pl.DataFrame(rows, schema=["series", "date", "value"], orient="row")
    frame = frame.with_columns(pl.col("date").str.to_date())
    frame.write_parquet(folder / "s.parquet")
    (folder / "map.toml").write_text('[series.rules]\ntimezone = "UTC"\n' + text)
    (intake,) = read_events(folder / "s.parquet", columns=folder / "map.toml")
    days = pl.from_epoch(intake.rows["received_ns"], time_unit="ns").dt.date()
    return intake, days.dt.to_string().to_list()


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("1d", "2024-02-16"),
        ("day+2d", "2024-02-17"),
        ("week+1d", "2024-02-20"),
        ("month+31d", "2024-04-01"),
        ("quarter+92d", "2024-07-02"),
        ("year+1d", "2025-01-02"),
    ],
)
def test_a_value_is_known_so_long_after_the_end_of_its_period(said, known, tmp_path):
    text = f'[series.rules.releases]\nX = "{said}"'
    intake, days = series(tmp_path, [("X", "2024-02-14", 1.0)], text)
    assert (intake.rows["received_ns"] > intake.rows["event_ns"]).all()
    assert days == [known]


def test_a_series_without_a_release_is_refused_and_the_others_stay(tmp_path):
    rows = [
        ("X", "2024-02-14", 1.0),
        ("Y", "1919-01-01", 2.0),
        ("X", "2024-02-15", None),
    ]
    text = '[series.rules.releases]\nY = "1d"\n'
    intake, days = series(tmp_path, rows, text)
    assert days == ["1919-01-03"]
    assert sorted(intake.reasons) == ["release_not_known", "value_missing"]


def test_one_latency_may_stand_for_all_series_and_a_stated_release_goes_before(
    tmp_path,
):
    text = 'latency = "3d"\n[series.rules.releases]\nX = "1d"\n'
    rows = [("X", "2024-02-14", 1.0), ("Y", "2024-02-14", 2.0)]
    assert series(tmp_path, rows, text)[1] == ["2024-02-16", "2024-02-17"]


def test_release_times_of_the_file_go_before_all_rules(tmp_path):
    row = {"series": "X", "event_ns": 5, "received_ns": 9, "value": 1.0}
    intake = read(tmp_path, [row], text='[series.rules.releases]\nX = "1d"')
    assert intake.rows["received_ns"].to_list() == [9]


@pytest.mark.parametrize("said", ["soon", "month", "month+", "decade+1d", "-1d"])
def test_a_release_that_cannot_be_read_is_one_clear_error(said, tmp_path):
    text = f'[series.rules.releases]\nX = "{said}"'
    with pytest.raises(InputError, match="release of 'X'"):
        series(tmp_path, [("X", "2024-02-14", 1.0)], text)


def test_bars_of_equal_turnover_end_where_the_next_one_begins(tmp_path):
    rows = [
        {
            "ts_naive": pl.Series([at * 10**9]).cast(pl.Datetime("ns"))[0],
            "symbol": "A",
            **dict.fromkeys(("open", "high", "low", "close"), 1.0),
            "cum_vol": 7,
            "cum_dollar": 7.0,
        }
        for at in (3, 1, 8)
    ]
    intake = read(tmp_path, rows, text='[bar.rules]\ntimezone = "UTC"')
    assert intake.rows.select("open_ns", "event_ns").rows() == [
        (10**9, 3 * 10**9),
        (3 * 10**9, 8 * 10**9),
    ]
    assert intake.rows["volume"].to_list() == [7.0, 7.0]
    assert intake.reasons == {"no_next_bar": 1}


SAMPLES = {
    "order_event": {"order_id": "o", "side": 1, "status": "sent", "quantity": 2.0},
    "skip": {"strategy": "s", "reason": "no_liquidity"},
    "portfolio_state": {
        "portfolio": "p",
        "currency": "USD",
        "equity": 5.0,
        "positions": '{"A": 2.0}',
    },
    "fx_rate": {"base_currency": "EUR", "quote_currency": "USD", "rate": 1.1},
    "corporate_action": {"action": "split", "ex_ns": 9, "ratio": 2.0},
    "futures_roll": {"root": "ES", "effective_ns": 9, "to_instrument": "ESH5"},
    "instrument": {
        "asset_class": "equity",
        "currency": "USD",
        "tick_size": 0.01,
        "lot_size": 1.0,
        "contract_size": 1.0,
        "calendar": "XNYS",
    },
}


@pytest.mark.parametrize("record", PLAIN, ids=lambda record: record.kind)
def test_a_file_with_the_columns_of_a_record_is_read_as_that_record(record, tmp_path):
    row = {"event_ns": 5, "received_ns": 6, "instrument": "A"} | SAMPLES[record.kind]
    row |= {key: "id" for key in record.key if key.endswith("_id")}
    row = {name: value for name, value in row.items() if name in record.schema}
    intake = read(tmp_path, [row])
    assert intake.record is record
    (kept,) = intake.rows.to_dicts()
    assert {name: kept[name] for name in row} == row
    assert json.loads(kept.get("positions") or "{}") in ({}, {"A": 2.0})


def test_what_breaks_the_bounds_of_a_column_is_refused(tmp_path):
    row = {"event_ns": 5, "base_currency": "EUR", "quote_currency": "USD", "rate": 1.0}
    rows = [row, row | {"rate": -1.0}, row | {"event_ns": 6, "base_currency": None}]
    intake = read(tmp_path, rows)
    assert intake.reasons == {"base_currency_missing": 1, "rate_not_positive": 1}


def test_kinds_can_be_left_out_and_unknown_ones_are_told(tmp_path):
    row = {"symbol": "A", "event_ns": 5, "bid": 1.0, "ask": 2.0}
    path = tmp_path / "q.parquet"
    pl.DataFrame([row]).write_parquet(path)
    assert read_events(path, kinds=["quote"])[0].record.kind == "quote"
    with pytest.raises(InputError, match="make no bar"):
        read_events(path, kinds=["bar"])
    with pytest.raises(InputError, match="Did you mean 'quote'"):
        read_events(path, kinds=["quotes"])
    assert KINDS[:3] == ("bar", "quote", "trade")


def test_a_fill_keeps_its_venue_and_how_it_was_executed(tmp_path):
    row = {
        "fill_id": "1",
        "symbol": "A",
        "venue": "XNAS",
        "event_ns": 5,
        "side": "buy",
        "price": 1.0,
        "quantity": 2.0,
        "liquidity": "maker",
        "algorithm": "twap",
        "parameters": '{"slices": 4}',
    }
    rows = [row, row | {"fill_id": "2", "liquidity": "both"}]
    intake = read(tmp_path, [*rows, row | {"fill_id": "3", "parameters": "[]"}])
    (kept,) = intake.rows.to_dicts()
    assert (kept["instrument"], kept["venue"]) == ("A.XNAS", "XNAS")
    assert (kept["liquidity"], kept["algorithm"]) == ("maker", "twap")
    assert kept["parameters"] == '{"slices": 4}'
    assert intake.reasons == {"liquidity_not_known": 1, "parameters_no_json_object": 1}

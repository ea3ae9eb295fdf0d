"""NDJSON: a broken line is set aside with its number, its neighbours stay."""

import gzip
import json

import polars as pl
import pytest

from tradeloop.capture import read_decisions, read_events, read_market
from tradeloop.capture.line_files import LONGEST_LINE
from tradeloop.capture.readers import read_sheet, read_table
from tradeloop.errors import InputError

GOOD = '{"symbol": "A", "event_ns": 1, "bid": 1.0, "ask": 2.0}'
LATER = '{"symbol": "A", "event_ns": 2, "bid": 1.5, "ask": 2.0}'


def saved(folder, *lines, name="q.ndjson"):
    path = folder / name
    raw = b"\n".join(x if isinstance(x, bytes) else x.encode() for x in lines)
    path.write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    return path


BROKEN = {
    "a bracket that is not closed": '{"symbol": "A"',
    "a key twice": '{"symbol": "A", "symbol": "B", "event_ns": 1, "bid": 1, "ask": 2}',
    "NaN": '{"symbol": "A", "event_ns": 1, "bid": NaN, "ask": 2}',
    "an infinity": '{"symbol": "A", "event_ns": 1, "bid": -Infinity, "ask": 2}',
    "a number beyond float64": '{"symbol": "A", "event_ns": 1, "bid": 1e999, "ask": 2}',
    "a number beyond int64": '{"symbol": "A", "event_ns": 9223372036854775808}',
    "an integer of 5000 digits": '{"event_ns": ' + "9" * 5000 + "}",
    "a list": "[1, 2]",
    "a number alone": "7",
    "nothing but null": "null",
    "wrong UTF-8": b'{"symbol": "\xff\xfe"}',
    "a NUL": b'{"symbol": "A\\u0000B"}',
    "a raw NUL": b'{"symbol": "A\x00B"}',
    "a lone surrogate": '{"symbol": "\\ud800"}',
    "100,000 levels": "[" * 100_000,
    "a text of 2 MB": '{"symbol": "' + "x" * 2_000_000 + '"}',
    "text that is no JSON": "symbol,event_ns,bid,ask",
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_line_goes_to_quarantine_and_its_neighbours_stay(case, tmp_path):
    path = saved(tmp_path, GOOD, BROKEN[case], LATER)
    (intake,) = read_events(path)
    assert intake.read == 3
    assert intake.rows["event_ns"].to_list() == [1, 2]
    (refused,) = intake.quarantined.to_dicts()
    assert (refused["source"], refused["row"]) == (str(path), 1)
    assert refused["reason"] == "line_is_no_object"
    body = json.loads(refused["body"])
    assert body["why"]
    assert body["bytes"] > 0
    assert intake.places["row"].to_list() == [0, 2]


def test_a_line_longer_than_is_read_is_refused_and_the_next_one_is_found(tmp_path):
    path = saved(tmp_path, GOOD, "x" * (2 * LONGEST_LINE + 5), LATER)
    (intake,) = read_events(path)
    assert intake.quarantined["row"].to_list() == [1]
    assert intake.rows.height == 2


def test_a_row_that_breaks_a_rule_keeps_the_number_of_its_line(tmp_path):
    bad = GOOD.replace("1.0", "-1.0").replace('"event_ns": 1', '"event_ns": 3')
    (intake,) = read_events(saved(tmp_path, "", GOOD, "{", "", bad))
    assert intake.quarantined.select("row", "reason").rows() == [
        (2, "line_is_no_object"),
        (4, "bid_not_positive"),
    ]


@pytest.mark.parametrize("name", ["q.ndjson", "q.jsonl", "q.NDJSON", "q.jsonl.gz"])
def test_lines_are_known_by_their_suffix_packed_or_not(name, tmp_path):
    market = read_market([saved(tmp_path, GOOD, LATER, name=name)])
    assert market.quotes.height == 2


def test_a_byte_order_mark_and_windows_line_ends_are_no_damage(tmp_path):
    path = saved(tmp_path, b"\xef\xbb\xbf" + GOOD.encode() + b"\r", LATER)
    (intake,) = read_events(path)
    assert intake.rows.height == intake.read == 2


def test_columns_keep_their_types_and_mixed_ones_become_text(tmp_path):
    lines = [
        {"i": 1, "f": 1, "b": True, "t": "x", "m": 1, "n": None},
        {"i": 2**62, "f": 0.1, "b": False, "t": "y", "m": "a", "o": {"k": [1]}},
        {"m": 0.1},
    ]
    table = read_table(saved(tmp_path, *map(json.dumps, lines)))
    assert dict(table.schema) == {
        "i": pl.Int64,
        "f": pl.Float64,
        "b": pl.Boolean,
        "t": pl.String,
        "m": pl.String,
        "n": pl.Boolean,
        "o": pl.String,
    }
    assert table["i"].to_list() == [1, 2**62, None]
    assert table["m"].to_list() == ["1", "a", "0.1"]
    assert table["o"].to_list() == [None, '{"k": [1]}', None]


def test_one_word_among_the_prices_refuses_one_row(tmp_path):
    (intake,) = read_events(saved(tmp_path, GOOD.replace("1.0", '"x"'), LATER))
    assert intake.reasons == {"bid_not_a_number": 1}
    assert intake.rows["bid"].to_list() == [1.5]


def test_the_same_rows_are_the_same_events_as_in_parquet(tmp_path):
    path = saved(tmp_path, GOOD, LATER)
    (lines,) = read_events(path)
    read_sheet(path).table.write_parquet(tmp_path / "q.parquet")
    (parquet,) = read_events(tmp_path / "q.parquet")
    assert lines.rows.equals(parquet.rows)


@pytest.mark.parametrize(
    ("lines", "says"),
    [(["{", "[]"], "None of the 2 lines"), (["", " "], "holds no rows")],
)
def test_a_file_without_one_object_is_one_clear_error(lines, says, tmp_path):
    with pytest.raises(InputError, match=says) as caught:
        read_events(saved(tmp_path, *lines))
    assert caught.value.source.endswith("q.ndjson")


def test_a_plain_table_is_not_read_past_a_broken_line(tmp_path):
    with pytest.raises(InputError, match="1 lines are no JSON objects") as caught:
        read_table(saved(tmp_path, GOOD, "{"))
    assert caught.value.row == 1


def test_broken_lines_are_counted_once_where_decisions_hold_fills(tmp_path):
    row = {
        "ts": "2025-01-02T00:00:00Z",
        "agent": "a",
        "record_id": 1,
        "seq": 1,
        "action": "buy",
        "symbol": "A",
        "quantity": 1.0,
        "fill_price_implied": 2.0,
        "cash_after": 3.0,
    }
    path = saved(tmp_path, json.dumps(row), "{")
    decisions, fills = read_events(path)
    assert (decisions.record.kind, fills.record.kind) == ("decision", "fill")
    assert (decisions.read, decisions.rows.height) == (2, 1)
    assert (fills.read, fills.rows.height) == (1, 1)
    assert read_decisions(path).read == 2


def test_a_gzip_bomb_is_refused_before_it_unpacks(tmp_path, monkeypatch):
    monkeypatch.setattr("tradeloop.capture.text_files._UNPACKED", 1 << 20)
    for name in ("bomb.ndjson.gz", "bomb.csv.gz"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(b"0" * (3 << 20)))
        with pytest.raises(InputError, match="unpacks to more than"):
            read_sheet(path)

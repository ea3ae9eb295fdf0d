import json

import polars as pl
import pytest

from tradeloop.capture import NO_INSTRUMENT, fills_of, read_decisions, read_fills
from tradeloop.errors import InputError
from tradeloop.events import DECISION, FILL

GOOD = {"ts": "2024-01-01T00:00:00Z", "symbol": "A", "action": "buy"}


def save(folder, rows, name="mine.csv"):
    path = folder / name
    frame = pl.DataFrame(rows, infer_schema_length=None)
    (frame.write_csv if name.endswith("csv") else frame.write_parquet)(path)
    return path


def decided(folder, *changes, name="mine.csv"):
    rows = [
        GOOD | {"ts": f"2024-01-01T00:00:{n:02}Z"} | change
        for n, change in enumerate(changes)
    ]
    return read_decisions(save(folder, rows, name))


@pytest.mark.parametrize(
    ("word", "side"),
    [
        ("buy", 1),
        ("LONG", 1),
        (" Buy ", 1),
        ("1", 1),
        ("sell", -1),
        ("Short", -1),
        ("-1", -1),
        ("-1.0", -1),
        ("hold", 0),
        ("NO_TRADE", 0),
        ("none", 0),
        ("0", 0),
    ],
)
def test_words_for_a_side_are_understood(word, side, tmp_path):
    assert decided(tmp_path, {"action": word}).rows["side"].to_list() == [side]


def test_sides_may_be_numbers(tmp_path):
    changes = [{"action": 1}, {"action": -1}, {"action": 0}]
    intake = decided(tmp_path, *changes, name="mine.parquet")
    assert intake.rows["side"].to_list() == [1, -1, 0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"action": "maybe"}, "side_not_understood"),
        ({"action": ""}, "side_missing"),
        ({"symbol": ""}, "symbol_missing"),
        ({"confidence": 1.5}, "confidence_score_outside_0_to_1"),
        ({"confidence": -0.1}, "confidence_score_outside_0_to_1"),
        ({"confidence": "inf"}, "confidence_score_not_finite"),
        ({"timeframe_consensus": "[1]"}, "timeframe_consensus_no_json_object"),
        ({"timeframe_consensus": "{"}, "timeframe_consensus_no_json_object"),
        ({"id": ""}, "decision_id_missing"),
        ({"agent": ""}, "strategy_missing"),
    ],
)
def test_a_decision_that_cannot_be_used_says_why(change, reason, tmp_path):
    whole = {name: {"id": "2", "agent": "x"}.get(name, "") for name in change}
    whole |= {"action": "buy", "symbol": "A"}
    intake = decided(tmp_path, change, whole)
    assert intake.quarantined.select("row", "reason").rows() == [(0, reason)]
    assert intake.read == 2


def test_a_decision_not_to_trade_needs_no_symbol(tmp_path):
    intake = decided(tmp_path, {"action": "hold", "symbol": ""}, {"symbol": ""}, {})
    assert intake.rows["instrument"].to_list() == [NO_INSTRUMENT, "A"]
    assert intake.reasons == {"symbol_missing": 1}


def test_a_decision_was_known_when_it_was_made_unless_it_says_later(tmp_path):
    intake = decided(
        tmp_path, {"received_at": ""}, {"received_at": "2024-01-01T01:00Z"}
    )
    lags = (intake.rows["received_ns"] - intake.rows["event_ns"]).to_list()
    assert lags == [0, (3600 - 1) * 10**9]


def test_a_decision_without_an_id_keeps_its_own_when_the_file_grows_or_turns(tmp_path):
    first = decided(tmp_path, {}, {"action": "sell"}).rows
    rows = [
        GOOD | {"ts": "2024-01-01T00:00:09Z"},
        GOOD | {"ts": "2024-01-01T00:00:01Z", "action": "sell"},
        GOOD,
    ]
    again = read_decisions(save(tmp_path, rows)).rows
    assert again["decision_id"][:2].to_list() == first["decision_id"].to_list()
    assert again["decision_id"].n_unique() == 3


def test_an_id_that_comes_twice_is_a_copy_or_a_conflict(tmp_path):
    rows = [GOOD | {"id": "1"}, GOOD | {"id": "1"}, GOOD | {"id": "1", "symbol": "B"}]
    intake = read_decisions(save(tmp_path, rows))
    assert intake.rows["instrument"].to_list() == ["A"]
    assert intake.reasons == {"duplicate_row": 1, "key_conflict": 1}
    assert intake.quarantined["key"].to_list() == ["1", "1"]


def test_without_a_strategy_it_is_the_name_of_the_file(tmp_path):
    assert decided(tmp_path, {}).rows["strategy"].to_list() == ["mine"]


def test_all_fields_of_a_decision_are_read(tmp_path):
    row = GOOD | {
        "decision_id": "7",
        "strategy": "s",
        "venue": "X",
        "signal_strength": 0.1,
        "confidence_score": 0.2,
        "risk_score": 0.3,
        "position_size": 40,
        "decision_reasoning": "because",
        "timeframe_consensus": '{"1h": 1}',
    }
    intake = read_decisions(save(tmp_path, [row], "d.parquet"))
    assert intake.record is DECISION
    assert intake.rows.schema == dict(DECISION.schema)
    found = intake.rows.row(0, named=True)
    assert found["instrument"] == "A.X"
    assert (found["signal_strength"], found["position_size"]) == (0.1, 40.0)
    assert json.loads(found["timeframe_consensus"]) == {"1h": 1}
    assert found["reasoning"] == "because"


def test_a_record_that_was_written_is_read_back_the_same(tmp_path):
    rows = decided(tmp_path, {"venue": "X"}, {"action": "sell", "venue": "X"}).rows
    rows.write_parquet(tmp_path / "back.parquet")
    assert read_decisions(tmp_path / "back.parquet").rows.equals(rows)


def test_a_file_of_which_no_row_can_be_used_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match="1 x side_not_understood") as caught:
        decided(tmp_path, {"action": "maybe"})
    assert caught.value.row == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quantity": 0}, "quantity_not_positive"),
        ({"quantity": -1}, "quantity_not_positive"),
        ({"quantity": "x"}, "quantity_not_a_number"),
        ({"price": 0}, "price_not_positive"),
        ({"price": "nan"}, "price_not_finite"),
        ({"side": "hold"}, "side_is_no_trade"),
        ({"side": ""}, "side_missing"),
        ({"fees": "inf"}, "fees_not_finite"),
    ],
)
def test_a_fill_that_cannot_be_used_says_why(change, reason, tmp_path):
    good = {"ts": GOOD["ts"], "symbol": "A", "side": "buy", "price": 1, "quantity": 2}
    rows = [good | {"fees": 0} | change, good | {"fees": 0, "price": 3}]
    rows = [{name: str(value) for name, value in row.items()} for row in rows]
    intake = read_fills(save(tmp_path, rows))
    assert intake.record is FILL
    assert intake.quarantined.select("row", "reason").rows() == [(0, reason)]


def test_a_signed_quantity_carries_the_side(tmp_path):
    row = {"ts": GOOD["ts"], "symbol": "A", "price": 1.0, "txn_dollars": 0.0}
    rows = [row | {"quantity": n} for n in (3, -2, 0)]
    intake = read_fills(save(tmp_path, rows))
    assert intake.rows.select("side", "quantity").rows() == [(1, 3.0), (-1, 2.0)]
    assert intake.reasons == {"quantity_not_positive": 1}


def test_fills_in_the_rows_of_decisions_need_a_map_that_describes_both(tmp_path):
    row = GOOD | {"price": 1.0, "quantity": 2.0, "id": "1"}
    path = save(tmp_path, [row, row | {"action": "hold", "id": "2"}])
    assert fills_of(path) is None
    columns = tmp_path / "map.toml"
    columns.write_text(
        "[decision]\n[fill]\n"
        'symbol = "symbol"\nevent_time = "ts"\nside = "action"\n'
        'price = "price"\nquantity = "quantity"\ndecision_id = "id"\n'
        '[fill.rules.only]\naction = ["buy", "sell"]\n'
    )
    fills = fills_of(path, columns=columns)
    assert fills.read == 1
    assert fills.rows["decision_id"].to_list() == ["1"]
    assert any("1 of 2 rows are no fill" in note for note in fills.notes)


def test_words_of_the_users_own_may_mean_a_side_or_a_reason(tmp_path):
    rows = [GOOD | {"action": word, "symbol": word} for word in ("IN", "OUT", "note")]
    columns = tmp_path / "map.toml"
    columns.write_text('[decision.rules.sides]\nIN = 1\nout = -1\nnote = "a_note"\n')
    intake = read_decisions(save(tmp_path, rows), columns=columns)
    assert intake.rows["side"].to_list() == [1, -1]
    assert intake.reasons == {"a_note": 1}
    columns.write_text("[decision.rules.sides]\nIN = 2\n")
    with pytest.raises(InputError, match="the side 'IN' the value 2"):
        read_decisions(save(tmp_path, rows), columns=columns)


def test_an_id_may_be_built_from_parts(tmp_path):
    rows = [GOOD | {"agent": "x", "n": n} for n in (1, 2)]
    columns = tmp_path / "map.toml"
    columns.write_text('[decision]\ndecision_id = { parts = ["agent", "n"] }\n')
    intake = read_decisions(save(tmp_path, rows), columns=columns)
    assert intake.rows["decision_id"].to_list() == ["x-1", "x-2"]

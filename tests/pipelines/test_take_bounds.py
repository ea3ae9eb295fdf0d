"""A row of a batch is refused where the same row would be refused as a message."""

from math import inf, nan

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from tradeloop.errors import InputError
from tradeloop.events import APART, BOOK_DELTA, BY_KIND, OPTION_QUOTE
from tradeloop.pipelines.captured import captured_ticks
from tradeloop.pipelines.take import TickIntake, take
from tradeloop.pipelines.take_batch import KINDS, decode, examine

START_NS = 1_700_000_000_000_000_000
TIMES = {"event_ns": START_NS, "received_ns": START_NS + 9}
DELTA = {
    **TIMES,
    "instrument": "A",
    "side": -1,
    "price": 2.0,
    "size": 0.0,
    "first_sequence": 4,
    "last_sequence": 5,
    "previous_sequence": 3,
    "is_snapshot": False,
}
OPTION = {
    **TIMES,
    "instrument": "A-C-100",
    "underlying": "A",
    "strike": 100.0,
    "right": "call",
    "expiry_ns": START_NS + 9,
    "bid": 0.0,
}
ROWS = {
    "book_delta": DELTA,
    "option_quote": OPTION,
    "quote": {**TIMES, "instrument": "A", "bid": 1.0, "ask": 2.0},
    "trade": {**TIMES, "instrument": "A", "price": 1.0, "size": 2.0, "side": 0},
    "bar": {
        **TIMES,
        "instrument": "A",
        "open_ns": START_NS - 9,
        **dict.fromkeys(("open", "high", "low", "close"), 1.0),
    },
}
VALUES = {
    pl.Float64(): (None, nan, inf, -inf, -1.0, -0.0, 1.0),
    pl.Int64(): (None, -1, 0, START_NS - 9, 2**62),
    pl.Int8(): (None, -2, -1, 0, 1, 2),
    pl.Boolean(): (None, True, False),
    pl.String(): (None, "", "A", "call", "put", "Put", "x" * 50, "x" * 51, "x" * 201),
}
PRICES_OF_A_BAR = {"open", "high", "low", "close", "open_ns"}
CASES = [
    (kind, column.name, value)
    for kind, record in KINDS.items()
    for column in record.columns
    if column.name not in {*APART, *PRICES_OF_A_BAR, "first_sequence", "last_sequence"}
    for value in VALUES[column.dtype]
    if not (value == -1 and column.name.endswith("_ns"))  # ticks begin in 1970
]


def frame(kind, *rows):
    return pl.DataFrame(rows, schema=dict(KINDS[kind].schema))


@pytest.mark.parametrize(("kind", "name", "value"), CASES)
def test_a_row_is_refused_where_the_contract_refuses_it(kind, name, value):
    good, row = ROWS[kind], {**ROWS[kind], name: value}
    body = {key: value for key, value in row.items() if key not in APART}
    try:
        BY_KIND[kind].checked(body)
        refused = False
    except InputError:
        refused = True
    batch = examine(kind, frame(kind, good, row), "feed/0/1")
    assert batch.refused["row"].to_list() == [1] * refused
    assert batch.rows.height == 2 - refused


REASONS = [
    ("book_delta", {"price": 0.0}, "price_not_positive"),
    ("book_delta", {"size": -1.0}, "size_negative"),
    ("book_delta", {"size": nan}, "size_not_finite"),
    ("book_delta", {"side": 0}, "side_not_known"),
    ("book_delta", {"first_sequence": 6}, "first_sequence_after_last"),
    ("book_delta", {"is_snapshot": None}, "is_snapshot_missing"),
    ("option_quote", {"strike": -1.0}, "strike_not_positive"),
    ("option_quote", {"bid": -0.5}, "bid_negative"),
    ("option_quote", {"delta": inf}, "delta_not_finite"),
    ("option_quote", {"right": "C"}, "right_not_known"),
    ("option_quote", {"underlying": ""}, "underlying_missing"),
    ("trade", {"side": 5}, "side_above_1"),
]


@pytest.mark.parametrize(("kind", "changed", "reason"), REASONS)
def test_the_reason_names_the_rule(kind, changed, reason):
    batch = examine(kind, frame(kind, {**ROWS[kind], **changed}), "feed/0/1")
    assert batch.refused["reason"].to_list() == [reason]


@pytest.mark.parametrize("record", [BOOK_DELTA, OPTION_QUOTE], ids=lambda r: r.kind)
def test_books_and_options_come_as_arrow_and_are_read_back(workspace, record):
    kind, given = record.kind, frame(record.kind, ROWS[record.kind])
    sink, table = pa.BufferOutputStream(), given.to_arrow()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    data = sink.getvalue().to_pybytes()
    assert_frame_equal(examine(kind, decode(data), "feed/0/1").rows, given)
    lake, journal, clock = workspace.lake, workspace.journal, workspace.clock
    with TickIntake(lake, journal, clock) as intake:
        who = workspace.principal
        assert take(intake, who, kind, data, source="a", epoch=0, n=1).rows == 1
    assert_frame_equal(captured_ticks(workspace, record), given)


@pytest.mark.parametrize("value", [1, "true"])
def test_what_is_true_or_false_comes_as_that(value):
    rows = frame("book_delta", DELTA).with_columns(is_snapshot=pl.lit(value))
    with pytest.raises(InputError, match="must be Boolean"):
        examine("book_delta", rows, "feed/0/1")

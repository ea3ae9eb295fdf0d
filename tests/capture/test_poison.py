"""Poison in a cell, a line or a whole file: refused or set aside, never a crash.

Each case puts one bad value between two good rows. The file is refused with one clear
error, or both neighbours are kept and every row is accounted for.
"""

import json
import math

import polars as pl
import pytest

from tradeloop.capture import read_events
from tradeloop.errors import InputError

SECOND = 10**9
KINDS = {
    "quote": {"symbol": "A", "bid": 1.0, "ask": 2.0, "bid_size": 1.0},
    "trade": {"symbol": "A", "price": 1.0, "size": 2.0, "aggressor": "buy"},
    "bar": {
        "symbol": "A",
        "interval": "1s",
        **dict.fromkeys(("open", "high", "low", "close"), 1.0),
    },
    "decision": {"symbol": "A", "side": "buy", "confidence": 0.5, "strategy": "s"},
    "fill": {
        "symbol": "A",
        "side": "buy",
        "price": 1.0,
        "quantity": 2.0,
        "fill_id": "f",
    },
    "book_delta": {
        "symbol": "A",
        "side": "bid",
        "price": 1.0,
        "size": 1.0,
        "first_seq": 1,
        "last_seq": 1,
        "is_snapshot": False,
    },
    "option_quote": {
        "contract": "C",
        "underlying": "U",
        "strike": 1.0,
        "right": "call",
        "expiry_ns": 9 * SECOND,
        "bid": 1.0,
    },
    "sentiment": {"symbol": "A", "score": 0.5, "text": "x"},
    "series": {"series": "S", "value": 1.0, "received_ns": 9 * SECOND},
}
VALUES = {
    "nothing": None,
    "NaN": math.nan,
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "a huge number": 1e308,
    "minus zero": -0.0,
    "a tiny number": 5e-324,
    "2^63": 2**63,
    "-2^63": -(2**63),
    "2^64": 2**64,
    "5000 digits": "9" * 5000,
    "year 1": "0001-01-01T00:00:00Z",
    "year 9999": "9999-12-31T23:59:59.999999999Z",
    "February 30": "2024-02-30T00:00:00Z",
    "empty text": "",
    "a NUL": "A\0B",
    "right to left": "\u202eA\u200b",
    "a formula": "=1+1",
    "a path": "../../etc/passwd",
    "a megabyte": "x" * (1 << 20),
    "a truth": True,
    "a list": [1],
    "an object": {"a": 1},
}


def row(kind, at):
    body = dict(KINDS[kind])
    if "last_seq" in body:
        body |= {"first_seq": at, "last_seq": at}
    if "fill_id" in body:
        body["fill_id"] = str(at)
    return {"event_ns" if kind != "bar" else "open_ns": at * SECOND} | body


def written(path, rows):
    """Write rows as the format of the suffix; False where it cannot hold them."""
    if path.suffix == ".ndjson":
        path.write_text("\n".join(json.dumps(r) for r in rows), "utf-8")
        return True
    if path.suffix == ".csv":
        rows = [
            {k: v if v is None or isinstance(v, str) else repr(v) for k, v in r.items()}
            for r in rows
        ]
    try:
        frame = pl.DataFrame(rows, infer_schema_length=None)
    except (pl.exceptions.PolarsError, TypeError, OverflowError, ValueError):
        return False
    write = {
        ".csv": frame.write_csv,
        ".parquet": frame.write_parquet,
        ".arrow": frame.write_ipc,
    }
    write[path.suffix](path)
    return True


def judged(path):
    """Read a file; None where it is refused as a whole, with a way out."""
    try:
        (intake,) = read_events(path)
    except InputError as error:
        if not (error.way_out and error.source):
            raise
        return None
    assert intake.read == intake.rows.height + intake.quarantined.height
    assert intake.quarantined["reason"].null_count() == 0
    floats = intake.rows.select(pl.selectors.float())
    assert all(column.fill_null(0).is_finite().all() for column in floats)
    assert all(json.loads(body) for body in intake.quarantined["body"])
    return intake


TIMES = ("event_ns", "open_ns", "received_ns", "expiry_ns", "interval")
COLUMNS = [(kind, name) for kind in KINDS for name in row(kind, 1) if name not in TIMES]


@pytest.mark.parametrize("suffix", [".ndjson", ".csv"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_poisoned_cell_of_a_text_costs_its_row_and_no_other(kind, suffix, tmp_path):
    path = tmp_path / f"x{suffix}"
    for column in (name for of, name in COLUMNS if of == kind):
        rows = [row(kind, at + 1) for at in range(2 * len(VALUES) + 1)]
        for bad, value in zip(rows[1::2], VALUES.values(), strict=True):
            bad[column] = value
        written(path, rows)
        intake = judged(path)
        assert intake is not None, column
        assert set(range(0, len(rows), 2)) <= set(intake.places["row"]), column
        assert intake.read == len(rows)


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        ("quote", ".parquet"),
        ("quote", ".arrow"),
        ("decision", ".parquet"),
        ("book_delta", ".arrow"),
        ("bar", ".csv"),
        ("series", ".ndjson"),
    ],
)
def test_a_poisoned_time_or_type_costs_a_row_or_is_one_clear_error(
    kind, suffix, tmp_path
):
    """Where a column has one type, one value may be a reason to refuse the file."""
    path = tmp_path / f"x{suffix}"
    kept = refused = 0
    for column in row(kind, 1):
        for value in VALUES.values():
            rows = [row(kind, at) for at in (1, 2, 3)]
            rows[1][column] = value
            if not written(path, rows):
                continue
            intake = judged(path)
            refused += intake is None
            if intake is not None:
                kept += 1
                assert {0, 2} <= set(intake.places["row"])
                assert intake.read == 3
    assert kept > refused


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 100,
        b"\xff\xfe" + "a,b".encode("utf-16-le"),
        b"\n\n\n",
        b"PAR1" + b"\0" * 50,
        b"ARROW1\0\0" + b"\xff" * 50,
        b"\x1f\x8b" + b"\0" * 50,
        b'{"a": ' * 100_000,
        b"ts,symbol,bid,ask\n" + b'"' * 99,
        b"ts,symbol,bid,ask\n" + b"," * 200_000,
        b"," * 200_000 + b"\n1,2\n",
        b"\xef\xbb\xbf",
    ],
    ids=lambda content: repr(content[:12]),
)
@pytest.mark.parametrize("suffix", [".csv", ".ndjson", ".parquet", ".arrow", ".csv.gz"])
def test_a_poisoned_file_is_one_clear_error(content, suffix, tmp_path):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    assert judged(path) is None


@pytest.mark.parametrize("suffix", [".ndjson", ".csv", ".parquet"])
def test_a_cell_of_ten_megabytes_goes_to_quarantine_as_it_is(suffix, tmp_path):
    path = tmp_path / f"x{suffix}"
    rows = [row("quote", at) for at in (1, 2, 3)]
    rows[1]["symbol"] = "x" * 10_000_000
    assert written(path, rows)
    intake = judged(path)
    assert intake.places["row"].to_list() == [0, 2]
    reasons = {"instrument_longer_than_50", "line_is_no_object"}
    assert set(intake.reasons) <= reasons


def test_huge_prices_leave_no_infinity_in_bars_of_quotes(tmp_path):
    names = ("open", "high", "low", "close")
    prices = {f"{side}_{name}": 1.5e308 for side in ("bid", "ask") for name in names}
    path = tmp_path / "x.parquet"
    rows = [{"ts": at * SECOND, "symbol": "A", "interval": "1s"} for at in (1, 2)]
    pl.DataFrame([rows[0] | prices, rows[1] | dict.fromkeys(prices, 2.0)]).with_columns(
        pl.from_epoch("ts", time_unit="ns").dt.replace_time_zone("UTC")
    ).write_parquet(path)
    assert judged(path).reasons == {"open_not_finite": 1}

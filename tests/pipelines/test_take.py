"""Batches of ticks: durable when answered, stored once, each bad row refused alone."""

import threading

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from tradeloop.errors import FullError, InputError, OverloadedError
from tradeloop.events import QUOTE, TRADE
from tradeloop.pipelines.captured import captured_ticks
from tradeloop.pipelines.take import TickIntake, take
from tradeloop.pipelines.take_batch import KINDS, decode, examine
from tradeloop.stores import Lake

START_NS = 1_700_000_000_000_000_000
YEAR_2200_NS = 7_258_118_400_000_000_000


def quotes(count=5, first=0, **changed):
    steps = pl.int_range(first, first + count, eager=True)
    frame = pl.DataFrame(
        {
            "instrument": ["EURUSD"] * count,
            "event_ns": START_NS + steps,
            "received_ns": START_NS + steps + 9,
            "bid": 1.25 + steps * 0.5,
            "ask": 1.5 + steps * 0.5,
            "bid_size": [1.0] * count,
            "ask_size": [None] * count,
            "sequence": steps,
        }
    )
    return QUOTE.conform(frame).with_columns(**changed)


def stream(frame, **options):
    table = frame.to_arrow() if isinstance(frame, pl.DataFrame) else frame
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(
        sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)
    ) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.fixture
def intake(workspace):
    with TickIntake(workspace.lake, workspace.journal, workspace.clock) as opened:
        yield opened


def send(intake, workspace, table, n=1, kind="quote", source="feed"):
    who = workspace.principal
    return take(intake, who, kind, table, source=source, epoch=0, n=n)


def slices(workspace):
    return workspace.journal.events(workspace.principal, "slice")


def test_a_stream_is_stored_listed_and_comes_back(intake, workspace):
    taken = send(intake, workspace, stream(quotes()))
    assert (taken.status, taken.rows, taken.refused, taken.version) == (
        *("stored", 5, 0),
        1,
    )
    assert_frame_equal(captured_ticks(workspace, QUOTE), quotes())
    (listed,) = slices(workspace)
    assert (listed.source, listed.epoch, listed.n) == ("feed", 0, 1)
    assert listed.body["rows"] == 5
    assert listed.body["version"] == 1


def test_the_same_batch_is_stored_once_and_another_one_is_a_conflict(intake, workspace):
    first = send(intake, workspace, quotes())
    again = send(intake, workspace, stream(quotes()))
    other = send(intake, workspace, quotes(first=7))
    assert [t.status for t in (first, again, other)] == [
        *("stored", "duplicate", "conflict"),
    ]
    assert (again.version, other.rows) == (first.version, 0)
    assert_frame_equal(captured_ticks(workspace, QUOTE), quotes())
    (reject,) = workspace.journal.rejects(workspace.principal)
    assert reject.rejected.key == "feed/0/1"


def test_a_batch_that_a_crash_left_unlisted_is_listed_when_it_comes_again(
    intake, workspace, monkeypatch
):
    with monkeypatch.context() as crash:
        crash.setattr(type(workspace.journal), "write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send(intake, workspace, quotes())
    assert slices(workspace) == []
    assert captured_ticks(workspace, QUOTE).is_empty()
    taken = send(intake, workspace, quotes())
    assert (taken.status, taken.version) == ("stored", 1)
    assert_frame_equal(captured_ticks(workspace, QUOTE), quotes())


def test_numbers_that_never_came_are_gaps(intake, workspace):
    for n in (1, 2, 5):
        send(intake, workspace, quotes(first=10 * n), n=n)
    (gap,) = workspace.journal.gaps(workspace.principal)
    assert (gap.source, gap.expected, gap.missing) == ("feed", 5, 2)


BAD = {
    "bid_not_finite": {"bid": float("nan")},
    "ask_not_finite": {"ask": float("inf")},
    "bid_size_not_finite": {"bid_size": float("-inf")},
    "bid_not_positive": {"bid": -1.0},
    "bid_missing": {"bid": None},
    "instrument_missing": {"instrument": None},
    "event_ns_missing": {"event_ns": None},
    "event_ns_outside_1970_to_2200": {"event_ns": -1},
    "received_ns_outside_1970_to_2200": {"received_ns": YEAR_2200_NS},
    "instrument_longer_than_50": {"instrument": "x" * 51},
    "instrument_holds_a_zero_byte": {"instrument": "a\0b"},
}


@pytest.mark.parametrize("reason", BAD)
def test_a_row_that_breaks_a_rule_is_refused_with_the_reason_and_no_neighbour(
    intake, workspace, reason
):
    good = quotes()
    (column, value), *_ = BAD[reason].items()
    bad = good.with_columns(
        pl.when(pl.int_range(pl.len()) == 2)
        .then(pl.lit(value, good.schema[column]))
        .otherwise(column)
        .alias(column)
    )
    taken = send(intake, workspace, stream(bad))
    assert (taken.status, taken.rows, taken.refused) == ("stored", 4, 1)
    assert_frame_equal(captured_ticks(workspace, QUOTE), good[[0, 1, 3, 4]])
    (refused,) = [s for s in slices(workspace) if s.body["kind"] == "rejected_quote"]
    row = workspace.lake.read_events(
        workspace.principal, "rejected_quote", refused.body["sha256"]
    )
    assert row["reason"].to_list() == [reason]
    assert (row["source"].item(), row["row"].item()) == ("feed/0/1", 2)


def test_an_empty_name_a_long_text_and_a_number_beyond_int64_are_refused_alone():
    late = quotes().with_columns(
        sequence=pl.Series([1, 2**63, 3, 2**64 - 1, 5], dtype=pl.UInt64),
        instrument=pl.Series(["A", "A", "", "A", "A"]),
    )
    batch = examine("quote", late, "feed/0/1")
    assert batch.refused["reason"].to_list() == [
        "sequence_outside_int64",
        "instrument_missing",
        "sequence_outside_int64",
    ]
    trades = TRADE.conform(
        quotes(2)
        .select("instrument", "event_ns", "received_ns", price="bid", size="bid_size")
        .with_columns(side=pl.lit(1), trade_id=pl.Series(["a", "x" * 10**7]))
    )
    batch = examine("trade", trades, "feed/0/1")
    assert batch.refused["reason"].to_list() == ["trade_id_too_long"]
    assert len(batch.refused["body"].item()) < 1000


def test_a_batch_of_bad_rows_only_is_quarantined_and_still_no_gap(intake, workspace):
    taken = send(intake, workspace, quotes(bid=pl.lit(float("nan"))))
    assert (taken.status, taken.rows, taken.refused) == ("quarantined", 0, 5)
    assert workspace.journal.gaps(workspace.principal) == []
    assert captured_ticks(workspace, QUOTE).is_empty()


GOOD = stream(quotes())
WRONG = {
    "empty": b"",
    "text": b"instrument,bid\nEURUSD,1\n",
    "cut": GOOD[: len(GOOD) // 2],
    "parquet": b"PAR1" + bytes(100) + b"PAR1",
    "zeros": bytes(1000),
    "compressed": stream(quotes(500), compression="zstd"),
    "lz4": stream(quotes(500), compression="lz4"),
    "no rows": stream(quotes(0)),
    "no bid": stream(quotes().drop("bid")),
    "unknown column": stream(quotes().with_columns(colour=pl.lit("red"))),
    "text for a price": stream(quotes().with_columns(bid=pl.lit("1.0"))),
    "float for a time": stream(quotes().with_columns(event_ns=pl.lit(1.0))),
    "nested": stream(quotes().with_columns(bid=[[1.0]] * 5)),
    "twice": stream(
        pa.table([[1.0], [2.0]], names=["bid", "bid"]),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_stream_of_ticks_is_refused_and_nothing_is_stored(
    intake, workspace, what
):
    with pytest.raises(InputError):
        send(intake, workspace, WRONG[what])
    assert slices(workspace) == []
    assert not workspace.places.lake.exists()


def test_a_stream_with_any_bytes_changed_is_refused_or_read_and_never_worse():
    rng = np.random.default_rng(3)
    for _ in range(300):
        bad = bytearray(GOOD)
        for at in rng.integers(0, len(bad), rng.integers(1, 6)):
            bad[at] = rng.integers(0, 256)
        try:
            examine("quote", decode(bytes(bad)), "feed/0/1")
        except InputError:
            continue


def test_a_stream_of_a_dictionary_and_of_small_types_is_read():
    frame = quotes()
    table = frame.cast({"bid": pl.Float32, "sequence": pl.Int32}).to_arrow()
    names = table["instrument"].cast(pa.string()).dictionary_encode()
    table = table.set_column(0, "instrument", names)
    batch = examine("quote", decode(stream(table)), "feed/0/1")
    assert_frame_equal(batch.rows, frame)


def test_batches_that_wait_together_share_a_commit_and_a_bad_one_hurts_no_other(
    intake, workspace, monkeypatch
):
    gate, real = threading.Event(), Lake.write_events
    entered = threading.Event()
    ticks = workspace.lake.ticks
    append_all = type(ticks).append_all

    def slow(self, *given):
        entered.set()
        gate.wait(30)
        return append_all(self, *given)

    monkeypatch.setattr(type(ticks), "append_all", slow)
    who = workspace.principal
    first = intake.submit(who, "quote", quotes(), source="a", epoch=0, n=1)
    entered.wait(30)
    bad = quotes(bid=pl.lit(float("nan")))
    rest = [
        intake.submit(who, "quote", frame, source=source, epoch=0, n=n)
        for source, n, frame in (
            ("a", 2, quotes(first=10)),
            ("b", 1, quotes(first=20)),
            ("b", 2, bad),
            ("a", 1, quotes(first=30)),
        )
    ]
    gate.set()
    assert first.result(30).version == 1
    told = [future.result(30) for future in rest]
    assert [t.status for t in told] == [
        *("stored", "stored", "quarantined", "conflict"),
    ]
    assert [t.version for t in told] == [2, 2, None, None]
    assert real is Lake.write_events
    expected = pl.concat([quotes(first=k) for k in (0, 10, 20)])
    assert_frame_equal(captured_ticks(workspace, QUOTE), expected)


def test_more_than_may_wait_is_refused_with_a_time_to_come_again(
    workspace, monkeypatch
):
    gate = threading.Event()
    real = TickIntake._store
    monkeypatch.setattr(
        TickIntake, "_store", lambda *given: gate.wait(30) and real(*given)
    )
    lake, journal, clock = workspace.lake, workspace.journal, workspace.clock
    with TickIntake(lake, journal, clock, most_rows=12) as small:
        who, told = workspace.principal, []
        for n in (1, 2):
            frame = quotes(first=10 * n)
            told.append(small.submit(who, "quote", frame, source="a", epoch=0, n=n))
        with pytest.raises(OverloadedError, match="Send it again in 1 s"):
            small.submit(who, "quote", quotes(), source="a", epoch=0, n=3)
        gate.set()
        assert [f.result(30).status for f in told] == ["stored", "stored"]
    assert captured_ticks(workspace, QUOTE).height == 10


def test_a_full_disk_is_told_to_the_sender_and_taking_goes_on(
    intake, workspace, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("tradeloop.stores.folder.write_file", full)
        with pytest.raises(FullError):
            send(intake, workspace, quotes())
    assert send(intake, workspace, quotes()).status == "stored"


def test_closing_stores_what_waits_and_takes_no_more(workspace):
    lake, journal, clock = workspace.lake, workspace.journal, workspace.clock
    who = workspace.principal
    with TickIntake(lake, journal, clock) as opened:
        told = [
            opened.submit(who, "quote", quotes(first=9 * n), source="a", epoch=0, n=n)
            for n in range(1, 20)
        ]
    assert {future.result(0).status for future in told} == {"stored"}
    with pytest.raises(OverloadedError):
        opened.submit(who, "quote", quotes(), source="a", epoch=0, n=20)


@pytest.mark.parametrize(("source", "n"), [("", 1), ("feed", 0)])
def test_a_batch_without_a_number_or_a_source_is_refused(intake, workspace, source, n):
    with pytest.raises(InputError, match="number from 1"):
        send(intake, workspace, quotes(), n=n, source=source)


def test_every_kind_of_tick_has_a_record_with_the_two_times():
    assert {"quote", "trade", "bar"} <= set(KINDS)
    for record in KINDS.values():
        assert {"instrument", "event_ns", "received_ns"} <= set(record.required)
    with pytest.raises(InputError, match="Ticks come as"):
        examine("decision", quotes(), "feed/0/1")

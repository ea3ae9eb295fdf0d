import polars as pl
import pytest

from tradeloop.capture import (
    QUARANTINE,
    Intake,
    read_decisions,
    read_fills,
    read_market,
)
from tradeloop.errors import InputError
from tradeloop.events import BAR, QUOTE

HOUR = 3600 * 10**9
SECOND = 10**9


def bars(symbol, *hours, interval="1h", close=1.0):
    return pl.DataFrame(
        {
            "open_ns": [hour * HOUR for hour in hours],
            "interval": interval,
            "symbol": symbol,
            "open": 1.0,
            "high": 2.0,
            "low": 1.0,
            "close": close,
        }
    )


def quotes(symbol, *seconds):
    return pl.DataFrame(
        {
            "event_ns": [second * SECOND for second in seconds],
            "symbol": symbol,
            "bid": 1.0,
            "ask": 2.0,
        }
    )


def save(folder, **frames):
    paths = []
    for name, frame in frames.items():
        paths.append(folder / f"{name}.parquet")
        frame.write_parquet(paths[-1])
    return paths


def test_several_files_become_one_sorted_market(tmp_path):
    paths = save(tmp_path, b=bars("B", 1, 2), a=bars("A", 2), c=bars("A", 1))
    market = read_market(paths)
    assert market.bars["instrument"].to_list() == ["A", "A", "B", "B"]
    assert market.bars["open_ns"].to_list() == [HOUR, 2 * HOUR] * 2
    assert [i.source for i in market.intakes] == [str(path) for path in paths]
    assert market.interval_ns == HOUR
    assert market.quotes.equals(QUOTE.empty())


def test_a_folder_is_read_through_and_through(tmp_path):
    (tmp_path / "year=1").mkdir()
    save(tmp_path, a=bars("A", 1))
    save(tmp_path / "year=1", b=bars("B", 1))
    assert read_market([tmp_path]).bars.height == 2


def test_what_a_second_file_repeats_is_set_aside_there(tmp_path):
    later = pl.concat([bars("A", 3), bars("A", 1), bars("A", 2, close=1.5)])
    first, second = read_market(
        save(tmp_path, first=bars("A", 1, 2), second=later)
    ).intakes
    assert (first.read, first.rows.height) == (2, 2)
    assert (second.read, second.rows.height) == (3, 1)
    assert second.quarantined.select("row", "reason").rows() == [
        (1, "duplicate_row"),
        (2, "key_conflict"),
    ]


def test_quotes_and_bars_meet_and_lone_ticks_get_bars_of_the_same_length(tmp_path):
    paths = save(tmp_path, bars=bars("A", 1), a=quotes("A", 1), b=quotes("B", 1, 4000))
    market = read_market(paths)
    assert market.bars.group_by("instrument").len().sort("instrument").rows() == [
        ("A", 1),
        ("B", 2),
    ]
    assert market.interval_ns == HOUR
    assert market.quotes.height == 3


def test_the_length_of_built_bars_can_be_asked_for(tmp_path):
    paths = save(tmp_path, q=quotes("A", 0, 1, 2, 61))
    assert read_market(paths).bars.height == 4
    market = read_market(paths, bar="1m")
    assert market.bars["open_ns"].to_list() == [0, 60 * SECOND]
    assert market.interval_ns == 60 * SECOND


def test_bars_of_two_lengths_are_refused(tmp_path):
    paths = save(tmp_path, a=bars("A", 1), b=bars("B", 1, interval="1d"))
    with pytest.raises(
        InputError, match="Bars of two lengths: 1d here, 1h in"
    ) as caught:
        read_market(paths)
    assert caught.value.source == str(paths[1])


def test_bars_of_another_length_than_asked_for_are_refused(tmp_path):
    paths = save(tmp_path, a=bars("A", 1))
    with pytest.raises(InputError, match="Bars of 1m were asked for"):
        read_market(paths, bar="1m")
    assert read_market(paths, bar="1h").bars.height == 1


def test_one_file_that_cannot_be_read_refuses_the_market(tmp_path):
    (path,) = save(tmp_path, a=bars("A", 1))
    bad = tmp_path / "b.csv"
    bad.write_text("ts,symbol,open,high,low,clse\n2024-01-01T00:00Z,A,1,1,1,1\n")
    with pytest.raises(InputError, match="Did you mean 'clse'") as caught:
        read_market([path, bad])
    assert caught.value.source == str(bad)
    assert caught.value.column == "close"


def test_a_file_without_a_sound_row_is_refused_with_the_reasons(tmp_path):
    paths = save(tmp_path, a=bars("A", 1, 2, close=9.0))
    with pytest.raises(InputError, match="2 x close_outside_range") as caught:
        read_market(paths)
    assert caught.value.row == 0


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_the_same_rows_give_the_same_bars_in_every_format(form, tmp_path):
    frame = bars("A", 1, 2, 3).with_columns(close=pl.Series([1.1, 1.2, 1.3]))
    path = tmp_path / f"x.{form}"
    {"csv": frame.write_csv, "parquet": frame.write_parquet, "arrow": frame.write_ipc}[
        form
    ](path)
    expected = read_market(save(tmp_path, other=frame)).bars
    assert read_market([path]).bars.equals(expected)


def test_bars_that_were_written_are_read_back_the_same(tmp_path):
    known = read_market(save(tmp_path, a=bars("A.X", 1, 2))).bars
    (path,) = save(tmp_path, back=known)
    assert read_market([path]).bars.equals(known)


def test_reading_writes_nothing(tmp_path):
    save(tmp_path, a=bars("A", 1, 2, 2), b=quotes("B", 1))
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    read_market([tmp_path])
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_decisions_of_a_folder_are_one_account(tmp_path):
    row = {"ts": ["2024-01-02T00:00Z"], "symbol": ["A"], "side": ["buy"], "id": ["1"]}
    frame = pl.DataFrame(row)
    other = frame.with_columns(id=pl.lit("2"), ts=pl.lit("2024-01-01T00:00Z"))
    save(tmp_path, a=frame, b=other, c=frame.with_columns(side=pl.lit("sell")))
    with pytest.raises(InputError, match="1 x key_conflict"):
        read_decisions(tmp_path)
    (tmp_path / "c.parquet").unlink()
    intake = read_decisions(tmp_path)
    assert intake.rows["decision_id"].to_list() == ["2", "1"]
    assert intake.source == str(tmp_path)
    assert intake.read == 2
    assert intake.clock_cut == 0


def test_rows_whose_event_time_was_cut_are_counted_over_all_files(tmp_path):
    fill = {
        "fill_id": "1",
        "symbol": "A",
        "side": "buy",
        "price": 1.0,
        "quantity": 1.0,
        "event_ns": 9,
        "received_ns": 5,
    }
    other = fill | {"fill_id": "2"}
    files = {"a": [fill], "b": [other, other | {"fill_id": "3", "received_ns": 9}]}
    save(tmp_path, **{name: pl.DataFrame(rows) for name, rows in files.items()})
    assert [read_fills(tmp_path / f"{n}.parquet").clock_cut for n in files] == [1, 1]
    assert read_fills(tmp_path).clock_cut == 2


def test_an_account_that_does_not_add_up_cannot_be_made():
    with pytest.raises(ValueError, match="read 1 rows, but kept 0 and refused 0"):
        Intake(BAR, BAR.empty(), pl.DataFrame(schema=QUARANTINE), 1, (), "f")
    with pytest.raises(ValueError, match="read 0 rows, but cut the event time of 1"):
        Intake(BAR, BAR.empty(), pl.DataFrame(schema=QUARANTINE), 0, (), "f", 1)

"""``tradeloop capture`` as its users call it, over folders and over a server."""

import json
import time

import polars as pl
import pytest

from apps import poison
from apps.given import as_text, call, decisions, refused, written
from apps.live_server import ME, Senders, Server, stored
from tradeloop import Client
from tradeloop.clock import ReplayClock
from tradeloop.stores import Lake, open_journal


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("commands") / "served").start()
    yield one
    one.kill()


@pytest.fixture
def desk(tmp_path):
    """Forty decisions in a CSV, one of them on no side."""
    nowhere = pl.int_range(pl.len()) == 7
    side = pl.when(nowhere).then(pl.lit("sideways")).otherwise(pl.col("side"))
    return written(tmp_path / "desk.csv", as_text(decisions()).with_columns(side=side))


@pytest.fixture
def ticks(tmp_path):
    """Two hundred quotes, one of them crossed."""
    at = pl.int_range(200, eager=True)
    return written(
        tmp_path / "quotes.parquet",
        pl.DataFrame({"symbol": "EURUSD", "ts": poison.NOW_NS + at * 10**9}).select(
            "symbol",
            pl.col("ts").cast(pl.Datetime("ns", "UTC")),
            bid=1.1 + at * 1e-5,
            ask=pl.when(at == 50).then(1.0).otherwise(1.1001 + at * 1e-5),
        ),
    )


def capture(command, *arguments, folder):
    return call("capture", command, *arguments, "--dir", folder, "--json")


def done(answer):
    assert answer.status == 0, answer.stderr
    return answer.json


def opened(folder):
    return open_journal(folder / "journal.db", ReplayClock(1), read_only=True)


def content(folder):
    """Keys and bodies of all events, and the quotes in the lake, all of them listed."""
    quotes = Lake(folder / "lake").ticks.read(ME, "quote")
    with opened(folder) as journal:
        journal.verify()
        said = {
            (kind, event.event_id): event.body
            for kind in journal.counts(ME)
            if kind != "slice"
            for event in journal.events(ME, kind)
        }
        listed = sum(one.body["rows"] for one in journal.events(ME, "slice"))
    assert listed == quotes.height
    return said, set(quotes.rows())


def test_each_row_of_a_file_is_captured_or_set_aside_with_its_reason(tmp_path, desk):
    told = done(capture("file", desk, folder=tmp_path / "w"))["files"][0]["capture"]
    assert (told["expected"], told["captured"], told["quarantined"]) == (40, 39, 1)
    status = done(capture("status", folder=tmp_path / "w"))
    assert status["balanced"]
    assert status["decisions"]["received"] == 40
    assert status["decisions"]["quarantined"] == status["quarantined"]["decision"] == 1


def test_a_file_that_comes_again_is_all_duplicates_of_either_home(
    tmp_path, desk, ticks
):
    folder = tmp_path / "w"
    first = done(capture("file", desk, ticks, folder=folder))["files"]
    assert [one["capture"]["duplicates"] for one in first] == [0, 0]
    was = done(capture("status", folder=folder))
    again = done(capture("file", desk, ticks, folder=folder))["files"]
    assert [one["capture"]["duplicates"] for one in again] == [39, 200]
    assert done(capture("status", folder=folder)) == was


def test_a_row_that_changed_is_named_and_the_first_one_is_kept(tmp_path, desk):
    done(capture("file", desk, folder=tmp_path / "w"))
    text = desk.read_text("utf-8").splitlines()
    desk.write_text("\n".join([text[0], text[1].replace("0.6", "0.7"), *text[2:]]))
    told = call("capture", "file", desk, "--dir", tmp_path / "w").stdout
    assert "1 were there with another content, which was kept: d00" in told
    with opened(tmp_path / "w") as journal:
        assert journal.get(ME, "decision", "d00").body["confidence_score"] == 0.6


def test_a_look_at_a_file_leaves_no_trace(tmp_path, ticks):
    answer = done(capture("file", ticks, "--check", folder=tmp_path / "w"))
    assert answer["stored"] is False
    flags = {one["flag"]: one["rows"] for one in answer["files"][0]["flags"]}
    assert flags["crossed"] == 1
    assert not (tmp_path / "w").exists()


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "rows", "flags"),
    [
        ("fx/ticks_oanda_eurusd.parquet", 532_903, {"duplicate": 24}),
        (
            "fx/ticks_fxcm_eurusd.parquet",
            1_144_807,
            {"crossed": 116_871, "locked": 142_462},
        ),
    ],
)
def test_the_command_counts_what_is_odd_in_the_real_files_exactly(
    tmp_path, market_data, file, rows, flags
):
    answer = capture("file", market_data / file, "--check", folder=tmp_path / "w")
    (one,) = done(answer)["files"]
    told = one["capture"]
    assert told["expected"] == told["captured"] + told["quarantined"] == rows
    found = {flag["flag"]: flag["rows"] for flag in one["flags"]}
    assert found.items() >= flags.items()


def test_a_replay_over_a_server_brings_what_one_into_the_folder_brings(
    tmp_path, server, desk, ticks
):
    for folder in (tmp_path / "alone", server.folder):
        told = done(capture("replay", desk, ticks, "--speed", 0, folder=folder))
        became = [(one["kind"], one["became"]) for one in told["files"]]
        assert became == [("decision", {"stored": 39}), ("quote", {"stored": 200})]
        assert done(capture("gaps", folder=folder))["complete"]
    alone, served = content(tmp_path / "alone"), content(server.folder)
    assert served[0].items() >= alone[0].items()
    assert served[1] >= alone[1]
    assert len(alone[1]) == 200


def test_a_file_goes_through_the_server_that_holds_the_journal(
    tmp_path, server, ticks, monkeypatch
):
    monkeypatch.chdir(ticks.parent)
    other = written(ticks.parent / "mine.parquet", pl.read_parquet(ticks).head(17))
    answer = done(capture("file", other.name, folder=server.folder))
    (one,) = answer["files"]
    assert one["source"] == str(other)
    assert one["capture"]["captured"] == 17
    refused(
        capture("file", tmp_path / "nowhere.csv", folder=server.folder), "nowhere.csv"
    )


def test_a_command_that_does_not_know_the_token_is_let_in_by_no_server(server, ticks):
    file = server.folder / "journal.db.server"
    assert file.stat().st_mode & 0o077 == 0
    shown = file.read_text("utf-8")
    file.write_text(json.dumps(json.loads(shown) | {"token": "guess"}), "utf-8")
    try:
        answer = capture("file", ticks, folder=server.folder)
    finally:
        file.write_text(shown, "utf-8")
    assert answer.status == 1
    assert "own user" in answer.json["message"]


def test_a_number_that_never_came_is_named(server):
    for number in (1, 2, 2, 5):
        one = poison.message(f"gap-{number}") | {"source": "holes"}
        body = json.dumps(one | {"sequence": str(number), "epoch": 3})
        assert server.post("/api/v1/events", body)[0] == 200
    told = done(capture("gaps", folder=server.folder))
    assert told["complete"] is False
    (gap,) = told["gaps"]
    assert (gap["source"], gap["epoch"], gap["ranges"]) == ("holes", 3, [[3, 4]])
    shown = call("capture", "gaps", "--dir", server.folder).stdout
    assert "3 to 4" in shown
    assert done(capture("status", folder=server.folder))["complete"] is False


def test_a_backup_under_load_holds_all_that_was_acknowledged_before(tmp_path, server):
    copy, there = tmp_path / "copy.db", tmp_path / "elsewhere"
    with Senders(server.port, 3) as senders:
        time.sleep(0.5)
        before = dict(senders.told.acknowledged)
        mark = done(capture("backup", copy, folder=server.folder))
        refused(capture("backup", copy, folder=server.folder), "copy.db")
    restored = done(capture("restore", copy, folder=there))
    assert (restored["seq"], restored["head"]) == (mark["seq"], mark["head"])
    found, _ = stored(there)
    assert len(before) > 100
    assert [one for one, seq in before.items() if found.get(one) != seq] == []
    refused(capture("restore", copy, folder=there), "journal.db")


def test_a_client_and_a_file_of_the_same_folder_wait_for_each_other(tmp_path, desk):
    with Client(tmp_path, source="mine", spool=tmp_path / "spool") as client:
        for k in range(3):
            client.emit("decision", instrument="EURUSD", side=1, strategy="s")
            assert client.flush(20) == 0
            until = time.monotonic() + 20
            while (answer := capture("file", desk, folder=tmp_path)).status == 1:
                assert time.monotonic() < until, answer.stderr
            told = done(answer)["files"][0]["capture"]
            assert told["duplicates"] == (39 if k else 0)
    with opened(tmp_path) as journal:
        assert journal.counts(ME) == {"decision": 42}
        assert journal.verify() == 42


@pytest.mark.parametrize("speed", ["-1", "nan", "inf"])
def test_a_speed_that_is_none_is_refused(tmp_path, desk, speed):
    answer = capture("replay", desk, "--speed", speed, folder=tmp_path / "w")
    refused(answer, "--speed")
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("command", ["status", "gaps"])
def test_an_account_of_no_workspace_is_refused(tmp_path, command):
    refused(capture(command, folder=tmp_path / "nothing"), "journal.db")
    assert not (tmp_path / "nothing").exists()

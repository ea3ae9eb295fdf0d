"""Tidying the tick tables changes no row and no version, whoever else is at work."""

import json
import subprocess
import sys
import time

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tradeloop.apps import upkeep as app
from tradeloop.apps.settings import Settings
from tradeloop.clock import LiveClock
from tradeloop.errors import BusyError, DamagedError, InputError
from tradeloop.events import Principal
from tradeloop.pipelines.captured import captured_ticks
from tradeloop.pipelines.take import TickIntake, take
from tradeloop.pipelines.take_batch import KINDS
from tradeloop.pipelines.upkeep import compact_ticks, tick_kinds, vacuum
from tradeloop.pipelines.workspace import open_workspace
from tradeloop.stores import Lake, open_log

WHO = Principal("default", "me")
START_NS = 1_700_000_000_000_000_000
BATCHES = 12


def quotes(batch):
    steps = pl.int_range(10 * batch, 10 * batch + 10, eager=True)
    frame = pl.DataFrame(
        {
            "instrument": ["A", "B"] * 5,
            "event_ns": START_NS + steps,
            "received_ns": START_NS + steps + 9,
            "bid": 1.0 + steps,
            "ask": 2.0 + steps,
            "sequence": steps,
        }
    )
    return KINDS["quote"].conform(frame)


@pytest.fixture
def places(tmp_path):
    """A workspace with quotes and trades in many small files."""
    found = Settings().places(tmp_path)
    with (
        open_workspace(found, WHO, LiveClock()) as workspace,
        TickIntake(workspace.lake, workspace.journal, workspace.clock) as intake,
    ):
        for n in range(1, BATCHES + 1):
            take(intake, WHO, "quote", quotes(n), source="feed", epoch=0, n=n)
        trades = quotes(1).with_columns(price="bid", size=1.0, side=1)
        trades = KINDS["trade"].conform(trades)
        take(intake, WHO, "trade", trades, source="feed", epoch=0, n=BATCHES + 1)
    return found


def files(places):
    return sorted(places.lake.rglob("*.parquet"))


def trail(places):
    with open_log(places.journal, LiveClock(), read_only=True) as journal:
        return journal.audit_trail(WHO)


def every_version(places):
    ticks = Lake(places.lake).ticks
    versions = [commit.version for commit in ticks.commits(WHO, "quote")]
    return {v: ticks.read(WHO, "quote", version=v) for v in versions}


def test_versions_and_rows_are_the_same_after_compact_and_vacuum(places):
    before, there = every_version(places), files(places)
    quote, trade = compact_ticks(places, WHO)
    assert (quote.kind, trade.kind) == tick_kinds(places, WHO) == ("quote", "trade")
    assert quote.replaced >= BATCHES > quote.files
    assert trade.replaced == 0
    assert set(there) <= set(files(places))
    removed = vacuum(places, WHO, LiveClock(), age_ns=0)
    assert removed == {"quote": quote.replaced, "trade": 0}
    assert len(files(places)) == quote.files + trade.files
    after = every_version(places)
    assert list(after) == list(before)
    for version, rows in before.items():
        assert_frame_equal(after[version], rows)
    with open_workspace(places, WHO, LiveClock()) as workspace:
        assert workspace.journal.verify() == BATCHES + 1
        rows = captured_ticks(workspace, KINDS["quote"])
    assert rows.height == 10 * BATCHES


def test_what_was_removed_is_written_down_and_nothing_else(places):
    given = trail(places)
    compact_ticks(places, WHO)
    vacuum(places, WHO, LiveClock(), age_ns=3_600_000_000_000)  # all are too young
    assert trail(places) == given
    removed = vacuum(places, WHO, LiveClock(), age_ns=0)
    *earlier, entry = trail(places)
    assert earlier == given
    assert (entry.principal, entry.action) == (WHO, "vacuum")
    assert json.loads(entry.detail) == {"files": {"quote": removed["quote"]}}


def test_what_was_removed_before_an_error_is_written_down_too(places, monkeypatch):
    compact_ticks(places, WHO)
    kind = type(Lake(places.lake).ticks)
    real = kind.vacuum

    def broken(self, who, name, **given):
        if name == "trade":
            raise DamagedError("no")
        return real(self, who, name, **given)

    monkeypatch.setattr(kind, "vacuum", broken)
    with pytest.raises(DamagedError):
        vacuum(places, WHO, LiveClock(), age_ns=0)
    assert trail(places)[-1].action == "vacuum"


def test_while_the_journal_is_held_files_are_joined_and_none_is_removed(places):
    with open_workspace(places, WHO, LiveClock()) as workspace:
        found = compact_ticks(places, WHO)
        there = files(places)
        with pytest.raises(BusyError, match=r"Nothing was removed.*held for writing"):
            vacuum(places, WHO, LiveClock(), age_ns=0)
        assert found[0].replaced >= BATCHES
        assert files(places) == there
        # Whoever holds the tables open reads on.
        assert captured_ticks(workspace, KINDS["quote"]).height == 10 * BATCHES


APPEND = """
import sys
from pathlib import Path
from select import select
import polars as pl
from tradeloop.events import Principal
from tradeloop.stores import Lake
ticks, who, n = Lake(Path(sys.argv[1])).ticks, Principal("default", "me"), 0
while not select([sys.stdin], [], [], 0)[0]:  # until it is closed
    rows = pl.DataFrame({"instrument": ["A"], "event_ns": [n], "bid": [float(n)]})
    ticks.append(who, "live", rows, key=str(n))
    n += 1
    if n == 1:
        print("begun", flush=True)
print(n)
"""


def test_it_is_safe_while_another_process_appends(places):
    writer = subprocess.Popen(
        [sys.executable, "-c", APPEND, str(places.lake)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert writer.stdout.readline() == b"begun\n"
    rounds = replaced = removed = 0
    while writer.poll() is None and (rounds < 5 or not replaced or not removed):
        replaced += sum(one.replaced for one in compact_ticks(places, WHO))
        removed += vacuum(places, WHO, LiveClock(), age_ns=0)["live"]
        rounds += 1
    told, _ = writer.communicate(timeout=60)
    assert writer.returncode == 0
    wanted = list(range(int(told)))
    ticks = Lake(places.lake).ticks
    assert ticks.read(WHO, "live")["event_ns"].to_list() == wanted
    commits = ticks.commits(WHO, "live")
    assert [commit.key for commit in commits] == [str(n) for n in wanted]
    for number, commit in enumerate(commits, 1):
        assert ticks.read(WHO, "live", version=commit.version).height == number
    assert ticks.verify(WHO, "live") >= 1


def test_a_workspace_without_ticks_has_nothing_to_tidy(tmp_path, capsys):
    answer = app.compact(tmp_path, vacuum_older_than="7d")
    assert answer == {"tables": [], "removed": {}}
    app.show_compact(answer)
    assert capsys.readouterr().out == "no ticks are in the lake\n"
    assert list(tmp_path.iterdir()) == []  # no store was made


def test_the_command_tells_what_it_did_and_refuses_what_is_no_duration(places, capsys):
    folder = places.lake.parent
    answer = app.compact(folder)
    assert answer["removed"] is None
    time.sleep(0.002)  # the age below is in milliseconds
    answer = app.compact(folder, vacuum_older_than="1ms")
    assert answer["removed"]["quote"] >= BATCHES
    app.show_compact(answer)
    assert "old files removed" in capsys.readouterr().out
    assert json.loads(json.dumps(answer)) == answer
    there = files(places)
    with pytest.raises(InputError, match="--vacuum-older-than"):
        app.compact(folder, vacuum_older_than="soon")
    assert files(places) == there

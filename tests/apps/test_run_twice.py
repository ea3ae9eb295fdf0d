"""A second run into the same folder: what is there stays, what is odd is refused."""

from pathlib import Path

import polars as pl
import pytest

from apps.given import (
    DECISIONS,
    ME,
    balanced,
    bars,
    call,
    changed,
    decisions,
    rejected_decisions,
    run,
    written,
)
from tradeloop.clock import LiveClock
from tradeloop.stores import open_journal


@pytest.fixture
def market(tmp_path):
    return written(tmp_path / "bars.parquet", bars())


def stored(folder):
    return open_journal(folder / "journal.db", LiveClock(), read_only=True)


def dataset_decisions(told):
    files = sorted(Path(told["dataset"]["path"]).rglob("decision_context.parquet"))
    frame = pl.read_parquet(files, hive_partitioning=False, glob=False)
    return dict(frame.select("decision_id", "side").iter_rows())


def test_the_same_files_again_change_nothing(tmp_path, market):
    decided = written(tmp_path / "d.parquet", changed(decisions(), 3, side="up"))
    before = balanced(run(tmp_path, market, decided))
    answer = run(tmp_path, market, decided)
    after = balanced(answer)
    for part in ("ledger", "dataset", "reasons", "quality", "leaks"):
        assert after[part] == before[part], part
    assert len(rejected_decisions(answer.out)) == 1
    with stored(answer.out) as opened:
        assert {r.kind for r in opened.rejects(ME)} == {"decision"}


def test_a_decision_whose_id_is_taken_is_refused_and_nothing_learns_from_it(
    tmp_path, market
):
    decided = written(tmp_path / "d.parquet", decisions())
    balanced(run(tmp_path, market, decided))
    written(decided, changed(decisions(), 3, side="buy"))
    answer = run(tmp_path, market, decided)
    told = balanced(answer)
    assert told["ledger"]["received"] == DECISIONS + 1
    assert told["ledger"]["labelled"] == DECISIONS
    assert told["ledger"]["quarantined"] == 1
    assert told["capture"]["decision"]["duplicates"] == DECISIONS - 1
    ((_, _, key, reason),) = rejected_decisions(answer.out)
    assert (key, reason.split(":")[0]) == ("d03", "conflict")
    assert "d03" not in dataset_decisions(told)
    with stored(answer.out) as opened:
        assert opened.get(ME, "decision", "d03").body["side"] == -1


def test_a_run_with_other_decisions_adds_to_the_ledger(tmp_path, market):
    first = written(tmp_path / "one.parquet", decisions().head(10))
    second = written(tmp_path / "two.parquet", decisions().tail(30))
    balanced(run(tmp_path, market, first))
    told = balanced(run(tmp_path, market, second))
    assert told["ledger"]["received"] == DECISIONS
    assert told["dataset"]["rows"] == 30


def test_tenants_share_a_folder_and_see_their_own(tmp_path, market, monkeypatch):
    decided = written(tmp_path / "d.parquet", decisions())
    mine = balanced(run(tmp_path, market, decided))
    monkeypatch.setenv("TRADELOOP_TENANT", "other")
    few = written(tmp_path / "few.parquet", decisions().head(4))
    answer = run(tmp_path, market, few)
    theirs = balanced(answer)
    assert mine["ledger"]["received"] == DECISIONS
    assert theirs["ledger"]["received"] == 4
    assert "/other/" in theirs["dataset"]["path"]


def test_fills_beside_a_strategy_are_captured_and_checked_against_their_bars(
    tmp_path, market
):
    at = bars()["ts"][30]
    fills = pl.DataFrame(
        {
            "fill_id": ["f1", "f2"],
            "ts": [at, at],
            "symbol": ["SP500", "XYZ"],
            "side": ["buy", "buy"],
            "price": [1.0, 1.0],
            "quantity": [1.0, 1.0],
        }
    )
    filled = written(tmp_path / "fills.parquet", fills)
    answer = call(
        *["run", "--json", "--market", market, "--strategy", "breakout"],
        *["--fills", filled],
        out=tmp_path / "out",
    )
    told = balanced(answer)
    counted = told["capture"]["fill"]
    assert (counted["expected"], counted["captured"]) == (2, 1)
    assert counted["quarantined"] == 1
    assert [f for f in told["findings"] if f.startswith("1 of 1 fills lie outside")]


def test_a_decision_after_the_last_bar_but_not_stale_is_pending(tmp_path, market):
    last = bars()["ts"][-1]
    decided = written(
        tmp_path / "d.parquet",
        changed(decisions(), DECISIONS - 1, ts=last.replace(hour=23)),
    )
    told = balanced(run(tmp_path, market, decided))
    assert told["ledger"]["pending"] == 1
    assert told["dataset"]["rows"] == DECISIONS - 1
    (reason,) = told["reasons"]
    assert reason.startswith("pending: ")

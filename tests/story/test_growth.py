"""A workspace that grows: the same job again, with more of the market."""

import warnings

import polars as pl
import pytest

from story.running import ME, catalog, journal, tradeloop
from tradeloop.capture import packaged_market
from tradeloop.clock import LiveClock
from tradeloop.pipelines.captured import captured_market
from tradeloop.pipelines.workspace import Places, open_workspace
from tradeloop.stores import Artefacts, open_tracking

pytestmark = pytest.mark.whole

RULES = "folds: 2\ntrees: 10\n"
FIRST, SECOND = 3_053, 4_500  # the first ends amid decisions that wait for outcomes


def market(days):
    """Daily bars of the S&P 500, one of them broken, as a user would export them."""
    bars = packaged_market()[0].bars.filter(pl.col("instrument") == "SP500")
    return bars.head(days).select(
        pl.col("open_ns").cast(pl.Datetime("ns", "UTC")).alias("ts"),
        pl.col("instrument").alias("symbol"),
        "open",
        pl.when(pl.int_range(pl.len()) == 90)
        .then(-1.0)
        .otherwise(pl.col("high"))
        .alias("high"),
        "low",
        "close",
        "volume",
    )


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """Two runs into one folder, the second one with more years."""
    place = tmp_path_factory.mktemp("grown")
    (place / "rules").mkdir()
    (place / "rules" / "model.yaml").write_text(RULES)
    answers, states = [], []
    for days in (FIRST, SECOND):
        market(days).write_parquet(place / "bars.parquet")
        run = tradeloop(
            *["run", "--json", "--market", "bars.parquet", "--strategy", "breakout"],
            *["--out", "out"],
            cwd=place,
        )
        assert run.status == 0, run.stderr[-2000:]
        answers.append(run.answer)
        with journal(place / "out") as opened:
            states.append(opened.states(ME))
    return place / "out", *answers, *states


def test_more_of_the_market_gives_more_decisions_and_another_dataset(grown):
    _, before, after, _, _ = grown
    assert after["ledger"]["received"] > before["ledger"]["received"]
    duplicates = after["capture"]["decision"]["duplicates"]
    assert duplicates == before["ledger"]["received"]
    assert before["dataset"]["version"] != after["dataset"]["version"]
    for answer in (before, after):
        ledger = answer["ledger"]
        parts = ("labelled", "pending", "censored", "quarantined")
        assert ledger["received"] == sum(ledger[part] for part in parts)
        assert answer["capture"]["bar"]["quarantined"] == 1


def test_what_was_pending_at_first_is_labelled_later(grown):
    *_, before, after = grown
    waiting = [name for name, found in before.items() if found.state == "pending"]
    assert len(waiting) >= 3
    assert {after[name].state for name in waiting} == {"labelled"}


def test_what_was_labelled_stays_labelled(grown):
    *_, before, after = grown
    done = [name for name, found in before.items() if found.state == "labelled"]
    assert len(done) > 200
    assert {after[name].state for name in done} == {"labelled"}


def test_the_journal_of_both_runs_holds_no_contradiction(grown):
    folder, _, after, _, states = grown
    assert len(states) == after["ledger"]["received"]
    with journal(folder) as opened:
        assert opened.rejects(ME) == []
        assert opened.verify() > 0


def test_both_datasets_and_both_models_are_kept_and_the_newer_one_serves(grown):
    folder, before, after, _, _ = grown
    with catalog(folder) as opened:
        listed = [d.dataset_id for d in opened.datasets(ME)]
        signals = opened.signals(ME, limit=100_000)
    assert set(listed) == {before["dataset"]["id"], after["dataset"]["id"]}
    assert len(signals) > 100
    versions = Artefacts(folder / "artefacts").versions(ME, "breakout")
    assert versions == ["v1.0.0", "v1.0.1"]
    assert [before["model"]["version"], after["model"]["version"]] == versions
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        url = f"sqlite:///{folder / 'mlflow.db'}"
        with open_tracking(url, folder / "runs") as tracking:
            champion = tracking.champion(ME, "breakout")
    assert champion.tags["artefact_version"] == "v1.0.1"
    assert champion.tags["dataset_version"] == after["dataset"]["version"]


def test_the_bars_of_both_runs_are_one_market(grown):
    folder, *_ = grown
    places = Places(
        folder / "journal.db",
        folder / "catalog.db",
        folder / "mlflow.db",
        folder / "lake",
        folder / "artefacts",
    )
    with open_workspace(places, ME, LiveClock()) as workspace:
        bars = captured_market(workspace).market.bars
    assert bars.height == SECOND - 1
    assert bars["event_ns"].is_sorted()
    assert bars["event_ns"].n_unique() == bars.height

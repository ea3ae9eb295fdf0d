"""``tradeloop run`` over real files of other people."""

import re

import polars as pl
import pytest

from apps.given import ME, balanced, call, labels, rejected_decisions, written
from story.running import tradeloop
from tradeloop.clock import LiveClock
from tradeloop.stores import open_journal

pytestmark = [pytest.mark.realdata, pytest.mark.whole]


@pytest.fixture(scope="module")
def agents(market_data, tmp_path_factory):
    """Three trading agents on hourly bars of US stocks."""
    return call(
        "run",
        "--json",
        "--market",
        market_data / "equity" / "bars_1h_us.parquet",
        "--decisions",
        market_data / "decisions" / "agent_decisions_us.parquet",
        out=tmp_path_factory.mktemp("agents") / "out",
    )


def test_fills_that_lie_outside_of_their_bar_are_found_and_reported(agents):
    told = balanced(agents)
    (found,) = [f for f in told["findings"] if "outside the bar" in f]
    odd, fills = map(int, re.match(r"(\d+) of (\d+) fills", found).groups())
    assert fills == told["capture"]["fill"]["captured"] == 299
    assert odd > 100
    assert told["capture"]["fill"]["quarantined"] == 2  # bought nothing
    assert told["quality"] < 0.999


def test_every_record_of_the_agents_is_accounted_for(agents, market_data):
    told = balanced(agents)
    path = market_data / "decisions" / "agent_decisions_us.parquet"
    rows = pl.read_parquet(path)
    assert told["ledger"]["received"] == rows.height == 676
    held = rows.filter(pl.col("action") == "no_trade").height
    reasons = told["reasons"]
    assert reasons["censored: decided not to trade"] == held
    assert reasons["quarantined: bookkeeping"] == 3
    places = rejected_decisions(agents.out)
    assert {source for source, _, _, _ in places} == {str(path)}
    for _, row, _, reason in places:
        assert (rows["action"][row], reason) == ("start", "bookkeeping")


def test_the_agents_outcomes_know_how_well_they_were_filled(agents):
    found = labels(balanced(agents))
    assert found.height == balanced(agents)["ledger"]["labelled"]
    with open_journal(agents.out / "journal.db", LiveClock(), read_only=True) as opened:
        filled = {fill.body["decision_id"] for fill in opened.events(ME, "fill")}
    found = found.filter(pl.col("decision_id").is_in(filled))
    suspect = found["fill_suspect"]
    assert found["execution_quality"].is_null().to_list() == suspect.to_list()
    assert 0 < suspect.sum() < found.height
    assert found.filter(suspect)["fill_suspect_reason"].null_count() == 0


def test_eleven_minutes_of_crypto_give_labels_of_seconds_and_a_dataset(
    market_data, tmp_path
):
    answer = call(
        "run",
        "--json",
        "--market",
        market_data / "crypto" / "quotes.parquet",
        market_data / "crypto" / "trades.parquet",
        "--strategy",
        "breakout",
        "--horizons",
        "10s,30s",
        out=tmp_path / "out",
    )
    told = balanced(answer)
    assert told["capture"]["quote"]["captured"] == 252_013
    assert told["capture"]["trade"]["captured"] == 69_808
    assert told["ledger"]["labelled"] > 100
    assert told["ledger"]["pending"] > 0  # the data end before their horizon
    assert told["dataset"]["rows"] == told["ledger"]["labelled"]
    assert told["leaks"]["failed"] == 0
    found = labels(told)
    due = found["due_ns_10s"] - found["decision_ns"]
    assert due.unique().to_list() == [10 * 10**9]


def test_years_of_exchange_rates_give_a_model_and_a_back_test(market_data, tmp_path):
    rates = pl.read_parquet(market_data / "fx" / "bars_1h.parquet").filter(
        pl.col("symbol").is_in(["EURGBP", "AUDUSD"]),
        pl.col("ts").dt.year() >= 2019,
    )
    market = written(tmp_path / "rates.parquet", rates)
    answer = tradeloop(
        "run",
        "--json",
        "--market",
        market,
        "--strategy",
        "breakout",
        "--out",
        tmp_path / "out",
        cwd=tmp_path,
    )
    assert answer.status == 0, answer.stderr[-2000:]
    told = answer.answer
    ledger = told["ledger"]
    assert ledger["received"] > 2_000
    assert ledger["received"] == sum(
        ledger[p] for p in ("labelled", "pending", "censored", "quarantined")
    )
    assert told["left_out"] == {}
    assert told["leaks"]["failed"] == 0
    assert told["metric"]["low"] <= told["metric"]["value"] <= told["metric"]["high"]
    assert told["metric"]["value"] < 0.6
    test = told["backtest"]
    assert test["low"] <= test["sharpe"] <= test["high"]
    assert test["trades"] > 100
    assert told["model"]["version"] == "v1.0.0"

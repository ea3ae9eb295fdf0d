"""Clocks that disagree in the files of the market lower the quality of the run."""

from dataclasses import replace

import pytest

from tradeloop.capture import read_market
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.pipelines.job import Job
from tradeloop.pipelines.learn import _quality
from tradeloop.pipelines.look import look
from tradeloop.pipelines.progress import Silent
from tradeloop.pipelines.rules import Rules
from tradeloop.strategies import ALL

N_CUT = 120_081 + 69_808


@pytest.mark.realdata
def test_rows_whose_event_time_was_cut_lower_the_timeliness_of_a_run(market_data):
    folder = market_data / "crypto"
    market = read_market([folder / "quotes.parquet", folder / "trades.parquet"])
    job = Job("ticks", market, (NS_PER_MINUTE,), strategies=ALL)
    looked = look(job, Rules(), Silent())
    agreeing = tuple(replace(intake, clock_cut=0) for intake in market.intakes)
    clean = _quality(
        replace(job, market=replace(market, intakes=agreeing)), looked, Silent()
    )
    found = _quality(job, looked, Silent())
    behind = {a.name: a.count for a in found.anomalies}["receive_clock_behind"]
    assert behind == N_CUT
    assert "receive_clock_behind" not in {a.name for a in clean.anomalies}
    counted = (market.bars, market.quotes, market.trades, looked.known)
    rows = sum(f.height for f in counted) + sum(i.read for i in market.intakes)
    parts = 5  # of timeliness: clocks, bars, decisions, ticks, clocks of the ticks
    assert clean.timeliness == 1.0
    assert found.timeliness == pytest.approx(1 - N_CUT / rows / parts)
    assert found.overall < clean.overall

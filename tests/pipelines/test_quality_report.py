"""How good captured data are: what is planted is found, what is whole keeps limits."""

import polars as pl
import pytest

from pipelines.captured_years import bars, capture, capture_bars
from tradeloop.capture import Market
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import NotFoundError
from tradeloop.events import BAR, DECISION, TRADE
from tradeloop.pipelines.build import Ask, build
from tradeloop.pipelines.progress import Silent
from tradeloop.pipelines.quality_report import (
    Asked,
    as_mappings,
    delivered_by,
    quality_report,
)
from tradeloop.pipelines.record import record_market
from tradeloop.pipelines.rules import ModelRule, Rules
from tradeloop.quality import QualityRule
from tradeloop.stores import Event

MONTH = Asked(30 * NS_PER_DAY)
DAYS, N_QUOTES = 500, 2_000
RULES = Rules(model=ModelRule(folds=2, trees=10))


def quotes(crossed=0):
    """One quote a second of one pair; the first ones crossed."""
    at = pl.int_range(N_QUOTES, eager=True)
    mid = 1.1 + 1e-5 * (at % 7).cast(pl.Float64)
    half = pl.Series([-5e-6 if i < crossed else 5e-6 for i in range(N_QUOTES)])
    return pl.DataFrame(
        {
            "instrument": "EURUSD.LMAX",
            "event_ns": 1_600_000_000 * NS_PER_SECOND + at * NS_PER_SECOND,
            "received_ns": 1_600_000_000 * NS_PER_SECOND + at * NS_PER_SECOND + 10**6,
            "bid": mid - half,
            "ask": mid + half,
            "bid_size": 1.0,
            "ask_size": 1.0,
            "sequence": at,
        }
    )


def capture_quotes(workspace, frame):
    market = Market(BAR.empty(), frame, TRADE.empty(), NS_PER_MINUTE, ())
    record_market(workspace, market, None)


def test_whole_years_keep_a_high_limit(workspace):
    capture(workspace, DAYS)
    rules = (QualityRule("overall", 0.99), QualityRule("missing_share", 0.01))
    found = quality_report(workspace, Asked(30 * NS_PER_DAY, rules=rules))
    assert found.kept
    assert found.whole.overall > 0.99
    assert found.groups["instrument"].to_list() == ["SP500"]
    assert found.windows["rows"].sum() == DAYS
    assert set(found.delays["kind"]) == {"bar", "decision"}


def test_a_month_that_is_gone_is_found_and_breaks_a_limit_of_completeness(workspace):
    frame = bars(DAYS)
    at = pl.int_range(pl.len())
    capture_bars(workspace, frame.filter(~at.is_between(200, 240)))
    asked = Asked(30 * NS_PER_DAY, rules=(QualityRule("completeness", 0.99),))
    found = quality_report(workspace, asked)
    assert not found.kept
    (gap,) = [a for a in found.whole.anomalies if a.name == "gap"]
    assert 41 <= gap.count <= 42  # a holiday that the week lets one expect is in it
    told = as_mappings(found.broken)
    assert [each["of"] for each in told] == [{}, {"instrument": "SP500"}]
    assert all("completeness" in each["reason"] for each in told)
    worst = found.windows.sort("completeness")["window_ns"][0]
    gone_ns = frame["event_ns"][240]
    assert abs(worst - gone_ns) <= 31 * NS_PER_DAY


def test_ticks_without_bars_are_judged_too(workspace):
    capture_quotes(workspace, quotes(crossed=200))
    found = quality_report(workspace, Asked(NS_PER_HOUR, by="source"))
    (crossed,) = [a for a in found.whole.anomalies if a.name == "crossed_quote"]
    assert crossed.count == 200
    assert found.groups["source"].to_list() == ["LMAX"]
    assert found.groups["rows"].to_list() == [N_QUOTES]
    assert found.delays["p50_ns"].to_list() == [10**6]


def test_a_workspace_without_prices_says_so(workspace):
    with pytest.raises(NotFoundError, match="No bars"):
        quality_report(workspace, MONTH)


def numbered(workspace, numbers):
    """Decisions that a source sent under these numbers."""
    events = [
        Event(f"d{n}", n, n, {"strategy": "a", "instrument": "SP500", "side": 0}, n=n)
        for n in numbers
    ]
    audit = workspace.audit("append", "decision")
    journal, who = workspace.journal, workspace.principal
    journal.append(who, DECISION.kind, "desk", events, audit)


def test_numbers_that_never_came_are_told_by_source(workspace):
    assert delivered_by(workspace) is None
    numbered(workspace, [1, 2, 5])
    found = delivered_by(workspace)
    assert found.select("source", "received", "missing").rows() == [("desk", 3, 2)]
    assert delivered_by(workspace, as_of_ns=1) is None  # not kept as of a time
    capture_bars(workspace, bars(DAYS))
    report = quality_report(workspace, MONTH).whole
    (lost,) = [a for a in report.anomalies if a.name == "undelivered_event"]
    assert lost.count == 2


def test_the_catalog_holds_what_was_found_in_the_data_of_a_dataset(workspace):
    frame = bars(2_000)
    at = pl.int_range(pl.len())
    capture(workspace, 2_000)
    capture_bars(workspace, frame.filter(at >= 2_000))
    made = build(workspace, Ask(horizons_ns=(NS_PER_DAY,)), RULES, Silent())
    (report,) = workspace.catalog.quality_reports(
        workspace.principal, made.written.dataset_id
    )
    found = report.anomaly_results["anomaly_detection_results"]
    assert [a["name"] for a in found] == [a.name for a in made.quality.anomalies]
    assert set(report.anomaly_results) == {"anomaly_detection_results", "closures"}
    assert report.data_lineage["file"] == "lineage.jsonl"
    assert report.data_lineage["slices"]["bars"]

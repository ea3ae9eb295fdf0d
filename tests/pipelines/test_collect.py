"""A decision's row is the same, value by value, however much of it was at hand."""

import json
from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.captured_years import capture_decisions
from reference.collected_row import slow_row
from tradeloop.capture import Market, packaged_market
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.errors import NotFoundError
from tradeloop.events import DECISION, FILL, QUOTE, TRADE
from tradeloop.pipelines.collect import Collector
from tradeloop.pipelines.collected import Include, Usual
from tradeloop.pipelines.record import record_events, record_market
from tradeloop.pipelines.rules import Rules
from tradeloop.stores import Catalog

RULES = Rules()
USUAL = Usual(RULES, 5 * NS_PER_DAY, None)
BESIDE = replace(USUAL, benchmark="SP500")
FRAMES = ("decision", "market", "execution", "outcome")
PLAIN = ("dataset_id", "vector", "categories", "quality", "numbers")
DAYS = 1_500


@pytest.fixture(scope="module")
def real():
    """Six real years of two indices, and the series."""
    market, series = packaged_market()
    parts = market.bars.partition_by("instrument")
    return pl.concat(part.head(DAYS) for part in parts), series


def put(workspace, bars, series):
    market = Market(bars, QUOTE.empty(), TRADE.empty(), NS_PER_DAY, ())
    record_market(workspace, market, series)


def decided(bars, places, prefix="d"):
    """Decisions on each instrument, an hour after these bars, now buys, now sells."""
    rows = [
        {
            "decision_id": f"{prefix}{name[:2]}{place}",
            "strategy": "test",
            "instrument": name,
            "side": 1 if place % 2 else -1,
            "event_ns": own["event_ns"][place] + NS_PER_HOUR,
            "received_ns": own["received_ns"][place] + NS_PER_HOUR,
        }
        for (name,), own in bars.group_by("instrument", maintain_order=True)
        for place in places
    ]
    return DECISION.conform(pl.DataFrame(rows))


def put_decisions(workspace, bars, places, prefix="d"):
    rows = decided(bars, places, prefix)
    capture_decisions(workspace, rows)
    return rows["decision_id"].to_list()


def require_same(row, slow):
    for name in FRAMES:
        assert_frame_equal(getattr(row, name), getattr(slow, name), check_exact=True)
    for name in PLAIN:
        assert getattr(row, name) == getattr(slow, name), name
    assert list(row.vector) == list(slow.vector)
    assert row.watermark.received_ns == slow.known_ns


def stored(workspace, slow):
    """Frames and metadata of a row that was kept."""
    root = f"training_datasets/SIGNAL_GENERATION/version={slow.dataset.version}"
    frames = {
        name: workspace.lake.read(workspace.principal, root, name).collect()
        for name in slow.dataset.frames
    }
    told = workspace.lake.read_text(workspace.principal, root, "metadata.json")
    return frames, json.loads(told)


def test_fifty_decisions_are_what_the_full_path_makes_of_them(workspace, real):
    bars, series = real
    put(workspace, bars, series)
    # Among them the first bars, and the last ones, whose outcome is not known yet.
    places = [0, 1, 30, *range(100, DAYS - 20, 72), *range(DAYS - 5, DAYS)]
    collector, kept = Collector(workspace, USUAL), 0
    ids = put_decisions(workspace, bars, places)
    assert len(ids) >= 50
    for name in ids:
        slow = slow_row(workspace, USUAL, name, Include())
        row = collector.collect(name, Include())
        require_same(row, slow)
        if slow.dataset is None:
            continue
        kept += 1
        frames, told = stored(workspace, slow)
        for frame, there in frames.items():
            assert_frame_equal(there, slow.dataset.frames[frame], check_exact=True)
        assert slow.certificate.passed
        results = told["certificate"]["results"]
        assert [each["name"] for each in results] == [
            "no_overlap",
            "known_before",
            "recomputed",
            "poisoned_future",
            "fitted_inside",
        ]
        assert all(each["passed"] for each in results)
        assert told["inputs"] == json.loads(slow.dataset.manifest)
        assert told["watermark"] == row.watermark.as_mapping()
    assert 40 <= kept < len(ids)


@pytest.mark.parametrize(
    "include",
    [
        Include(lookback_ns=400 * NS_PER_DAY),
        Include(lookback_ns=NS_PER_HOUR // 2),
        Include(lookahead_ns=20 * NS_PER_DAY),
    ],
    ids=["400 days back", "no bar at all", "20 days ahead"],
)
def test_cuts_at_either_end_are_those_of_the_full_path(workspace, real, include):
    bars, series = real
    put(workspace, bars, series)
    collector = Collector(workspace, USUAL)
    for name in put_decisions(workspace, bars, [40, 700, DAYS - 2]):
        row = collector.collect(name, include)
        require_same(row, slow_row(workspace, USUAL, name, include))


def test_a_benchmark_is_seen_beside_the_own_bars(workspace, real):
    bars, _ = real
    put(workspace, bars, None)
    collector = Collector(workspace, BESIDE)
    for name in put_decisions(workspace, bars, [3, 900]):
        if name.startswith("dNA"):
            row = collector.collect(name, Include())
            require_same(row, slow_row(workspace, BESIDE, name, Include()))


def test_without_keeping_the_row_is_the_same_and_nothing_is_written(workspace, real):
    bars, series = real
    put(workspace, bars, series)
    (name, *_) = put_decisions(workspace, bars, [800])
    row = Collector(workspace, USUAL).collect(name, Include(), keep=False)
    slow = slow_row(workspace, USUAL, name, Include())
    slow.dataset_id = None
    require_same(row, slow)
    assert not workspace.catalog.datasets(workspace.principal)


def test_fills_are_held_against_the_bars_of_the_market(workspace, real):
    bars, series = real
    put(workspace, bars, series)
    (name, *_) = put_decisions(workspace, bars, [800])
    own = bars.filter(pl.col("instrument") == "NASDAQ_COMP")
    fill = {
        "fill_id": "f1",
        "decision_id": name,
        "instrument": "NASDAQ_COMP",
        "side": -1,
        "event_ns": own["event_ns"][800] + 2 * NS_PER_HOUR,
        "received_ns": own["event_ns"][800] + 2 * NS_PER_HOUR,
        "price": own["close"][800] * 1.001,
        "quantity": 2.0,
        "fee": 0.1,
    }
    nothing = FILL.empty().select("fill_id")
    record_events(workspace, FILL, "desk", FILL.conform(pl.DataFrame([fill])), nothing)
    row = Collector(workspace, USUAL).collect(name, Include())
    slow = slow_row(workspace, USUAL, name, Include())
    assert row.dataset_id == slow.dataset_id
    kept = slow.dataset.outcome_labels.drop("fold")
    assert_frame_equal(row.outcome, kept, check_exact=True)
    assert row.outcome["execution_quality"][0] is not None
    _, told = stored(workspace, slow)
    checked = {each["name"]: each["passed"] for each in told["certificate"]["results"]}
    assert checked["fills_possible"]


def test_a_market_that_grows_gives_what_a_fresh_reader_sees(workspace, real):
    bars, series = real
    early = bars.filter(pl.col("event_ns") <= bars["event_ns"][1_100])
    put(workspace, early, series)
    names = put_decisions(workspace, bars, [600, 1_099])
    collector = Collector(workspace, USUAL)
    before = [collector.collect(name, Include()) for name in names]
    old = collector._market.lane("SP500").trail
    put(workspace, bars.filter(pl.col("event_ns") > bars["event_ns"][1_100]), None)
    for name, first in zip(names, before, strict=True):
        row = collector.collect(name, Include())
        slow = slow_row(workspace, USUAL, name, Include())
        # A row that was whole stays itself; one that waited has its outcome now.
        assert first.dataset_id in {None, row.dataset_id}
        require_same(row, slow)
    # It went on from what there was: the states are the very ones.
    new = collector._market.lane("SP500").trail
    assert new.bars.height == DAYS
    assert new._states[1] is old._states[1]
    grown = [row.dataset_id is None for row in before]
    assert any(grown)
    assert not all(grown)


def test_a_bar_that_is_corrected_undoes_the_features_after_it(workspace, real):
    bars, series = real
    put(workspace, bars, series)
    (name, *_) = put_decisions(workspace, bars, [700])
    collector = Collector(workspace, USUAL)
    before = collector.collect(name, Include(), keep=False)
    here = pl.col("instrument").eq("NASDAQ_COMP") & (
        pl.col("event_ns") == bars["event_ns"][690]
    )
    put(workspace, bars.filter(here).with_columns(pl.col("high") * 1.01), None)
    row = collector.collect(name, Include())
    assert row.vector != before.vector
    require_same(row, slow_row(workspace, USUAL, name, Include()))


def test_a_late_bar_is_certified_on_all_of_history(workspace, real):
    bars, _ = real
    own = bars.filter(pl.col("instrument") == "SP500").head(400)
    late = pl.int_range(pl.len()) == 300
    came = pl.col("received_ns") + pl.when(late).then(4 * NS_PER_DAY).otherwise(0)
    put(workspace, own.with_columns(received_ns=came), None)
    collector = Collector(workspace, USUAL)
    for name in put_decisions(workspace, own, [250, 301, 350]):
        slow = slow_row(workspace, USUAL, name, Include())
        require_same(collector.collect(name, Include()), slow)
        _, told = stored(workspace, slow)
        assert told["certificate"] == slow.certificate.as_mapping()


def test_an_instrument_without_bars_is_said_to_have_none(workspace, real):
    bars, series = real
    put(workspace, bars.filter(pl.col("instrument") == "SP500"), series)
    name = put_decisions(workspace, bars, [800])[0]
    with pytest.raises(NotFoundError, match="NASDAQ_COMP"):
        Collector(workspace, USUAL).collect(name, Include())


def test_features_and_rules_are_defined_once_by_one_collector(
    workspace, real, monkeypatch
):
    bars, series = real
    put(workspace, bars, series)
    asked = []
    for name in ("define_features", "define_rules"):
        real_one = getattr(Catalog, name)

        def counted(*given, _name=name, _real=real_one):
            asked.append(_name)
            return _real(*given)

        monkeypatch.setattr(Catalog, name, counted)
    collector = Collector(workspace, USUAL)
    kept = [
        collector.collect(name, Include()).dataset_id
        for name in put_decisions(workspace, bars, [500, 600, 700])
    ]
    assert sorted(asked) == ["define_features", "define_rules"]
    found = workspace.catalog.datasets(workspace.principal)
    assert {record.dataset_id for record in found} == set(kept)
    assert len(workspace.catalog.features(workspace.principal)) > 50
    assert [
        rule.rule_name for rule in workspace.catalog.rules(workspace.principal)
    ] == ["outcome"]


def test_a_row_that_is_kept_again_is_the_one_that_was_kept(workspace, real):
    bars, series = real
    put(workspace, bars, series)
    name = put_decisions(workspace, bars, [500])[0]
    first = Collector(workspace, USUAL).collect(name, Include())
    again = Collector(workspace, USUAL).collect(name, Include())
    assert first.dataset_id == again.dataset_id
    assert len(workspace.catalog.datasets(workspace.principal)) == 1

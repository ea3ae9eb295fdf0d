"""A dataset built part by part is the one that is built whole, to the byte."""

from dataclasses import replace

import polars as pl
import pytest

from pipelines.captured_years import (
    RULES,
    bars,
    capture,
    capture_bars,
    capture_decisions,
)
from pipelines.conftest import NOW_NS, places_in
from tradeloop.capture import Market, packaged_market
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, ReplayClock
from tradeloop.errors import ConflictError, InputError, NotFoundError
from tradeloop.events import BAR, DECISION, FILL, QUOTE, TRADE, DatasetType, Principal
from tradeloop.pipelines import browse, make_parts
from tradeloop.pipelines import build_large as large
from tradeloop.pipelines.build import Ask, Built, build
from tradeloop.pipelines.captured import Extent, captured_events, event_parts, position
from tradeloop.pipelines.progress import Silent
from tradeloop.pipelines.rebuild import verify
from tradeloop.pipelines.record import record_events, record_market
from tradeloop.pipelines.workspace import open_workspace

BARS = 3_000
DAYS = 1_000
WEEK = Ask(horizons_ns=(5 * NS_PER_DAY, NS_PER_DAY))
HOURS = Ask(horizons_ns=(6 * NS_PER_HOUR, 24 * NS_PER_HOUR))
WHO = Principal("desk", "tester")
EVERYTHING = 10**9


def files_of(workspace, written):
    """Files of a dataset with frames, as the manifest lists them."""
    root = written.path.relative_to(workspace.places.lake / "desk").as_posix()
    manifest = workspace.lake.manifest(workspace.principal, root)
    return [entry for entry in manifest.files if entry.schema], manifest.schemas


def in_parts(workspace, size, ask=HOURS, rules=RULES):
    return Built(**large.build_large(workspace, ask, rules, Silent(), size=size))


def hourly(market_data):
    """Real hourly bars of two pairs."""
    start = pl.col("ts").cast(pl.Int64)
    raw = pl.scan_parquet(market_data / "fx" / "bars_1h.parquet")
    chosen = raw.filter(pl.col("symbol").is_in(["AUDJPY", "USDCHF"])).with_columns(
        instrument=pl.col("symbol"),
        open_ns=start,
        event_ns=start + NS_PER_HOUR,
        received_ns=start + NS_PER_HOUR,
    )
    found = BAR.conform(chosen.collect()).sort("instrument", "event_ns")
    return found.filter(pl.int_range(pl.len()).over("instrument") < BARS)


def every_bar(frame):
    """A decision on each bar, in no order of time, and one on what has no bars."""
    asked = frame.with_columns(
        decision_id=pl.format("{}-{}", "instrument", "event_ns"),
        strategy=pl.lit("every bar"),
        side=pl.when(pl.col("close") > pl.col("open")).then(1).otherwise(-1),
        event_ns="received_ns",
        reasoning=pl.lit("because of the close"),
    )
    rows = DECISION.conform(asked).sample(fraction=1.0, shuffle=True, seed=3)
    stranger = rows.head(1).with_columns(
        decision_id=pl.lit("stranger"), instrument=pl.lit("XXXYYY")
    )
    return pl.concat([rows, stranger])


def fills_of(asked, frame):
    """Fill every fifth decision at the close of its bar."""
    some = asked.sort("decision_id").gather_every(5)
    closes = frame.select("instrument", "received_ns", price="close")
    return FILL.conform(
        some.join(closes, on=["instrument", "received_ns"]).with_columns(
            fill_id=pl.format("fill {}", "decision_id"), quantity=1.0, fees=0.0
        )
    )


def capture_many(workspace, market_data):
    """Capture bars, decisions and fills; return the decisions."""
    frame = hourly(market_data)
    asked = every_bar(frame)
    market = Market(frame, QUOTE.empty(), TRADE.empty(), NS_PER_HOUR, ())
    record_market(workspace, market, None)
    nothing = DECISION.empty().select("decision_id")
    record_events(workspace, DECISION, "every bar", asked, nothing)
    fills = fills_of(asked, frame)
    record_events(workspace, FILL, "broker", fills, nothing)
    return asked


@pytest.fixture(scope="module")
def whole(tmp_path_factory, market_data):
    """Build the dataset in memory, once."""
    folder = tmp_path_factory.mktemp("whole")
    with open_workspace(places_in(folder), WHO, ReplayClock(NOW_NS)) as workspace:
        capture_many(workspace, market_data)
        made = build(workspace, HOURS, RULES, Silent())
        yield made, files_of(workspace, made.written), workspace.journal.states(WHO)


@pytest.mark.realdata
@pytest.mark.parametrize("size", [1_000, 5_000, EVERYTHING])
def test_parts_of_any_size_give_the_bytes_of_the_whole(
    tmp_path, whole, market_data, size
):
    made, files, states = whole
    with open_workspace(places_in(tmp_path), WHO, ReplayClock(NOW_NS)) as workspace:
        capture_many(workspace, market_data)
        again = in_parts(workspace, size)
        assert again.written.version == made.written.version
        assert files_of(workspace, again.written) == files
        assert workspace.journal.states(WHO) == states
        ours, theirs = again.dataset, made.dataset
        assert ours.sample_count == theirs.sample_count > 5_000
        assert dict(ours.left_out) == dict(theirs.left_out)
        assert ours.fold.max() > 0
        assert (ours.fold == theirs.fold).all()
        assert dict(ours.label_distribution) == dict(theirs.label_distribution)
        assert again.set_aside == made.set_aside == {"unknown_symbol": 1}
        assert again.quality == made.quality
        assert again.certificate.passed
        names = [c.name for c in again.certificate.checks]
        assert names == [c.name for c in made.certificate.checks]
        assert list((workspace.places.lake / ".incoming").iterdir()) == []


def test_it_can_be_verified_learned_of_and_is_kept_once(workspace):
    capture(workspace, DAYS)
    first, second = in_parts(workspace, 100, WEEK), in_parts(workspace, 300, WEEK)
    assert (first.written.new, second.written.new) == (True, False)
    assert first.written.files == second.written.files
    assert len(browse.listed(workspace)) == 1
    found = verify(workspace, first.written.dataset_id, ())
    assert found.same
    there = browse.stored(workspace, first.written.version)
    assert there.sample_count == first.dataset.sample_count
    (record,) = browse.listed(workspace)
    assert record.sample_count == there.sample_count
    assert dict(record.label_distribution) == dict(there.label_distribution)


def test_what_is_whole_already_is_left_and_the_other_way_round(workspace):
    capture(workspace, DAYS)
    by_parts = in_parts(workspace, 100, WEEK)
    again = build(workspace, replace(WEEK, full=True), RULES, Silent())
    assert (by_parts.written.new, again.written.new) == (True, False)
    assert by_parts.written.version == again.written.version


def test_other_rows_under_the_version_are_refused(workspace, monkeypatch):
    capture(workspace, DAYS)
    in_parts(workspace, 100, WEEK)
    real = make_parts.market_state
    monkeypatch.setattr(
        make_parts,
        "market_state",
        lambda *given: real(*given).with_columns(pl.col("volatility_level") * 2),
    )
    with pytest.raises(ConflictError, match="other rows"):
        in_parts(workspace, 100, WEEK)
    assert list((workspace.places.lake / ".incoming").iterdir()) == []


def test_parts_that_are_all_on_the_benchmark_are_labelled_as_in_the_whole(tmp_path):
    """Labelling refuses decisions that are all on the benchmark; a part may be that."""
    built = {}
    for size in (1, EVERYTHING, 0):
        place = tmp_path / str(size)
        place.mkdir()
        with open_workspace(places_in(place), WHO, ReplayClock(NOW_NS)) as workspace:
            frame = two_indices()
            capture_bars(workspace, frame)
            capture_decisions(workspace, turn_by_turn(frame))
            ask = replace(WEEK, benchmark="SP500")
            made = (
                in_parts(workspace, size, ask)
                if size
                else build(workspace, ask, RULES, Silent())
            )
            built[size] = files_of(workspace, made.written)
    assert built[1] == built[0] == built[EVERYTHING]


def two_indices():
    market = packaged_market()[0].bars
    return market.filter(pl.int_range(pl.len()).over("instrument") < DAYS)


def turn_by_turn(frame):
    """One decision on a day: on the one index, then on the other."""
    days = pl.int_range(pl.len()).over("instrument")
    mine = (days % 16 == 0) & (pl.col("instrument") == "SP500")
    other = (days % 16 == 8) & (pl.col("instrument") != "SP500")
    return DECISION.conform(
        frame.filter((days > 400) & (mine | other)).with_columns(
            decision_id=pl.format("{}-{}", "instrument", "event_ns"),
            strategy=pl.lit("in turn"),
            side=1,
            event_ns="received_ns",
        )
    )


def test_kinds_whose_rows_depend_on_each_other_are_refused(workspace):
    capture(workspace, DAYS)
    for kind in (DatasetType.PORTFOLIO_OPTIMIZATION, DatasetType.MARKET_PREDICTION):
        with pytest.raises(InputError, match="part by part"):
            in_parts(workspace, 100, replace(WEEK, dataset_type=kind))


def test_risk_is_built_part_by_part_too(workspace):
    capture(workspace, DAYS)
    ask = replace(WEEK, dataset_type=DatasetType.RISK_PREDICTION)
    by_parts = in_parts(workspace, 100, ask)
    again = build(workspace, replace(ask, full=True), RULES, Silent())
    assert by_parts.written.version == again.written.version
    assert not again.written.new


def test_nothing_captured_is_said(workspace):
    with pytest.raises(NotFoundError, match="No bars"):
        in_parts(workspace, 100)
    capture_bars(workspace, bars(DAYS))
    with pytest.raises(NotFoundError, match="No decisions"):
        in_parts(workspace, 100)


def test_many_decisions_make_a_dataset_large(workspace, monkeypatch):
    capture(workspace, DAYS)
    assert not large.is_large(workspace, WEEK)
    monkeypatch.setattr(large, "LARGE", 10)
    assert large.is_large(workspace, WEEK)
    market = replace(WEEK, dataset_type=DatasetType.MARKET_PREDICTION)
    assert not large.is_large(workspace, market)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_journal_read_in_chunks_is_the_journal(workspace, size):
    capture(workspace, DAYS)
    whole = captured_events(workspace, DECISION)
    parts = list(event_parts(workspace, DECISION, size=size))
    assert pl.concat(parts).equals(whole)
    assert all(0 < part.height <= size for part in parts)
    events = workspace.journal.events(WHO, "decision")
    assert whole["decision_id"].to_list() == [event.event_id for event in events]
    middle = Extent(events[len(events) // 2].seq)
    some = list(event_parts(workspace, DECISION, middle, size))
    assert pl.concat(some).equals(whole.head(len(events) // 2 + 1))


def test_events_are_given_up_to_a_limit_and_the_last_is_known(workspace):
    capture(workspace, DAYS)
    journal = workspace.journal
    every = journal.events(WHO, "decision")
    assert journal.events(WHO, "decision", limit=3) == every[:3]
    assert journal.events(WHO, "decision", every[3].seq, 2) == every[4:6]
    assert journal.events(WHO, "decision", every[-1].seq, 2) == []
    with pytest.raises(InputError, match="at least 1"):
        journal.events(WHO, "decision", limit=0)
    assert journal.last_seq(WHO, "decision") == every[-1].seq
    assert journal.last_seq(WHO, "decision", NOW_NS) == every[-1].seq
    assert journal.last_seq(WHO, "decision", NOW_NS - 1) == 0
    assert journal.last_seq(WHO, "nothing") == 0
    assert journal.last_seq(Principal("other", "one"), "decision") == 0
    assert position(workspace) == every[-1].seq
    assert position(workspace, NOW_NS - 1) == 0

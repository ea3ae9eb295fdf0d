"""Every column of a dataset traces back to raw columns, and the events say so."""

import json
import threading
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

import polars as pl
import pytest

from pipelines.captured_years import RULES, capture
from pipelines.conftest import NOW_NS, places_in
from tradeloop.capture import packaged_market, read_market
from tradeloop.clock import NS_PER_DAY, NS_PER_SECOND, ReplayClock
from tradeloop.events import DatasetType, Principal
from tradeloop.pipelines.build import Ask, build
from tradeloop.pipelines.job import Job
from tradeloop.pipelines.keep import keep
from tradeloop.pipelines.learn import learn
from tradeloop.pipelines.lineage_columns import of_file
from tradeloop.pipelines.look import look
from tradeloop.pipelines.own import Files, own_job
from tradeloop.pipelines.progress import Silent
from tradeloop.pipelines.workspace import open_workspace
from tradeloop.quality import faults_of, raw_columns
from tradeloop.strategies import ALL

DAYS = 1_500
WEEK = Ask(horizons_ns=(5 * NS_PER_DAY, NS_PER_DAY))


def lines(written):
    """Events of the lineage of a dataset."""
    text = (written.path / "lineage.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def run(workspace, job):
    """A run of the loop up to its dataset, which it returns with what was written."""
    looked = look(job, RULES, Silent())
    kept, looked = keep(job, looked, workspace, Silent())
    return learn(job, looked, kept, workspace, RULES, Silent())


def files_in(folder):
    """Bars of both indices as files, as a user has them."""
    market, series = packaged_market()
    for name in ("SP500", "NASDAQ_COMP"):
        mine = market.bars.filter(pl.col("instrument") == name).head(DAYS)
        mine.select(
            pl.col("open_ns").cast(pl.Datetime("ns", "UTC")).alias("ts"),
            pl.lit(name).alias("ticker"),
            "open",
            "high",
            "low",
            "close",
            "volume",
        ).write_parquet(folder / f"{name}.parquet")
    return sorted(folder.glob("*.parquet")), series


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run like the demo, on files, with series and all rules."""
    folder = tmp_path_factory.mktemp("ran")
    files, series = files_in(folder)
    horizons_ns = (5 * NS_PER_DAY, NS_PER_DAY)
    job = Job("r", read_market(files), horizons_ns, series=series, strategies=ALL)
    who = Principal("desk", "tester")
    with open_workspace(places_in(folder), who, ReplayClock(NOW_NS)) as workspace:
        return files, run(workspace, job)


def test_every_column_of_a_dataset_traces_back_to_columns_of_the_files(ran):
    files, learned = ran
    events = lines(learned.written)
    traced = raw_columns(events, learned.written.dataset_id)
    frames = learned.dataset.frames
    assert set(traced) == {f"{f}.{c}" for f in frames for c in frames[f].columns}
    assert [column for column, raw in traced.items() if not raw] == []
    named = {name for raw in traced.values() for name, _ in raw}
    assert named >= {str(file) for file in files}
    columns = {column for raw in traced.values() for _, column in raw}
    assert {"ts", "ticker", "open", "high", "low", "close", "volume"} <= columns


def test_features_come_from_what_their_formula_reads(ran):
    _, learned = ran
    traced = raw_columns(lines(learned.written), learned.written.dataset_id)

    def read(name):
        return {column for _, column in traced[f"feature_vectors.{name}"]}

    assert read("log_return_1_bps") == {"close"}
    assert read("gap_bps") == {"open", "close"}
    assert read("day_of_week_sin") == {"ts"}
    assert "volume" in read("relative_volume_20")
    assert read("wti_usd_bbl_level") == {"value", "series", "received_ns"}


def test_the_events_are_sound_and_a_file_is_named_with_its_hash(ran):
    files, learned = ran
    events = lines(learned.written)
    assert [fault for event in events for fault in faults_of(event)] == []
    jobs = [e["job"]["name"] for e in events if e["eventType"] == "COMPLETE"]
    assert jobs == ["capture"] * 2 + ["decide", "featurize", "label", "assemble"]
    raw = {i["name"]: i for event in events for i in event["inputs"]}
    for file in files:
        version = raw[str(file)]["facets"]["version"]["datasetVersion"]
        assert version == sha256(file.read_bytes()).hexdigest()
    (made,) = events[-1]["outputs"]
    version = made["facets"]["version"]["datasetVersion"]
    assert (made["name"], version) == (
        learned.written.dataset_id,
        learned.written.version,
    )


def test_metadata_and_catalog_name_the_lineage_in_short(ran):
    _, learned = ran
    said = json.loads((learned.written.path / "metadata.json").read_text("utf-8"))
    short = said["data_quality_report"]["data_lineage"]
    assert short["file"] == "lineage.jsonl"
    runs = {e["run"]["runId"] for e in lines(learned.written)}
    assert set(short["runs"].values()) == runs
    assert len(short["raw"]) == 3  # two files, and the slice of the series


def test_the_same_dataset_says_the_same_wherever_it_is_made(tmp_path):
    said = []
    for name in ("one", "two"):
        folder, who = tmp_path / name, Principal("desk", "tester")
        folder.mkdir()
        with open_workspace(places_in(folder), who, ReplayClock(NOW_NS)) as workspace:
            capture(workspace, DAYS)
            built = build(workspace, WEEK, RULES, Silent())
        said.append((built.written.path / "lineage.jsonl").read_text("utf-8"))
    assert said[0] == said[1]


NO_FILLS = [k for k in DatasetType if k is not DatasetType.EXECUTION_OPTIMIZATION]


@pytest.mark.parametrize("kind", NO_FILLS, ids=lambda kind: kind.value)
def test_datasets_of_what_was_captured_trace_back_to_slices_and_journal(
    workspace, kind
):
    capture(workspace, 700)
    built = build(workspace, replace(WEEK, dataset_type=kind), RULES, Silent())
    traced = raw_columns(lines(built.written), built.written.dataset_id)
    assert [column for column, raw in traced.items() if not raw] == []
    named = {name for raw in traced.values() for name, _ in raw}
    (bars,) = [name for name in named if name.startswith("bar-")]
    listed = workspace.journal.events(workspace.principal, "slice")
    assert bars in {event.event_id for event in listed}


@pytest.mark.realdata
def test_bars_of_ticks_come_from_the_files_of_the_ticks(market_data, tmp_path):
    folder = market_data / "crypto"
    files = [folder / "quotes.parquet", folder / "trades.parquet"]
    job = Job("ticks", read_market(files), (30 * NS_PER_SECOND,), strategies=ALL)
    who = Principal("desk", "tester")
    with open_workspace(places_in(tmp_path), who, ReplayClock(NOW_NS)) as workspace:
        learned = run(workspace, job)
    events = lines(learned.written)
    traced = raw_columns(events, learned.written.dataset_id)
    assert [column for column, raw in traced.items() if not raw] == []
    assert {n for raw in traced.values() for n, _ in raw} == {str(f) for f in files}
    assert "bars" in {e["job"]["name"] for e in events}


@pytest.mark.realdata
def test_outcomes_of_fills_come_from_the_file_that_holds_decisions_and_fills(
    market_data, tmp_path
):
    files = Files(
        market=(market_data / "equity" / "bars_1h_us.parquet",),
        decisions=market_data / "decisions" / "agent_decisions_us.parquet",
    )
    job = own_job(files, horizons_ns=(NS_PER_DAY,), benchmark=None)
    who = Principal("desk", "tester")
    with open_workspace(places_in(tmp_path), who, ReplayClock(NOW_NS)) as workspace:
        learned = run(workspace, job)
        asked = Ask(DatasetType.EXECUTION_OPTIMIZATION, (NS_PER_DAY,))
        built = build(workspace, asked, RULES, Silent())
        again = build(workspace, asked, RULES, Silent())
    # What an earlier fill cost is no secret at the next decision; nothing new is no
    # error, though decisions without a fill wait for ever.
    assert built.certificate.failed == ()
    assert again.written.version == built.written.version
    assert again.grown_from == built.written.dataset_id
    assert again.notes == built.notes
    for written in (learned.written, built.written):
        events = lines(written)
        assert [fault for event in events for fault in faults_of(event)] == []
        traced = raw_columns(events, written.dataset_id)
        assert [column for column, raw in traced.items() if not raw] == []
    traced = raw_columns(lines(learned.written), learned.written.dataset_id)
    quality = {n for n, _ in traced["outcome_labels.execution_quality"]}
    assert quality == {str(files.market[0]), str(files.decisions)}
    traced = raw_columns(lines(built.written), built.written.dataset_id)
    named = {n for n, _ in traced["outcome_labels.execution_quality"]}
    assert {"journal/decision", "journal/fill"} <= named


def test_fields_of_a_file_are_found_by_what_they_became():
    taken = {"symbol": ("ticker",), "open_time": ("ts",), "close": ("c",)}
    found = of_file(taken, ["instrument", "event_ns", "close", "volume"])
    assert found["instrument"] == ("ticker",)
    assert found["event_ns"] == ("ts",)
    assert found["close"] == ("c",)
    assert found["volume"] == (
        "ticker",
        "ts",
        "c",
    )  # nothing says it: all that was read


class Listener(HTTPServer):
    """Takes OpenLineage events, or refuses them."""

    def __init__(self, status=200):
        self.heard, self.status = [], status
        super().__init__(("127.0.0.1", 0), Heard)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/api/v1/lineage"


class Heard(BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, json.loads(text)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


def build_with(folder, url):
    """Build twice, with a listener in the settings."""
    places, who = replace(places_in(folder), lineage=url), Principal("desk", "tester")
    with open_workspace(places, who, ReplayClock(NOW_NS)) as workspace:
        capture(workspace, DAYS)
        first = build(workspace, WEEK, RULES, Silent())
        second = build(workspace, WEEK, RULES, Silent())
    return first, second


def test_a_listener_hears_the_events_once_in_their_order(tmp_path):
    with Listener() as listener:
        first, second = build_with(tmp_path, listener.url)
        listener.shutdown()
    assert {path for path, _ in listener.heard} == {"/api/v1/lineage"}
    assert [event for _, event in listener.heard] == lines(first.written)
    assert not second.written.new  # nothing new was made: nothing was told again
    assert "posted lineage" not in first.notes


@pytest.mark.parametrize("fault", ["refuses", "is gone", "is no address"])
def test_a_listener_that_fails_is_a_note_and_fails_no_build(tmp_path, fault):
    with Listener(status=500) as listener:
        url = {"refuses": listener.url, "is no address": "http://[::1"}.get(fault)
        if fault == "is gone":
            listener.shutdown()
            listener.server_close()
            url = listener.url
        first, _ = build_with(tmp_path, url)
        if fault != "is gone":
            listener.shutdown()
    assert url in first.notes["posted lineage"]
    assert lines(first.written)
    assert len(listener.heard) == (fault == "refuses")

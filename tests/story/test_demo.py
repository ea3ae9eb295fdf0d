"""The whole loop on real data, with one command: what the user gets."""

import json
import re
import warnings
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from story.running import ME, catalog, journal
from tradeloop.events import DatasetType, DecisionOutcome, MarketRegime
from tradeloop.stores import Artefacts, Lake, open_tracking

pytestmark = pytest.mark.whole

FRAMES = (
    "decision_context",
    "market_context",
    "execution_context",
    "feature_vectors",
    "outcome_labels",
)
BESIDE = {
    "metadata.json",
    "README.md",
    "recipe.json",
    "croissant.json",
    "lineage.jsonl",
}
DAY = re.compile(r"year=(\d{4})/month=(\d{2})/day=(\d{2})/(\w+)\.parquet")


def frame(demo, name):
    files = sorted(demo.dataset.rglob(f"{name}.parquet"))
    return pl.read_parquet(files, hive_partitioning=False, glob=False)


@pytest.fixture(scope="module")
def frames(demo):
    return {name: frame(demo, name) for name in FRAMES}


@pytest.fixture(scope="module")
def described(demo):
    return json.loads((demo.dataset / "metadata.json").read_text("utf-8"))


def test_standard_output_is_one_json_document_and_nothing_else(demo):
    text = demo.run.stdout
    answer, end = json.JSONDecoder().raw_decode(text)
    assert isinstance(answer, dict)
    assert text[end:].strip() == ""
    assert demo.run.status == 0
    assert "Traceback" not in demo.run.stderr


def test_the_summary_has_every_figure_of_the_contract_with_its_type(demo):
    figures = {
        "ledger": ("received", "labelled", "pending", "censored", "quarantined"),
        "leaks": ("checks", "failed", "absent"),
        "dataset": ("id", "path", "rows", "features"),
        "metric": ("name", "value", "low", "high", "baseline"),
        "backtest": (
            "sharpe",
            "low",
            "high",
            "max_drawdown",
            "benchmark_sharpe",
            "trades",
        ),
    }
    for part, names in figures.items():
        assert set(names) <= set(demo.answer[part]), part
    whole = {"received", "labelled", "pending", "censored", "quarantined"}
    whole |= {"checks", "failed", "absent", "rows", "features", "trades"}
    texts = {"id", "path", "name"}
    for part, names in figures.items():
        for name in names:
            kind = int if name in whole else str if name in texts else float
            assert type(demo.answer[part][name]) is kind, (part, name)
    assert type(demo.answer["quality"]) is float
    assert type(demo.answer["report"]) is str
    assert type(demo.answer["seconds"]) is float


def test_the_figures_of_the_summary_are_possible(demo):
    answer = demo.answer
    assert 0 <= answer["quality"] <= 1
    assert answer["leaks"]["checks"] >= 5
    assert answer["leaks"]["failed"] == 0
    for part, value in (("metric", "value"), ("backtest", "sharpe")):
        found = answer[part]
        assert found["low"] <= found[value] <= found["high"], part
        assert found["low"] < found["high"], part
    assert 0 < answer["metric"]["value"] < 1
    assert 0 < answer["metric"]["baseline"] < 1
    assert 0 <= answer["backtest"]["max_drawdown"] <= 1
    assert answer["backtest"]["trades"] > 0
    assert answer["dataset"]["features"] >= 20
    assert answer["parity"] == {"values": answer["parity"]["values"], "differing": 0}
    assert answer["parity"]["values"] > 10_000
    assert answer["left_out"] == {}


def test_what_was_received_is_labelled_pending_censored_or_quarantined(demo):
    ledger = demo.answer["ledger"]
    parts = ("labelled", "pending", "censored", "quarantined")
    assert ledger["received"] == sum(ledger[part] for part in parts)
    assert ledger["received"] == demo.answer["capture"]["decision"]["expected"]
    set_aside = sum(demo.answer["reasons"].values())
    assert set_aside == ledger["received"] - ledger["labelled"]


def test_the_journal_says_what_the_summary_says_and_its_chain_is_whole(demo):
    with journal(demo.folder) as opened:
        found = opened.ledger(ME)
        counted = opened.counts(ME)
        assert opened.verify() == sum(counted.values())
        assert opened.rejects(ME) == []
        audited = {entry.action for entry in opened.audit_trail(ME)}
    ledger = demo.answer["ledger"]
    assert {name: getattr(found, name) for name in ledger} == ledger
    assert counted["decision"] == ledger["received"]
    assert {"append", "settle", "write", "publish", "crown"} <= audited


def test_every_event_that_was_expected_is_captured(demo):
    capture = demo.answer["capture"]
    assert {"bar", "decision", "series"} <= set(capture)
    for counted in capture.values():
        assert counted["captured"] == counted["expected"] > 0
    assert capture["bar"]["expected"] > 10_000


def test_every_file_that_the_summary_names_exists(demo):
    answer = demo.answer
    named = (
        answer["report"],
        answer["dataset"]["path"],
        answer["dataset"]["card"],
        answer["model"]["path"],
    )
    for name in named:
        assert (demo.folder.parent / name).exists(), name


def test_the_lake_is_laid_out_as_the_contract_says(demo):
    version = demo.answer["dataset"]["version"]
    assert re.fullmatch(r"[0-9a-f]{64}", version)
    place = demo.dataset.relative_to(demo.folder / "lake").as_posix()
    assert place == f"default/training_datasets/SIGNAL_GENERATION/version={version}"
    days = {}
    for path in demo.dataset.glob("year=*/**/*.parquet"):
        found = DAY.fullmatch(path.relative_to(demo.dataset).as_posix())
        assert found, path
        days.setdefault(found.groups()[:3], set()).add(found[4])
    assert len(days) > 1_000
    assert set(map(frozenset, days.values())) == {frozenset(FRAMES)}
    beside = {path.name for path in demo.dataset.iterdir() if path.is_file()}
    assert beside >= BESIDE


def test_a_row_lies_in_the_folder_of_its_day(demo):
    paths = sorted(demo.dataset.rglob("decision_context.parquet"))[::200]
    for path in paths:
        year, month, day = DAY.fullmatch(
            path.relative_to(demo.dataset).as_posix()
        ).groups()[:3]
        rows = pl.read_parquet(path, hive_partitioning=False)
        days = rows["decision_timestamp"].dt.strftime("%Y-%m-%d").unique().to_list()
        assert days == [f"{year}-{month}-{day}"]


def test_the_lake_finds_every_file_as_it_was_written(demo):
    root = demo.dataset.relative_to(demo.folder / "lake" / "default").as_posix()
    pictures = list(demo.dataset.glob("pictures/*"))
    files = len(list(demo.dataset.rglob("*.parquet"))) + len(BESIDE) + len(pictures)
    assert Lake(demo.folder / "lake").verify(ME, root) == files


def test_rows_agree_between_summary_metadata_files_and_catalog(demo, frames, described):
    rows = demo.answer["dataset"]["rows"]
    with catalog(demo.pristine) as opened:
        (record,) = opened.datasets(ME, DatasetType.SIGNAL_GENERATION)
        assert opened.quality_reports(ME, record.dataset_id)
        defined = len(opened.features(ME))
    assert record.dataset_id == demo.answer["dataset"]["id"] == described["dataset_id"]
    counted = {name: table.height for name, table in frames.items()}
    assert counted == dict.fromkeys(FRAMES, rows)
    assert rows == described["sample_count"] == record.sample_count
    assert rows == demo.answer["ledger"]["labelled"]
    assert rows == sum(record.label_distribution.values())
    features = frames["feature_vectors"].width - 2  # decision_id and known_ns
    assert features == demo.answer["dataset"]["features"] == defined
    assert features == described["feature_count"] == record.feature_count
    assert record.storage_location == described["storage_location"]


def test_every_frame_names_the_same_decisions_in_the_same_order(frames):
    first = frames["decision_context"]["decision_id"]
    assert first.n_unique() == first.len()
    for name, table in frames.items():
        assert table["decision_id"].equals(first), name


def test_metadata_has_the_fields_of_the_entity_and_of_the_event(described):
    entity = {
        "dataset_id",
        "dataset_type",
        "creation_timestamp",
        "sample_count",
        "feature_count",
        "label_distribution",
        "data_period",
        "quality_score",
        "data_quality_metrics",
        "feature_schema",
        "label_schema",
        "data_quality_report",
        "storage_location",
    }
    assert entity <= set(described)
    assert {"start_date", "end_date"} == set(described["data_period"])
    assert datetime.fromisoformat(described["creation_timestamp"]).tzinfo is not None
    metrics = described["data_quality_metrics"]
    assert {"completeness_score", "validity_score", "timeliness_score"} <= set(metrics)
    names = {f["category"] for f in described["feature_schema"]["feature_definitions"]}
    assert {"technical", "risk", "temporal", "cross_asset"} <= names


def test_thousands_of_decisions_each_say_how_strong_sure_risky_and_why(demo, frames):
    decisions = frames["decision_context"]
    assert decisions.height > 3_000
    assert decisions["strategy"].n_unique() == 3
    for name in ("signal_strength", "confidence_score", "risk_score"):
        assert decisions[name].null_count() == 0, name
        assert decisions[name].is_between(0, 1).all(), name
        assert decisions[name].n_unique() > 20, name
    assert (decisions["position_size"] > 0).all()
    assert (decisions["decision_reasoning"].str.len_chars() > 20).all()
    assert set(decisions["side"].unique()) == {-1, 1}
    shown = decisions["timeframe_consensus"].unique().to_list()
    for text in shown:
        consensus = json.loads(text)
        assert len(consensus) >= 2
        assert set(consensus.values()) <= {-1, 0, 1}


def test_nothing_in_the_dataset_was_known_after_its_decision(frames):
    received = frames["decision_context"]["received_ns"]
    for name in FRAMES[:4]:
        late = frames[name].select((pl.col("known_ns") > received).sum()).item()
        assert late == 0, name
    labels = frames["outcome_labels"]
    assert (labels["end_ns"] > labels["decision_ns"]).all()


def test_labels_are_the_five_classes_by_their_bounds(frames):
    labels = frames["outcome_labels"]
    classes = {outcome.value for outcome in DecisionOutcome}
    assert set(labels["decision_outcome"].unique()) == classes
    gain = pl.col("benchmark_outperformance")
    graded = (
        pl.when(gain > 20)
        .then(pl.lit("EXCELLENT"))
        .when(gain > 10)
        .then(pl.lit("GOOD"))
        .when(gain >= -10)
        .then(pl.lit("NEUTRAL"))
        .when(gain >= -20)
        .then(pl.lit("POOR"))
        .otherwise(pl.lit("BAD"))
    )
    assert labels.select((graded != pl.col("decision_outcome")).sum()).item() == 0


def test_outperformance_is_side_times_return_with_cash_as_the_benchmark(frames):
    side = frames["decision_context"]["side"].cast(pl.Float64)
    labels = frames["outcome_labels"]
    gross = 1e4 * side * labels["return_5d"]
    assert (gross - labels["benchmark_outperformance"]).abs().max() < 1e-9


def test_the_market_context_is_filled(frames):
    context = frames["market_context"]
    regimes = {regime.value for regime in MarketRegime}
    assert set(context["market_regime"].drop_nulls().unique()) <= regimes
    assert context["market_regime"].n_unique() > 3
    late = context[-1].row(0, named=True)
    assert len(json.loads(late["technical_indicators"])) >= 10
    assert len(json.loads(late["economic_indicators"])) == 5
    assert context["sentiment_score"].null_count() == context.height


def test_the_forecast_stays_below_the_leak_alarm(demo):
    assert demo.answer["metric"]["name"].startswith("accuracy")
    assert demo.answer["metric"]["value"] < 0.6
    assert not [f for f in demo.answer["findings"] if "LEAK" in f]


def test_signals_in_the_catalog_carry_a_calibrated_confidence(demo):
    with catalog(demo.pristine) as opened:
        signals = [s.signal for s in opened.signals(ME, limit=100_000)]
        assert opened.verify() > 0
    assert len(signals) > 1_000
    assert {s.signal_type.value for s in signals} == {"BUY", "SELL", "HOLD"}
    assert all(0 <= s.confidence <= 1 for s in signals)
    assert len({round(s.confidence, 6) for s in signals}) > 100
    assert all(s.model_version and s.expires_ns > s.created_ns for s in signals)


def test_the_champion_of_the_registry_is_the_artefact_that_was_kept(demo):
    model, name = demo.answer["model"], demo.answer["model"]["name"]
    artefacts = Artefacts(demo.folder / "artefacts")
    assert artefacts.versions(ME, name) == [model["version"]]
    kept = artefacts.load(ME, name, model["version"])
    place = demo.pristine
    # MLflow's own libraries warn of one another; none of it is ours.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with open_tracking(f"sqlite:///{place / 'mlflow.db'}", place / "runs") as there:
            champion = there.champion(ME, name)
    assert champion.tags["artefact_version"] == kept.version == "v1.0.0"
    assert champion.tags["artefact_sha256"] == kept.sha256
    assert champion.tags["dataset_version"] == demo.answer["dataset"]["version"]
    assert champion.source == kept.path.resolve().as_uri()
    assert {"member-0.ubj", "member-0.onnx", "calibration.json", "model.json"} <= set(
        kept.files
    )


class Page(HTMLParser):
    """What a browser would fetch, and whether every tag is closed."""

    VOID = frozenset({"meta", "link", "br", "img", "hr", "input", "col", "base"})

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.asked, self.tags = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.asked += [v for k, v in attrs if k in {"src", "href", "data", "action"}]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.asked += [v for k, v in attrs if k in {"src", "href", "xlink:href"}]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_report_is_whole_and_asks_no_host_for_anything(demo):
    text = Path(demo.answer["report"]).read_text("utf-8")
    page = Page()
    page.feed(text)
    page.close()
    assert (page.wrong, page.open) == ([], [])
    assert page.tags.count("svg") >= 5
    assert not [a for a in page.asked if not a.startswith(("#", "data:"))]
    assert not re.findall(r"url\((?!['\"]?(?:#|data:))", text)
    assert "@import" not in text
    assert "script" not in page.tags


def test_the_report_says_what_it_is_not_and_shows_the_figures(demo):
    text = Path(demo.answer["report"]).read_text("utf-8")
    assert "no advice" in text
    assert demo.answer["dataset"]["id"] in text
    assert demo.answer["dataset"]["version"] in text
    assert f"{demo.answer['ledger']['received']:,}" in text


def test_the_demo_stays_within_its_memory_and_processor_time(demo):
    assert demo.record["memory_bytes"] < 2e9
    assert demo.record["processor_s"] < 120  # 60 s on two cores

"""The HTTP API over the workspace of the demo and of small runs."""

import json
import math
import re
import warnings
from contextlib import contextmanager, nullcontext
from pathlib import Path

import polars as pl
import pytest

from apps.given import ME, balanced, bars, call, decisions, written
from story.running import copied, journal
from tradeloop.apps.api import create
from tradeloop.apps.rules import load_rules
from tradeloop.apps.settings import load
from tradeloop.clock import LiveClock
from tradeloop.events import duration_ns
from tradeloop.pipelines.collected import Usual
from tradeloop.pipelines.serve import open_served
from tradeloop.stores import Lake

with warnings.catch_warnings():
    # Starlette asks for a successor of httpx that is not locked yet.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

pytestmark = pytest.mark.whole

ROOT = "/api/v1/training-data"
PROBLEM = "application/problem+json"
FIELDS = {
    "decision_context": {
        "decision_id",
        "signal_strength",
        "confidence_score",
        "risk_score",
        "position_size",
        "decision_timestamp",
        "decision_reasoning",
        "timeframe_consensus",
    },
    "market_context": {
        "market_regime",
        "volatility_level",
        "liquidity_score",
        "sentiment_score",
        "technical_indicators",
        "correlation_environment",
        "economic_indicators",
    },
    "execution_context": {
        "order_book_imbalance",
        "bid_ask_spread",
        "market_impact_estimate",
        "venue_liquidity",
        "execution_algorithm",
        "execution_parameters",
    },
    "outcome_labels": {
        "decision_outcome",
        "execution_quality",
        "cost_efficiency",
        "timing_quality",
        "risk_adjusted_return",
        "benchmark_outperformance",
        "attribution_factors",
    },
    "feature_vector": {
        "market_microstructure_features",
        "sentiment_features",
        "technical_features",
        "risk_features",
        "temporal_features",
        "cross_asset_features",
    },
}


@contextmanager
def served(folder):
    """A client of the API over a workspace, opened as ``tradeloop serve`` does."""
    settings = load(folder)
    usual = Usual(
        rules=load_rules(folder / settings.rules),
        horizon_ns=duration_ns(settings.horizons[0]) if settings.horizons else None,
        benchmark=settings.benchmark or None,
    )
    places, principal = settings.places(folder), settings.acting()
    with (
        open_served(places, principal, LiveClock(), usual) as opened,
        TestClient(
            create(lambda: nullcontext(opened)), raise_server_exceptions=False
        ) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def workspace(demo, tmp_path_factory):
    return copied(demo.pristine, tmp_path_factory.mktemp("api") / "demo")


@pytest.fixture(scope="module")
def client(workspace):
    with served(workspace) as opened:
        yield opened


def rows_of(demo, name):
    files = sorted(demo.dataset.rglob(f"{name}.parquet"))
    return pl.read_parquet(files, hive_partitioning=False, glob=False)


@pytest.fixture(scope="module")
def vectors(demo):
    return rows_of(demo, "feature_vectors")


@pytest.fixture(scope="module")
def outcomes(demo):
    return rows_of(demo, "outcome_labels")


@pytest.fixture(scope="module")
def known(vectors):
    """Decisions over all of the period, the first and the last among them."""
    return vectors["decision_id"].gather(range(0, vectors.height, 700)).to_list()


def asked(client, path, **body):
    answer = client.post(f"{ROOT}/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def is_problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "instance"}
    assert body["status"] == status
    return body["detail"]


def flat(vector):
    return {name: value for part in vector.values() for name, value in part.items()}


def test_health_and_readiness_are_told(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_metrics_are_prometheus_text_with_the_ledger(client, demo):
    client.get("/healthz")
    is_problem(client.get("/nothing/here"), 404)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    gauge = r'tradeloop_decisions\{state="(\w+)"\} ([\d.e+]+)'
    found = dict(re.findall(gauge, answer.text))
    assert {state: int(float(n)) for state, n in found.items()} == demo.answer["ledger"]
    assert re.search(
        r'tradeloop_requests_total\{method="GET",route="/healthz",status="200"\}',
        answer.text,
    )
    assert "/nothing/here" not in answer.text  # a route, never what a stranger typed


@pytest.mark.filterwarnings("ignore:open_binary is deprecated:DeprecationWarning")
def test_the_description_and_its_page_ask_no_foreign_host(client):
    described = client.get("/openapi.json").json()
    routes = {
        f"{ROOT}/collect",
        f"{ROOT}/engineer-features",
        f"{ROOT}/datasets/{{dataset_type}}",
        f"{ROOT}/label-outcome",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    assert routes <= set(described["paths"])
    assert "://" not in json.dumps(described)
    page = client.get("/docs")
    assert page.status_code == 200
    fetched = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(fetched) >= 2
    own = str(client.base_url)
    for name in fetched:
        assert name.startswith((own, "/")), name
        assert client.get(name).status_code == 200, name
    assert not re.findall(r"https?://(?!testserver)", page.text)
    assert '"validatorUrl": null' in page.text
    assert client.get("/redoc").status_code == 404


def test_a_collected_row_has_every_field_of_the_contract(client, known):
    answer = asked(client, "collect", decision_id=known[3])
    assert set(answer) == {*FIELDS, "dataset_id", "data_quality_score"}
    for part, fields in FIELDS.items():
        assert fields <= set(answer[part]), part
    assert 0 <= answer["data_quality_score"] <= 1
    assert answer["dataset_id"]
    assert answer["decision_context"]["decision_id"] == known[3]


def test_a_collected_row_is_the_row_of_the_dataset_bit_for_bit(client, known, vectors):
    names = [n for n in vectors.columns if n not in {"decision_id", "known_ns"}]
    for decision_id in known:
        row = vectors.filter(pl.col("decision_id") == decision_id).select(names)
        answer = asked(client, "collect", decision_id=decision_id)
        assert flat(answer["feature_vector"]) == row.row(0, named=True), decision_id


def test_the_contexts_of_a_collected_row_are_those_of_the_dataset(client, demo, known):
    maps = ("technical_indicators", "correlation_environment", "economic_indicators")
    frame = rows_of(demo, "market_context")
    for decision_id in known:
        row = frame.filter(pl.col("decision_id") == decision_id).row(0, named=True)
        expected = {
            name: json.loads(row[name] or "{}") if name in maps else row[name]
            for name in FIELDS["market_context"]
        }
        answer = asked(client, "collect", decision_id=decision_id)
        assert answer["market_context"] == expected, decision_id


def test_a_collected_row_lies_in_the_lake_and_in_the_catalog(client, known, workspace):
    first = asked(client, "collect", decision_id=known[4])
    listed = client.get(f"{ROOT}/datasets/SIGNAL_GENERATION").json()
    (info,) = [one for one in listed if one["dataset_id"] == first["dataset_id"]]
    assert info["sample_count"] == 1
    folder = workspace / "lake" / info["storage_location"]
    (path,) = folder.rglob("feature_vectors.parquet")
    row = pl.read_parquet(path, hive_partitioning=False)
    assert row["decision_id"].to_list() == [known[4]]
    root = folder.relative_to(workspace / "lake" / "default").as_posix()
    assert Lake(workspace / "lake").verify(ME, root) == 8


def test_collecting_twice_is_one_dataset(client, known):
    one, two = (asked(client, "collect", decision_id=known[5]) for _ in range(2))
    assert one == two
    listed = client.get(f"{ROOT}/datasets/SIGNAL_GENERATION").json()
    assert [d["dataset_id"] for d in listed].count(one["dataset_id"]) == 1


def test_without_a_label_nothing_is_stored(client, known):
    before = client.get(f"{ROOT}/datasets/SIGNAL_GENERATION").json()
    answer = asked(
        client, "collect", decision_id=known[-1], lookahead_minutes=10_000_000
    )
    assert answer["dataset_id"] is None
    assert answer["outcome_labels"]["state"] == "pending"
    assert answer["outcome_labels"]["decision_outcome"] is None
    assert client.get(f"{ROOT}/datasets/SIGNAL_GENERATION").json() == before


def test_market_context_is_left_out_when_it_is_not_wanted(client, known):
    answer = asked(
        client, "collect", decision_id=known[3], include_market_context=False
    )
    assert answer["market_context"] is None


def test_a_short_look_back_knows_less_and_is_another_dataset(client, known):
    whole = asked(client, "collect", decision_id=known[4])
    short = asked(client, "collect", decision_id=known[4], lookback_minutes=20 * 1440)
    one, two = flat(whole["feature_vector"]), flat(short["feature_vector"])
    assert set(one) == set(two)
    assert two["log_return_1_bps"] == one["log_return_1_bps"]
    assert (one["log_return_60_bps"] is None, two["log_return_60_bps"]) == (False, None)
    assert whole["dataset_id"] != short["dataset_id"]


def test_the_future_changes_nothing_but_the_outcome(client, known):
    near, far = (
        asked(client, "collect", decision_id=known[4], lookahead_minutes=minutes)
        for minutes in (1440, 60 * 1440)
    )
    for part in ("decision_context", "market_context", "feature_vector"):
        assert near[part] == far[part]
    assert near["outcome_labels"] != far["outcome_labels"]


BAD_BODIES = {
    "an unknown decision": ('{"decision_id": "nobody"}', 404, "nobody"),
    "no decision": ("{}", 422, "decision_id"),
    "another field": ('{"decision_id": "d", "wish": 1}', 422, "wish"),
    "no number": ('{"decision_id": "d", "lookback_minutes": NaN}', 422, "lookback"),
    "below one": ('{"decision_id": "d", "lookback_minutes": 0}', 422, "lookback"),
    "without end": ('{"decision_id": "d", "lookback_minutes": 1e99}', 422, "lookback"),
    "a number for a text": ('{"decision_id": 7}', 422, "decision_id"),
    "no JSON": ('{"decision_id"', 422, "JSON"),
    "no object": ("[]", 422, "body"),
    "nothing": ("", 422, "body"),
    "a text that is none": ('{"decision_id": "\\ud800"}', 422, "decision_id"),
    "a long name": ('{"decision_id": "' + "x" * 999 + '"}', 422, "decision_id"),
}


@pytest.mark.parametrize("path", ["collect", "label-outcome"])
@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_bad_body_is_a_problem_that_names_the_field(client, case, path):
    body, status, named = BAD_BODIES[case]
    if path == "label-outcome":
        body, named = (text.replace("lookback", "horizon") for text in (body, named))
    answer = client.post(
        f"{ROOT}/{path}", content=body, headers={"content-type": "application/json"}
    )
    assert named in is_problem(answer, status)


def test_a_wrong_method_is_a_problem(client):
    is_problem(client.get(f"{ROOT}/collect"), 405)


def test_datasets_are_listed_by_type(client, demo):
    listed = client.get(f"{ROOT}/datasets/SIGNAL_GENERATION").json()
    (info,) = [d for d in listed if d["dataset_id"] == demo.answer["dataset"]["id"]]
    assert set(info) >= {
        "dataset_id",
        "dataset_type",
        "creation_timestamp",
        "sample_count",
        "feature_count",
        "label_distribution",
        "quality_score",
        "storage_location",
    }
    assert info["sample_count"] == demo.answer["dataset"]["rows"]
    assert client.get(f"{ROOT}/datasets/RISK_PREDICTION").json() == []
    detail = is_problem(client.get(f"{ROOT}/datasets/NONSENSE"), 422)
    assert "SIGNAL_GENERATION" in detail


def test_a_label_is_that_of_the_dataset_at_the_same_horizon(client, known, outcomes):
    names = FIELDS["outcome_labels"] - {"attribution_factors"}
    for decision_id in known:
        row = outcomes.filter(pl.col("decision_id") == decision_id).row(0, named=True)
        answer = asked(
            client, "label-outcome", decision_id=decision_id, horizon_minutes=7200
        )
        found = answer["outcome_labels"]
        assert {name: found[name] for name in names} == {n: row[n] for n in names}
        factors = json.loads(row["attribution_factors"])
        assert found["attribution_factors"] == factors
        assert (found["horizon"], found["state"]) == ("5d", "labelled")


def test_a_label_without_a_horizon_is_that_of_the_run(client, known):
    answers = [
        asked(client, "label-outcome", decision_id=known[2], **more)
        for more in ({}, {"horizon_minutes": 7200})
    ]
    assert answers[0] == answers[1]


def test_a_decision_that_was_censored_stays_censored_for_the_same_reason(client, demo):
    with journal(demo.pristine) as opened:
        states = opened.states(ME)
    censored = {i: s.reason for i, s in states.items() if s.state == "censored"}
    assert censored
    for decision_id, reason in censored.items():
        found = asked(client, "label-outcome", decision_id=decision_id)
        assert found["outcome_labels"]["state"] == "censored"
        assert found["outcome_labels"]["reason"] == reason
        assert asked(client, "collect", decision_id=decision_id)["dataset_id"] is None


def test_labels_are_graded_against_the_benchmark_and_horizon_of_the_run(tmp_path):
    both = pl.concat([bars("SP500"), bars("NASDAQ_COMP")])
    market = written(tmp_path / "bars.parquet", both)
    decided = written(tmp_path / "d.parquet", decisions(symbol="NASDAQ_COMP"))
    given = ["--benchmark", "SP500", "--horizons", "1d,5d"]
    out = tmp_path / "out"
    told = balanced(
        call(
            *["run", "--json", "--market", market, "--decisions", decided, *given],
            out=out,
        )
    )
    (path, *_) = sorted(Path(told["dataset"]["path"]).rglob("outcome_labels.parquet"))
    row = pl.read_parquet(path, hive_partitioning=False).row(0, named=True)
    with served(out) as client:
        found = asked(client, "label-outcome", decision_id=row["decision_id"])
    outcome = found["outcome_labels"]
    assert outcome["horizon"] == "1d"
    assert row["benchmark_return_1d"] != 0
    for name in ("benchmark_outperformance", "decision_outcome"):
        assert outcome[name] == row[name], name


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A small workspace whose decisions were filled, an hour after each close."""
    place = tmp_path_factory.mktemp("filled")
    market = written(place / "bars.parquet", bars())
    made = written(place / "d.parquet", decisions())
    opens = bars()["open"].gather(range(21, 101, 2))
    fills = decisions().select(
        pl.format("fill-{}", "decision_id").alias("fill_id"),
        *["decision_id", "ts", "symbol", "side"],
        (opens * 1.001).alias("price"),
        pl.lit(2.0).alias("quantity"),
    )
    done = written(place / "fills.parquet", fills)
    told = balanced(
        call(
            *["run", "--json", "--market", market, "--decisions", made],
            *["--fills", done],
            out=place / "out",
        )
    )
    (row, *_) = sorted(Path(told["dataset"]["path"]).rglob("outcome_labels.parquet"))
    with served(place / "out") as client:
        yield client, pl.read_parquet(row, hive_partitioning=False).row(0, named=True)


def test_a_label_knows_how_the_decision_was_filled(filled):
    client, row = filled
    assert row["execution_quality"] is not None
    for path in ("label-outcome", "collect"):
        found = asked(client, path, decision_id=row["decision_id"])
        outcome = found["outcome_labels"]
        assert outcome["execution_quality"] == row["execution_quality"], path


def test_a_look_back_never_changes_the_outcome(filled):
    client, row = filled
    whole = asked(client, "collect", decision_id=row["decision_id"])
    for minutes in (1, 30, 1440):
        short = asked(
            client,
            "collect",
            decision_id=row["decision_id"],
            lookback_minutes=minutes,
        )
        for name in ("state", "decision_outcome", "benchmark_outperformance"):
            expected = whole["outcome_labels"][name]
            assert short["outcome_labels"][name] == expected, (minutes, name)


def raw(count, **last):
    """The first ``count`` daily bars as a request, the last one with other values."""
    rows = bars().head(count).to_dicts()
    given = [
        {"timestamp": row.pop("ts").isoformat(), **row, "symbol": None} for row in rows
    ]
    for row in given:
        del row["symbol"]
    given[-1] |= last
    return {"symbol": "SP500", "interval": "1d", "bars": given}


def decided(count):
    """A decision at the moment when bar ``count`` ended."""
    return {"decision_timestamp": bars()["ts"][count].isoformat()}


def engineered(client, count=60, *, at=None, **more):
    body = {"raw_data": raw(count), "decision_context": decided(at or count), **more}
    return asked(client, "engineer-features", **body)


def test_engineered_features_are_those_of_the_last_bar_that_had_ended(client):
    answer = engineered(client)
    assert set(answer) == {
        "feature_vector",
        "feature_metadata",
        "data_quality_metrics",
    }
    vector = flat(answer["feature_vector"])
    close = bars()["close"]
    gain = 1e4 * math.log(close[59] / close[58])
    assert vector["log_return_1_bps"] == pytest.approx(gain, abs=1e-9)
    about = answer["feature_metadata"]
    assert about["feature_names"] == list(about["feature_types"])
    assert set(about["feature_names"]) == set(vector)
    assert 0 <= answer["data_quality_metrics"]["quality_score"] <= 1


@pytest.mark.parametrize("method", ["none", "z_score", "robust", "min_max"])
def test_bars_after_the_decision_change_nothing(client, method):
    known = engineered(client, 60, at=60, normalization_method=method)
    more = engineered(client, 110, at=60, normalization_method=method)
    assert more == known


def test_normalised_features_are_scaled_by_what_the_answer_says(client):
    plain = flat(engineered(client)["feature_vector"])
    answer = engineered(client, normalization_method="z_score")
    scaled = flat(answer["feature_vector"])
    told = answer["feature_metadata"]["normalization_stats"]
    assert len(told) > 20
    for name, by in told.items():
        if plain[name] is not None:
            wanted = (plain[name] - by["centre"]) / by["scale"]
            assert scaled[name] == pytest.approx(wanted, rel=1e-12, abs=1e-12), name


def test_correlations_are_within_one_and_symmetric(client):
    table = engineered(client, 110)["feature_metadata"]["correlation_matrix"]
    assert len(table) > 10
    for one, row in table.items():
        assert row[one] == pytest.approx(1)
        for other, value in row.items():
            assert -1 - 1e-12 <= value <= 1 + 1e-12
            assert table[other][one] == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("kind", ["technical", "risk", "temporal"])
def test_only_the_kinds_that_were_asked_for_are_answered(client, kind):
    vector = engineered(client, feature_types=[kind])["feature_vector"]
    assert [name for name, part in vector.items() if part] == [f"{kind}_features"]


@pytest.mark.parametrize("kind", ["sentiment", "market_microstructure", "cross_asset"])
def test_a_kind_that_the_data_do_not_allow_is_empty(client, kind):
    vector = engineered(client, feature_types=[kind])["feature_vector"]
    assert flat(vector) == {}


BAD_RAW = {
    "unsorted bars": (lambda b: b["bars"].insert(0, b["bars"].pop()), "row 1"),
    "a bar twice": (lambda b: b["bars"].append(b["bars"][-1]), "row 60"),
    "no number": (lambda b: b["bars"][3].update(close=math.nan), "bars.3.close"),
    "beyond all bounds": (lambda b: b["bars"][3].update(high=math.inf), "bars.3.high"),
    "a negative price": (lambda b: b["bars"][3].update(low=-1.0), "bars.3.low"),
    "high below low": (lambda b: b["bars"][3].update(high=1.0), "row 3"),
    "a time without a zone": (
        lambda b: b["bars"][3].update(timestamp="2018-07-16T00:00:00"),
        "bars.3.timestamp",
    ),
    "a time that no clock reaches": (
        lambda b: b["bars"][-1].update(timestamp="9999-01-01T00:00:00Z"),
        "timestamp",
    ),
    "another field": (lambda b: b["bars"][3].update(wish=1.0), "bars.3.wish"),
    "no bars": (lambda b: b["bars"].clear(), "bars"),
    "no length": (lambda b: b.update(interval="0m"), "'0m'"),
    "a length beyond all data": (lambda b: b.update(interval="99999999999w"), "99"),
    "a length in no unit": (lambda b: b.update(interval="1y"), "interval"),
}


@pytest.mark.parametrize("case", BAD_RAW)
def test_bad_bars_are_a_problem_that_names_the_place(client, case):
    spoil, named = BAD_RAW[case]
    body = {"raw_data": raw(60), "decision_context": decided(100)}
    spoil(body["raw_data"])
    answer = client.post(
        f"{ROOT}/engineer-features",
        content=json.dumps(body),
        headers={"content-type": "application/json"},
    )
    assert named in is_problem(answer, 422)


def test_a_decision_before_all_bars_is_a_problem(client):
    body = {"raw_data": raw(60), "decision_context": decided(0)}
    answer = client.post(f"{ROOT}/engineer-features", json=body)
    assert "before the decision" in is_problem(answer, 422)


def test_an_error_that_nobody_meant_is_a_problem_and_is_counted(client, monkeypatch):
    from tradeloop.apps.api import training_data  # noqa: PLC0415 - what is broken here

    def broken(*_args, **_given):
        raise RuntimeError("secret")

    monkeypatch.setattr(training_data, "engineer", broken)
    body = {"raw_data": raw(60), "decision_context": decided(60)}
    answer = client.post(f"{ROOT}/engineer-features", json=body)
    assert "secret" not in is_problem(answer, 500)
    counted = client.get("/metrics").text
    assert re.search(r'engineer-features",status="500"\} [1-9]', counted)

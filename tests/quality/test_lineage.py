"""Every column of a dataset traces back to a column of a raw file."""

import copy
import json
from uuid import UUID

import pytest

from tradeloop.errors import InputError
from tradeloop.quality import (
    Origin,
    Step,
    Table,
    faults_of,
    lineage_events,
    raw_columns,
    run_id,
)

PRICES = ("open", "high", "low", "close")
FILES = [
    Table(
        "/data/bars.csv",
        "aa" * 32,
        dict.fromkeys(("ts", "symbol", *PRICES), "f64"),
        location="file:///data/bars.csv",
        rows=100,
        missing={"close": 2},
    ),
    Table("/data/decisions.csv", "bb" * 32, {"id": "str", "side": "i8", "at": "str"}),
]


def taken(table, names, how="IDENTITY"):
    return [Origin(table, name, how) for name in names]


BARS = Table(
    "lake/bars",
    "cc" * 32,
    dict.fromkeys(("instrument", "event_ns", *PRICES), "Float64"),
    {
        "instrument": taken("/data/bars.csv", ["symbol"]),
        "event_ns": taken("/data/bars.csv", ["ts"], "TRANSFORMATION"),
        **{name: taken("/data/bars.csv", [name]) for name in PRICES},
    },
    rows=98,
)
DECISIONS = Table(
    "lake/decisions",
    "dd" * 32,
    {"decision_id": "String", "side": "Int8", "received_ns": "Int64"},
    {
        "decision_id": taken("/data/decisions.csv", ["id"]),
        "side": taken("/data/decisions.csv", ["side"]),
        "received_ns": taken("/data/decisions.csv", ["at"], "TRANSFORMATION"),
    },
)
FEATURES = Table(
    "features",
    "ee" * 32,
    {"atr_14": "Float64", "log_return_1": "Float64"},
    {
        "atr_14": taken("lake/bars", ["high", "low", "close"], "AGGREGATION"),
        "log_return_1": taken("lake/bars", ["close"], "TRANSFORMATION"),
    },
)
LABELS = Table(
    "labels",
    "ff" * 32,
    {"return_5d": "Float64"},
    {
        "return_5d": [
            *taken("lake/bars", ["close"], "TRANSFORMATION"),
            *taken("lake/decisions", ["received_ns"], "JOIN"),
        ]
    },
)
DATASET = Table(
    "datasets/signal",
    "12" * 32,
    dict.fromkeys(
        ("decision_id", "side", "atr_14", "log_return_1", "return_5d"), "Float64"
    ),
    {
        "decision_id": taken("lake/decisions", ["decision_id"]),
        "side": taken("lake/decisions", ["side"]),
        "atr_14": taken("features", ["atr_14"]),
        "log_return_1": taken("features", ["log_return_1"]),
        "return_5d": taken("labels", ["return_5d"]),
    },
)
STEPS = [
    Step("capture", BARS, 1_000, 2_000_000_000),
    Step("capture", DECISIONS, 1_000, 2_000_000_000),
    Step("featurize", FEATURES, 3_000_000_000, 4_000_000_000),
    Step("label", LABELS, 3_000_000_000, 4_000_000_000, reads=("lake/decisions",)),
    Step("assemble", DATASET, 5_000_000_000, 6_000_000_000),
]


def events(steps=STEPS, tenant="default"):
    return lineage_events(FILES, steps, tenant=tenant)


def test_every_event_has_what_the_standard_asks_for_and_is_plain_data():
    for event in events():
        assert faults_of(event) == []
        assert json.loads(json.dumps(event)) == event


def test_every_column_of_the_dataset_traces_back_to_a_column_of_a_raw_file():
    traced = raw_columns(events(), "datasets/signal")
    assert set(traced) == set(DATASET.columns)
    assert all(traced.values())
    assert traced["atr_14"] == {
        ("/data/bars.csv", name) for name in ("high", "low", "close")
    }
    assert traced["return_5d"] == {
        ("/data/bars.csv", "close"),
        ("/data/decisions.csv", "at"),
    }


def test_the_trace_holds_after_a_round_trip_through_lines_of_json():
    lines = "\n".join(json.dumps(event) for event in events())
    read = [json.loads(line) for line in lines.splitlines()]
    assert raw_columns(read, "datasets/signal") == raw_columns(
        events(), "datasets/signal"
    )


def test_each_step_starts_and_completes_once_with_one_run():
    told = events()
    assert [event["eventType"] for event in told] == ["START", "COMPLETE"] * len(STEPS)
    for start, end in zip(told[::2], told[1::2], strict=True):
        assert start["run"] == end["run"]
        assert start["eventTime"] < end["eventTime"]
        assert start["outputs"] == []
        assert len(end["outputs"]) == 1
    assert len({event["run"]["runId"] for event in told}) == len(STEPS)


def test_a_run_has_the_same_id_wherever_it_is_asked_and_another_for_another_version():
    one = run_id("default", "assemble", "12" * 32)
    assert UUID(one).version == 5
    assert events()[-1]["run"]["runId"] == one
    assert events() == events()
    others = {
        run_id("other", "assemble", "12" * 32),
        run_id("default", "label", "12" * 32),
        run_id("default", "assemble", "13" * 32),
    }
    assert len(others | {one}) == 4


def test_versions_sources_and_measured_cells_are_told():
    (raw,) = events()[0]["inputs"]
    assert raw["namespace"] == "file"
    assert raw["facets"]["version"]["datasetVersion"] == "aa" * 32
    assert raw["facets"]["dataSource"]["uri"] == "file:///data/bars.csv"
    metrics = raw["inputFacets"]["dataQualityMetrics"]
    assert metrics["rowCount"] == 100
    assert metrics["columnMetrics"] == {"close": {"nullCount": 2, "count": 100}}


def test_what_decides_a_row_is_an_indirect_origin():
    made = events()[7]["outputs"][0]["facets"]["columnLineage"]["fields"]["return_5d"]
    kinds = [f["transformations"][0] for f in made["inputFields"]]
    assert kinds == [
        {"type": "DIRECT", "subtype": "TRANSFORMATION"},
        {"type": "INDIRECT", "subtype": "JOIN"},
    ]


def broken(name, columns, origins):
    return Step("job", Table(name, "0" * 64, columns, origins), 0, 1)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (broken("t", {"x": "f"}, {}), "has no origin"),
        (broken("t", {"x": "f"}, {"x": taken("lake/bars", ["mid"])}), "without mid"),
        (
            broken("t", {"x": "f"}, {"x": taken("nowhere", ["y"])}),
            "nothing made before",
        ),
    ],
)
def test_a_broken_lineage_is_refused(step, said):
    with pytest.raises(InputError, match=said):
        events([*STEPS, step])


def test_a_step_cannot_read_what_comes_after_it():
    with pytest.raises(InputError, match="nothing made before"):
        events(STEPS[::-1])


def member(event, path):
    for key in path[:-1]:
        event = event[key]
    return event, path[-1]


@pytest.mark.parametrize(
    "path",
    [
        ("eventTime",),
        ("producer",),
        ("schemaURL",),
        ("run",),
        ("run", "runId"),
        ("job", "name"),
        ("inputs", 0, "namespace"),
        ("outputs", 0, "facets", "schema", "_schemaURL"),
        ("outputs", 0, "facets", "schema", "fields"),
        ("outputs", 0, "facets", "schema", "fields", 0, "name"),
        ("outputs", 0, "facets", "columnLineage", "fields", "open", "inputFields"),
        ("outputs", 0, "facets", "columnLineage", "_producer"),
        (
            *("outputs", 0, "facets", "columnLineage", "fields", "open"),
            *("inputFields", 0, "field"),
        ),
    ],
)
def test_an_event_that_lacks_a_required_member_is_faulty(path):
    event = copy.deepcopy(events()[1])
    holder, key = member(event, path)
    del holder[key]
    assert faults_of(event)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("eventType",), "DONE"),
        (("eventTime",), "2024-01-01T00:00:00"),
        (("eventTime",), "yesterday"),
        (("producer",), "me"),
        (("run", "runId"), "7"),
    ],
)
def test_an_event_with_a_wrong_member_is_faulty(path, value):
    event = copy.deepcopy(events()[1])
    holder, key = member(event, path)
    holder[key] = value
    assert faults_of(event)

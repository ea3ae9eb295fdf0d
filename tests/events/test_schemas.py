"""What is published says the same as what is checked at the door."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from events.drawn import ODD, ambiguous, edges_of, messages_of
from tradeloop.apps.schemas import schemas, show
from tradeloop.errors import InputError
from tradeloop.events import APART, CONTRACTS, envelope_of, message_of
from tradeloop.events.schemas import ASYNCAPI, asyncapi, documents, json_schema, written
from tradeloop.events.strict_json import loads
from tradeloop.stores.broker import event_subject, in_subject

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "schemas"
GOLDEN = Path(__file__).parent / "golden" / "v1"
VALIDATORS = {
    name: Draft202012Validator(
        json_schema(contract), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    for name, contract in CONTRACTS.items()
}
each_contract = pytest.mark.parametrize("name", CONTRACTS)


@each_contract
def test_a_schema_is_a_schema_of_its_draft(name):
    Draft202012Validator.check_schema(json_schema(CONTRACTS[name]))


@each_contract
def test_the_golden_samples_keep_the_schema_and_so_does_what_we_write(name):
    path = GOLDEN / f"{CONTRACTS[name].kind}.json"
    for sample in json.loads(path.read_text("utf-8")):
        VALIDATORS[name].validate(sample["envelope"])
        VALIDATORS[name].validate(envelope_of(message_of(sample["envelope"])))


def taken(envelope):
    try:
        message_of(envelope)
    except InputError:
        return False
    return True


@each_contract
@settings(max_examples=20)
@given(st.data())
def test_what_the_columns_allow_is_taken_by_door_and_schema(name, data):
    envelope = data.draw(messages_of(CONTRACTS[name]))
    assert VALIDATORS[name].is_valid(envelope)
    message = message_of(loads(json.dumps(envelope)))
    assert message_of(envelope_of(message)) == message


def differences(name, envelope, changes):
    """Values of a field of data, by path, on which door and schema do not agree."""
    found = []
    for path, value in changes:
        changed = json.loads(json.dumps(envelope))
        *way, last = path
        place = changed["data"]
        for step in way:
            place = place[step]
        place[last] = value
        if taken(changed) is not VALIDATORS[name].is_valid(changed):
            found.append((path, value))
    return found


def changes_of(columns, path=()):
    for column in columns:
        here = (*path, column.name)
        for value in (*ODD, *edges_of(column)):
            if not ambiguous(value):
                yield here, value
        if column.shape is not None:
            yield from changes_of(column.shape.members, here)


@each_contract
def test_door_and_schema_take_and_refuse_the_same(name):
    contract = CONTRACTS[name]
    columns = [c for c in contract.fields if c.name != contract.identity]
    path = GOLDEN / f"{contract.kind}.json"
    whole = json.loads(path.read_text("utf-8"))[-1]["envelope"]
    assert differences(name, whole, changes_of(columns)) == []
    times = [c for c in contract.record.columns if c.name in APART]
    changes = [(p, v) for p, v in changes_of(times) if not isinstance(v, str)]
    assert differences(name, whole, [*changes, (("unknown",), 1)]) == []
    for column in columns:
        fields = {k: v for k, v in whole["data"].items() if k != column.name}
        changed = {**whole, "data": fields}
        assert taken(changed) is VALIDATORS[name].is_valid(changed), column.name


@pytest.mark.parametrize("attribute", ["id", "source", "epoch", "sequence", "type"])
def test_they_agree_on_the_envelope_too(attribute):
    name = "tradeloop.decision.v1"
    (sample, *_) = json.loads((GOLDEN / "decision.json").read_text("utf-8"))
    for value in (*ODD, "a" * 200, "a" * 201, "-1", "01", "9" * 18, "9" * 20):
        # Its digits are text to a schema, which knows no largest and no least one.
        if not ambiguous(value) and value != "0":
            changed = {**sample["envelope"], attribute: value}
            assert taken(changed) is VALIDATORS[name].is_valid(changed), value


def test_a_message_without_a_time_is_refused_by_both():
    (sample, *_) = json.loads((GOLDEN / "decision.json").read_text("utf-8"))
    del sample["envelope"]["time"]
    assert not taken(sample["envelope"])
    assert not VALIDATORS["tradeloop.decision.v1"].is_valid(sample["envelope"])


def test_the_committed_copy_is_what_the_records_give_today():
    today = {
        f"{name}.json": written(document) for name, document in documents().items()
    }
    there = {path.name: path.read_text("utf-8") for path in COMMITTED.glob("*")}
    assert there == today, "run: tradeloop schemas --out docs/schemas"


def references(node):
    if isinstance(node, dict):
        found = [node["$ref"]] if "$ref" in node else []
        return found + [r for value in node.values() for r in references(value)]
    if isinstance(node, list):
        return [r for value in node for r in references(value)]
    return []


def test_every_reference_of_the_asyncapi_document_leads_somewhere():
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    found = references(document)
    assert len(found) > 3 * len(CONTRACTS)
    for reference in found:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        assert isinstance(node, dict)


def test_the_channels_are_the_subjects_of_the_broker():
    addresses = {channel["address"] for channel in asyncapi()["channels"].values()}
    expected = set()
    for contract in CONTRACTS.values():
        expected.add(event_subject("TENANT", contract.kind))
        if contract.direction == "in":
            expected.add(in_subject("TENANT", contract.kind))
    assert {a.replace("{tenant}", "TENANT") for a in addresses} == expected


@each_contract
def test_the_payload_of_asyncapi_is_the_schema(name):
    document = asyncapi()
    payload = document["components"]["messages"][name]["payload"]
    resolved = {**payload, "components": document["components"]}
    validator = Draft202012Validator(resolved)
    path = GOLDEN / f"{CONTRACTS[name].kind}.json"
    for sample in json.loads(path.read_text("utf-8")):
        validator.validate(sample["envelope"])
        for broken in ({"specversion": "2"}, {"type": "x"}, {"data": {}}, {"id": ""}):
            assert not validator.is_valid({**sample["envelope"], **broken})


def test_the_names_of_what_is_sent_are_those_of_the_public_contract():
    data = json_schema(CONTRACTS["tradeloop.training_dataset_generated.v1"])[
        "properties"
    ]["data"]["properties"]
    dataset = data["training_dataset"]
    assert {"event_id", "timestamp"} <= set(data)
    assert dataset["required"] == [
        "dataset_id",
        "dataset_type",
        "sample_count",
        "feature_count",
        "label_distribution",
        "data_period",
        "quality_score",
    ]
    assert dataset["properties"]["data_period"]["required"] == [
        "start_date",
        "end_date",
    ]
    assert list(data["data_quality_metrics"]["properties"]) == [
        "completeness_score",
        "accuracy_score",
        "consistency_score",
        "timeliness_score",
        "validity_score",
        "missing_data_percentage",
    ]


def test_the_command_writes_every_document_and_a_second_run_the_same(tmp_path, capsys):
    folder = tmp_path / "a" / "b"
    answer = schemas(folder)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(answer["files"]) == sorted(str(folder / name) for name in first)
    assert set(first) == {f"{name}.json" for name in documents()}
    assert schemas(folder) == answer
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    show(answer)
    printed = capsys.readouterr().out
    assert all(name in printed for name in CONTRACTS)


def test_the_command_without_a_folder_gives_the_documents():
    answer = schemas(None)
    assert answer["documents"] == documents()
    assert answer["documents"][ASYNCAPI] == asyncapi()
    assert answer["files"] == []
    json.dumps(answer)


def test_a_schema_that_would_be_broken_is_not_replaced(tmp_path):
    schemas(tmp_path)
    file = tmp_path / "tradeloop.skip.v1.json"
    earlier = json.loads(file.read_text("utf-8"))
    earlier["properties"]["data"]["properties"]["mood"] = {"type": "string"}
    file.write_text(json.dumps(earlier), "utf-8")
    with pytest.raises(InputError, match=r"data\.mood is gone"):
        schemas(tmp_path)
    assert json.loads(file.read_text("utf-8")) == earlier


@pytest.mark.parametrize("text", ["", "[]", "null", "{]", '"x"', '{"properties": 1}'])
def test_a_file_that_is_something_else_is_not_replaced(text, tmp_path):
    file = tmp_path / "tradeloop.skip.v1.json"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError):
        schemas(tmp_path)
    assert file.read_text("utf-8") == text


def test_a_file_is_no_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    with pytest.raises(InputError, match="folder is needed"):
        schemas(file)

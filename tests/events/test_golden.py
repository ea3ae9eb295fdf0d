"""Messages of version 1 as they were first written: they are read for ever.

A file of ``golden/v1`` is never changed; a field that is added gets a new sample.
"""

import json
from pathlib import Path

import polars as pl
import pytest

from tradeloop.events import CONTRACTS, Message, envelope_of, message_of
from tradeloop.events.strict_json import loads

GOLDEN = Path(__file__).parent / "golden" / "v1"
SAMPLES = [
    pytest.param(sample, id=sample["envelope"]["id"])
    for path in sorted(GOLDEN.glob("*.json"))
    for sample in json.loads(path.read_text("utf-8"))
]
each_sample = pytest.mark.parametrize("sample", SAMPLES)


def decoded(sample):
    return message_of(loads(json.dumps(sample["envelope"])))


def test_every_contract_has_samples():
    assert {path.stem for path in GOLDEN.glob("*.json")} == {
        contract.kind for contract in CONTRACTS.values() if contract.version == 1
    }


def test_the_samples_of_a_kind_hold_every_field_and_every_allowed_text():
    for contract in CONTRACTS.values():
        text = (GOLDEN / f"{contract.kind}.json").read_text("utf-8")
        bodies = [sample["message"]["body"] for sample in json.loads(text)]
        for column in contract.fields:
            seen = [body[column.name] for body in bodies if column.name in body]
            assert seen, f"{contract.kind}.{column.name}"
            if column.dtype == pl.String:
                assert set(column.allowed) <= set(map(str, seen)), column.name


@each_sample
def test_a_sample_means_today_what_it_meant(sample):
    assert decoded(sample) == Message(**sample["message"])


@each_sample
def test_a_sample_written_anew_means_the_same(sample):
    message = decoded(sample)
    assert message_of(loads(json.dumps(envelope_of(message)))) == message


@each_sample
def test_attributes_that_we_do_not_know_are_passed_over(sample):
    strange = {"traceparent": "00-ab-cd-01", "partitionkey": 7, "later": {"a": None}}
    read = {"envelope": {**sample["envelope"], **strange}}
    assert decoded(read) == decoded(sample)


@each_sample
def test_fields_of_data_that_we_do_not_know_are_refused_by_name(sample):
    data = {**sample["envelope"]["data"], "later": 1}
    with pytest.raises(ValueError, match=r"data\.later.*no such field.*Fields of"):
        decoded({"envelope": {**sample["envelope"], "data": data}})


@each_sample
def test_a_body_becomes_a_row_of_its_record_and_comes_back(sample):
    message = decoded(sample)
    record = CONTRACTS[sample["envelope"]["type"]].record
    times = {"event_ns": message.event_ns, "received_ns": message.event_ns + 1}
    frame = record.frame([{**message.body, **times}])
    assert list(frame.columns) == list(record.schema)
    assert frame["event_ns"].to_list() == [message.event_ns]
    back = record.body(frame.row(0, named=True))
    assert back == message.body
    assert list(map(type, back.values())) == list(map(type, message.body.values()))

"""A message keeps its contract, or is told which field breaks which rule."""

import json
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.events import (
    CONTRACTS,
    DECISION,
    EARLIEST_NS,
    LATEST_NS,
    Message,
    envelope_of,
    message_of,
)

DATA = {"event_ns": 5, "strategy": "s", "instrument": "X", "side": 1}
ENVELOPE = {
    "specversion": "1.0",
    "id": "d-1",
    "source": "desk",
    "type": "tradeloop.decision.v1",
    "data": DATA,
}


def with_data(**fields):
    return {**ENVELOPE, "data": {**DATA, **fields}}


def test_what_is_absent_has_the_stated_default():
    found = message_of(ENVELOPE)
    body = {"decision_id": "d-1", "strategy": "s", "instrument": "X", "side": 1}
    assert found == Message("decision", "desk", "d-1", 5, None, 0, None, body)


def test_a_null_says_nothing():
    assert message_of(with_data(risk_score=None, received_ns=None)) == message_of(
        ENVELOPE
    )


def test_the_order_of_the_fields_does_not_matter():
    turned = {**ENVELOPE, "data": dict(reversed(DATA.items()))}
    assert list(message_of(turned).body) == list(message_of(ENVELOPE).body)


def test_an_integer_where_a_number_is_asked_for_is_the_same_content():
    bodies = [message_of(with_data(position_size=size)).body for size in (5, 5.0)]
    assert json.dumps(bodies[0]) == json.dumps(bodies[1])


def test_the_envelope_is_left_as_it_was():
    given_data = dict(DATA)
    message_of({**ENVELOPE, "data": given_data})
    assert given_data == DATA


BROKEN = {
    "specversion": {**ENVELOPE, "specversion": "0.3"},
    "id": {**ENVELOPE, "id": ""},
    "source": {**ENVELOPE, "source": "s" * 201},
    "type": {**ENVELOPE, "type": "tradeloop.decision.v9"},
    "datacontenttype": {**ENVELOPE, "datacontenttype": "text/plain"},
    "epoch": {**ENVELOPE, "epoch": -1},
    "sequence": {**ENVELOPE, "sequence": "0"},
    "data": {k: v for k, v in ENVELOPE.items() if k != "data"},
    "time": {**ENVELOPE, "time": 5, "data": {**DATA, "event_ns": None}},
    "data.event_ns": {**ENVELOPE, "data": {**DATA, "event_ns": None}},
    "data.received_ns": with_data(received_ns="yesterday"),
    "data.decision_id": with_data(decision_id="d-2"),
    "data.strategy": {**ENVELOPE, "data": {"event_ns": 5, "side": 1}},
    "data.instrument": with_data(instrument="X" * 51),
    "data.side": with_data(side=2),
    "data.confidence_score": with_data(confidence_score=1.5),
    "data.risk_score": with_data(risk_score="0.5"),
    "data.position_size": with_data(position_size=math.nan),
    "data.reasoning": with_data(reasoning=["why"]),
    "data.timeframe_consensus": with_data(timeframe_consensus='{"5m": 1}'),
    "data.timeframe_consensus.5m": with_data(timeframe_consensus={"5m": 2}),
    "data.tenant": with_data(tenant="other"),
}


@pytest.mark.parametrize("field", BROKEN)
def test_a_broken_rule_names_the_field_the_value_and_the_way_out(field):
    with pytest.raises(InputError) as caught:
        message_of(BROKEN[field])
    assert caught.value.column == field
    assert caught.value.way_out
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    "side", [True, 1.0, "1", 2**63, pytest.param(10**5000, id="5001 digits"), math.inf]
)
def test_only_an_integer_is_a_side(side):
    with pytest.raises(InputError, match="integer at least -1 and at most 1"):
        message_of(with_data(side=side))


@pytest.mark.parametrize("side", [0, True, -1.0, None])
def test_a_fill_has_one_of_two_sides(side):
    fill = {"event_ns": 5, "instrument": "X", "price": 1, "quantity": 1, "side": side}
    with pytest.raises(InputError, match="must"):
        message_of({**ENVELOPE, "type": "tradeloop.fill.v1", "data": fill})


@pytest.mark.parametrize(
    "envelope", [None, [], "text", 5, {}, {"specversion": "1.0"}, {"type": []}]
)
def test_what_is_no_message_is_refused(envelope):
    with pytest.raises(InputError):
        message_of(envelope)


@pytest.mark.parametrize(
    ("told", "event_ns"),
    [
        ({"data": {**DATA, "event_ns": EARLIEST_NS}}, EARLIEST_NS),
        ({"data": {**DATA, "event_ns": LATEST_NS - 1}}, LATEST_NS - 1),
        ({"data": {**DATA, "event_ns": "1970-01-01T00:00:00.000000007Z"}}, 7),
        ({"data": DATA, "time": "1999-01-01T00:00:00Z"}, 5),
        ({"data": {**DATA, "event_ns": None}, "time": "1970-01-01T00:00:01Z"}, 10**9),
    ],
)
def test_the_event_time_is_that_of_the_data_before_that_of_the_envelope(told, event_ns):
    assert message_of({**ENVELOPE, **told}).event_ns == event_ns


@pytest.mark.parametrize(
    "time",
    [EARLIEST_NS - 1, LATEST_NS, 2**63, -(2**63), 5.0, True, "0001-01-01T00:00:00Z"],
)
def test_a_time_outside_1800_to_2200_is_refused(time):
    for field in ("event_ns", "received_ns"):
        with pytest.raises(InputError) as caught:
            message_of(with_data(**{field: time}))
        assert caught.value.column == f"data.{field}"


def test_what_is_sent_carries_the_timestamp_of_the_public_contract():
    metrics = {
        "completeness_score": 1.0,
        "consistency_score": 1.0,
        "timeliness_score": 1.0,
        "validity_score": 1.0,
        "missing_data_percentage": 0.0,
    }
    data = {
        "event_id": "q-1",
        "timestamp": "1970-01-01T00:00:01Z",
        "subject": "feed",
        "quality_score": 1.0,
        "data_quality_metrics": metrics,
    }
    message = message_of(
        {**ENVELOPE, "id": "q-1", "type": "tradeloop.data_quality.v1", "data": data}
    )
    assert message.event_ns == 10**9
    sent = envelope_of(message)["data"]
    assert sent["timestamp"] == "1970-01-01T00:00:01.000000000Z"
    assert sent["event_ns"] == 10**9
    assert message.body == {k: v for k, v in data.items() if k != "timestamp"}


def test_a_corporate_action_holds_what_it_needs():
    action = {"event_ns": 5, "instrument": "X", "action": "split", "ex_ns": 9}
    envelope = {**ENVELOPE, "type": "tradeloop.corporate_action.v1", "data": action}
    with pytest.raises(InputError, match=r"data\.ratio.*action is 'split'"):
        message_of(envelope)
    assert message_of({**envelope, "data": {**action, "ratio": 2}}).body["ratio"] == 2


@given(
    st.integers(0, 2**63 - 1),
    st.none() | st.integers(1, 2**63 - 1),
    st.integers(EARLIEST_NS, LATEST_NS - 1),
    st.none() | st.integers(EARLIEST_NS, LATEST_NS - 1),
    st.text(min_size=1, max_size=200),
)
def test_writing_a_message_and_reading_it_gives_it_back(
    epoch, n, event, received, name
):
    body = {"decision_id": name, "strategy": "s", "instrument": "X", "side": -1}
    message = Message("decision", name, name, event, received, epoch, n, body)
    envelope = envelope_of(message)
    assert message_of(envelope) == message
    # An Integer of CloudEvents has 32 bits; a larger one travels as text.
    assert all(
        -(2**31) <= value < 2**31
        for name, value in envelope.items()
        if isinstance(value, int)
    )


def test_a_kind_without_contract_cannot_be_written():
    with pytest.raises(InputError, match="kind"):
        envelope_of(Message("rumour", "s", "1", 0, None, 0, None, {}))


def test_a_file_and_a_message_of_one_decision_have_one_body():
    consensus = {"1h": 0, "5m": 1}
    row = {
        "decision_id": "d-1",
        "strategy": "s",
        "instrument": "X",
        "side": 1,
        "event_ns": 5,
        "received_ns": 6,
        "timeframe_consensus": json.dumps(consensus, indent=2),
    }
    read = DECISION.conform(pl.DataFrame(row))
    sent = message_of(with_data(timeframe_consensus=consensus))
    assert DECISION.body(read.row(0, named=True)) == sent.body
    assert DECISION.frame([row, {**sent.body, "event_ns": 5, "received_ns": 6}])[
        "timeframe_consensus"
    ].to_list() == [row["timeframe_consensus"], '{"1h":0,"5m":1}']


def test_types_are_named_by_kind_and_version():
    assert all(
        name == f"tradeloop.{contract.kind}.v{contract.version}" == contract.type
        for name, contract in CONTRACTS.items()
    )

"""A dataset that was made is announced once, by the contract, for the relay to send."""

import pytest

from tradeloop.errors import FullError
from tradeloop.events import message_of
from tradeloop.events.strict_json import loads
from tradeloop.pipelines.announce import announce_dataset
from tradeloop.pipelines.relay import messages
from tradeloop.stores import START

MADE_NS = 1_700_000_000_123_456_000
METRICS = {
    "completeness_score": 0.99,
    "consistency_score": 1.0,
    "timeliness_score": 0.98,
    "validity_score": 0.97,
    "missing_data_percentage": 1.5,
}
DESCRIBED = {
    "dataset_id": "signal_generation-0123456789abcdef",
    "dataset_type": "SIGNAL_GENERATION",
    "creation_timestamp": "2023-11-14T22:13:20.123456+00:00",
    "sample_count": 1_200,
    "feature_count": 42,
    "label_distribution": {"EXCELLENT": 100, "GOOD": 300, "NEUTRAL": 800},
    "data_period": {
        "start_date": "2023-01-02T09:30:00+00:00",
        "end_date": "2023-10-31T16:00:00+00:00",
    },
    "quality_score": 0.985,
    "data_quality_metrics": METRICS,
    "version": "0123456789abcdef" * 4,
    "storage_location": "desk/training_datasets",
}


def sent(workspace):
    found = messages(workspace.journal.outbox(START, 100))
    return [(m.subject, loads(m.payload)) for m in found]


def test_both_announcements_are_messages_by_the_contract(workspace):
    announce_dataset(workspace, DESCRIBED, MADE_NS)
    (one, generated), (two, quality) = sent(workspace)
    assert one == "tradeloop.desk.training_dataset_generated"
    assert two == "tradeloop.desk.data_quality"
    for envelope in (generated, quality):
        read = message_of(envelope)
        assert read.event_ns == MADE_NS
        assert read.event_id == envelope["data"]["event_id"]


def test_the_payloads_say_what_the_dataset_is_and_how_good_its_data(workspace):
    announce_dataset(workspace, DESCRIBED, MADE_NS)
    (_, generated), (_, quality) = sent(workspace)
    assert generated["data"]["training_dataset"] == {
        "dataset_id": "signal_generation-0123456789abcdef",
        "dataset_type": "SIGNAL_GENERATION",
        "sample_count": 1_200,
        "feature_count": 42,
        "label_distribution": {"EXCELLENT": 100, "GOOD": 300, "NEUTRAL": 800},
        "data_period": {"start_date": "2023-01-02", "end_date": "2023-10-31"},
        "quality_score": 0.985,
    }
    assert generated["data"]["data_quality_metrics"] == METRICS
    assert quality["data"]["data_quality_metrics"] == METRICS
    assert quality["data"]["subject"] == DESCRIBED["dataset_id"]
    assert quality["data"]["quality_score"] == 0.985


def test_accuracy_is_told_where_there_was_a_reference(workspace):
    metrics = METRICS | {"accuracy_score": 0.91}
    described = DESCRIBED | {"data_quality_metrics": metrics}
    announce_dataset(workspace, described, MADE_NS)
    for _, envelope in sent(workspace):
        assert message_of(envelope).body["data_quality_metrics"] == metrics


def test_the_same_dataset_again_is_a_duplicate_and_no_second_event(workspace):
    first = announce_dataset(workspace, DESCRIBED, MADE_NS)
    again = announce_dataset(workspace, DESCRIBED, MADE_NS)
    assert [r.status for r in first + again] == ["stored"] * 2 + ["duplicate"] * 2
    assert len(sent(workspace)) == 2


def test_another_dataset_is_announced_for_itself(workspace):
    announce_dataset(workspace, DESCRIBED, MADE_NS)
    other = DESCRIBED | {"dataset_id": "signal_generation-other"}
    announce_dataset(workspace, other, MADE_NS)
    assert len(sent(workspace)) == 4
    assert workspace.journal.rejects(workspace.principal) == []


def test_an_announcement_that_is_not_stored_is_an_error(workspace):
    class Full:
        def write(self, _):
            return [FullError("No space is left.")]

    class Without:
        journal, principal, audit = Full(), workspace.principal, workspace.audit

    with pytest.raises(FullError):
        announce_dataset(Without, DESCRIBED, MADE_NS)

"""Others are told that a dataset was made, and how good the data behind it is.

The announcements are events of the journal, from which the relay publishes them.
"""

from collections.abc import Mapping
from typing import Any

from tradeloop.datasets import generated_event
from tradeloop.errors import TradeloopError
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Entry, Event, Receipt, Submission

GENERATED, QUALITY = "training_dataset_generated", "data_quality"
_SOURCE = "tradeloop"
_DAY = len("2026-01-31")


def announce_dataset(
    workspace: Workspace, described: Mapping[str, Any], at_ns: int
) -> list[Receipt]:
    """Announce a dataset and the quality of its data; durable on return.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    described : mapping
        Metadata as the lake keeps it: the same dataset, however often it is made, is
        announced once and with what was found the first time.
    at_ns : int
        When the dataset was made, ns UTC.

    Returns
    -------
    list of Receipt
        Of ``training_dataset_generated`` and of ``data_quality``.
    """
    name = described["dataset_id"]
    entries = [
        Entry(kind, _SOURCE, Event(f"{kind}-{name}", at_ns, at_ns, body))
        for kind, body in (
            (GENERATED, _generated(described, f"{GENERATED}-{name}")),
            (QUALITY, _quality(described, f"{QUALITY}-{name}")),
        )
    ]
    audit = workspace.audit("publish", name)
    submission = Submission(workspace.principal, tuple(entries), audit)
    (answer,) = workspace.journal.write([submission])
    if isinstance(answer, TradeloopError):
        raise answer
    return answer


def _generated(described: Mapping[str, Any], event_id: str) -> dict[str, Any]:
    event = generated_event(described, event_id)
    dataset = dict(event["training_dataset"])
    period = dataset["data_period"]
    dataset["data_period"] = {name: at[:_DAY] for name, at in period.items()}
    return {
        "event_id": event_id,
        "training_dataset": dataset,
        "data_quality_metrics": event["data_quality_metrics"],
    }


def _quality(described: Mapping[str, Any], event_id: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "subject": described["dataset_id"],
        "quality_score": described["quality_score"],
        "data_quality_metrics": described["data_quality_metrics"],
    }

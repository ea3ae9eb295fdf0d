"""Where a dataset comes from, written beside it: raw files, lake, features, labels.

``lineage.jsonl`` holds OpenLineage run events, one a line. Raw is what nothing here
made: the files of a run where it knows them, else what the lake and the journal hold.
All events have the time at which the dataset was made, and runs are named by tenant,
job and version: the same dataset says the same, wherever it is made, but for its time.
The version of features and labels is the hash of all that they are a function of.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.datasets import Dataset
from tradeloop.datasets.version import canonical_json
from tradeloop.errors import NotFoundError
from tradeloop.features import Bank
from tradeloop.pipelines import lineage_columns as columns
from tradeloop.pipelines.assemble import OBSERVED
from tradeloop.pipelines.captured import Extent
from tradeloop.pipelines.lineage_columns import Columns
from tradeloop.pipelines.lineage_inputs import Inputs, Made, Raw, digest, types_of
from tradeloop.pipelines.workspace import Workspace
from tradeloop.quality import Step, Table, lineage_events

FILE = "lineage.jsonl"
_TOLD_S = 5.0


@dataclass(frozen=True, slots=True)
class Lineage:
    """Lineage of one dataset.

    Parameters
    ----------
    events : list of dict
        OpenLineage run events.
    """

    events: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """One event a line."""
        return "".join(f"{canonical_json(event)}\n" for event in self.events)

    @property
    def short(self) -> dict[str, Any]:
        """File, id of each run, and name and version of each raw input."""
        done = [e for e in self.events if e["eventType"] == "COMPLETE"]
        return {
            "file": FILE,
            "runs": {
                f"{e['job']['name']}: {e['outputs'][0]['name']}": e["run"]["runId"]
                for e in done
            },
            "raw": {
                each["name"]: each["facets"]["version"]["datasetVersion"]
                for event in done
                for each in event["inputs"]
                if each["namespace"] == "file"
            },
        }


def trace(
    workspace: Workspace,
    described: Mapping[str, Any],
    dataset: Dataset,
    bank: Bank,
    inputs: tuple[Extent, Raw],
) -> Lineage:
    """Trace each column of a dataset back to what was captured.

    Parameters
    ----------
    workspace : Workspace
        Open stores: its journal says which slices the lake holds.
    described : mapping
        What ``metadata.json`` says: version, time, hashes of the inputs.
    dataset : Dataset
        Its columns; the rows are not looked at.
    bank : Bank
        Its features.
    inputs : tuple of Extent and Raw
        What of the captured counted, and what is known of the files behind it.
    """
    extent, raw = inputs
    tenant, slices = workspace.principal.tenant, described["inputs"]["slices"]
    found = Inputs(workspace, extent, raw, slices)
    made = [*found.made(observed=dataset.dataset_type in OBSERVED)]
    known = Columns({table.name: table.columns for _, table in made})
    made += _derived(described, dataset, bank, known)
    at_ns = _time_ns(described)
    steps = [Step(job, table, at_ns, at_ns) for job, table in made]
    return Lineage(lineage_events(found.raw, steps, tenant=tenant))


def with_lineage(
    workspace: Workspace,
    described: Mapping[str, Any],
    dataset: Dataset,
    bank: Bank,
    inputs: tuple[Extent, Raw] | None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Add the lineage to what is said of a dataset, in short, and as a text beside it.

    Parameters are those of `trace`; without inputs nothing is added.

    Returns
    -------
    tuple of dict
        What ``metadata.json`` says, and name and text of the file of events.
    """
    if inputs is None:
        return dict(described), {}
    found = trace(workspace, described, dataset, bank, inputs)
    report = {**described["data_quality_report"], "data_lineage": found.short}
    return {**described, "data_quality_report": report}, {FILE: found.text}


def told_to(workspace: Workspace, root: str) -> str:
    """Post the lineage of a dataset to whom the settings name.

    Returns
    -------
    str
        Why it could not be posted; empty where it was, or nobody is named.
    """
    url, lake, who = workspace.places.lineage, workspace.lake, workspace.principal
    if not url:
        return ""
    try:
        lines = lake.read_text(who, root, FILE).splitlines()
    except NotFoundError:
        return ""  # a row that was collected alone has none
    return posted(url, map(json.loads, lines))


def _time_ns(described: Mapping[str, Any]) -> int:
    made = pl.Series([described["creation_timestamp"]]).str.to_datetime(time_zone="UTC")
    return int(made.dt.epoch("ns").item())


def _derived(
    described: Mapping[str, Any], dataset: Dataset, bank: Bank, known: Columns
) -> Iterator[Made]:
    """Features and labels out of the lake, and the dataset out of both."""
    inputs = described["inputs"]
    slices = inputs["slices"]
    of_features = [inputs["feature_fingerprint"], slices["bars"], slices.get("series")]
    made = known.features(bank)
    keys = {"instrument": "String", "event_ns": "Int64", "received_ns": "Int64"}
    types = {name: keys.get(name, "Float64") for name in made}
    yield "featurize", Table(columns.FEATURES, digest(of_features), types, made)
    outcomes = dataset.outcome_labels.drop("fold").schema
    of_labels = digest([inputs["label_rules"], slices])
    labels = known.labels(list(outcomes))
    yield "label", Table(columns.LABELS, of_labels, types_of(outcomes), labels)
    full = Columns({**known.tables, columns.FEATURES: tuple(made)})
    frames = {name: frame.schema for name, frame in dataset.frames.items()}
    catalogue = described["feature_schema"]["feature_definitions"]
    technical = [e["name"] for e in catalogue if e.get("category") == "technical"]
    types = {f"{f}.{c}": str(t) for f, each in frames.items() for c, t in each.items()}
    yield (
        "assemble",
        Table(
            described["dataset_id"],
            described["version"],
            types,
            full.dataset({f: list(each) for f, each in frames.items()}, technical),
            location=described["storage_location"],
            rows=described["sample_count"],
        ),
    )


def posted(url: str, events: Iterable[Mapping[str, Any]]) -> str:
    """Send events to a server that takes OpenLineage.

    Parameters
    ----------
    url : str
        Such as ``http://127.0.0.1:5000/api/v1/lineage``.
    events : iterable of mapping
        In their order; the first that is not taken is the last that is sent.

    Returns
    -------
    str
        Why not all of them were taken; empty where they were.
    """
    import httpx  # noqa: PLC0415  # only where somebody listens

    try:
        with httpx.Client(timeout=_TOLD_S) as client:
            for event in events:
                client.post(url, json=dict(event)).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{url} did not take the lineage: {error or type(error).__name__}"
    return ""

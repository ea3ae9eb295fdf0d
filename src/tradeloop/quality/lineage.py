"""Where every column of a dataset comes from, as OpenLineage run events.

A table is known by its name and its version, the SHA-256 of its content. A step makes
one table out of others: files become slices of the lake, slices features and labels,
these a dataset. Each step is one run with two events, START and COMPLETE; the run's id
is the UUID 5 of tenant, job and version, so the same step has the same id on any
machine, and a repeated one adds nothing. Times are arguments: nothing here reads a
clock.

The events are plain data after OpenLineage 2-0-2 (RunEvent), with the facets schema,
columnLineage, dataSource, version and dataQualityMetrics; `faults_of` holds what they
must have. Nothing is sent: write them as lines of JSON, or post them.

References
----------
OpenLineage, object model and facets, https://openlineage.io/spec.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tradeloop.errors import InputError

PRODUCER = "https://tradeloop.invalid/quality/lineage"
"""Names this module as the producer; a reserved name that leads nowhere."""

_SPEC = "https://openlineage.io/spec"
_RUN_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = {
    "schema": ("1-1-1", "SchemaDatasetFacet"),
    "columnLineage": ("1-2-0", "ColumnLineageDatasetFacet"),
    "dataSource": ("1-0-1", "DatasourceDatasetFacet"),
    "version": ("1-0-1", "DatasetVersionDatasetFacet"),
    "dataQualityMetrics": ("1-0-2", "DataQualityMetricsInputDatasetFacet"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Origin:
    """One column that a column is made of.

    Parameters
    ----------
    table, column : str
        Name of the table and of its column.
    how : {"IDENTITY", "TRANSFORMATION", "AGGREGATION", "FILTER", "JOIN", "SORT"}
        As it stands, computed from one row, from many, or by what decides which row.
    """

    table: str
    column: str
    how: str = "TRANSFORMATION"


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """A table of one version: a raw file, a slice of the lake, features, a dataset.

    Parameters
    ----------
    name : str
        Path of a file, or name of a table within the tenant.
    version : str
        SHA-256 of its content.
    columns : mapping of str to str
        Column to type.
    origins : mapping of str to sequence of Origin
        Column to what it is made of; none for a raw file.
    location : str
        Where it lies, as a URI; its path or name where it is empty.
    rows : int, optional
        Rows.
    missing : mapping of str to int
        Column to missing values, where they were counted.
    """

    name: str
    version: str
    columns: Mapping[str, str]
    origins: Mapping[str, Sequence[Origin]] = field(default_factory=dict)
    location: str = ""
    rows: int | None = None
    missing: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """What made a table.

    Parameters
    ----------
    job : str
        Name of the job, such as ``capture``, ``featurize``, ``label``, ``assemble``.
    output : Table
        What it made; its inputs are the tables that its columns come from, and those
        named in ``reads``.
    started_ns, ended_ns : int
        When, ns UTC.
    reads : tuple of str
        Names of tables that it read beside those of the origins.
    """

    job: str
    output: Table
    started_ns: int
    ended_ns: int
    reads: tuple[str, ...] = ()


def lineage_events(
    files: Sequence[Table],
    steps: Sequence[Step],
    *,
    tenant: str,
    producer: str = PRODUCER,
) -> list[dict[str, Any]]:
    """Write the lineage of a dataset as OpenLineage run events.

    Parameters
    ----------
    files : sequence of Table
        Raw files, which no step made.
    steps : sequence of Step
        In the order in which they ran: a step reads files and tables of earlier steps.
    tenant : str
        Namespace of jobs and tables.
    producer : str
        URI of who says so.

    Returns
    -------
    list of dict
        Plain JSON data: START and COMPLETE of each step, in order.

    Raises
    ------
    InputError
        A step reads a table or a column that nothing made, or a column of its output
        has no origin.
    """
    known = {table.name: table for table in files}
    raw = frozenset(known)
    events = []
    for step in steps:
        names = _checked(step, known)
        writer = _Writer(tenant, producer, raw)
        inputs = [writer.input(known[name]) for name in names]
        output = writer.output(step.output)
        for kind, at_ns in (("START", step.started_ns), ("COMPLETE", step.ended_ns)):
            done = kind == "COMPLETE"
            events.append(
                {
                    "eventType": kind,
                    "eventTime": _instant(at_ns),
                    "producer": producer,
                    "schemaURL": _RUN_EVENT,
                    "run": {"runId": run_id(tenant, step.job, step.output.version)},
                    "job": {"namespace": tenant, "name": step.job},
                    "inputs": inputs,
                    "outputs": [output] if done else [],
                }
            )
        known[step.output.name] = step.output
    return events


def run_id(tenant: str, job: str, version: str) -> str:
    """Id of the run that made a version: a UUID 5, the same wherever it is asked."""
    return str(uuid5(NAMESPACE_URL, f"tradeloop:{tenant}/{job}/{version}"))


def _checked(step: Step, known: Mapping[str, Table]) -> list[str]:
    """Names of the tables that a step reads, once each, if all is accounted for."""
    names = dict.fromkeys(step.reads)
    for column in step.output.columns:
        origins = step.output.origins.get(column, ())
        if not origins:
            raise _refusal(step, column, "has no origin")
        for origin in origins:
            names[origin.table] = None
            table = known.get(origin.table)
            if table is not None and origin.column not in table.columns:
                raise _refusal(
                    step, column, f"comes from {origin.table}, without {origin.column}"
                )
    for name in names:
        if name not in known:
            raise _refusal(step, "", f"reads {name}, which nothing made before")
    return list(names)


def _refusal(step: Step, column: str, fault: str) -> InputError:
    what = f"column {column} of {step.output.name}" if column else f"job {step.job}"
    return InputError(
        f"The lineage is broken: {what} {fault}.",
        way_out="Name every file, every step in order, and for each column what it is "
        "made of.",
        source=step.job,
        column=column,
    )


def _instant(at_ns: int) -> str:
    return (_EPOCH + timedelta(microseconds=at_ns // 1_000)).isoformat()


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes tables as datasets of events."""

    tenant: str
    producer: str
    raw: frozenset[str]

    def input(self, table: Table) -> dict[str, Any]:
        dataset = self._dataset(table)
        if table.rows is not None:
            metrics = {
                name: {"nullCount": missing, "count": table.rows}
                for name, missing in table.missing.items()
            }
            measured = {"rowCount": table.rows, "columnMetrics": metrics}
            dataset["inputFacets"] = {
                "dataQualityMetrics": self._facet("dataQualityMetrics", measured)
            }
        return dataset

    def output(self, table: Table) -> dict[str, Any]:
        dataset = self._dataset(table)
        fields = {
            column: {"inputFields": [self._field(o) for o in table.origins[column]]}
            for column in table.columns
        }
        dataset["facets"]["columnLineage"] = self._facet(
            "columnLineage", {"fields": fields}
        )
        return dataset

    def _dataset(self, table: Table) -> dict[str, Any]:
        columns = [{"name": n, "type": kind} for n, kind in table.columns.items()]
        where = table.location or table.name
        facets: dict[str, dict[str, Any]] = {
            "schema": {"fields": columns},
            "dataSource": {"name": table.name, "uri": where},
            "version": {"datasetVersion": table.version},
        }
        return {
            "namespace": self._namespace(table.name),
            "name": table.name,
            "facets": {name: self._facet(name, body) for name, body in facets.items()},
        }

    def _field(self, origin: Origin) -> dict[str, Any]:
        indirect = origin.how in ("FILTER", "JOIN", "SORT")
        kind = "INDIRECT" if indirect else "DIRECT"
        return {
            "namespace": self._namespace(origin.table),
            "name": origin.table,
            "field": origin.column,
            "transformations": [{"type": kind, "subtype": origin.how}],
        }

    def _namespace(self, name: str) -> str:
        return "file" if name in self.raw else self.tenant

    def _facet(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        version, kind = _FACETS[name]
        return {
            "_producer": self.producer,
            "_schemaURL": f"{_SPEC}/facets/{version}/{kind}.json#/$defs/{kind}",
            **body,
        }


def raw_columns(
    events: Iterable[Mapping[str, Any]], table: str
) -> dict[str, frozenset[tuple[str, str]]]:
    """Trace every column of a table back to columns of raw files.

    Parameters
    ----------
    events : iterable of mapping
        What `lineage_events` returned, perhaps read back from a file.
    table : str
        Name of the table.

    Returns
    -------
    dict of str to frozenset of tuple of str
        Column to the path and column of each raw file that it is made of; empty where
        the trace ends before a file.
    """
    made: dict[str, Mapping[str, Any]] = {}
    for event in events:
        for output in event["outputs"]:
            made[output["name"]] = output["facets"]["columnLineage"]["fields"]
    seen: dict[tuple[str, str], frozenset[tuple[str, str]]] = {}

    def back(name: str, column: str) -> frozenset[tuple[str, str]]:
        if (name, column) not in seen:
            seen[name, column] = frozenset()  # a circle adds nothing
            found: set[tuple[str, str]] = set()
            for each in made[name].get(column, {}).get("inputFields", ()):
                if each["name"] in made:
                    found |= back(each["name"], each["field"])
                elif each["namespace"] == "file":
                    found.add((each["name"], each["field"]))
            seen[name, column] = frozenset(found)
        return seen[name, column]

    return {column: back(table, column) for column in made.get(table, {})}

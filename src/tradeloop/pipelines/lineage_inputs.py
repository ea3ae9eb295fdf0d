"""What was captured, as tables with a version, and how it came into the lake.

Raw is what nothing here made: the files of a run where it knows them, else the slices
of the lake and the messages of the journal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, TypeAlias

from tradeloop.capture import Intake
from tradeloop.datasets import frame_hash
from tradeloop.datasets.version import canonical_json
from tradeloop.events import (
    BAR,
    DECISION,
    FILL,
    ORDER_EVENT,
    QUOTE,
    SERIES,
    TRADE,
    Record,
)
from tradeloop.pipelines import lineage_columns as columns
from tradeloop.pipelines.captured import Extent
from tradeloop.pipelines.lineage_columns import of_file, of_table
from tradeloop.pipelines.record import SLICE
from tradeloop.pipelines.workspace import Workspace
from tradeloop.quality import Origin, Table

Made: TypeAlias = tuple[str, Table]
"""A job, and the table that it made."""
_MANY = 20  # slices of one kind that are told one by one
_KINDS = {
    "bars": BAR,
    "quotes": QUOTE,
    "series": SERIES,
    "decisions": DECISION,
    "fills": FILL,
    "orders": ORDER_EVENT,
}


@dataclass(frozen=True, slots=True)
class Raw:
    """What a run knows of its inputs.

    Parameters
    ----------
    intakes : tuple of Intake
        Accounts of the files that were read.
    strategies : tuple of str
        Rules that decided, where no decisions were given.
    """

    intakes: tuple[Intake, ...] = ()
    strategies: tuple[str, ...] = ()


NO_RAW = Raw()


@dataclass(slots=True)
class Inputs:
    """Raw tables, and the steps that brought them into the lake."""

    workspace: Workspace
    extent: Extent
    known: Raw
    slices: Mapping[str, str]
    raw: list[Table] = field(default_factory=list)

    def made(self, *, observed: bool) -> Iterator[Made]:
        """Jobs and their tables in order; ``observed``: decisions are made of bars."""
        files = {i.record.kind for i in self.known.intakes}
        ticks = files & {QUOTE.kind, TRADE.kind}
        from_ticks = bool(ticks) and BAR.kind not in files
        wanted = [k for k in _KINDS if k in self.slices and k != "decisions"]
        records = [
            _KINDS[name] for name in wanted if not (from_ticks and name == "bars")
        ]
        if from_ticks and QUOTE.kind in ticks and QUOTE not in records:
            records.append(QUOTE)
        if from_ticks and TRADE.kind in ticks:
            records.append(TRADE)
        for record in records:
            yield self._captured(record)
        if from_ticks:
            yield self._built([r for r in (QUOTE, TRADE) if r.kind in ticks])
        if observed or self.known.strategies:
            yield self._decided("observe" if observed else "decide")
        else:
            yield self._captured(DECISION)

    def _version(self, record: Record) -> str:
        name = next((n for n, each in _KINDS.items() if each is record), "")
        return self.slices.get(name) or digest([raw.version for raw in self.raw])

    def _captured(self, record: Record) -> Made:
        """From files where they are known, else from slices and messages."""
        origins: dict[str, list[Origin]] = {name: [] for name in record.schema}
        for table, taken in self._sources(record):
            self._add(table)
            for column, names in taken.items():
                same = names == (column,)
                how = "IDENTITY" if same else "TRANSFORMATION"
                origins[column] += of_table(table.name, *names, how=how)
        return _step("capture", record, self._version(record), origins)

    def _add(self, table: Table) -> None:
        """Add a raw table; one file may hold rows of two kinds."""
        for place, there in enumerate(self.raw):
            if there.name == table.name:
                both = {**there.columns, **table.columns}
                self.raw[place] = replace(there, columns=both)
                return
        self.raw.append(table)

    def _sources(
        self, record: Record
    ) -> Iterator[tuple[Table, Mapping[str, tuple[str, ...]]]]:
        mine = [i for i in self.known.intakes if i.record is record]
        if mine:
            for intake in mine:
                yield from _files(intake)
            return
        as_it_is = {name: (name,) for name in record.schema}
        for table in self._stored(record):
            yield table, as_it_is

    def _stored(self, record: Record) -> Iterator[Table]:
        """Slices that the journal lists, and the messages of its own."""
        journal, who = self.workspace.journal, self.workspace.principal
        types, kind = types_of(record.schema), record.kind
        listed = [
            event.body
            for event in self.extent.market(self.workspace, ())[SLICE]
            if event.body["kind"] == kind and event.body["rows"]
        ]
        if len(listed) > _MANY:
            version = digest([body["sha256"] for body in listed])
            rows = sum(int(body["rows"]) for body in listed)
            yield Table(f"{kind}: {len(listed)} slices", version, types, rows=rows)
        else:
            for body in listed:
                sha, rows = body["sha256"], int(body["rows"])
                yield Table(f"{kind}-{sha}", sha, types, rows=rows)
        by_message = self.extent.slices is None or record in _OF_JOURNAL
        if not listed or (by_message and journal.counts(who).get(kind, 0)):
            yield Table(f"journal/{kind}", self._version(record), types)

    def _built(self, ticks: Sequence[Record]) -> Made:
        """Bars that were made of quotes and trades."""
        parts = [
            Origin(f"lake/{record.kind}", name, "AGGREGATION")
            for record in ticks
            for name in record.schema
            if name not in ("sequence", "trade_id")
        ]
        origins = dict.fromkeys(BAR.schema, parts)
        return _step("bars", BAR, self._version(BAR), origins)

    def _decided(self, job: str) -> Made:
        """Decisions that rules, or a schedule, made of bars."""
        parts = of_table(columns.BAR, *BAR.schema, how="AGGREGATION")
        origins = {name: list(parts) for name in DECISION.schema}
        return _step(job, DECISION, self._version(DECISION), origins)


_OF_JOURNAL = (DECISION, FILL, ORDER_EVENT)


def _step(
    job: str, record: Record, version: str, origins: Mapping[str, Sequence[Origin]]
) -> Made:
    name, types = f"lake/{record.kind}", types_of(record.schema)
    return job, Table(name, version, types, origins)


def _files(intake: Intake) -> Iterator[tuple[Table, Mapping[str, tuple[str, ...]]]]:
    """Each file of an account, and what the columns of the record are made of."""
    names = [intake.source]
    if intake.places is not None and intake.places.height:
        names = intake.places["source"].unique(maintain_order=True).to_list()
    record = intake.record
    taken = of_file(intake.taken, list(record.schema))
    read = dict.fromkeys(name for each in taken.values() for name in each)
    for name in names:
        path = Path(name)
        if path.is_file():
            with path.open("rb") as opened:
                version = file_digest(opened, "sha256").hexdigest()
        else:  # it travels in a package, or is gone: its rows are what is known of it
            version = frame_hash(intake.rows)
        rows = intake.read if len(names) == 1 else None
        yield Table(name, version, dict.fromkeys(read, "as read"), rows=rows), taken


def types_of(schema: Mapping[str, Any]) -> dict[str, str]:
    """Column to the name of its type."""
    return {name: str(kind) for name, kind in schema.items()}


def digest(said: object) -> str:
    """SHA-256 of plain data."""
    return sha256(canonical_json(said).encode()).hexdigest()

"""Files of any events, made durable: ticks in the lake, all else in the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tradeloop.capture import Intake, read_events
from tradeloop.capture.cleaning import flag_report
from tradeloop.pipelines.record import Capture, record_events, record_intake
from tradeloop.pipelines.workspace import Workspace

IN_LAKE = frozenset({"bar", "book_delta", "option_quote", "quote", "series", "trade"})
"""Kinds whose rows go to the lake; the journal lists their slices."""


@dataclass(frozen=True, slots=True)
class FileCapture:
    """The account of one file and kind.

    Parameters
    ----------
    source : str
        The file.
    capture : Capture
        Counts: expected, captured, quarantined, duplicates, conflicts.
    reasons : mapping of str to int
        Rows in quarantine by reason.
    flags : list of dict
        Cleaning flags: name, rows, share, meaning, rule.
    clocks : list of dict
        How far the receiver's clock lies behind the exchange's, by venue.
    notes : tuple of str
        What a reader should know.
    """

    source: str
    capture: Capture
    reasons: Mapping[str, int]
    flags: list[dict[str, Any]]
    clocks: list[dict[str, Any]]
    notes: tuple[str, ...]

    def as_mapping(self) -> dict[str, Any]:
        """Everything by name, for JSON."""
        return asdict(self)


def look_at_files(
    paths: Sequence[Path], *, columns: Path | None = None
) -> list[FileCapture]:
    """Read and check files; nothing is stored.

    Raises
    ------
    InputError
        A file cannot be read, or holds no row that can be used.
    """
    return [_account(intake, _seen(intake)) for intake in _read(paths, columns)]


def capture_files(
    workspace: Workspace, paths: Sequence[Path], *, columns: Path | None = None
) -> list[FileCapture]:
    """Read files of events and make every row durable, kept or in quarantine.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    paths : sequence of Path
        Files, or folders of files.
    columns : Path, optional
        Column map of the user's own.

    Returns
    -------
    list of FileCapture
        One for each file and kind. Captured again, a file is all duplicates.

    Raises
    ------
    InputError
        A file cannot be read, or holds no row that can be used; nothing of any file is
        stored then.
    """
    read = _read(paths, columns)
    return [_account(intake, _kept(workspace, intake)) for intake in read]


def _read(paths: Sequence[Path], columns: Path | None) -> list[Intake]:
    return [one for path in paths for one in read_events(path, columns=columns)]


def _seen(intake: Intake) -> Capture:
    return Capture(
        intake.record.kind, intake.read, intake.rows.height, intake.quarantined.height
    )


def _kept(workspace: Workspace, intake: Intake) -> Capture:
    if intake.record.kind in IN_LAKE:
        return record_intake(workspace, intake)
    return record_events(
        workspace, intake.record, intake.source, intake.rows, intake.quarantined
    )


def _account(intake: Intake, capture: Capture) -> FileCapture:
    marked = flag_report(intake).filter(pl.col("rows") > 0)
    clocks = [] if intake.clocks is None else intake.clocks.to_dicts()
    return FileCapture(
        source=intake.source,
        capture=capture,
        reasons=dict(intake.reasons),
        flags=marked.to_dicts(),
        clocks=clocks,
        notes=intake.notes,
    )

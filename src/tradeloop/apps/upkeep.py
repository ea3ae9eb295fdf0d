"""``tradeloop capture compact``: larger files for the ticks, and less disk."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tradeloop.apps.rules import located
from tradeloop.apps.settings import load
from tradeloop.apps.terminal import answers, table
from tradeloop.clock import LiveClock
from tradeloop.events import duration_ns
from tradeloop.pipelines.upkeep import compact_ticks, vacuum


def compact(folder: Path, *, vacuum_older_than: str | None = None) -> Mapping[str, Any]:
    """Join the small files of ticks in the workspace of ``folder``; remove old ones.

    Works beside a server that takes ticks; only the removal needs the journal.

    Parameters
    ----------
    folder : Path
        Folder of a workspace.
    vacuum_older_than : str, optional
        A duration such as ``7d``: files that were replaced longer ago are removed.
        Without it nothing is removed.

    Returns
    -------
    mapping
        ``tables``: see `tradeloop.pipelines.upkeep.Compacted`; ``removed``: files by
        kind, or None where nothing was to be removed.

    Raises
    ------
    InputError
        No such duration.
    BusyError
        Another process holds the journal; nothing was removed, but the files were
        joined.
    """
    age_ns = None
    if vacuum_older_than is not None:
        with located("--vacuum-older-than"):
            age_ns = duration_ns(vacuum_older_than)
    settings, clock = load(folder), LiveClock()
    places, who = settings.places(folder), settings.acting()
    tables = [asdict(one) for one in compact_ticks(places, who)]
    removed = None if age_ns is None else vacuum(places, who, clock, age_ns=age_ns)
    return {"tables": tables, "removed": removed}


def show_compact(answer: Mapping[str, Any]) -> None:
    """Print for each kind what was joined, and what was removed."""
    if not answer["tables"]:
        answers.print("no ticks are in the lake")
        return
    removed = answer["removed"]
    rows = [
        (
            one["kind"],
            f"{one['replaced']:,}",
            f"{one['files']:,}",
            "" if removed is None else f"{removed.get(one['kind'], 0):,}",
        )
        for one in answer["tables"]
    ]
    head = ("kind", "small files joined", "files now", "old files removed")
    answers.print(table("", head, rows))

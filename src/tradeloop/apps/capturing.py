"""``tradeloop capture``: is everything there, backup and restore."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.markup import escape

from tradeloop.apps.commanding import commanded
from tradeloop.apps.settings import load
from tradeloop.apps.terminal import answers, table
from tradeloop.clock import LiveClock
from tradeloop.errors import BusyError
from tradeloop.pipelines import administer
from tradeloop.pipelines.capture_files import capture_files, look_at_files
from tradeloop.pipelines.completeness import account_of
from tradeloop.pipelines.serve import served_at
from tradeloop.pipelines.workspace import open_workspace


def status(folder: Path) -> Mapping[str, Any]:
    """Account for what came into the workspace of ``folder``.

    Returns
    -------
    mapping
        See `tradeloop.pipelines.completeness.Status`.

    Raises
    ------
    InputError
        There is no workspace.
    """
    settings = load(folder)
    found, _ = account_of(settings.places(folder), settings.acting(), LiveClock())
    return asdict(found)


def show_status(answer: Mapping[str, Any]) -> None:
    """Print the ledger as the equation it is, and the counts by kind."""
    ledger = answer["decisions"]
    parts = ("labelled", "pending", "censored", "quarantined")
    sign = "=" if answer["balanced"] else "!="
    total = " + ".join(f"{ledger[name]:,} {name}" for name in parts)
    answers.print(f"decisions  {ledger['received']:,} received {sign} {total}")
    told = "no number is missing" if answer["complete"] else "numbers are missing"
    answers.print(f"sources    {told} (tradeloop capture gaps)")
    columns = ("events", "ticks", "quarantined")
    kinds = sorted({kind for name in columns for kind in answer[name]})
    rows = [
        (kind, *(f"{answer[name].get(kind, 0):,}" for name in columns))
        for kind in kinds
    ]
    head = ("kind", "in the journal", "in the lake", "quarantined")
    answers.print(table("", head, rows))


def file(
    folder: Path, paths: Sequence[Path], *, columns: Path | None, check: bool
) -> Mapping[str, Any]:
    """Capture files of events into the workspace of ``folder``.

    While a server holds the journal, it captures them.

    Parameters
    ----------
    folder : Path
        Folder of a workspace; its stores are made where they are absent.
    paths : sequence of Path
        Files, or folders of files.
    columns : Path, optional
        Column map of the user's own.
    check : bool
        Read and check only; nothing is stored.

    Returns
    -------
    mapping
        ``stored`` and ``files``: see `tradeloop.pipelines.capture_files.FileCapture`.
    """
    if check:
        found = [one.as_mapping() for one in look_at_files(paths, columns=columns)]
        return {"stored": False, "files": found}
    settings = load(folder)
    places = settings.places(folder)
    try:
        with open_workspace(places, settings.acting(), LiveClock()) as workspace:
            kept = capture_files(workspace, paths, columns=columns)
        return {"stored": True, "files": [one.as_mapping() for one in kept]}
    except BusyError:
        address = served_at(places)
        if address is None:
            raise
    asked = {
        "paths": [str(path.absolute()) for path in paths],
        "columns": None if columns is None else str(columns.absolute()),
    }
    return {"stored": True, "files": commanded(address, "/capture/file", asked)}


def show_file(answer: Mapping[str, Any]) -> None:
    """Print the account of each file, its flags and its clocks."""
    for one in answer["files"]:
        told = one["capture"]
        verb = "captured" if answer["stored"] else "readable"
        answers.print(f"[bold]{escape(one['source'])}[/]  {told['kind']}")
        answers.print(
            f"  {told['expected']:,} rows = {told['captured']:,} {verb} "
            f"+ {told['quarantined']:,} quarantined"
            + (f"; {told['duplicates']:,} were there" if told["duplicates"] else "")
        )
        if told["conflicts"]:
            some = ", ".join(told["conflicts"][:5])
            answers.print(
                f"  conflict     {len(told['conflicts']):,} were there with another "
                f"content, which was kept: {escape(some)}"
            )
        for reason, rows in one["reasons"].items():
            answers.print(f"  quarantined  {reason:<20} {rows:>12,}")
        for flag in one["flags"]:
            share = f"{flag['share']:.2%}"
            answers.print(
                f"  flagged      {flag['flag']:<20} {flag['rows']:>12,}  {share}"
            )
        for clock in one["clocks"]:
            least, most = (clock[k] / 1e6 for k in ("least_ns", "most_ns"))
            answers.print(
                f"  clock        {clock['venue'] or 'received':<20} "
                f"{clock['behind']:>12,} rows received before they happened: "
                f"{least:,.0f} to {most:,.0f} ms"
            )


def gaps(folder: Path) -> Mapping[str, Any]:
    """Account for the numbers of each source in the workspace of ``folder``.

    Returns
    -------
    mapping
        See `tradeloop.pipelines.completeness.Gaps`.
    """
    settings = load(folder)
    _, found = account_of(settings.places(folder), settings.acting(), LiveClock())
    return asdict(found)


def show_gaps(answer: Mapping[str, Any]) -> None:
    """Print each life of each source, and what is missing of it."""
    missing = {(g["source"], g["epoch"]): g for g in answer["gaps"]}
    rows = []
    for one in answer["sources"]:
        gap = missing.get((one["source"], one["epoch"]))
        told = _ranges(gap["ranges"]) if gap else "nothing"
        counts = (f"{one['highest']:,}", f"{one['came']:,}")
        epoch = "no numbers" if one["epoch"] < 0 else str(one["epoch"])
        rows.append((one["source"], epoch, *counts, told))
    head = ("source", "epoch", "highest number", "came", "missing")
    answers.print(table("", head, rows))
    whole = "complete: every number of every source came"
    answers.print(whole if answer["complete"] else "incomplete: see above")


def _ranges(ranges: list[tuple[int, int]]) -> str:
    first = [f"{a:,}" if a == b else f"{a:,} to {b:,}" for a, b in ranges[:5]]
    return ", ".join(first) + (" and more" if len(ranges) > len(first) else "")


def backup(folder: Path, to: Path) -> Mapping[str, Any]:
    """Copy the journal of ``folder`` while it is in use.

    Returns
    -------
    mapping
        See `tradeloop.pipelines.administer.Copied`.
    """
    return asdict(administer.back_up(load(folder).places(folder), to, LiveClock()))


def restore(copy: Path, folder: Path) -> Mapping[str, Any]:
    """Put a copy where ``folder`` has no journal yet; checked before it is there."""
    return asdict(administer.restore(copy, load(folder).places(folder)))


def show_copy(answer: Mapping[str, Any]) -> None:
    """Print where the copy lies and how far it goes."""
    for name in ("file", "seq", "head"):
        answers.print(f"{name:<5} {answer[name]}", markup=False, soft_wrap=True)

"""``tradeloop capture``: what comes in, and the proof that it is there."""

from pathlib import Path
from typing import Annotated

import typer

from tradeloop.apps import (
    brokering,
    capturing,
    cli_vendor,
    comparing,
    replaying,
    upkeep,
)
from tradeloop.apps.options import HERE, Columns, Files, Folder, Json
from tradeloop.apps.terminal import speak

app = typer.Typer(
    help="Capture events, and prove that every one of them is there.",
    no_args_is_help=True,
)
app.add_typer(cli_vendor.app, name="vendor")


@app.command()
def file(
    paths: Files,
    *,
    folder: Folder = HERE,
    columns: Columns = None,
    check: Annotated[
        bool, typer.Option("--check", help="Read and check; store nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Capture files of events: Parquet, CSV, Arrow or NDJSON, of any kind."""
    speak(
        lambda: capturing.file(folder, paths, columns=columns, check=check),
        capturing.show_file,
        as_json=as_json,
    )


@app.command()
def compare(
    one: Path,
    other: Path,
    *,
    step: Annotated[str, typer.Option(help="Length of a return.")] = "1h",
    columns: Columns = None,
    as_json: Json = False,
) -> None:
    """Check whether two sources of one price line up, and by how much one is off."""
    speak(
        lambda: comparing.compare(one, other, step=step, columns=columns),
        comparing.show,
        as_json=as_json,
    )


@app.command()
def replay(
    paths: Files,
    *,
    folder: Folder = HERE,
    speed: Annotated[
        float, typer.Option(help="1 is the recorded pace, 0 without waiting.")
    ] = 1.0,
    columns: Columns = None,
    as_json: Json = False,
) -> None:
    """Play recorded files as live events, through the doors that live ones take."""
    speak(
        lambda: replaying.replay(folder, paths, speed=speed, columns=columns),
        replaying.show,
        as_json=as_json,
    )


@app.command()
def status(*, folder: Folder = HERE, as_json: Json = False) -> None:
    """Show received = labelled + pending + censored + quarantined."""
    speak(lambda: capturing.status(folder), capturing.show_status, as_json=as_json)


@app.command()
def gaps(*, folder: Folder = HERE, as_json: Json = False) -> None:
    """Prove that every number of every source came, or name what is missing."""
    speak(lambda: capturing.gaps(folder), capturing.show_gaps, as_json=as_json)


@app.command()
def backup(to: Path, *, folder: Folder = HERE, as_json: Json = False) -> None:
    """Copy the journal to TO, also while a server writes it.

    The lake is files that never change: copy its folder afterwards.
    """
    speak(lambda: capturing.backup(folder, to), capturing.show_copy, as_json=as_json)


@app.command()
def restore(copy: Path, *, folder: Folder = HERE, as_json: Json = False) -> None:
    """Put the journal of a backup into a workspace that has none."""
    speak(lambda: capturing.restore(copy, folder), capturing.show_copy, as_json=as_json)


@app.command()
def relay(*, folder: Folder = HERE, as_json: Json = False) -> None:
    """Publish to the broker what the journal holds; a server does it by itself."""
    speak(lambda: brokering.relay(folder), brokering.show_published, as_json=as_json)


@app.command()
def reconcile(
    *,
    folder: Folder = HERE,
    repair: Annotated[
        bool, typer.Option("--repair", help="Publish again what is missing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare the broker's stream with the journal, by tenant and kind."""
    speak(
        lambda: brokering.reconcile(folder, repair=repair),
        brokering.show_reconciled,
        as_json=as_json,
    )


@app.command("rebuild-stream")
def rebuild_stream(*, folder: Folder = HERE, as_json: Json = False) -> None:
    """Empty the broker's stream and publish everything from the journal."""
    speak(lambda: brokering.rebuild(folder), brokering.show_published, as_json=as_json)


@app.command()
def compact(
    *,
    folder: Folder = HERE,
    vacuum_older_than: Annotated[
        str | None,
        typer.Option(help="Remove replaced files of this age, such as 7d."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make few files of the lake's many small ones; nothing that is read changes."""
    speak(
        lambda: upkeep.compact(folder, vacuum_older_than=vacuum_older_than),
        upkeep.show_compact,
        as_json=as_json,
    )

"""``tradeloop quality``: how good the data are, and whether two sources agree."""

from pathlib import Path
from typing import Annotated

import typer

from tradeloop.apps import judging
from tradeloop.apps.options import HERE, Columns, Folder, Json
from tradeloop.apps.terminal import speak

app = typer.Typer(
    help="Judge the data that were captured, and compare two sources.",
    no_args_is_help=True,
)


@app.command()
def report(
    *,
    folder: Folder = HERE,
    window: Annotated[
        str, typer.Option(help="Length of a window of time, such as 1h.")
    ] = "1d",
    by: Annotated[str, typer.Option(help="instrument or source.")] = "instrument",
    limit: Annotated[
        list[str] | None,
        typer.Option(help="MEASURE=VALUE, such as overall=0.95; may come again."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge what was captured; status 1 where a limit is broken."""
    speak(
        lambda: judging.report(folder, window=window, by=by, limits=limit or ()),
        judging.show_report,
        as_json=as_json,
        good=lambda answer: bool(answer["kept"]),
    )


@app.command()
def compare(
    one: Path,
    other: Path,
    *,
    step: Annotated[str, typer.Option(help="Length of a return.")] = "1m",
    columns: Columns = None,
    as_json: Json = False,
) -> None:
    """Compare two files of one price: returns, clocks, level, hours, crossed quotes."""
    speak(
        lambda: judging.compare(one, other, step=step, columns=columns),
        judging.show_compared,
        as_json=as_json,
    )

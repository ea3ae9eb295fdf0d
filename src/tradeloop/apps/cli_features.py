"""``tradeloop features``: the catalogue, its values, and the user's own."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeloop.apps import featuring, featuring_streams
from tradeloop.apps.choosing import feature_choice
from tradeloop.apps.options import HERE, Columns, Files, Folder, Json
from tradeloop.apps.settings import load
from tradeloop.apps.terminal import speak
from tradeloop.errors import InputError

app = typer.Typer(
    help="See what features there are, compute them, check your own.",
    no_args_is_help=True,
)

Own = Annotated[
    list[Path] | None, typer.Option("--own", help="File of your own features.")
]


@app.command(name="list")
def list_(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Parts of names.")
    ] = None,
    *,
    group: Annotated[
        list[str] | None, typer.Option(help="Only this group; may come again.")
    ] = None,
    own: Own = None,
    as_page: Annotated[
        bool, typer.Option("--markdown", help="Print it as a page of Markdown.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the catalogue: name, formula, unit, parameters, inputs, warm-up."""
    speak(
        lambda: featuring.listed(group or (), words or (), own or ()),
        _print_page if as_page else featuring.show_listed,
        as_json=as_json,
    )


def _print_page(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(featuring.markdown(answer))


@app.command()
def compute(  # noqa: PLR0913  # one parameter an option
    paths: Files,
    *,
    folder: Folder = HERE,
    everything: Annotated[
        bool, typer.Option("--all", help="The whole catalogue, not the default.")
    ] = False,
    timeframe: Annotated[
        list[str] | None, typer.Option(help="Longer bars too, such as 1h.")
    ] = None,
    own: Own = None,
    bar: Annotated[
        str | None, typer.Option(help="Bar to build from ticks, such as 1s or 1m.")
    ] = None,
    columns: Columns = None,
    streams: Annotated[
        bool,
        typer.Option(
            "--streams",
            help="Of quotes, trades and book changes themselves, one file a stream.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Parquet file to write, by default features.parquet; with --streams "
            "a folder, by default features."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Into the lake of --dir, not into a file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compute features of bars, or of ticks, into Parquet files or the lake."""

    def run() -> Mapping[str, Any]:
        settings = load(folder).model_copy(
            update={
                **({"features": "all"} if everything else {}),
                **({"timeframes": tuple(timeframe)} if timeframe else {}),
                **({"feature_files": tuple(_found(own))} if own else {}),
            }
        )
        choice = feature_choice(settings, folder)
        if streams:
            _require_alone(
                {"all": everything, "timeframe": timeframe, "bar": bar, "keep": keep}
            )
            return featuring_streams.computed_streams(
                paths, choice.own, columns=columns, out=out or Path("features")
            )
        return featuring.computed(
            paths,
            choice,
            columns=columns,
            bar=bar,
            out=out or Path("features.parquet"),
            keep=folder if keep else None,
        )

    show = featuring_streams.show_streams if streams else featuring.show_computed
    speak(run, show, as_json=as_json)


def _require_alone(of_bars: Mapping[str, Any]) -> None:
    given = [name for name, value in of_bars.items() if value]
    if given:
        raise InputError(
            f"--{given[0]} is for features of bars.",
            way_out="Leave it out, or leave --streams out.",
            source="--streams",
        )


def _found(files: list[Path]) -> list[str]:
    return [str(file.resolve()) for file in files]


@app.command()
def importance(*, folder: Folder = HERE, as_json: Json = False) -> None:
    """Show which features carried the newest model of a workspace."""
    speak(lambda: featuring.weighed(folder), featuring.show_weighed, as_json=as_json)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Python file with your features.")],
    *,
    market: Annotated[
        Path | None, typer.Option(help="Real events to try them on, too.")
    ] = None,
    columns: Columns = None,
    as_json: Json = False,
) -> None:
    """Try the laws on your own features: leak, parity, stability, warm-up, speed."""
    speak(
        lambda: featuring.checked(file, market, columns),
        featuring.show_checked,
        as_json=as_json,
        good=lambda answer: bool(answer["kept"]),
    )

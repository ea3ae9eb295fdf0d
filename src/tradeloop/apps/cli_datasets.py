"""``tradeloop datasets``: made, listed, verified, compared, given away, removed."""

from pathlib import Path
from typing import Annotated

import typer

from tradeloop.apps import assembling, effecting, publishing
from tradeloop.apps.options import HERE, Folder, Json
from tradeloop.apps.terminal import answers, speak
from tradeloop.pipelines.export import FORMATS

app = typer.Typer(
    help="Make datasets, verify and compare them, give them away.",
    no_args_is_help=True,
)

Name = Annotated[
    str, typer.Argument(help="Id of a dataset, or the beginning of id or version.")
]
Type = Annotated[str | None, typer.Option("--type", help="Such as SIGNAL_GENERATION.")]


@app.command()
def build(
    *,
    folder: Folder = HERE,
    dataset_type: Type = None,
    horizons: Annotated[
        str | None, typer.Option(help="Such as 1h,4h,1d; the first is learned.")
    ] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="Instrument to beat; cash by default.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="What was recorded by then, such as 2026-01-31T12:00:00Z."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a dataset of all that was captured."""
    speak(
        lambda: assembling.built(
            folder, dataset_type, horizons, benchmark, as_of, quiet=as_json
        ),
        assembling.show_built,
        as_json=as_json,
    )


@app.command(name="list")
def list_(
    *, folder: Folder = HERE, dataset_type: Type = None, as_json: Json = False
) -> None:
    """List the datasets of a workspace, the newest first."""
    speak(
        lambda: assembling.listed(folder, dataset_type),
        assembling.show_listed,
        as_json=as_json,
    )


@app.command()
def show(name: Name, *, folder: Folder = HERE, as_json: Json = False) -> None:
    """Show what a dataset says of itself: inputs, quality, certificate, folds."""
    speak(
        lambda: assembling.shown(folder, name), assembling.show_shown, as_json=as_json
    )


@app.command()
def card(name: Name, *, folder: Folder = HERE, as_json: Json = False) -> None:
    """Print the card of a dataset."""
    speak(
        lambda: {"card": assembling.card(folder, name)},
        lambda answer: answers.print(answer["card"], markup=False, soft_wrap=True),
        as_json=as_json,
    )


@app.command()
def verify(
    name: Name,
    *,
    folder: Folder = HERE,
    rebuild: Annotated[
        bool, typer.Option(help="Make it again and compare every cell.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Check the bytes of a dataset, and make it again."""
    speak(
        lambda: assembling.verified(folder, name, rebuild=rebuild),
        assembling.show_verified,
        as_json=as_json,
        good=lambda answer: bool(answer["same"]),
    )


@app.command()
def diff(old: Name, new: Name, *, folder: Folder = HERE, as_json: Json = False) -> None:
    """Explain each cell that differs between two versions by its cause."""
    speak(
        lambda: assembling.compared(folder, old, new),
        assembling.show_compared,
        as_json=as_json,
    )


@app.command()
def delete(
    name: Name,
    *,
    folder: Folder = HERE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove a dataset; its inputs stay, so that it can be built again."""
    if not yes:
        typer.confirm(f"Remove the dataset {name}?", abort=True, err=True)
    speak(
        lambda: assembling.removed(folder, name),
        lambda answer: answers.print(f"removed {answer['removed']}", markup=False),
        as_json=as_json,
    )


@app.command()
def publish(
    name: Name,
    *,
    folder: Folder = HERE,
    project: Annotated[
        Path, typer.Option(help="Folder of the DVC project; made where there is none.")
    ] = Path("published"),
    remote: Annotated[
        str | None, typer.Option(help="Folder or URL to push to; none: track only.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Track a dataset with DVC and push it to a remote."""
    speak(
        lambda: publishing.published(folder, name, project, remote),
        publishing.show_published,
        as_json=as_json,
    )


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="Id of a published dataset.")],
    *,
    project: Annotated[Path, typer.Option(help="Folder of the DVC project.")] = Path(
        "published"
    ),
    as_json: Json = False,
) -> None:
    """Bring a published dataset back, and check every byte of it."""
    speak(
        lambda: publishing.fetched(project, name),
        publishing.show_fetched,
        as_json=as_json,
    )


@app.command()
def export(  # one parameter an option
    name: Name,
    *,
    folder: Folder = HERE,
    file_format: Annotated[
        str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")
    ] = "parquet",
    out: Annotated[Path, typer.Option(help="New folder.")] = Path("exported"),
    fold: Annotated[
        int, typer.Option(help="Fold whose training and test rows are cut; -1: last.")
    ] = -1,
    every: Annotated[
        bool, typer.Option("--all-folds", help="All folds, each under its name.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a dataset in a format of others, cut into training and test rows."""
    speak(
        lambda: publishing.exported(
            folder, name, file_format, out, fold=None if every else fold
        ),
        publishing.show_exported,
        as_json=as_json,
    )


@app.command()
def effect(
    name: Name,
    *,
    folder: Folder = HERE,
    against: Annotated[
        str | None,
        typer.Option(help="Earlier dataset; by default the newest that fits."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a dataset is good for: lift, and what each family is worth and costs."""
    speak(
        lambda: effecting.judged(folder, name, against),
        effecting.show_judged,
        as_json=as_json,
    )

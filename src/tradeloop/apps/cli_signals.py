"""``tradeloop signals``: listed, scored, explained, settled; experiments on models."""

from typing import Annotated

import typer

from tradeloop.apps import signal_tables, signalling
from tradeloop.apps.options import HERE, Folder, Json
from tradeloop.apps.terminal import speak

app = typer.Typer(
    help="Look at signals, ask the champions, see what came of it.",
    no_args_is_help=True,
)
experiment = typer.Typer(
    help="Try a version against the champion on live signals.", no_args_is_help=True
)
app.add_typer(experiment, name="experiment")

Symbol = Annotated[str | None, typer.Option(help="Of this instrument only.")]
Model = Annotated[str, typer.Argument(help="Name of a model.")]


@app.command(name="list")
def list_(
    *,
    folder: Folder = HERE,
    state: Annotated[str, typer.Option(help="active, past or all.")] = "active",
    symbol: Symbol = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """List signals, the newest first: those that hold, those that are over, or all."""
    speak(
        lambda: signalling.listed(folder, state, symbol, limit),
        signal_tables.show_listed,
        as_json=as_json,
    )


@app.command()
def score(
    symbol: Annotated[
        str | None, typer.Argument(help="Instrument; all of them by default.")
    ] = None,
    *,
    folder: Folder = HERE,
    decision: Annotated[
        str | None,
        typer.Option(help="Id of a captured decision, by what was known."),
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Store the signals; by default none is.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask the champions about the newest captured bar, or about a decision."""
    speak(
        lambda: signalling.scored(folder, symbol, decision, store=store),
        signal_tables.show_scored,
        as_json=as_json,
    )


@app.command()
def explain(
    signal: Annotated[str, typer.Argument(help="Number or key of a signal.")],
    *,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show everything about a signal: fields, features, reasons, model, outcome."""
    speak(
        lambda: signalling.explained(folder, signal),
        signal_tables.show_explained,
        as_json=as_json,
    )


@app.command()
def stats(
    *,
    folder: Folder = HERE,
    by: Annotated[
        list[str] | None,
        typer.Option(help="model, symbol, confidence or regime; repeatable."),
    ] = None,
    symbol: Symbol = None,
    as_json: Json = False,
) -> None:
    """Sum up what came of the signals, beside no skill."""
    speak(
        lambda: signalling.figured(folder, by or ["model"], symbol),
        signal_tables.show_figures,
        as_json=as_json,
    )


@app.command()
def settle(*, folder: Folder = HERE, as_json: Json = False) -> None:
    """Write what came of signals whose horizon has passed; tell the experiments."""
    speak(
        lambda: signalling.settled(folder),
        signal_tables.show_settled,
        as_json=as_json,
    )


@experiment.command()
def start(
    model: Model,
    version: Annotated[str, typer.Argument(help="Such as v1.0.1, or challenger.")],
    *,
    kind: Annotated[str, typer.Option(help="shadow, ab or canary.")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Begin an experiment; a running server takes it up within a second."""
    speak(
        lambda: signalling.begun(folder, model, version, kind),
        signal_tables.show_experiment,
        as_json=as_json,
    )


@experiment.command()
def show(
    model: Annotated[str | None, typer.Argument(help="Name of a model.")] = None,
    *,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show the experiments that run."""
    speak(
        lambda: signalling.shown(folder, model),
        signal_tables.show_experiments,
        as_json=as_json,
    )


@experiment.command(name="end")
def end_(
    model: Model,
    *,
    reason: Annotated[str, typer.Option(help="Why, in words; it is kept.")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """End an experiment: a canary is rolled back, others just stop."""
    speak(
        lambda: signalling.ended(folder, model, reason),
        signal_tables.show_experiment,
        as_json=as_json,
    )

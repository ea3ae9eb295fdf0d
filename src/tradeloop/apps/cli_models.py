"""``tradeloop models``: trained, searched, evaluated; listed, promoted, rolled back."""

from typing import Annotated, Literal

import typer

from tradeloop.apps import cli_models_registry, searching, training
from tradeloop.apps.options import HERE, Folder, Json
from tradeloop.apps.terminal import speak

app = typer.Typer(
    help="Train, search and evaluate models; list, compare and promote them.",
    no_args_is_help=True,
)

Dataset = Annotated[
    str,
    typer.Argument(
        help="Dataset to learn from: its id, or the beginning of id or version; by "
        "default the newest."
    ),
]
Model = Annotated[
    str,
    typer.Option("--model", help="An estimator of model_configs.yaml, or ensemble."),
]
Name = Annotated[
    str | None,
    typer.Option("--name", help="In the registry; by default model and horizon."),
]


@app.command()
def train(  # one parameter an option
    dataset: Dataset = "",
    *,
    folder: Folder = HERE,
    model: Model = "ensemble",
    name: Name = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the estimators; that of model.yaml.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", help="Version of the same name to go on from."),
    ] = None,
    inputs: Annotated[
        Literal["decision", "market"] | None,
        typer.Option(help="That of model_configs.yaml if absent."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a model walking forward, judge it on unseen rows, and register it."""
    speak(
        lambda: training.trained(
            training.Wish(folder, dataset, model, name, seed, start, inputs),
            quiet=as_json,
        ),
        training.show_trained,
        as_json=as_json,
        good=lambda answer: bool(answer["registered"]),
    )


@app.command()
def search(  # one parameter an option
    dataset: Dataset = "",
    *,
    folder: Folder = HERE,
    model: Model = "boosting",
    name: Name = None,
    trials: Annotated[
        int | None,
        typer.Option(help="In each outer fold, those of earlier runs included."),
    ] = None,
    workers: Annotated[
        int, typer.Option(help="Processes that search in one journal.", min=0)
    ] = 1,
    as_json: Json = False,
) -> None:
    """Search for parameters on inner folds; every trial counts."""
    speak(
        lambda: searching.sought(
            folder,
            dataset,
            model,
            name=name,
            trials=trials,
            workers=workers,
            quiet=as_json,
        ),
        searching.show_sought if workers else (lambda _: None),
        as_json=as_json,
        good=lambda answer: bool(answer.get("registered", True)),
    )


@app.command()
def evaluate(
    name: Annotated[str, typer.Argument(help="Name of a registered model.")],
    version: Annotated[str, typer.Argument(help="Such as v1.0.0.")],
    *,
    dataset: Annotated[
        str, typer.Option("--dataset", help="By default the newest.")
    ] = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Judge a registered model on the rows of a dataset that came after it."""
    speak(
        lambda: searching.judged(folder, name, version, dataset),
        searching.show_judged,
        as_json=as_json,
    )


cli_models_registry.add_to(app)

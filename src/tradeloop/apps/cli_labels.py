"""``tradeloop labels``: rules, grading, and how a grade came about."""

from pathlib import Path
from typing import Annotated

import typer

from tradeloop.apps import grading, ruling
from tradeloop.apps.options import HERE, Folder, Json
from tradeloop.apps.terminal import speak

app = typer.Typer(
    help="Grade decisions by what came of them, and explain each grade.",
    no_args_is_help=True,
)

Horizons = Annotated[
    str | None, typer.Option(help="Such as 1h,4h,1d; the first is the primary one.")
]
Benchmark = Annotated[
    str | None, typer.Option(help="Instrument to beat; cash by default.")
]
AsOf = Annotated[
    str | None,
    typer.Option(help="Only what was recorded by then, such as 2026-01-31T12:00:00Z."),
]


@app.command()
def apply(  # one parameter an option
    *,
    folder: Folder = HERE,
    horizons: Horizons = None,
    benchmark: Benchmark = None,
    as_of: AsOf = None,
    out: Annotated[
        Path | None, typer.Option(help="Parquet file for the labels.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Grade every captured decision, as far as its future has arrived."""
    speak(
        lambda: grading.applied(
            folder, grading.asked(folder, horizons, benchmark, as_of), out
        ),
        grading.show_applied,
        as_json=as_json,
    )


@app.command()
def explain(  # one parameter an option
    decision_id: str,
    *,
    folder: Folder = HERE,
    horizons: Horizons = None,
    benchmark: Benchmark = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Print every number that led to the label of a decision."""
    speak(
        lambda: grading.explained(
            folder, decision_id, grading.asked(folder, horizons, benchmark, as_of)
        ),
        grading.show_explained,
        as_json=as_json,
    )


@app.command()
def rules(  # one parameter an option
    name: Annotated[
        str | None, typer.Argument(help="Show every version of this rule.")
    ] = None,
    *,
    folder: Folder = HERE,
    add: Annotated[
        Path | None, typer.Option(help="YAML file of rules to write down.")
    ] = None,
    enable: Annotated[str | None, typer.Option(help="Put a rule in force.")] = None,
    disable: Annotated[
        str | None, typer.Option(help="Put a rule out of force.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of rule files.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the labelling rules; add some, put one in force or out of it."""
    speak(
        lambda: ruling.ruled(folder, name, add, enable, disable, schema=schema),
        ruling.show_ruled,
        as_json=as_json,
    )


@app.command()
def audit(
    *,
    folder: Folder = HERE,
    horizons: Horizons = None,
    benchmark: Benchmark = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Judge the labels: agreement, stability, maturity, drift, certainty."""
    speak(
        lambda: grading.audited(
            folder, grading.asked(folder, horizons, benchmark, as_of)
        ),
        grading.show_audited,
        as_json=as_json,
    )


@app.command()
def significance(  # one parameter an option
    *,
    folder: Folder = HERE,
    horizons: Horizons = None,
    benchmark: Benchmark = None,
    as_of: AsOf = None,
    by: Annotated[
        str, typer.Option(help="Of strategy, instrument, label_rule, with commas.")
    ] = "strategy",
    as_json: Json = False,
) -> None:
    """Say which groups of labels are better or worse than nothing, beyond luck."""
    speak(
        lambda: grading.told_apart_by(
            folder, grading.asked(folder, horizons, benchmark, as_of), by
        ),
        grading.show_told_apart,
        as_json=as_json,
    )

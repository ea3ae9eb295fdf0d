"""The command line: nouns, verbs, ``--json``; each a thin shell over a function.

Exit status: 0 done, 2 the input or the arguments break a rule, 1 anything else.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tradeloop import __version__
from tradeloop.apps import bench as benches
from tradeloop.apps import (
    cli_capture,
    cli_datasets,
    cli_features,
    cli_labels,
    cli_models,
    cli_quality,
    cli_signals,
    simulating,
)
from tradeloop.apps import doctor as doctors
from tradeloop.apps import init as inits
from tradeloop.apps import loop as loops
from tradeloop.apps import schemas as contracts
from tradeloop.apps import serving as servers
from tradeloop.apps.options import Columns, Json
from tradeloop.apps.settings import switch_telemetry_off
from tradeloop.apps.terminal import (
    Answer,
    Commands,
    answers,
    messages,
    speak,
    stopping,
)

app = typer.Typer(
    cls=Commands,
    help="Every trading decision becomes a training row that cannot leak.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(cli_capture.app, name="capture")
app.add_typer(cli_features.app, name="features")
app.add_typer(cli_labels.app, name="labels")
app.add_typer(cli_datasets.app, name="datasets")
app.add_typer(cli_models.app, name="models")
app.add_typer(cli_quality.app, name="quality")
app.add_typer(cli_signals.app, name="signals")

Out = Annotated[
    Path, typer.Option("--out", help="Folder of the run: stores, dataset, report.")
]


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    switch_telemetry_off()
    app()


@app.callback(invoke_without_command=True)
def _root(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print it.")] = False,
) -> None:
    if version:
        sys.stdout.write(f"tradeloop {__version__}\n")
        raise typer.Exit


@app.command()
def demo(*, out: Out = Path("tradeloop-demo"), as_json: Json = False) -> None:
    """Run the whole loop on real daily index bars, 1999 to 2018."""
    speak(lambda: loops.demo(out, quiet=as_json), loops.show, as_json=as_json)


@app.command()
def run(  # noqa: PLR0913  # one parameter an option
    *,
    market: Annotated[
        list[Path],
        typer.Option(
            help="Bars, quotes or trades: Parquet, CSV or Arrow; more files may follow."
        ),
    ],
    more: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="More market files."),
    ] = None,
    decisions: Annotated[Path | None, typer.Option(help="File of decisions.")] = None,
    strategy: Annotated[
        str | None, typer.Option(help="Rule strategy that decides, or 'all'.")
    ] = None,
    fills: Annotated[Path | None, typer.Option(help="File of fills.")] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="Instrument to beat; cash by default.")
    ] = None,
    horizons: Annotated[
        str | None, typer.Option(help="Such as 1m,5m; the first is learned.")
    ] = None,
    columns: Columns = None,
    bar: Annotated[
        str | None, typer.Option(help="Bar to build from ticks, such as 1s or 1m.")
    ] = None,
    out: Out = Path("tradeloop-run"),
    as_json: Json = False,
) -> None:
    """Run the whole loop on your own files."""
    wish = loops.Wish(
        market=(*market, *(more or ())),
        decisions=decisions,
        strategy=strategy,
        fills=fills,
        benchmark=benchmark,
        horizons=horizons,
        columns=columns,
        bar=bar,
    )
    speak(lambda: loops.run(wish, out, quiet=as_json), loops.show, as_json=as_json)


@app.command()
def init(folder: Path, *, as_json: Json = False) -> None:
    """Write tradeloop.toml and commented rule files into FOLDER."""
    speak(
        lambda: {"written": [str(path) for path in inits.init(folder)]},
        lambda answer: answers.print("\n".join(answer["written"]), markup=False),
        as_json=as_json,
    )


@app.command()
def doctor(
    *, folder: Annotated[Path, typer.Option("--dir")] = Path(), as_json: Json = False
) -> None:
    """Show what is there and what is not."""
    speak(lambda: doctors.examine(folder), doctors.show, as_json=as_json)


@app.command()
def simulate(  # noqa: PLR0913  # one parameter an option
    *,
    preset: Annotated[str, typer.Option(help="fx or crypto.")] = "fx",
    days: Annotated[float, typer.Option(help="Length of the market.")] = 5.0,
    seed: Annotated[int, typer.Option(help="The same seed, the same files.")] = 7,
    rate: Annotated[float, typer.Option(help="Factor of the message rates.")] = 1.0,
    faults: Annotated[
        bool, typer.Option("--faults", help="Plant duplicates, disorder, gaps.")
    ] = False,
    fit: Annotated[
        list[Path] | None,
        typer.Option(help="Fit the preset to recorded files instead; repeatable."),
    ] = None,
    instrument: Annotated[
        str | None, typer.Option(help="Which one of the files to fit.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="A new folder.")] = Path(
        "tradeloop-simulated"
    ),
    as_json: Json = False,
) -> None:
    """Make a market with known truth, always marked as simulated."""

    def call() -> Answer:
        if fit:
            return simulating.fit(tuple(fit), out, preset=preset, instrument=instrument)
        return simulating.simulate(
            out, preset=preset, days=days, seed=seed, rate=rate, faults=faults
        )

    speak(call, simulating.show, as_json=as_json)


@app.command()
def schemas(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write them to.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the JSON Schemas of all events, and the AsyncAPI document."""
    speak(lambda: contracts.schemas(out), contracts.show, as_json=as_json)


@app.command()
def bench(
    area: Annotated[str, typer.Argument(help=benches.HELP)], *, as_json: Json = False
) -> None:
    """Measure one area against its named peers, in one run."""
    speak(lambda: benches.measure(area), benches.show, as_json=as_json)


@app.command()
def serve(
    *,
    folder: Annotated[
        Path, typer.Option("--dir", help="Folder of a run, with its stores.")
    ] = Path("tradeloop-demo"),
    host: Annotated[str | None, typer.Option(help="Default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Default 8800.")] = None,
    as_json: Json = False,
) -> None:
    """Start the HTTP API on loopback; --json prints where it listens, then serves."""

    def call() -> Answer:
        return servers.prepare(folder, host=host, port=port)

    def told(answer: Answer) -> None:
        messages.print(f"{answer['url']}/docs  (stop with Ctrl-C)")

    speak(call, told, as_json=as_json)
    stopping(lambda: servers.serve(folder, host=host, port=port), as_json=as_json)

"""The command line: nouns, verbs, ``--json``; each a thin shell over a function.

Exit status: 0 done, 2 the input or the arguments break a rule, 1 anything else.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from tradeloop import __version__
from tradeloop.apps import bench as benches
from tradeloop.apps import doctor as doctors
from tradeloop.apps import init as inits
from tradeloop.apps import loop as loops
from tradeloop.apps import serving as servers
from tradeloop.apps.settings import switch_telemetry_off
from tradeloop.apps.terminal import answers, messages, write_json
from tradeloop.errors import InputError, TradeloopError

app = typer.Typer(
    help="Every trading decision becomes a training row that cannot leak.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]
Out = Annotated[
    Path, typer.Option("--out", help="Folder of the run: stores, dataset, report.")
]
Answer = Mapping[str, Any]
T = TypeVar("T")


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    switch_telemetry_off()
    app()


def _speak(
    call: Callable[[], Answer], show: Callable[[Answer], None], *, as_json: bool
) -> None:
    """Call, then print the answer."""
    answer = _stopping(call, as_json=as_json)
    if as_json:
        write_json(json.dumps(answer, allow_nan=False))
    else:
        show(answer)


def _stopping(call: Callable[[], T], *, as_json: bool) -> T:
    """Call; an error on purpose becomes one message and an exit status."""
    try:
        return call()
    except TradeloopError as error:
        status = 2 if isinstance(error, InputError) else 1
        if as_json:
            said = {"error": type(error).__name__, "message": str(error)}
            write_json(json.dumps(said))
        messages.print(f"[bold red]{type(error).__name__}[/]:", end=" ")
        messages.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(status) from error


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
    _speak(lambda: loops.demo(out, quiet=as_json), loops.show, as_json=as_json)


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
    columns: Annotated[
        Path | None, typer.Option(help="TOML that maps your columns.")
    ] = None,
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
    _speak(lambda: loops.run(wish, out, quiet=as_json), loops.show, as_json=as_json)


@app.command()
def init(folder: Path, *, as_json: Json = False) -> None:
    """Write tradeloop.toml and commented rule files into FOLDER."""
    _speak(
        lambda: {"written": [str(path) for path in inits.init(folder)]},
        lambda answer: answers.print("\n".join(answer["written"]), markup=False),
        as_json=as_json,
    )


@app.command()
def doctor(
    *, folder: Annotated[Path, typer.Option("--dir")] = Path(), as_json: Json = False
) -> None:
    """Show what is there and what is not."""
    _speak(lambda: doctors.examine(folder), doctors.show, as_json=as_json)


@app.command()
def bench(
    area: Annotated[str, typer.Argument(help=benches.HELP)], *, as_json: Json = False
) -> None:
    """Measure one area against its named peers, in one run."""
    _speak(lambda: benches.measure(area), benches.show, as_json=as_json)


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

    _speak(call, told, as_json=as_json)
    _stopping(lambda: servers.serve(folder, host=host, port=port), as_json=as_json)

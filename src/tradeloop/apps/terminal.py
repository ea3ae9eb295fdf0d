"""What a person sees in the terminal: progress with an ETA, tables, errors."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from typer.core import TyperGroup

from tradeloop.clock import monotonic_s
from tradeloop.errors import InputError, TradeloopError

Answer = Mapping[str, Any]
T = TypeVar("T")

# What all errors of usage are; typer has no public name for it.
UsageError: Any = typer.BadParameter.__base__

# Progress and messages go to standard error: standard output is for the answer.
messages = Console(stderr=True, highlight=False)
answers = Console(highlight=False)


class Bars:
    """One bar over all stages, weighed by how long each took when it was measured."""

    def __init__(
        self, progress: Progress, task: TaskID, weights: dict[str, float]
    ) -> None:
        self._progress, self._task, self._weights = progress, task, weights
        self._began_s = monotonic_s()

    def begin(self, stage: str) -> None:
        """Show the name of the stage."""
        self._began_s = monotonic_s()
        self._progress.update(self._task, description=stage)

    def end(self, stage: str, figure: str) -> None:
        """Print one line for the stage and move the bar."""
        took_s = monotonic_s() - self._began_s
        self._progress.console.print(
            f"[green]✓[/] {stage:<22} [dim]{took_s:6.2f} s[/]  {escape(figure)}",
            soft_wrap=True,
        )
        self._progress.advance(self._task, self._weights.get(stage, 0.0))


@contextmanager
def bars(weights: dict[str, float], *, quiet: bool) -> Iterator[Bars]:
    """Show progress on standard error; ``quiet`` shows nothing."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=Console(stderr=True, quiet=quiet, highlight=False),
        transient=True,
    )
    with progress:
        task = progress.add_task("starting", total=sum(weights.values()))
        yield Bars(progress, task, weights)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Lay rows of text out as a table."""
    shown = Table(title=title, title_justify="left", header_style="bold")
    for name in columns:
        shown.add_column(name)
    for row in rows:
        shown.add_row(*row)
    return shown


def write_json(text: str) -> None:
    """Write one JSON document to standard output, and nothing else."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Commands(TyperGroup):
    """The root of the commands: with ``--json`` errors of usage are one document, too.

    An unknown option or a missing argument is found before any command is called.
    """

    _as_json = False

    def make_context(self, info_name: Any, args: Any, *more: Any, **extra: Any) -> Any:
        """Parse the options of the root."""
        options = args[: args.index("--")] if "--" in args else args
        self._as_json = "--json" in options
        with self._telling():
            return super().make_context(info_name, args, *more, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Parse what stands after the name of a command, and call it."""
        with self._telling():
            return super().invoke(ctx)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except UsageError as error:
            if self._as_json:
                said = {"error": "InputError", "message": error.format_message()}
                write_json(json.dumps(said))
            raise


def speak(
    call: Callable[[], Answer],
    show: Callable[[Answer], None],
    *,
    as_json: bool,
    good: Callable[[Answer], bool] | None = None,
) -> None:
    """Call, then print the answer; exit with 1 where it is not good."""
    answer = stopping(call, as_json=as_json)
    if as_json:
        write_json(json.dumps(answer, allow_nan=False))
    else:
        show(answer)
    if good is not None and not good(answer):
        raise typer.Exit(1)


def stopping(call: Callable[[], T], *, as_json: bool) -> T:
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

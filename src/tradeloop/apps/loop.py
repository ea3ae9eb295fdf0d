"""``tradeloop demo`` and ``tradeloop run``: one run of the loop, shown to a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradeloop.apps.choosing import rules_of
from tradeloop.apps.rules import copy_rules, located
from tradeloop.apps.settings import FILE, Settings, is_kept, keep, load
from tradeloop.apps.summary_panel import panel, paths
from tradeloop.apps.terminal import answers, bars
from tradeloop.clock import LiveClock, monotonic_s
from tradeloop.errors import InputError
from tradeloop.events import duration_ns, duration_text
from tradeloop.pipelines.demo import demo_job
from tradeloop.pipelines.job import Job
from tradeloop.pipelines.loop import run_loop
from tradeloop.pipelines.own import Files, own_job
from tradeloop.pipelines.progress import stage

# Share of the time that each stage took when the demo was measured: for the ETA only.
_WEIGHTS = {
    "market data": 4.0,
    "features": 8.0,
    "decisions": 2.0,
    "labels": 2.0,
    "journal and lake": 8.0,
    "quality": 2.0,
    "dataset": 4.0,
    "model": 18.0,
    "leak certificate": 6.0,
    "importance": 2.0,
    "lake": 16.0,
    "registry": 16.0,
    "signals": 6.0,
    "back-test": 4.0,
    "report": 4.0,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Options of ``tradeloop run``, as typed."""

    market: tuple[Path, ...]
    decisions: Path | None = None
    strategy: str | None = None
    fills: Path | None = None
    benchmark: str | None = None
    horizons: str | None = None
    columns: Path | None = None
    bar: str | None = None


def demo(out: Path, *, quiet: bool) -> Mapping[str, Any]:
    """Run the loop over the daily index bars that travel with ``arch``."""
    settings = _settings(out)
    return _run(demo_job, settings, out, quiet=quiet)


def run(wish: Wish, out: Path, *, quiet: bool) -> Mapping[str, Any]:
    """Run the loop over the user's own files.

    Raises
    ------
    InputError
        The options contradict each other, or a file breaks a rule.
    """
    settings = _settings(out)
    if (wish.decisions is None) == (wish.strategy is None):
        raise InputError(
            "A run needs either decisions or a strategy that makes them.",
            way_out="Give --decisions PATH or --strategy NAME, not both.",
            source="arguments",
        )
    files = Files(
        market=wish.market,
        decisions=wish.decisions,
        strategy=wish.strategy,
        fills=wish.fills,
        columns=wish.columns,
        bar=wish.bar,
    )
    asked_ns = _horizons(wish, settings)
    benchmark = wish.benchmark or settings.benchmark or None

    if wish.bar is not None:
        with located("--bar"):
            duration_ns(wish.bar)

    def job() -> Job:
        return own_job(files, horizons_ns=asked_ns, benchmark=benchmark)

    return _run(job, settings, out, quiet=quiet)


def _horizons(wish: Wish, settings: Settings) -> tuple[int, ...]:
    if wish.horizons is None:
        with located(f"horizons of {FILE}"):
            return tuple(duration_ns(part) for part in settings.horizons)
    with located("--horizons"):
        return tuple(duration_ns(part) for part in wish.horizons.split(","))


def show(answer: Mapping[str, Any]) -> None:
    """Print the summary panel, and below it the paths."""
    answers.print(panel(answer))
    for name, path in paths(answer):
        answers.print(f"{name:<8} {path}", markup=False, soft_wrap=True)


def _settings(out: Path) -> Settings:
    """Read the settings of the folder that this run takes them from."""
    return load(_home(out))


def _home(out: Path) -> Path:
    """Folder of settings and rules: ``out`` if they are the user's own, else here.

    What an earlier run kept beside its results is for readers; it decides no next run.
    """
    return Path() if is_kept(out) else out


def _run(
    job: Callable[[], Job], settings: Settings, out: Path, *, quiet: bool
) -> Mapping[str, Any]:
    began_s = monotonic_s()
    taken = next((p for p in (out, *out.parents) if p.exists()), Path())
    if not taken.is_dir():
        raise InputError(
            f"--out must be a folder, but {taken} is a file.",
            way_out="Name another folder.",
            source="--out",
        )
    home = _home(out)
    rules = rules_of(settings, home)
    with bars(_WEIGHTS, quiet=quiet) as progress:
        with stage(progress, "market data") as told:
            asked = job()
            told.text = f"{asked.market.bars.height:,} bars"
        answer = run_loop(
            asked,
            rules,
            settings.places(out),
            settings.acting(),
            LiveClock(),
            out=out,
            progress=progress,
        )
    if is_kept(out):
        copy_rules(home / settings.rules, out / settings.rules)
    asked_for = {
        "horizons": tuple(duration_text(ns) for ns in asked.horizons_ns),
        "benchmark": asked.benchmark or "",
        "feature_files": tuple(
            str((home / name).resolve()) for name in settings.feature_files
        ),
    }
    keep(settings.model_copy(update=asked_for), out)
    return {**answer, "seconds": round(monotonic_s() - began_s, 3)}

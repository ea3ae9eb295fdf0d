"""What ``tradeloop models search|evaluate`` does, and how it is shown."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from tradeloop.apps.assembling import there
from tradeloop.apps.terminal import answers, messages
from tradeloop.apps.training import (
    answer_of,
    configs_of,
    name_of,
    show_figures,
    show_trained,
)
from tradeloop.clock import monotonic_s
from tradeloop.datasets import utc_text
from tradeloop.errors import BusyError
from tradeloop.pipelines.evaluate_models import evaluated
from tradeloop.pipelines.lesson import read_lesson, training_of, with_bars
from tradeloop.pipelines.models_load import load_model
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.search_models import (
    Asked,
    explored,
    records_of,
    searched,
    study_of,
)
from tradeloop.pipelines.train_models import kept, told
from tradeloop.pipelines.trained import figures_of
from tradeloop.pipelines.workspace import Workspace

HELPER = 0
"""Number of workers that marks a process that only helps another one."""
_PROGRAM = "from tradeloop.apps.cli_models import app; app()"
_WAIT_S, _TRIES = 0.25, 240


def sought(
    folder: Path,
    dataset: str,
    model: str,
    *,
    name: str | None,
    trials: int | None,
    workers: int,
    quiet: bool,
) -> Mapping[str, Any]:
    """Search for parameters, say what that gained, and register the tuned model.

    No store is open while it searches.
    """
    asked = _asked(folder, dataset, model, trials)
    if not quiet:
        messages.print(f"study {asked.study.name}", markup=False)
        asked = replace(asked, heard=_teller(asked))
    if workers != 1:
        with _helpers(folder, asked, workers - 1):
            explored(asked)
    if workers == HELPER:
        return {"study": asked.study.name}
    nested, found = searched(asked)
    about = {
        "study": asked.study.name,
        "journal": str(asked.study.journal),
        "trials": dict(nested.counts),
        "gain": nested.gain.as_mapping(),
        "parameters": [dict(each) for each in nested.parameters],
    }
    lesson = asked.lesson
    with _patiently(folder) as (workspace, rules):
        done = kept(
            workspace,
            lesson,
            found,
            name=name or name_of(model, lesson),
            seed=asked.seed,
            own=rules.features.own,
            trials=(asked.study.name, records_of(nested)),
            more={"search": about},
        )
    return {**answer_of(lesson, model, done, told(found, done.certificate)), **about}


def _asked(folder: Path, dataset: str, model: str, trials: int | None) -> Asked:
    configs = configs_of(folder)
    if trials is not None:
        configs = replace(configs, search=replace(configs.search, trials=trials))
    with _patiently(folder) as (workspace, rules):
        seed = rules.model.seed
        lesson = read_lesson(workspace, dataset, configs.training)
        steps = configs.recipe(model).steps
        lesson = with_bars(workspace, lesson, steps, rules.features.own)
        study = study_of(workspace, lesson, model, configs, seed)
    return Asked(lesson, study, configs, rules.costs, seed)


def _teller(asked: Asked) -> Callable[[int, int], None]:
    """Tell of each trial, with the estimated time that the searches still take."""
    folds = asked.configs.search.outer or asked.lesson.subject.splitter.count()
    began_s, told = monotonic_s(), [0]

    def tell(begun: int, wanted: int) -> None:
        told[0] += 1
        left = max(0, wanted * folds - told[0])
        eta_s = (monotonic_s() - began_s) / told[0] * left
        text = f"trial {begun} of {wanted} of this fold, at most {eta_s:.0f} s left"
        messages.print(text, markup=False)

    return tell


@contextmanager
def _patiently(folder: Path) -> Iterator[tuple[Workspace, Rules]]:
    """Open the workspace; while another process has it, wait up to a minute."""
    for turn in range(_TRIES):
        opened = there(folder)
        try:
            found = opened.__enter__()  # tried again where it is busy
            break
        except BusyError:
            if turn + 1 == _TRIES:
                raise
            Event().wait(_WAIT_S)
    try:
        yield found
    finally:
        opened.__exit__(None, None, None)


@contextmanager
def _helpers(folder: Path, asked: Asked, count: int) -> Iterator[None]:
    """Let other processes search in the same journal, and wait for them."""
    command = [
        *(sys.executable, "-c", _PROGRAM, "search", asked.lesson.subject.dataset_id),
        *("--dir", str(folder), "--model", asked.study.model),
        *("--workers", str(HELPER), "--json"),
        *("--trials", str(asked.configs.search.trials)),
    ]
    running = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  # this program
        for _ in range(max(0, count))
    ]
    try:
        yield
    finally:
        failed = [process.wait() for process in running]
        if any(failed):
            text = f"{sum(map(bool, failed))} of {count} helpers failed"
            messages.print(f"{text}; what they had tried counts.", markup=False)


def show_sought(answer: Mapping[str, Any]) -> None:
    """Print the trials, what they gained, and the model that came of it."""
    counts, gain = answer["trials"], answer["gain"]
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    answers.print(
        f"study {answer['study']}: {sum(counts.values())} trials ({said}); all count",
        markup=False,
        soft_wrap=True,
    )
    share = [f"{gain['share'][end]:+.2%}" for end in ("value", "low", "high")]
    verdict = "a gain" if gain["found"] else "no gain is shown: keep the defaults"
    answers.print(
        f"log loss against the defaults, {gain['rows']:,} rows that the search never "
        f"saw: {share[0]} better [{share[1]}, {share[2]}]: {verdict}",
        markup=False,
        soft_wrap=True,
    )
    for fold, values in enumerate(answer["parameters"]):
        listed = ", ".join(f"{name} {_short(value)}" for name, value in values.items())
        answers.print(f"fold {fold + 1}: {listed}", markup=False, soft_wrap=True)
    show_trained(answer)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def judged(folder: Path, name: str, version: str, dataset: str) -> Mapping[str, Any]:
    """Evaluate a registered model on the rows of a dataset that came after it."""
    configs = configs_of(folder)
    with there(folder) as (workspace, rules):
        artefact = load_model(workspace, name, version)
        lesson = read_lesson(
            workspace, dataset, training_of(artefact, configs.training)
        )
        lesson = with_bars(workspace, lesson, artefact.steps, rules.features.own)
        found = evaluated(workspace, artefact, lesson, seed=rules.model.seed)
    evaluation = found.evaluation
    return {
        "name": name,
        "version": version,
        "dataset_id": found.dataset_id,
        "after": utc_text(found.until_ns),
        "figures": figures_of(evaluation),
        "evaluation": evaluation.as_mapping(),
    }


def show_judged(answer: Mapping[str, Any]) -> None:
    """Print the figures of an evaluation."""
    answers.print(
        f"{answer['name']} {answer['version']} on {answer['dataset_id']}: "
        f"{answer['evaluation']['rows']:,} rows decided after {answer['after']}",
        markup=False,
        soft_wrap=True,
    )
    show_figures(answer["figures"])
    if answer["evaluation"]["leak_alarm"]:
        text = "leak alarm: too good; look for a leak before you believe it"
        answers.print(text, markup=False)

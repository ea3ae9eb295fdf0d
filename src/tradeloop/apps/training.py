"""What ``tradeloop models train`` does, and how it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rich.markup import escape

from tradeloop.apps.assembling import there
from tradeloop.apps.rules import load_model_configs
from tradeloop.apps.settings import load
from tradeloop.apps.terminal import answers, messages, table
from tradeloop.clock import monotonic_s
from tradeloop.errors import TradeloopError
from tradeloop.models.configs import ModelConfigs
from tradeloop.models.pace import Pace, Step
from tradeloop.pipelines.finished_folds import FinishedFolds
from tradeloop.pipelines.lesson import Lesson, going_on, read_lesson, with_bars
from tradeloop.pipelines.train_models import Kept, figures, kept, learned, told
from tradeloop.pipelines.training_job import begin_job, end_job

_SHOWN = (
    "accuracy",
    "accuracy_majority",
    "balanced_accuracy",
    "direction_accuracy",
    "log_loss",
    "log_loss_no_skill",
    "log_loss_gain",
    "calibration_error",
    "mcc",
    "auc",
    "ic",
    "rank_ic",
    "net_bps",
    "traded_share",
)
_FEW_SLICES = 20


def configs_of(folder: Path) -> ModelConfigs:
    """Read the ``model_configs.yaml`` of a workspace."""
    return load_model_configs(folder / load(folder).rules)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be trained.

    Parameters
    ----------
    folder : Path
        Workspace.
    dataset, model : str
        Dataset, empty for the newest; estimator of ``model_configs.yaml``, or ensemble.
    name : str, optional
        In the registry.
    seed : int, optional
        That of ``model.yaml`` where absent.
    start : str, optional
        Version of the same name to go on from.
    inputs : str, optional
        ``decision`` or ``market``; that of ``model_configs.yaml`` where absent.
    """

    folder: Path
    dataset: str
    model: str
    name: str | None = None
    seed: int | None = None
    start: str | None = None
    inputs: Literal["decision", "market"] | None = None

    def configs(self) -> ModelConfigs:
        """Return the settings, with the inputs that were asked for."""
        found = configs_of(self.folder)
        if self.inputs is None:
            return found
        chosen = replace(found.training, inputs=self.inputs)
        return replace(found, training=chosen)


def trained(wish: Wish, *, quiet: bool) -> Mapping[str, Any]:
    """Train a model, judge it, check it where it is too good, and register it.

    No store is open while it trains.
    """
    folder, model, configs = wish.folder, wish.model, wish.configs()
    with there(folder) as (workspace, rules):
        chosen = rules.model.seed if wish.seed is None else wish.seed
        lesson = read_lesson(workspace, wish.dataset, configs.training)
        called = wish.name or name_of(model, lesson)
        if wish.start is not None:
            lesson = going_on(workspace, lesson, called, wish.start)
        folds = FinishedFolds.of(workspace)
        rows = lesson.subject.dataset.sample_count
        recipe = configs.recipe(model, seed=chosen, rows=rows)
        lesson = with_bars(workspace, lesson, recipe.steps, rules.features.own)
        version = lesson.subject.dataset.version
        job = begin_job(workspace, called, version, recipe.as_mapping())
    pace = Pace(_silent if quiet else _say, monotonic_s)
    try:
        found = learned(lesson, recipe, seed=chosen, folds=folds, pace=pace)
    except TradeloopError as error:
        with there(folder) as (workspace, _):
            end_job(workspace, job, "failed", error=str(error))
        raise
    with there(folder) as (workspace, rules):
        done = kept(
            workspace,
            lesson,
            found,
            name=called,
            seed=chosen,
            own=rules.features.own,
        )
        made = "" if done.model is None else done.model.version
        end_job(workspace, job, "done", version=made)
    folds.forget()
    return answer_of(lesson, model, done, told(found, done.certificate))


def name_of(model: str, lesson: Lesson) -> str:
    """Name of a model in the registry, where none is given."""
    return f"{model}-{lesson.subject.horizon}"


def _silent(_: Step) -> None:
    """Tell nobody."""


def _say(step: Step) -> None:
    left = "" if step.eta_s is None else f", about {step.eta_s:.0f} s left"
    messages.print(
        f"fold {step.fold + 1} of {step.folds}  {step.part:<16} "
        f"{step.seconds:7.2f} s{left}",
        markup=False,
    )


def answer_of(
    lesson: Lesson, model: str, done: Kept, numbers: Mapping[str, Any]
) -> dict[str, Any]:
    """Say what was trained, and whether it is registered."""
    version = done.model
    failed = [] if done.certificate is None else done.certificate.failed
    return {
        "model": model,
        "dataset_id": lesson.subject.dataset_id,
        "horizon": lesson.subject.horizon,
        "simulated": lesson.subject.simulated,
        "rows": lesson.subject.dataset.sample_count,
        "name": None if version is None else version.name,
        "version": None if version is None else version.version,
        "new": version is not None and version.new,
        "path": None if version is None else str(version.path),
        "note": "" if version is None else version.note,
        "parent": lesson.parent,
        "registered": version is not None,
        "failed_checks": [f"{check.name}: {check.detail}" for check in failed],
        "figures": figures(done.trained),
        **numbers,
    }


def show_trained(answer: Mapping[str, Any]) -> None:
    """Print the figures beside their baselines, and where the model is."""
    mark = " (simulated)" if answer["simulated"] else ""
    answers.print(
        f"{answer['model']} on {answer['dataset_id']}{mark}, {answer['horizon']} "
        f"ahead: {answer['evaluation']['rows']:,} test rows in "
        f"{len(answer['folds'])} folds",
        markup=False,
        soft_wrap=True,
    )
    show_figures(answer["figures"])
    _show_slices(answer["slices"])
    for left in answer["skipped"]:
        text = f"fold {left['fold']} left out: {left['reason']}"
        answers.print(text, markup=False, soft_wrap=True)
    _show_leak(answer)
    if answer["registered"]:
        new = "draft" if answer["new"] else "was there before"
        text = f"{answer['name']} {answer['version']} ({new})  {answer['path']}"
        answers.print(text, markup=False, soft_wrap=True)
    if answer["note"]:
        answers.print(answer["note"], markup=False, soft_wrap=True)


def show_figures(figures_: Mapping[str, float]) -> None:
    """Print the figures of an evaluation, each with its interval."""
    rows = [
        (
            escape(name.replace("_", " ")),
            f"{figures_[name]:.4f}",
            f"{figures_[f'{name}_low']:.4f} to {figures_[f'{name}_high']:.4f}",
        )
        for name in _SHOWN
        if name in figures_
    ]
    head = ("on rows it had not seen", "value", "95 % interval")
    answers.print(table("", head, rows))


def _show_slices(found: Mapping[str, Any] | None) -> None:
    """Print what was gained in each part; many looks find something by luck."""
    if found is None:
        return
    slices = [each for each in found["slices"] if "log_loss_gain" in each]
    rows = [
        (
            escape(f"{each['group']} {each['value']}"),
            f"{each['rows']:,}",
            _gain(each["log_loss_gain"]),
        )
        for each in slices[:_FEW_SLICES]
    ]
    title = f"log loss gained by part ({found['looks']} looks; --json has them all)"
    answers.print(table(title, ("part", "rows", "nats a row, 95 %"), rows))


def _gain(interval: Mapping[str, float]) -> str:
    low, high = interval["low"], interval["high"]
    return f"{interval['value']:+.4f} ({low:+.4f} to {high:+.4f})"


def _show_leak(answer: Mapping[str, Any]) -> None:
    if not answer["leak"]["alarm"]:
        return
    found = answer["leak"]["certificate"]
    said = "no check found a leak" if not found["failed"] else "NOT REGISTERED"
    text = (
        "leak alarm: directions are right more often than skill can explain; "
        f"{found['checks']} leak checks were made again: {said}"
    )
    answers.print(text, markup=False, soft_wrap=True)
    for check in answer["failed_checks"]:
        answers.print(f"    {check}", markup=False, soft_wrap=True)

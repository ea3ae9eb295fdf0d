"""What ``tradeloop labels`` does, and how it is shown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tradeloop.apps.assembling import instant_ns, there
from tradeloop.apps.rules import located
from tradeloop.apps.settings import load
from tradeloop.apps.terminal import answers
from tradeloop.datasets import utc_text
from tradeloop.errors import InputError
from tradeloop.events import duration_ns
from tradeloop.pipelines.grade import Grading, grade
from tradeloop.pipelines.grade import explained as explained_by

_INDENT = "    "


def asked(
    folder: Path, horizons: str | None, benchmark: str | None, as_of: str | None
) -> Grading:
    """Read the options of a grading; what is not given comes from the settings.

    Raises
    ------
    InputError
        A horizon is no duration, or the time is none.
    """
    settings = load(folder)
    with located("--horizons" if horizons else "horizons of tradeloop.toml"):
        given = horizons.split(",") if horizons else settings.horizons
        horizons_ns = tuple(duration_ns(part) for part in given)
    return Grading(
        horizons_ns=horizons_ns,
        benchmark=benchmark or settings.benchmark or None,
        as_of_ns=None if as_of is None else instant_ns(as_of),
    )


def applied(folder: Path, wanted: Grading, out: Path | None) -> Mapping[str, Any]:
    """Grade every captured decision of a workspace.

    Raises
    ------
    InputError
        ``out`` is a folder.
    """
    if out is not None and out.is_dir():
        raise InputError(
            f"{out} is a folder.",
            way_out="Name a file, such as labels.parquet.",
            source="--out",
        )
    with there(folder) as (workspace, rules):
        found = grade(workspace, wanted, rules)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        found.labels.write_parquet(out)
    reasons = found.labels["reason"].drop_nulls().value_counts(sort=True)
    return {
        "decisions": found.labels.height,
        "horizon": found.horizon,
        "states": found.states,
        "classes": found.classes,
        "reasons": dict(reasons.iter_rows()),
        "set_aside": found.set_aside,
        "out": None if out is None else str(out),
    }


def show_applied(answer: Mapping[str, Any]) -> None:
    """Print states, classes and reasons."""
    states = ", ".join(f"{count:,} {name}" for name, count in answer["states"].items())
    answers.print(f"{answer['decisions']:,} decisions: {states}", markup=False)
    classes = ", ".join(f"{n} {c:,}" for n, c in answer["classes"].items())
    answers.print(f"after {answer['horizon']}: {classes}", markup=False)
    for reason, count in {**answer["reasons"], **answer["set_aside"]}.items():
        answers.print(f"{_INDENT}{count:,} {reason}", markup=False, soft_wrap=True)
    if answer["out"]:
        answers.print(answer["out"], markup=False, soft_wrap=True)


def explained(folder: Path, decision_id: str, wanted: Grading) -> Mapping[str, Any]:
    """Return every number that led to the label of a decision."""
    with there(folder) as (workspace, rules):
        return explained_by(workspace, decision_id, wanted, rules)


def show_explained(answer: Mapping[str, Any]) -> None:
    """Print the reckoning, in its order."""
    _lines(answer, "")


def _lines(found: Mapping[str, Any], indent: str) -> None:
    for name, value in found.items():
        if isinstance(value, Mapping):
            answers.print(f"{indent}{name}", markup=False)
            _lines(value, indent + _INDENT)
            continue
        answers.print(f"{indent}{name:<24} {_text(name, value)}", markup=False)


def _text(name: str, value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and name.endswith("_ns") and value > 10**15:
        return utc_text(value)
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)

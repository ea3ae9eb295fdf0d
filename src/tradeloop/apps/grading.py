"""What ``tradeloop labels`` does, and how it is shown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.markup import escape

from tradeloop.apps.assembling import as_of_ns, there
from tradeloop.apps.rules import located
from tradeloop.apps.settings import load
from tradeloop.apps.terminal import answers, table
from tradeloop.datasets import utc_text
from tradeloop.errors import InputError
from tradeloop.events import duration_ns
from tradeloop.pipelines import audit_labels
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
        as_of_ns=as_of_ns(as_of),
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
        return f"{value:.10g}" if name else f"{value:.3g}"
    return str(value)


def audited(folder: Path, wanted: Grading) -> Mapping[str, Any]:
    """Judge the labels of a workspace."""
    with there(folder) as (workspace, rules):
        return audit_labels.audited(workspace, wanted, rules)


def show_audited(answer: Mapping[str, Any]) -> None:
    """Print what was found, and the alarms."""
    told = {name: found for name, found in answer.items() if name != "alarms"}
    _lines(told, "")
    for alarm in answer["alarms"]:
        answers.print(f"alarm: {alarm}", markup=False, soft_wrap=True)
    if not answer["alarms"]:
        answers.print("no alarm")


_GROUPINGS = ("strategy", "instrument", "label_rule")


def told_apart_by(folder: Path, wanted: Grading, by: str) -> Mapping[str, Any]:
    """Test groups of labels against nothing.

    Raises
    ------
    InputError
        A column makes no groups.
    """
    columns = tuple(part.strip() for part in by.split(","))
    for column in columns:
        if column not in _GROUPINGS:
            raise InputError(
                f"Labels are not grouped by {column!r}.",
                way_out=f"Take some of {', '.join(_GROUPINGS)}.",
                source="--by",
            )
    with there(folder) as (workspace, rules):
        found = audit_labels.told_apart(workspace, wanted, rules, by=columns)
    return {**found, "by": list(columns)}


def show_told_apart(answer: Mapping[str, Any]) -> None:
    """Print one line a group."""
    rows = [
        (
            escape(", ".join(str(group[name]) for name in answer["by"])),
            f"{group['labels']:,}",
            _text("", group["effective"]),
            _text("", group["net_bps"]),
            f"{_text('', group['net_low_bps'])} to {_text('', group['net_high_bps'])}",
            _text("", group["p_adjusted"]),
            _verdict(group),
        )
        for group in answer["groups"]
    ]
    head = ("group", "labels", "without overlap", "net, bps", "95 %", "p, Holm", "")
    answers.print(table(f"after {answer['horizon']}", head, rows))
    answers.print(
        f"best of them by luck: p = {_text('', answer['family_p_value'])} (SPA)",
        markup=False,
    )


def _verdict(group: Mapping[str, Any]) -> str:
    if group["better"]:
        return "better than nothing"
    return "worse than nothing" if group["worse"] else "not told apart"

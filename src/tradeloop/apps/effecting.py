"""What ``tradeloop datasets effect`` does, and how it is shown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape

from tradeloop.apps.assembling import there
from tradeloop.apps.terminal import answers, table
from tradeloop.pipelines.effect import effect
from tradeloop.pipelines.subject import previous_of, read_subject
from tradeloop.pipelines.value_costs import collected, worth

_MEGABYTE = 1e6


def judged(folder: Path, name: str, against: str | None) -> Mapping[str, Any]:
    """Say what a dataset is good for; see `pipelines.effect` and `pipelines.value`.

    The journal is free again before anything is trained.
    """
    with there(folder) as (workspace, rules):
        subject = read_subject(workspace, name)
        previous = (
            previous_of(workspace, subject)
            if against is None
            else read_subject(workspace, against)
        )
        known = collected(workspace, subject, rules.features.own)
    said, trained = effect(subject, previous, named=against is not None)
    return {**said, **worth(subject, trained, known)}


def show_judged(answer: Mapping[str, Any]) -> None:
    """Print lifts, suspicion, and what each family and source is worth."""
    mark = " (simulated)" if answer["simulated"] else ""
    answers.print(
        f"{answer['dataset_id']}{mark}, {answer['horizon']} ahead: "
        f"{answer['verdict']}; {answer['rows_tested']:,} test rows in "
        f"{answer['folds']} folds",
        markup=False,
        soft_wrap=True,
    )
    for name, lift in answer["lift"].items():
        _print_lift(name.replace("_", " "), lift)
    _print_previous(answer["previous"])
    _print_leak(answer["leak"])
    trading = answer["trading"]
    answers.print(
        f"following the model earns {_figure(trading['following'])} bps a decision, "
        f"{trading['taken']:.1%} taken; taking all {_figure(trading['taking_all'])}",
        markup=False,
        soft_wrap=True,
    )
    for kind, title in (("family", "families"), ("source", "sources")):
        rows = [_row(each) for each in answer["groups"] if each["kind"] == kind]
        if rows:
            answers.print(table(title, _HEAD, rows))
    for each in answer["groups"]:
        if each["reason"]:
            text = f"{each['kind']} {each['name']}: {each['reason']}"
            answers.print(text, markup=False, soft_wrap=True)
    if answer["note"]:
        answers.print(f"no costs: {answer['note']}", markup=False, soft_wrap=True)


_HEAD = ("name", "bps a decision", "log loss, 1e-3", "s/1,000 bars", "MB", "do")


def _print_lift(name: str, lift: Mapping[str, Any]) -> None:
    shares = [f"{lift[end]:+.2%}" for end in ("value", "low", "high")]
    said = "met" if lift["met"] else "not met"
    answers.print(
        f"lift in {name} over {lift['over']}: {shares[0]} [{shares[1]}, {shares[2]}], "
        f"{lift['target']:.0%} {said}",
        markup=False,
        soft_wrap=True,
    )


def _print_previous(previous: Mapping[str, Any]) -> None:
    if "reason" in previous:
        text = f"no earlier version: {previous['reason']}"
        answers.print(text, markup=False, soft_wrap=True)
        return
    _print_lift(f"log loss, {previous['rows']:,} decisions of both,", previous["lift"])


def _print_leak(leak: Mapping[str, Any]) -> None:
    found = leak["direction_accuracy"]
    if found is None:
        text = "direction accuracy: too few rows moved"
    else:
        text = f"direction accuracy {_figure(found, 4)} on rows that moved"
    if leak["suspicious"]:
        text += (
            f": SUSPICIOUS, above {leak['alarm_above']:.0%}: look for a leak before "
            "you believe it"
        )
    answers.print(text, markup=False, soft_wrap=True)


def _row(each: Mapping[str, Any]) -> Sequence[str]:
    cost = each["cost"]
    seconds, size = cost["seconds_per_1000_bars"], cost["bytes"]
    nats = {end: 1e3 * value for end, value in each["log_loss"].items()}
    return (
        escape(each["name"]),
        _figure(each["bps"]),
        _figure(nats),
        "-" if seconds is None else f"{seconds:.5f}",
        "-" if size is None else f"{size / _MEGABYTE:.2f}",
        each["recommendation"],
    )


def _figure(interval: Mapping[str, float], places: int = 2) -> str:
    """Write a value and its interval; brackets would be markup in a table."""
    value, low, high = (interval[end] for end in ("value", "low", "high"))
    return f"{value:.{places}f} ({low:.{places}f} to {high:.{places}f})"

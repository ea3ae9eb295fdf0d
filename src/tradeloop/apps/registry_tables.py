"""How the registry is shown in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from tradeloop.apps.terminal import answers, table

Answer = Mapping[str, Any]
_MAIN = ("log_loss", "accuracy")
_SHORT = 12


def show_listed(answer: Answer) -> None:
    """Print one line a version."""
    rows = [
        (
            escape(each["name"]),
            each["version"],
            each["stage"],
            ", ".join(each["aliases"]),
            each["verdict"],
            escape(each["estimator"]),
            *(_figure(each["metrics"], name) for name in _MAIN),
            each["created"][:16],
        )
        for each in answer["models"]
    ]
    head = ("model", "version", "stage", "alias", "gate", "estimator", *_MAIN, "UTC")
    answers.print(table(f"{len(rows)} versions", head, rows))
    late = sum(not each["tracked"] for each in answer["models"])
    if late:
        answers.print(f"{late} of them wait for the tracking store")


def show_shown(answer: Answer) -> None:
    """Print what is known of a version."""
    title = f"{answer['name']} {answer['version']}"
    names = (
        *("stage", "stage_reason", "verdict", "estimator", "scope", "registered_by"),
        *("created", "parent", "dataset_version", "feature_fingerprint"),
        *("code_version", "seed", "artefact_location", "artefact_sha256"),
    )
    rows = [(name.replace("_", " "), escape(str(answer[name]))) for name in names]
    rows += [("alias", ", ".join(answer["aliases"]))]
    rows += [("files", escape(answer["damage"] or "every byte as registered"))]
    rows += [("tracked", "yes" if answer["tracked"] else "not yet")]
    answers.print(table(escape(title), ("", ""), rows))
    bare = [name for name in answer["metrics"] if not name.endswith(("_low", "_high"))]
    figures = [(name, _figure(answer["metrics"], name)) for name in bare]
    answers.print(table("on unseen rows", ("figure", "value"), figures))
    judged = [
        (each["at"][:16], each["kind"], each["verdict"], escape(each["reason"]))
        for each in answer["evaluations"]
    ]
    answers.print(table("judged", ("UTC", "", "verdict", "reason"), judged))
    answers.print(_moves(answer["deployments"]))
    for each in answer["alerts"]:
        answers.print(f"{each['severity']}: {each['message']}", markup=False)


def show_compared(answer: Answer) -> None:
    """Print the versions side by side, and the differences below."""
    rows = [
        (name, *(_between(*each) if each else "" for each in figures))
        for name, figures in answer["figures"].items()
    ]
    answers.print(table("", ("figure", *map(escape, answer["versions"])), rows))
    paired = [
        (
            each["figure"],
            escape(each["version"]),
            f"{each['rows']:,}",
            _between(*(each["interval"][end] for end in ("value", "low", "high"))),
        )
        for each in answer["differences"]
    ]
    head = ("figure", "version", "shared decisions", "difference")
    title = f"against {answer['versions'][0]}, decision by decision"
    answers.print(table(escape(title), head, paired))
    for name, why in answer["left_out"].items():
        answers.print(f"{name}: no differences, {why}", markup=False)


def show_judged(answer: Answer) -> None:
    """Print each check with its number, its limit, its role and its reason."""
    rows = [
        (
            each["name"],
            "" if each["value"] is None else f"{each['value']:.4f}",
            "" if each["limit"] is None else f"{each['limit']:.4g}",
            each["role"],
            each["outcome"],
            escape(each["reason"]),
        )
        for each in answer["checks"]
    ]
    head = ("check", "value", "limit", "", "", "reason")
    said = "PROMOTED" if answer["promoted"] else "NOT PROMOTED"
    title = f"{answer['model']}: {said}, by the policy {answer['policy']!r}"
    answers.print(table(escape(title), head, rows))
    answers.print(
        f"{answer['decisions']:,} decisions that it had not seen, {answer['days']:,} "
        f"days of returns, {answer['trials']:,} trials: {answer['versions']:,} "
        f"versions, {sum(answer['studies'].values()):,} of searches, "
        f"{answer['abandoned']:,} abandoned",
        markup=False,
        soft_wrap=True,
    )
    for name, why in answer["notes"].items():
        answers.print(f"{name}: {why}", markup=False, soft_wrap=True)


def show_changed(answer: Answer) -> None:
    """Print where the version stands now."""
    told = f"{answer['name']} {answer['version']}: {answer['before']} -> "
    answers.print(told + answer["stage"], markup=False)
    if answer["replaced"]:
        answers.print(f"it replaced {answer['replaced']}", markup=False)
    if answer["note"]:
        answers.print(answer["note"], markup=False, soft_wrap=True)


def _moves(deployments: Any) -> Any:
    rows = [
        (
            each["at"][:16],
            each["alias"],
            each["kind"],
            f"{each['before'] or '-'} -> {each['after'] or '-'}",
            escape(each["grounds"]["approver"]),
            escape(each["grounds"]["reason"]),
        )
        for each in deployments
    ]
    head = ("UTC", "alias", "", "version", "by", "reason")
    return table("deployed", head, rows)


def _figure(metrics: Mapping[str, float], name: str) -> str:
    if name not in metrics:
        return ""
    return _between(
        metrics[name], metrics.get(f"{name}_low"), metrics.get(f"{name}_high")
    )


def _between(value: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"{value:.4f}"
    return f"{value:.4f} ({low:.4f} to {high:.4f})"

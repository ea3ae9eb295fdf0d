"""What ``tradeloop labels rules`` does, and how it is shown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.markup import escape

from tradeloop.apps.assembling import there
from tradeloop.apps.terminal import answers, table
from tradeloop.datasets import utc_text
from tradeloop.errors import InputError
from tradeloop.labels.rule_file import LabelRule, json_schema, parse
from tradeloop.pipelines.rule_book import (
    add_rules,
    enable_rule,
    rules_of_tenant,
    versions_of,
)

_SHORT = 12


def ruled(  # one parameter an option
    folder: Path,
    name: str | None,
    add: Path | None,
    enable: str | None,
    disable: str | None,
    *,
    schema: bool,
) -> Mapping[str, Any]:
    """Change the rules as asked, and return them; or the versions of one.

    Raises
    ------
    InputError
        The file breaks a rule, or rules contradict each other.
    NotFoundError
        There is no rule of the name.
    """
    if schema:
        return {"schema": json_schema()}
    with there(folder) as (workspace, _):
        if name is not None:
            return {
                "name": name,
                "versions": [
                    {
                        "number": each.number,
                        "created": utc_text(each.created_ns),
                        **_said(each.rule),
                    }
                    for each in versions_of(workspace, name)
                ],
            }
        changes = add_rules(workspace, _read(add)) if add is not None else {}
        for which, enabled in ((enable, True), (disable, False)):
            if which is not None:
                enable_rule(workspace, which, enabled=enabled)
                changes[which] = "enabled" if enabled else "disabled"
        rules = [_said(rule) for rule in rules_of_tenant(workspace)]
    return {"changes": changes, "rules": rules}


def _read(file: Path) -> tuple[LabelRule, ...]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"It cannot be read: {error}.",
            way_out="Name a YAML file of rules.",
            source=str(file),
        ) from error
    return parse(text, str(file))


def _said(rule: LabelRule) -> dict[str, Any]:
    return {**rule.as_mapping(), "version": rule.version}


def show_ruled(answer: Mapping[str, Any]) -> None:
    """Print one line a rule, or one a version."""
    if "schema" in answer:
        answers.print(json.dumps(answer["schema"], indent=1), markup=False)
        return
    if "versions" in answer:
        told = [
            (str(each["number"]), each["created"][:19], _state(each), _terms(each))
            for each in answer["versions"]
        ]
        head = ("version", "written down, UTC", "", "content")
        answers.print(table(escape(answer["name"]), head, told))
        return
    for name, change in answer["changes"].items():
        answers.print(f"{name}: {change}", markup=False)
    listed = [
        (
            escape(each["name"]),
            each["type"],
            _state(each),
            escape(", ".join(each["strategies"]) or "all"),
            each["version"][:_SHORT],
        )
        for each in answer["rules"]
    ]
    names = ("rule", "type", "", "strategies", "version")
    answers.print(table(f"{len(listed)} rules", names, listed))


def _state(each: Mapping[str, Any]) -> str:
    return "in force" if each["enabled"] else "disabled"


def _terms(each: Mapping[str, Any]) -> str:
    terms = {**each["thresholds"], **each["criteria"]}
    return str(escape(", ".join(f"{name} {value}" for name, value in terms.items())))

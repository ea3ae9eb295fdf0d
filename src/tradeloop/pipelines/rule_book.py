"""Labelling rules of a tenant: kept with all their versions, in force or not.

The rule ``outcome`` is that of ``labels.yaml``, which every run writes down. Others are
added from files; where one of the type outcome is in force for a strategy, decisions of
that strategy are graded by it instead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import combinations
from typing import Any

from tradeloop.errors import InputError, NotFoundError
from tradeloop.labels.rule_file import KINDS, LabelRule, rules_in_force
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import LabelingRule

OWN = "outcome"
"""Name of the rule of ``labels.yaml``."""


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version of a rule.

    Parameters
    ----------
    number : int
        From 1 on.
    created_ns : int
        When it was written down, ns UTC.
    rule : LabelRule
        Its content.
    """

    number: int
    created_ns: int
    rule: LabelRule


_EARLIER = "outperformance_bps"  # type under which runs wrote labels.yaml before


def of_run(said: Mapping[str, Any]) -> LabelRule:
    """Write the label rules of a dataset's inputs as the rule of ``labels.yaml``.

    Parameters
    ----------
    said : mapping
        horizons, benchmark, outcome, costs and wait.
    """
    terms = KINDS["outcome"]
    outcome = {**said["outcome"], "wait": said["wait"]}
    return LabelRule(
        name=OWN,
        type="outcome",
        thresholds={k: v for k, v in outcome.items() if k in terms.thresholds},
        criteria={k: v for k, v in outcome.items() if k in terms.criteria},
        horizons=said["horizons"],
        benchmark=said["benchmark"],
        costs=said["costs"],
    )


def _rule(row: LabelingRule) -> LabelRule:
    if row.rule_type == _EARLIER:
        return replace(of_run(row.criteria), enabled=row.enabled)
    return LabelRule.from_row(
        {
            "rule_name": row.rule_name,
            "rule_type": row.rule_type,
            "criteria": row.criteria,
            "thresholds": row.thresholds,
            "enabled": row.enabled,
        }
    )


def rules_of_tenant(workspace: Workspace) -> list[LabelRule]:
    """Return the rules, by name, as they are now."""
    return [_rule(row) for row in workspace.catalog.rules(workspace.principal)]


def add_rules(workspace: Workspace, rules: Iterable[LabelRule]) -> dict[str, str]:
    """Write rules down; one that changes gets a new version.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    rules : iterable of LabelRule
        Rules of a file.

    Returns
    -------
    dict of str to str
        Name to ``added``, ``changed`` or ``unchanged``.

    Raises
    ------
    InputError
        A rule is called ``outcome``, or two of the type outcome would be in force for
        one strategy.
    """
    given = {rule.name: rule for rule in rules}
    if OWN in given:
        raise InputError(
            f"The rule {OWN!r} is that of labels.yaml.",
            way_out="Change it there, or give yours another name.",
            source=OWN,
        )
    known = {rule.name: rule for rule in rules_of_tenant(workspace)}
    _check([rule for rule in {**known, **given}.values() if rule.name != OWN])
    rows = [LabelingRule(**rule.as_row()) for rule in given.values()]
    audit = workspace.audit("define", "labelling rules", rules=len(rows))
    changes = workspace.catalog.define_rules(workspace.principal, rows, audit)
    return dict(changes)


def _check(rules: Iterable[LabelRule]) -> None:
    """Let no decision be graded by two rules."""
    grading = [rule for rule in rules if rule.enabled and rule.type == "outcome"]
    for one, other in combinations(grading, 2):
        shared = set(one.strategies) & set(other.strategies)
        if shared or not one.strategies or not other.strategies:
            raise InputError(
                f"{one.name!r} and {other.name!r} would both grade "
                f"{', '.join(sorted(shared)) or 'the same strategies'}.",
                way_out="Name other strategies, or disable one of the two.",
                source=other.name,
            )


def enable_rule(workspace: Workspace, name: str, *, enabled: bool) -> LabelRule:
    """Put a rule in force, or out of it; its content stays.

    Raises
    ------
    NotFoundError
        There is no such rule.
    InputError
        It is that of labels.yaml, or would grade what another one grades.
    """
    known = {rule.name: rule for rule in rules_of_tenant(workspace)}
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.0)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise NotFoundError(f"There is no labelling rule {name!r}.{hint}")
    changed = replace(known[name], enabled=enabled)
    add_rules(workspace, [changed])
    return changed


def versions_of(workspace: Workspace, name: str) -> list[RuleVersion]:
    """Return every version of a rule, the oldest first.

    Raises
    ------
    NotFoundError
        There is no such rule.
    """
    found = workspace.catalog.rule_versions(workspace.principal, name)
    if not found:
        raise NotFoundError(f"There is no labelling rule {name!r}.")
    return [RuleVersion(number, at, _rule(row)) for number, at, row in found]


def rule_for(rules: Iterable[LabelRule], strategy: str | None) -> LabelRule | None:
    """Return the rule of the type outcome that grades a strategy; None: labels.yaml."""
    others = [rule for rule in rules if rule.type == "outcome" and rule.name != OWN]
    return next(iter(rules_in_force(others, strategy)), None)

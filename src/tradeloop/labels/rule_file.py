"""Label rules as data: YAML in, frozen rules out, each with the hash of its content.

1. `parse` reads a file of several named rules, or the flat form of one rule; what is
   wrong is told with its line and the nearest name that is known.
2. A `LabelRule` holds every value, defaults filled in. Its canonical JSON has sorted
   names and no blanks; its version is the SHA-256 of that.
3. `rules_in_force` gives those of a strategy; `LabelRule.plan` and its like turn a rule
   into what the labels take.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import yaml

from tradeloop.errors import InputError
from tradeloop.labels.label_rule import CASH, LabelRule
from tradeloop.labels.rule_kinds import KINDS, json_schema
from tradeloop.labels.rule_text import Path, Text, path_of, read, written_path
from tradeloop.labels.rule_values import check_names, refuse

__all__ = [
    "CASH",
    "KINDS",
    "Conflict",
    "LabelRule",
    "conflicts",
    "json_schema",
    "parse",
    "rules_in_force",
    "written",
]


class Conflict(NamedTuple):
    """Two rules in force of one name that apply to the same strategy.

    Parameters
    ----------
    name : str
        Of both.
    places : tuple of int
        Where they stand among the rules.
    strategies : tuple of str
        Which both apply to; empty: all.
    """

    name: str
    places: tuple[int, int]
    strategies: tuple[str, ...]


def conflicts(rules: Sequence[LabelRule]) -> list[Conflict]:
    """Find rules that would write the same labels of the same decisions.

    Two rules clash if both are enabled, have one name, and apply to a common strategy;
    a rule without strategies applies to all.
    """
    found = []
    for k, one in enumerate(rules):
        for j in range(k):
            other = rules[j]
            if not (one.enabled and other.enabled and one.name == other.name):
                continue
            both = set(one.strategies) & set(other.strategies)
            every = not one.strategies or not other.strategies
            if both or every:
                shared = both or {*one.strategies, *other.strategies}
                found.append(Conflict(one.name, (j, k), tuple(sorted(shared))))
    return found


def rules_in_force(
    rules: Iterable[LabelRule], strategy: str | None = None
) -> tuple[LabelRule, ...]:
    """Return the rules by which decisions of a strategy are labelled, in their order.

    Parameters
    ----------
    rules : iterable of LabelRule
        Of one tenant.
    strategy : str, optional
        Its name; None: decisions without one.
    """
    return tuple(rule for rule in rules if rule.applies(strategy))


def parse(text: str, source: str = "labels.yaml") -> tuple[LabelRule, ...]:
    """Read the rules of a file.

    Parameters
    ----------
    text : str
        YAML: ``rules:`` with a list of rules; or the names of an outcome rule without
        any ``rules``, which make one rule called outcome; or nothing, which makes that
        rule with its defaults.
    source : str
        What the file is called in errors.

    Raises
    ------
    InputError
        It is no YAML, a name is unknown, a value breaks its rule, or two rules in force
        clash; with the line and the path.
    """
    found = read(text, source)
    given = {} if found.value is None else found.value
    if not isinstance(given, Mapping) or "rules" not in given:
        with _placed(found, source, ()):
            return (_flat(given),)
    with _placed(found, source, ()):
        check_names(given, ("rules",), ())
        if not isinstance(given["rules"], list):
            raise refuse("A list is needed.", "Write '- name: ...'.", ("rules",))
    rules = []
    for k, one in enumerate(given["rules"]):
        with _placed(found, source, ("rules", k)):
            rules.append(LabelRule.from_mapping(one))
    for clash in conflicts(rules):
        whom = ", ".join(clash.strategies) or "all strategies"
        with _placed(found, source, ("rules", clash.places[1])):
            raise refuse(
                f"Two enabled rules are called {clash.name!r} and apply to {whom}.",
                "Disable one of them, or give it another name or other strategies.",
                ("name",),
            )
    return tuple(rules)


def written(rules: Iterable[LabelRule]) -> str:
    """Write rules as YAML from which `parse` makes the same rules."""
    listed = [rule.as_mapping() for rule in rules]
    text: str = yaml.safe_dump({"rules": listed}, sort_keys=False, allow_unicode=True)
    return text


def _flat(given: Any) -> LabelRule:
    """Make the one rule of a file that names its values without more ado."""
    kind = KINDS["outcome"]
    named = check_names(given, (*kind.thresholds, *kind.criteria), ())
    return LabelRule(
        "outcome",
        thresholds={n: named[n] for n in named if n in kind.thresholds},
        criteria={n: named[n] for n in named if n in kind.criteria},
    )


@contextmanager
def _placed(text: Text, source: str, at: Path) -> Iterator[None]:
    """Let an error name the line and the path of the value that it is about."""
    try:
        yield
    except InputError as error:
        path = path_of(error.column)
        parts = ((), ("thresholds",), ("criteria",), ("costs",))
        tried = [(*at, *part, *path) for part in parts]  # bounds are told by name alone
        tried.append((*at, *path[-1:]))  # in the flat form they stand alone
        there = next((full for full in tried if full in text.lines), tried[0])
        raise InputError(
            error.message,
            way_out=error.way_out,
            source=f"{source}, line {text.line(there)}",
            column=written_path(there),
        ) from error

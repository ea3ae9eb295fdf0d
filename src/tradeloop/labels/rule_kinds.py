"""Kinds of label rules: which names each has, of which type, and their JSON Schema."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from tradeloop.costs import CostModel
from tradeloop.labels.execution.rule import ExecutionRule
from tradeloop.labels.rules import OutcomeRule

_OUTCOME = OutcomeRule()
_BOUNDS = ("excellent_bps", "good_bps", "poor_bps", "bad_bps", "neutral_bps")
_BARRIERS = ("profit_barrier", "stop_barrier")
LONGEST_NAME = 100


class Term(NamedTuple):
    """One name of a rule.

    Parameters
    ----------
    form : {"number", "integer", "flag", "duration", "word"}
        What its value is.
    default : object
        Value where it is absent; None where it has none.
    words : tuple of str
        All values of a word.
    """

    form: str
    default: Any
    words: tuple[str, ...] = ()


def _number(name: str) -> Term:
    return Term("number", float(getattr(_OUTCOME, name)))


_WAIT = Term("duration", "5d")
_ROWS = Term("integer", _OUTCOME.volatility_rows)


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A kind of rule.

    Parameters
    ----------
    thresholds, criteria : mapping of str to Term
        Names under ``thresholds`` (numbers) and under ``criteria`` (all else).
    stems : tuple of str
        Columns of `labels.apply.label` that it is about, without the horizon; empty
        where it makes events or a table of its own.
    """

    thresholds: Mapping[str, Term]
    criteria: Mapping[str, Term]
    stems: tuple[str, ...]


KINDS: Mapping[str, RuleKind] = {
    "outcome": RuleKind(
        {name: _number(name) for name in (*_BOUNDS, *_BARRIERS)},
        {
            "unit": Term("word", "bps", ("bps", "volatility")),
            "graded": Term("word", "gross", ("gross", "net")),
            "volatility_rows": _ROWS,
            "wait": _WAIT,
        },
        ("decision_outcome", "outcome", "net_outcome", "outperformance_bps", "net_bps"),
    ),
    "barrier": RuleKind(
        {name: _number(name) for name in _BARRIERS},
        {"volatility_rows": _ROWS, "wait": _WAIT},
        ("barrier", "barrier_return", "barrier_net_bps", "barrier_ambiguous"),
    ),
    "meta": RuleKind(
        {name: _number(name) for name in _BARRIERS},
        {
            "at": Term("word", "horizon", ("horizon", "barrier")),
            "volatility_rows": _ROWS,
            "wait": _WAIT,
        },
        ("meta_label", "barrier_meta"),
    ),
    "trend": RuleKind({}, {"wait": _WAIT}, ("trend", "trend_t", "trend_ns")),
    "cusum": RuleKind(
        {"threshold": Term("number", 1.0)},
        {
            "unit": Term("word", "volatility", ("return", "volatility")),
            "volatility_rows": _ROWS,
        },
        (),
    ),
    "execution": RuleKind(
        {"price_tolerance": Term("number", ExecutionRule().price_tolerance)},
        {
            "wait": _WAIT,
            "clock": Term("word", "received", ("received", "event")),
            "own_on_tape": Term("flag", default=True),
            "end_after": Term("duration", None),
        },
        (),
    ),
}

COSTS = tuple(part.name for part in fields(CostModel))
NAMES = (
    "name",
    "type",
    "enabled",
    "strategies",
    "horizons",
    "benchmark",
    "criteria",
    "thresholds",
    "costs",
)

_DURATION = {"type": "string", "pattern": "^0*[1-9][0-9]*(ms|s|m|h|d|w)$"}
_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}


def _form(term: Term) -> dict[str, Any]:
    forms: dict[str, dict[str, Any]] = {
        "number": {"type": "number"},
        "integer": {"type": "integer", "minimum": 2},
        "flag": {"type": "boolean"},
        "duration": dict(_DURATION),
        "word": {"enum": list(term.words)},
    }
    told = {} if term.default is None else {"default": term.default}
    return forms[term.form] | told


def _names(terms: Mapping[str, Term]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _form(term) for name, term in terms.items()},
        "additionalProperties": False,
    }


def _rule(kind: str, terms: RuleKind) -> dict[str, Any]:
    costs = {name: {"type": "number", "minimum": 0} for name in COSTS}
    texts = {"type": "array", "items": _TEXT, "uniqueItems": True}
    return {
        "type": "object",
        "properties": {
            "name": _TEXT,
            "type": {"const": kind},
            "enabled": {"type": "boolean", "default": True},
            "strategies": texts | {"description": "empty: all strategies"},
            "horizons": {
                "type": "array",
                "items": _DURATION,
                "uniqueItems": True,
                "description": "the first one is the primary; empty: those of the run",
            },
            "benchmark": {
                "type": ["string", "null"],
                "minLength": 1,
                "description": "an instrument, or cash; null: that of the run",
            },
            "criteria": _names(terms.criteria),
            "thresholds": _names(terms.thresholds),
            "costs": {
                "type": "object",
                "properties": costs,
                "additionalProperties": False,
                "description": "in bps, in place of those of the run",
            },
        },
        "required": ["name", "type"],
        "additionalProperties": False,
    }


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of what `rule_file.parse` takes.

    It does not say that bounds rise, that a duration is a hundred years at most, and
    that no two rules in force have one name.
    """
    flat = KINDS["outcome"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://tradeloop.dev/schemas/label-rules.v1.json",
        "title": "Rules by which decisions are labelled",
        "anyOf": [
            {
                "type": "object",
                "properties": {
                    "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}}
                },
                "required": ["rules"],
                "additionalProperties": False,
            },
            _names({**flat.thresholds, **flat.criteria})
            | {"description": "one rule of the type outcome, called outcome"},
            {"type": "null"},
        ],
        "$defs": {
            "rule": {"oneOf": [_rule(kind, terms) for kind, terms in KINDS.items()]}
        },
    }

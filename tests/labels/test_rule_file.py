"""Rules as data: what a file may say, what it means, and where it is wrong."""

import json
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.costs import CostModel
from tradeloop.errors import InputError
from tradeloop.events import duration_ns
from tradeloop.labels import OutcomeRule
from tradeloop.labels.execution.rule import ExecutionRule
from tradeloop.labels.rule_file import (
    KINDS,
    LabelRule,
    conflicts,
    json_schema,
    parse,
    rules_in_force,
    written,
)

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "src/tradeloop/apps/templates/rules/labels.yaml"
PUBLISHED = ROOT / "docs/label-rules.schema.json"

FILE = """\
rules:
  - name: outcome
    type: outcome
    horizons: [1d, 60m]
    benchmark: SPY
    criteria:
      graded: net
      wait: 48h
    thresholds:
      good_bps: 5
      excellent_bps: 25
    costs: {commission_bps: 0.2}
  - name: breakout barrier
    type: barrier
    strategies: [momentum, breakout]
    thresholds: {profit_barrier: 2, stop_barrier: 1}
  - name: old
    type: trend
    enabled: false
"""


def names(rules):
    return [rule.name for rule in rules]


def test_a_file_of_several_rules_says_what_each_of_them_means():
    outcome, barrier, old = parse(FILE)
    plan = outcome.plan(horizons_ns=[NS_PER_MINUTE], costs=CostModel(2.0, 0.7))
    assert plan.horizons_ns == (NS_PER_DAY, NS_PER_HOUR)
    assert plan.benchmark == "SPY"
    assert plan.rule == OutcomeRule(good_bps=5, excellent_bps=25, graded="net")
    assert plan.costs == CostModel(2.0, 0.2)
    assert plan.wait_ns == 2 * NS_PER_DAY
    assert barrier.outcome().profit_barrier == 2
    assert barrier.plan(horizons_ns=[7], benchmark="QQQ").benchmark == "QQQ"
    assert old.plan(horizons_ns=[7], as_of_ns=9).as_of_ns == 9


def test_cash_is_a_benchmark_that_takes_the_place_of_the_run_s():
    rule = LabelRule("a", benchmark="cash")
    assert rule.plan(horizons_ns=[1], benchmark="SPY").benchmark is None


def test_todays_flat_file_is_one_rule_called_outcome():
    (rule,) = parse(TEMPLATE.read_text("utf-8"))
    assert (rule.name, rule.type, rule.enabled) == ("outcome", "outcome", True)
    assert rule.outcome() == OutcomeRule()
    assert rule == parse("")[0] == LabelRule("outcome")
    (other,) = parse("good_bps: 5\nwait: 36h\nunit: bps\n")
    assert other.outcome() == OutcomeRule(good_bps=5)
    assert other.plan(horizons_ns=[1]).wait_ns == 36 * NS_PER_HOUR


def test_an_execution_rule_is_turned_into_what_execution_takes():
    text = """
rules:
  - name: e
    type: execution
    criteria: {wait: 60s, clock: event, own_on_tape: false, end_after: 1h}
"""
    (rule,) = parse(text)
    assert rule.execution(as_of_ns=5) == ExecutionRule(
        end_after_ns=NS_PER_HOUR,
        wait_ns=NS_PER_MINUTE,
        clock="event",
        own_on_tape=False,
        as_of_ns=5,
    )
    assert LabelRule("e", "execution").execution() == ExecutionRule()
    with pytest.raises(InputError, match="is of the type 'trend'"):
        LabelRule("t", "trend").execution()


@pytest.mark.parametrize(
    ("text", "line", "match"),
    [
        ("good_bsp: 5", 1, "no 'good_bsp' here. Did you mean 'good_bps'"),
        ("\ngood_bps: much", 2, "must be a number, was 'much'"),
        ("good_bps: 5\ngood_bps: 6", 2, "'good_bps' comes twice"),
        ("good_bps: .nan", 1, "was nan"),
        ("good_bps: 1" + "0" * 400, 1, "must be a number"),
        ("unit: pips", 1, "must be bps or volatility, was 'pips'"),
        ("wait: 5 days", 1, "A duration must be"),
        ("volatility_rows: 2.5", 1, "must be a whole number"),
        ("bad_bps: 9\npoor_bps: 8", 1, "must rise"),
        ("neutral_bps: -1", 1, "must be at least 0"),
        ("stop_barrier: 0", 1, "must be above 0"),
        ("a: [1", 1, "This is no YAML"),
        ("a: *b", 1, "This is no YAML"),
        ("a: &x 1\nb: *x", 2, "is an alias"),
        ("<<: {a: 1}", 1, "'<<' comes twice, or is none"),
        ("a: 2020-01-01", 1, "must be a text, number or flag"),
        ("a: !!python/name:os.system ''", 1, "This is no YAML"),
        ("- good_bps", 1, "was list"),
        ("rules:\n  - name: a\n    type: outcom", 3, "mean 'outcome'"),
        ("rules:\n  - type: outcome", 2, "needs a name"),
        ("rules:\n  - name: a", 2, "needs a type"),
        ("rules: 5", 1, "A list is needed"),
        ("rules: []\nwait: 5d", 2, "no 'wait' here"),
        ("rules:\n  - 7", 2, "was int"),
        (
            "rules:\n- name: a\n  type: trend\n  enabled: maybe",
            4,
            "must be true or false",
        ),
        (
            "rules:\n- name: a\n  type: trend\n  strategies: [x, x]",
            4,
            "without repeats",
        ),
        ("rules:\n- name: a\n  type: trend\n  strategies: x", 4, "A list"),
        ("rules:\n- name: a\n  type: trend\n  horizons:\n  - 1h\n  - 1x", 6, "1x"),
        ("rules:\n- name: a\n  type: trend\n  horizons: [1h, 60m]", 4, "repeats"),
        (
            "rules:\n- name: a\n  type: trend\n  thresholds: {good_bps: 1}",
            4,
            "no 'good",
        ),
        (
            "rules:\n- name: a\n  type: outcome\n  thresholds:\n    bad_bps: -5",
            2,
            "rise",
        ),
        (
            "rules:\n- name: a\n  type: barrier\n  thresholds:\n    stop_barrier: -5",
            5,
            "0",
        ),
        (
            "rules:\n- name: a\n  type: trend\n  costs:\n    commission_bps: -1",
            5,
            "least",
        ),
        (
            "rules:\n- name: a\n  type: cusum\n  thresholds: {threshold: 0}",
            4,
            "above 0",
        ),
        ("rules:\n- {name: '', type: trend}", 2, "1 to 100 characters"),
        (f"rules:\n- name: {'x' * 101}\n  type: trend", 2, "1 to 100 characters"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, line, match):
    with pytest.raises(InputError, match=match) as told:
        parse(text, "rules.yaml")
    assert told.value.source == f"rules.yaml, line {line}"


def test_the_path_of_a_wrong_value_is_told():
    text = FILE.replace("stop_barrier: 1", "stop_barrier: -1")
    with pytest.raises(InputError) as told:
        parse(text)
    assert told.value.column == "rules[1].thresholds.stop_barrier"
    assert told.value.source == "labels.yaml, line 16"


def test_rules_in_force_are_the_enabled_ones_of_the_strategy():
    rules = parse(FILE)
    assert names(rules_in_force(rules)) == ["outcome"]
    assert names(rules_in_force(rules, "carry")) == ["outcome"]
    assert names(rules_in_force(rules, "momentum")) == ["outcome", "breakout barrier"]
    assert not rules[2].applies("momentum")


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ({}, {}, ()),
        ({"strategies": ["a"]}, {}, ("a",)),
        ({"strategies": ["a", "b"]}, {"strategies": ["b", "c"]}, ("b",)),
        ({"strategies": ["a"]}, {"strategies": ["b"]}, None),
        ({"enabled": False}, {}, None),
        ({"name": "y"}, {}, None),
    ],
)
def test_two_rules_of_one_name_in_force_for_one_strategy_clash(one, other, shared):
    pair = [LabelRule(**({"name": "x"} | terms)) for terms in (one, other)]
    found = conflicts(pair)
    assert [clash.strategies for clash in found] == ([] if shared is None else [shared])
    if shared is None:
        assert parse(written(pair)) == tuple(pair)
    else:
        with pytest.raises(InputError, match="Two enabled rules are called 'x'"):
            parse(written(pair))


def test_the_version_is_the_hash_of_the_content_and_not_of_its_form():
    rule = parse(FILE)[0]
    assert rule.version == sha256(rule.canonical.encode()).hexdigest()
    other = FILE.replace("[1d, 60m]", "[24h, 1h]").replace(
        "good_bps: 5", "good_bps: 5.0"
    )
    other = other.replace("wait: 48h", "wait: 2d\n      unit: bps")
    assert parse(other)[0].version == rule.version
    mapping = rule.as_mapping()
    assert LabelRule.from_mapping(mapping | {"enabled": False}).version == rule.version
    for change in (
        {"name": "x"},
        {"horizons": ["1h", "1d"]},
        {"benchmark": "cash"},
        {"strategies": ["x"]},
        {"costs": {}},
        {"thresholds": {}},
    ):
        assert LabelRule.from_mapping(mapping | change).version != rule.version


def test_the_version_of_the_default_rule_stays_what_it_is():
    # A change of it makes the labels of every dataset those of a new rule.
    assert LabelRule("outcome").canonical == (
        '{"benchmark":null,"costs":{},"criteria":{"graded":"gross","unit":"bps",'
        '"volatility_rows":100,"wait":"5d"},"horizons":[],"name":"outcome",'
        '"strategies":[],"thresholds":{"bad_bps":-20.0,"excellent_bps":20.0,'
        '"good_bps":10.0,"neutral_bps":10.0,"poor_bps":-10.0,"profit_barrier":1.0,'
        '"stop_barrier":1.0},"type":"outcome"}'
    )


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
durations = st.tuples(
    st.integers(1, 400), st.sampled_from(["ms", "s", "m", "h", "d", "w"])
)
durations = durations.map(lambda pair: f"{pair[0]}{pair[1]}")
numbers = st.floats(0.001, 4)  # as multiples of volatility too


@st.composite
def rules(draw):
    kind = draw(st.sampled_from(sorted(KINDS)))
    terms = KINDS[kind]
    forms = {
        "number": numbers,
        "integer": st.integers(2, 500),
        "flag": st.booleans(),
        "duration": durations,
    }

    def some(named):
        picked = draw(st.sets(st.sampled_from(sorted(named)))) if named else ()
        return {
            name: draw(
                st.sampled_from(named[name].words)
                if named[name].words
                else forms[named[name].form]
            )
            for name in sorted(picked)
        }

    thresholds = some(terms.thresholds)
    criteria = some(terms.criteria)
    if kind == "outcome":
        low, poor, good, high = sorted(draw(st.sets(numbers, min_size=4, max_size=4)))
        bounds = {"bad_bps": -high, "poor_bps": -good, "good_bps": poor}
        thresholds |= bounds | {"excellent_bps": poor + low, "neutral_bps": low}
    return LabelRule(
        name=draw(texts),
        type=kind,
        thresholds=thresholds,
        criteria=criteria,
        horizons=draw(st.lists(durations, max_size=3, unique_by=duration_ns)),
        benchmark=draw(st.none() | texts),
        costs=draw(st.fixed_dictionaries({}, optional={"commission_bps": numbers})),
        enabled=draw(st.booleans()),
        strategies=draw(st.lists(texts, max_size=3, unique=True)),
    )


@given(st.lists(rules(), max_size=4, unique_by=lambda rule: rule.name))
def test_rules_come_back_from_their_own_text_with_their_versions(several):
    again = parse(written(several))
    assert again == tuple(several)
    assert [rule.version for rule in again] == [rule.version for rule in several]
    jsonschema.validate(yaml.safe_load(written(several)), json_schema())


@given(rules())
def test_a_rule_comes_back_from_its_canonical_json(rule):
    content = json.loads(rule.canonical)
    again = LabelRule.from_mapping(content | {"enabled": rule.enabled})
    assert again == rule
    assert again.canonical == rule.canonical


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 600),
    st.floats(-30, 30),
    st.sampled_from(["bps", "net", "5d", "0d", "5", "x", "SPY", "", "outcome"]),
    st.lists(st.sampled_from(["5d", "x", 1]), max_size=2),
    st.just({}),
)


@given(
    kind=st.sampled_from(sorted(KINDS)),
    part=st.sampled_from(["", "criteria", "thresholds", "costs"]),
    name=st.sampled_from(
        sorted(
            {n for kind in KINDS.values() for n in (*kind.thresholds, *kind.criteria)}
            | {"name", "enabled", "strategies", "horizons", "benchmark", "impact"}
        )
    ),
    value=JUNK,
)
def test_what_the_schema_refuses_is_refused_and_the_rest_breaks_no_form(
    kind, part, name, value
):
    rule = {"name": "r", "type": kind}
    rule |= {part: {name: value}} if part else {name: value}
    document = {"rules": [rule]}
    fits = jsonschema.Draft202012Validator(json_schema()).is_valid(document)
    try:
        parse(yaml.safe_dump(document))
    except InputError as error:
        # Only what a schema cannot say: that bounds rise and are above 0.
        said = any(
            word in error.message for word in ("rise", "above 0", "at least", "at most")
        )
        assert not fits or said
    else:
        assert fits


def test_the_published_schema_is_the_one_that_is_checked():
    wanted = json.dumps(json_schema(), indent=1) + "\n"
    assert PUBLISHED.read_text("utf-8") == wanted
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_a_row_of_the_database_holds_the_whole_rule():
    for rule in parse(FILE):
        row = rule.as_row()
        assert set(row) == {
            "rule_name",
            "rule_type",
            "criteria",
            "thresholds",
            "enabled",
        }
        assert LabelRule.from_row(json.loads(json.dumps(row))) == rule

"""Captured decisions are graded by the rule in force for their strategy."""

import pytest

from pipelines.captured_years import RULES, bars, capture
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError, NotFoundError
from tradeloop.labels.rule_file import LabelRule
from tradeloop.pipelines.audit_labels import audited, told_apart
from tradeloop.pipelines.grade import Grading, explained, grade
from tradeloop.pipelines.rule_book import (
    add_rules,
    enable_rule,
    rules_of_tenant,
    versions_of,
)
from tradeloop.stores import LabelingRule

WEEK = Grading(horizons_ns=(5 * NS_PER_DAY, NS_PER_DAY))
WIDE = {"excellent_bps": 200.0, "good_bps": 100.0, "poor_bps": -100, "bad_bps": -200}
DAYS = 1_200


def wide(**changes):
    return LabelRule(
        name="wide", thresholds=WIDE, **{"strategies": ["breakout"], **changes}
    )


def test_a_rule_grades_the_decisions_of_its_strategy_and_no_others(workspace):
    capture(workspace, DAYS)
    before = grade(workspace, WEEK, RULES)
    assert set(before.labels["label_rule"]) == {"outcome"}
    add_rules(workspace, [wide(strategies=["another"])])
    assert grade(workspace, WEEK, RULES).classes == before.classes
    add_rules(workspace, [wide()])
    after = grade(workspace, WEEK, RULES)
    assert after.classes["NEUTRAL"] > before.classes["NEUTRAL"]
    assert set(after.labels["label_rule"]) == {"wide"}
    assert set(after.labels["label_rule_version"]) == {wide().version}


def test_a_rule_out_of_force_grades_nothing_and_keeps_its_versions(workspace):
    capture(workspace, DAYS)
    before = grade(workspace, WEEK, RULES)
    add_rules(workspace, [wide()])
    enable_rule(workspace, "wide", enabled=False)
    assert grade(workspace, WEEK, RULES).classes == before.classes
    kept = versions_of(workspace, "wide")
    assert [each.number for each in kept] == [1, 2]
    assert [each.rule.enabled for each in kept] == [True, False]
    assert {each.rule.version for each in kept} == {wide().version}


def test_no_decision_is_graded_by_two_rules(workspace):
    capture(workspace, 300)
    add_rules(workspace, [wide()])
    with pytest.raises(InputError, match="would both grade"):
        add_rules(workspace, [LabelRule(name="everybody")])
    with pytest.raises(InputError, match="is that of labels"):
        add_rules(workspace, [LabelRule(name="outcome")])
    with pytest.raises(NotFoundError, match="Did you mean 'wide'"):
        enable_rule(workspace, "wild", enabled=True)


def test_a_rule_that_an_earlier_version_wrote_is_read(workspace):
    said = {
        "horizons": ["5d"],
        "benchmark": "cash",
        "outcome": {"good_bps": 15.0},
        "costs": {"half_spread_bps": 2.0},
        "wait": "5d",
    }
    row = LabelingRule(
        rule_name="outcome",
        rule_type="outperformance_bps",
        criteria=said,
        thresholds=said["outcome"],
    )
    audit = workspace.audit("define", "labelling rules")
    workspace.catalog.define_rules(workspace.principal, [row], audit)
    (rule,) = rules_of_tenant(workspace)
    assert rule.outcome().good_bps == 15.0
    assert rule.costs["half_spread_bps"] == 2.0


def test_what_is_explained_is_what_was_graded(workspace):
    capture(workspace, DAYS)
    add_rules(workspace, [wide()])
    row = grade(workspace, WEEK, RULES).labels.row(30, named=True)
    told = explained(workspace, row["decision_id"], WEEK, RULES)
    week = told["horizons"]["5d"]
    assert told["label_rule"] == "wide"
    assert told["rule"]["good_bps"] == 100.0
    assert week["outperformance_bps"] == row["outperformance_bps_5d"]
    assert week["decision_outcome"] == row["decision_outcome"]
    with pytest.raises(InputError, match="no decision 'nobody'"):
        explained(workspace, "nobody", WEEK, RULES)


def test_grading_settles_where_each_decision_stands(workspace):
    capture(workspace, DAYS)
    found = grade(workspace, WEEK, RULES)
    ledger = workspace.journal.ledger(workspace.principal)
    assert ledger.labelled == found.states["labelled"] > 100
    assert ledger.pending == found.states["pending"]
    assert ledger.received == found.labels.height


def test_the_audit_counts_every_decision_and_writes_nothing(workspace):
    capture(workspace, DAYS)
    before = workspace.journal.ledger(workspace.principal)
    found = audited(workspace, WEEK, RULES)
    counts = found["maturity"]["counts"]
    assert counts["received"] == sum(counts.values()) - counts["received"]
    assert 0 < found["certain"] < 1
    assert found["stability"] is not None
    assert workspace.journal.ledger(workspace.principal) == before


def test_groups_of_labels_are_told_apart_from_nothing(workspace):
    capture(workspace, 2_400)
    found = told_apart(workspace, WEEK, RULES, by=("strategy",))
    (group,) = found["groups"]
    assert group["strategy"] == "breakout"
    assert group["effective"] < group["labels"]
    assert group["net_low_bps"] < group["net_bps"] < group["net_high_bps"]
    assert bars(2_400).height == 2_400

"""The promotion policy: data, checked, with a fingerprint; and who may approve."""

from dataclasses import replace

import numpy as np
import pytest
import yaml

from tradeloop.errors import InputError
from tradeloop.feedback import (
    DEFAULT_RULES,
    Approver,
    Evidence,
    Policy,
    Rule,
    enforce,
    judge,
)

OWNER = Approver("grace", frozenset({"viewer", "model_owner"}))
SHORT = Policy(minimum_days=100, minimum_rows=100, blocks=4, repeats=1000)


def verdict(edge=0.005, policy=SHORT, author="ada"):
    rows = np.random.default_rng(1).normal(edge, 0.01, (200, 3))
    return judge(Evidence("m v1.0.0", author, rows, 0, 3), policy)


def test_nothing_given_is_the_default():
    assert Policy.from_mapping({}) == Policy()
    assert Policy.from_yaml("") == Policy()
    assert Policy().approver_role == "model_owner"
    assert Policy().self_approval is False


def test_a_policy_comes_back_from_its_mapping_and_from_yaml():
    policy = Policy(
        name="strict",
        level=0.01,
        self_approval=True,
        rules={**DEFAULT_RULES, "drift": Rule("vetoes", 0.1)},
    )
    assert Policy.from_mapping(policy.as_mapping()) == policy
    assert Policy.from_yaml(yaml.safe_dump(policy.as_mapping())) == policy


def test_a_check_may_give_its_role_or_its_limit_alone():
    text = "checks:\n  drift: {role: vetoes}\n  calibration: {limit: 0.1}\n"
    policy = Policy.from_yaml(text)
    assert policy.rules["drift"] == Rule("vetoes", 0.25)
    assert policy.rules["calibration"] == Rule("reports", 0.1)


def test_a_whole_number_is_the_same_setting_as_its_decimal():
    assert Policy(days_a_year=252).fingerprint == Policy().fingerprint


def test_every_setting_changes_the_fingerprint():
    one = Policy()
    others = [
        replace(one, level=0.04),
        replace(one, approver_role="risk"),
        replace(one, rules={**DEFAULT_RULES, "drift": Rule("vetoes", 0.25)}),
    ]
    found = {policy.fingerprint for policy in [one, *others]}
    assert len(found) == 4
    assert Policy().fingerprint == one.fingerprint


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"levle": 0.05}, "did you mean 'level'"),
        ({"checks": {"overfiting": {}}}, "did you mean 'overfitting'"),
        ({"checks": {"drift": {"rol": "vetoes"}}}, "did you mean 'role'"),
        ({"checks": {"drift": {"role": "veto"}}}, "did you mean 'vetoes'"),
        ({"checks": {"drift": {"role": "decides"}}}, "maximum alone decides"),
        ({"checks": {"maximum": {"role": "reports"}}}, "always decides"),
        ({"checks": {"drift": 0.1}}, "must be a mapping"),
        ({"checks": {"drift": {"limit": "low"}}}, r"checks\.drift\.limit must be"),
        ({"checks": {"calibration": {"limit": 2}}}, "from 0 to 1"),
        ({"level": 0.2}, "from 1e-06 to 0.05"),
        ({"level": float("nan")}, "level must be a number"),
        ({"minimum_days": 5}, "from 20"),
        ({"repeats": True}, "whole number"),
        ({"blocks": 7}, "even"),
        ({"self_approval": "no"}, "true or false"),
        ({"approver_role": " "}, "not empty"),
        ([], "must be a mapping"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused_by_name(given, told):
    with pytest.raises(InputError, match=told) as caught:
        Policy.from_mapping(given)
    assert "promotion.yaml" in str(caught.value)


def test_text_that_is_no_yaml_is_refused():
    with pytest.raises(InputError, match="must be YAML"):
        Policy.from_yaml("level: [")


def test_a_policy_without_all_rules_cannot_be_built():
    with pytest.raises(InputError, match="one for each of"):
        Policy(rules={})


def test_who_has_the_role_may_promote_what_the_gate_promotes():
    found = enforce(SHORT, verdict(), OWNER)
    assert (found.model, found.approver) == ("m v1.0.0", "grace")
    assert found.role == "model_owner"
    assert found.policy_fingerprint == SHORT.fingerprint


def test_without_the_role_nobody_may():
    with pytest.raises(InputError, match=r"role 'model_owner'; 'eve' has viewer"):
        enforce(SHORT, verdict(), Approver("eve", frozenset({"viewer"})))


def test_the_author_may_not_unless_the_policy_says_so():
    author = Approver("ada", frozenset({"model_owner"}))
    with pytest.raises(InputError, match="someone else than its author"):
        enforce(SHORT, verdict(), author)
    own = replace(SHORT, self_approval=True)
    assert enforce(own, verdict(policy=own), author).approver == "ada"


@pytest.mark.parametrize("nobody", ["", " "])
def test_nobody_is_not_someone_else(nobody):
    with pytest.raises(InputError, match="someone else"):
        enforce(SHORT, verdict(), replace(OWNER, name=nobody))
    with pytest.raises(InputError, match="someone else"):
        enforce(SHORT, verdict(author=nobody), OWNER)


def test_what_the_gate_refuses_nobody_may_promote():
    with pytest.raises(InputError, match=r"may not be promoted\. Not promoted"):
        enforce(SHORT, verdict(edge=0.0), OWNER)
    lied = replace(verdict(edge=0.0), promoted=True)
    with pytest.raises(InputError, match="may not be promoted"):
        enforce(SHORT, lied, OWNER)


def test_a_verdict_under_another_policy_does_not_count():
    soft = replace(SHORT, minimum_days=50)
    with pytest.raises(InputError, match="under the policy in force"):
        enforce(SHORT, verdict(policy=soft), OWNER)

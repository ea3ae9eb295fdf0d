"""The gate: the maximum decides, the rest reports and vetoes where it is told to."""

import json
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.feedback import (
    DEFAULT_RULES,
    CalibrationFigures,
    Evidence,
    Policy,
    Rule,
    Verdict,
    judge,
)

DAYS = 500
QUICK = Policy(blocks=6, repeats=1000)


def returns(edge=0.0, trials=8, seed=1):
    rows = np.random.default_rng(seed).normal(0, 0.01, (DAYS, trials))
    rows[:, 0] += edge
    return rows


def evidence(edge=0.004, **changes):
    """A candidate with a clear edge, unless told otherwise."""
    rows = returns(edge)
    given = {
        "model": "direction v1.2.0",
        "author": "ada",
        "returns": rows,
        "candidate": 0,
        "trials": rows.shape[1],
    }
    return Evidence(**(given | changes))


def vetoing(*names):
    rules = {n: replace(DEFAULT_RULES[n], role="vetoes") for n in names}
    return replace(QUICK, rules={**DEFAULT_RULES, **rules})


def test_an_edge_is_promoted_with_its_reason_and_every_number():
    found = judge(evidence(), QUICK)
    assert found.promoted
    assert found.reason.startswith("Promoted. The candidate (t = ")
    assert {each.name for each in found.checks} == {"enough", "maximum", *DEFAULT_RULES}
    asked = ("t", "t_critical", "maximum_p", "trials", "effective_trials")
    asked += ("overfitting_probability", "deflated_sharpe", "sharpe_annual", "days")
    assert all(found.figures[name] is not None for name in asked)


def test_noise_is_not_promoted_and_the_reason_names_the_maximum():
    found = judge(evidence(0.0), QUICK)
    assert not found.promoted
    assert found.check("maximum").outcome == "failed"
    assert "is not better than the best of 8 trials" in found.reason


def test_a_verdict_is_plain_json_and_comes_back_equal():
    for each in (evidence(), evidence(0.0), evidence(trials=10**6)):
        found = judge(each, QUICK)
        text = json.dumps(found.as_mapping(), allow_nan=False)
        assert Verdict.from_mapping(json.loads(text)) == found


def test_the_same_evidence_gives_the_same_verdict():
    assert judge(evidence(), QUICK) == judge(evidence(), QUICK)


def test_abandoned_and_failed_trials_count():
    rows = returns(0.0015)
    few = judge(evidence(returns=rows), QUICK)
    many = judge(evidence(returns=rows, trials=5000), QUICK)
    assert few.promoted
    assert not many.promoted
    assert many.figures["trials"] == 5000
    assert many.figures["trials_without_returns"] == 4992
    assert many.figures["effective_trials"] > 4992
    assert many.figures["t_critical"] > few.figures["t_critical"] + 1


# Bailey and Lopez de Prado (2014), JPM 40(5), numerical example: annual Sharpe ratio
# 2.5 over 1250 days of 250 a year, skewness -3, kurtosis 10, 100 trials whose annual
# ratios have variance 0.5. These moments belong to returns of two values only.
def published_example():
    generator = np.random.default_rng(3)
    two = np.where(np.arange(1250) < 105, -1.0, 105 / 1145)
    generator.shuffle(two)
    others = np.linalg.qr(
        np.column_stack([np.ones(1250), two, generator.normal(size=(1250, 99))])
    )[0][:, 2:]
    ratios = generator.normal(size=100)
    best = 2.5 / sqrt(250)
    ratios[0] = best
    spread = ratios[1:] - ratios[1:].mean()
    # The other 99 have their mean at the candidate's ratio less d, so that all 100
    # together have the variance 0.5 / 250.
    gap = 0.1
    inside = 99 * 0.5 / 250 - gap**2 * 99 / 100
    ratios[1:] = best - gap + spread * sqrt(inside / (spread**2).sum())
    unit = np.column_stack([two, others])
    unit /= unit.std(axis=0, ddof=1)
    return unit + ratios


def test_the_deflated_sharpe_of_the_gate_gives_the_published_figures():
    rows = published_example()
    found = judge(Evidence("m", "a", rows, 0, 100), QUICK)
    assert found.figures["effective_trials"] == pytest.approx(100)
    assert round(found.figures["deflated_threshold_per_day"], 4) == 0.1132
    assert found.check("deflated").value == pytest.approx(0.9004, abs=2e-4)
    assert found.check("deflated").outcome == "failed"


def test_trials_that_are_alike_deflate_less_than_as_many_different_ones():
    rows = returns(0.002, trials=30)
    alike = rows[:, :1] + 0.05 * (rows - rows[:, :1])
    one = judge(Evidence("m", "a", rows, 0, 30), QUICK)
    other = judge(Evidence("m", "a", alike, 0, 30), QUICK)
    assert other.figures["effective_trials"] < one.figures["effective_trials"] / 3
    assert other.figures["t_critical"] < one.figures["t_critical"] - 0.5


WORSE = {
    "overfitting": {"returns": np.repeat(returns(0.004)[:, :1], 8, axis=1)},
    "deflated": {"trials": 10**6},
    "permutation": {"permutation_p": 0.4},
    "doubled_costs": {"doubled_costs": returns(0.0)[:, 0] - 0.002},
    "calibration": {"calibration": CalibrationFigures(0.2, 1.1, 1.0)},
    "drift": {"drift": {"rsi_14": 0.02, "spread_bps": 0.9}},
    "champion": {"champion": returns(0.004)[:, 0] + 0.001 * returns(seed=9)[:, 0]},
}
BETTER = {
    "permutation": {"permutation_p": 0.002},
    "doubled_costs": {"doubled_costs": returns(0.003)[:, 0]},
    "calibration": {"calibration": CalibrationFigures(0.02, 0.9, 1.0)},
    "drift": {"drift": {"rsi_14": 0.02}},
    "champion": {"champion": returns(seed=9)[:, 0]},
}


@pytest.mark.parametrize("name", sorted(WORSE))
def test_each_other_figure_is_only_reported_unless_it_may_veto(name):
    told = judge(evidence(**WORSE[name]), QUICK).check(name)
    assert (told.role, told.outcome, told.forbids) == ("reports", "failed", False)
    vetoed = judge(evidence(**WORSE[name]), vetoing(name))
    assert vetoed.check(name).forbids
    assert not vetoed.promoted
    assert f"{name} vetoes: " in vetoed.reason


@pytest.mark.parametrize("name", sorted(BETTER))
def test_a_figure_within_its_limit_vetoes_nothing(name):
    found = judge(evidence(**BETTER[name]), vetoing(name))
    assert found.check(name).outcome == "passed"
    assert found.promoted


@pytest.mark.parametrize("name", sorted(BETTER))
def test_what_may_veto_and_was_not_shown_vetoes(name):
    assert judge(evidence(), QUICK).check(name).outcome == "absent"
    found = judge(evidence(), vetoing(name))
    assert not found.promoted
    assert found.check(name).value is None


def test_a_promotion_names_what_is_beyond_its_limit_and_only_reported():
    found = judge(evidence(permutation_p=0.4), QUICK)
    assert found.promoted
    assert "reported only" in found.reason
    assert "permutation" in found.reason


def test_the_worst_input_is_named_in_the_drift():
    found = judge(evidence(**WORSE["drift"]), QUICK)
    assert found.figures["drift_column"] == "spread_bps"


def test_too_few_days_are_no_evidence_however_good():
    rows = returns(0.05)[:100]
    found = judge(evidence(returns=rows), QUICK)
    assert not found.promoted
    assert "100 rows of 100 days" in found.reason


def test_rows_of_minutes_are_judged_by_whole_days():
    rows = returns(0.004)
    fine = np.repeat(rows / 4, 4, axis=0)
    day = np.repeat(np.arange(DAYS), 4)
    one, other = judge(evidence(), QUICK), judge(evidence(returns=fine, day=day), QUICK)
    assert other.figures["days"] == DAYS
    assert other.figures["rows"] == 4 * DAYS
    for name in ("maximum_p", "t", "sharpe_annual", "deflated_sharpe"):
        assert other.figures[name] == pytest.approx(one.figures[name], rel=1e-9)
    short = judge(evidence(returns=fine, day=day // 10), QUICK)
    assert short.check("enough").outcome == "failed"


def test_a_candidate_that_never_traded_is_refused_with_the_reason():
    rows = returns()
    rows[:, 0] = 0.0
    found = judge(evidence(returns=rows), QUICK)
    assert found.check("maximum").outcome == "absent"
    assert "hardly traded" in found.reason


def test_a_single_trial_is_judged_and_has_nothing_to_overfit():
    found = judge(evidence(returns=returns(0.004)[:, :1], trials=1), QUICK)
    assert found.promoted
    assert found.check("overfitting").outcome == "absent"
    assert found.figures["deflated_threshold_per_day"] == 0.0


def test_the_champion_itself_is_not_better_than_the_champion():
    found = judge(evidence(champion=returns(0.004)[:, 0]), vetoing("champion"))
    assert not found.promoted


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"candidate": 8}, "column of the 8"),
        ({"trials": 7}, "trials"),
        ({"returns": np.full((300, 2), np.nan)}, "must be finite"),
        ({"champion": np.zeros(3)}, "500 rows"),
        ({"doubled_costs": np.full(500, np.inf)}, "must be finite"),
        ({"day": np.zeros(3)}, "500 rows"),
        ({"permutation_p": 0.0}, "never 0"),
        ({"drift": {"a": float("nan")}}, "must be finite"),
    ],
)
def test_evidence_that_cannot_be_is_refused(changes, told):
    with pytest.raises(InputError, match=told):
        evidence(**changes)


def test_a_verdict_that_was_changed_is_refused():
    kept = judge(evidence(0.0), QUICK).as_mapping()
    with pytest.raises(InputError, match="no check forbids"):
        Verdict.from_mapping(kept | {"promoted": True})
    with pytest.raises(InputError, match="has the fields"):
        Verdict.from_mapping({"promoted": True})
    with pytest.raises(InputError, match="no check 'maximun'"):
        judge(evidence(), QUICK).check("maximun")


def test_a_rule_of_the_default_never_vetoes():
    assert {rule.role for rule in DEFAULT_RULES.values()} == {"reports"}
    assert DEFAULT_RULES["overfitting"] == Rule("reports", 0.5)

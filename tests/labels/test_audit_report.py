"""Maturity and the whole audit: counts that add up, plain data at the end."""

import json

import polars as pl
import pytest

from reference.label_market import HOUR, random_decisions, walk
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.labels import LabelPlan, OutcomeRule, label
from tradeloop.labels.audit import audit, maturity, noise, stability


def labelled(plan, rows, market, as_of_ns=None):
    return label(
        rows,
        market,
        horizons_ns=plan.horizons_ns,
        benchmark=plan.benchmark,
        rule=plan.rule,
        as_of_ns=as_of_ns,
    )


def test_received_is_labelled_and_pending_and_censored():
    market = walk(1, 3, 200)
    rows = random_decisions(2, market, 300)
    for hours in (50, 120, 260):
        known = rows.filter(pl.col("received_ns") <= hours * HOUR)
        plan = LabelPlan([9 * HOUR, HOUR], "I0")
        found = maturity(
            labelled(plan, known, market, hours * HOUR),
            horizon="9h",
            as_of_ns=hours * HOUR,
        )
        counts = found.counts
        assert counts["received"] == known.height
        assert counts["received"] == sum(counts.values()) - counts["received"]
        assert sum(found.reasons.values()) == counts["pending"] + counts["censored"]
        assert sum(found.expected.values()) == counts["pending"]
        assert (
            found.table["expected_ns"].is_not_null()
            == (found.table["state"] == "pending")
        ).all()
        assert found.known["1h"] >= found.known["9h"] > 0


def frame(*rows):
    """Rows of (id, instrument, decision, state, due, end) in days."""
    day = NS_PER_DAY
    return pl.DataFrame(
        {
            "decision_id": [row[0] for row in rows],
            "instrument": [row[1] for row in rows],
            "decision_ns": [int(row[2] * day) for row in rows],
            "state": [row[3] for row in rows],
            "reason": [None if row[3] == "labelled" else "why" for row in rows],
            "due_ns_1d": [int(row[4] * day) for row in rows],
            "end_ns_1d": pl.Series(
                [None if row[5] is None else int(row[5] * day) for row in rows],
                dtype=pl.Int64,
            ),
        }
    )


def test_a_pending_label_is_expected_after_the_usual_lag_of_its_instrument():
    rows = frame(
        ("a", "A", 0, "labelled", 1, 1.5),
        ("b", "A", 1, "labelled", 2, 2.5),
        ("c", "B", 1, "labelled", 2, 2),
        ("p", "A", 9, "pending", 10, None),
        ("q", "B", 8.5, "pending", 9.5, None),
        ("r", "C", 9.9, "pending", 10.9, None),
        ("s", "A", 3, "pending", 4, None),
        ("x", "A", 3, "censored", 4, None),
    )
    found = maturity(rows, horizon="1d", as_of_ns=10 * NS_PER_DAY)
    expected = dict(found.table.select("decision_id", "expected_ns").iter_rows())
    day = NS_PER_DAY
    assert expected["p"] == 10.5 * day
    assert expected["q"] == 9.5 * day
    assert expected["r"] == round(11.4 * day)  # the median over all is half a day
    assert expected["a"] is None
    assert found.expected == {
        "overdue": 2,  # q and s
        "within_1h": 0,
        "within_1d": 1,
        "within_7d": 1,
        "later": 0,
    }
    assert found.as_mapping()["oldest_pending_age_ns"] == 7 * day
    ages = found.table["age_ns"]
    assert ages[0] == 10 * day


def test_a_frame_that_does_not_add_up_is_refused():
    good = frame(("a", "A", 0, "labelled", 1, 2))
    for wrong, match in (
        (good.with_columns(state=pl.lit("lost")), "'lost' does no state"),
        (pl.concat([good, good]), "'a' does come twice"),
        (good.with_columns(decision_ns=pl.lit(9 * NS_PER_DAY)), "lie after as_of_ns"),
        (good.drop("reason"), "column 'reason'"),
    ):
        with pytest.raises(InputError, match=match):
            maturity(wrong, horizon="1d", as_of_ns=NS_PER_DAY)


def test_an_audit_is_plain_data_that_json_can_hold():
    market = walk(3, 3, 600)
    rows = random_decisions(4, market, 500)
    plan = LabelPlan([9 * HOUR, 2 * HOUR], rule=OutcomeRule(volatility_rows=20))
    as_of_ns = 560 * HOUR
    known = rows.filter(pl.col("received_ns") <= as_of_ns)
    labels = labelled(plan, known, market, as_of_ns)
    net = labelled(
        LabelPlan(plan.horizons_ns, rule=OutcomeRule(graded="net")),
        known,
        market,
        as_of_ns,
    )
    found = audit(
        labels,
        plan=plan,
        as_of_ns=as_of_ns,
        other_rules={"net": net},
        stability=stability(known, market, plan=plan, at_most=50),
        repeats=50,
    )
    plain = found.as_mapping()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert list(plain["agreement"]) == [
        f"{one}_{h} ~ {other}_{h}"
        for h in ("9h", "2h")
        for one, other in (
            ("outcome", "net_outcome"),
            ("outcome", "barrier"),
            ("direction", "trend"),
            ("meta_label", "barrier_meta"),
        )
    ] + ["own ~ net"]
    own = found.agreement["own ~ net"]
    within = found.agreement["outcome_9h ~ net_outcome_9h"]
    assert own.table == within.table  # the other rule grades what this one has as well
    assert own.raw.low <= own.raw.value <= own.raw.high
    assert plain["noise"] is None
    assert plain["stability"]["rows"] == 50
    assert found.maturity.counts["received"] == known.height


def test_few_labels_have_no_drift_and_an_alarm_says_what_is_wrong():
    rows = frame(("a", "A", 0, "labelled", 1, 2), ("p", "A", 0, "pending", 1, None))
    rows = rows.with_columns(decision_outcome=pl.Series(["GOOD", None]))
    found = audit(rows, plan=LabelPlan([NS_PER_DAY]), as_of_ns=9 * NS_PER_DAY)
    assert found.drift is None
    assert found.alarms == ("1 labels are overdue",)


def test_noise_and_drift_raise_alarms_of_the_audit():
    days = 400
    rows = frame(
        *((f"d{k}", "A", k, "labelled", k + 0.5, k + 0.5) for k in range(days))
    )
    words = ["BAD"] * 200 + ["GOOD"] * 200
    rows = rows.with_columns(decision_outcome=pl.Series(words))
    given = [int(word == "GOOD") for word in words]
    for k in range(0, days, 5):
        given[k] = 1 - given[k]
    sure = [[0.95, 0.05]] * 200 + [[0.05, 0.95]] * 200
    half = list(range(200)), list(range(200, 400))
    doubt = noise(
        given,
        sure,
        classes=("BAD", "GOOD"),
        folds=[half, half[::-1]],
        decision_ns=rows["decision_ns"],
        end_ns=rows["end_ns_1d"],
    )
    assert doubt.mislabelled.value == pytest.approx(0.2)
    found = audit(
        rows,
        plan=LabelPlan([NS_PER_DAY]),
        as_of_ns=days * NS_PER_DAY,
        noise=doubt,
    )
    assert found.drift.began_ns == 200 * NS_PER_DAY
    assert [alarm.split()[0] for alarm in found.alarms] == ["the", "at"]

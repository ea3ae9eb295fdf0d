import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.events import SignalType
from tradeloop.models import explain
from tradeloop.signals import (
    FeatureRow,
    Gate,
    Market,
    Policy,
    SignalStatus,
    SizeRule,
    Terms,
    issue,
    positioned,
)

NAMES = tuple("abcdef")
CREATED_NS = 1_700_000_000_000_000_000


def issued(gate, features, fingerprint="bank-1", **more):
    verdicts = gate.judge(features, fingerprint, NAMES)
    return verdicts, issue(
        verdicts,
        gate.scorer.meta,
        gate.policy,
        symbols=["EURUSD"] * len(verdicts.reason),
        created_ns=np.full(len(verdicts.reason), CREATED_NS),
        **more,
    )


def test_each_row_becomes_one_signal_that_agrees_with_its_verdict(gate, rows):
    verdicts, signals = issued(gate, rows)
    assert len(signals) == len(rows)
    types = {1: SignalType.BUY, -1: SignalType.SELL, 0: SignalType.HOLD}
    for at, signal in enumerate(signals):
        side = int(verdicts.choices.side[at])
        assert (signal.side, signal.signal_type) == (side, types[side])
        assert signal.confidence == signal.probabilities[side + 1]
        assert signal.probabilities == tuple(verdicts.probabilities[at])
        active = side != 0
        assert (signal.status is SignalStatus.ACTIVE) == active
        assert (signal.abstain_reason == "") == active
        assert signal.position_size == (0.1 if active else 0.0)
        assert signal.expires_ns - signal.created_ns == signal.horizon_ns
        assert signal.model_version == "direction-5d v0.1.0"
    assert {signal.side for signal in signals} == {-1, 0, 1}


def test_an_active_signal_expires_after_its_horizon_and_an_abstention_never(gate, rows):
    _, signals = issued(gate, rows)
    active = next(s for s in signals if s.status is SignalStatus.ACTIVE)
    assert active.status_at(active.expires_ns - 1) is SignalStatus.ACTIVE
    assert active.status_at(active.expires_ns) is SignalStatus.EXPIRED
    held = next(s for s in signals if s.status is SignalStatus.ABSTAINED)
    assert held.status_at(held.expires_ns) is SignalStatus.ABSTAINED


def test_what_was_not_scored_has_no_probability(gate, rows):
    _, (signal,) = issued(gate, rows[:1], fingerprint="bank-2")
    assert signal.confidence is None
    assert signal.probabilities is None
    assert signal.abstain_reason == "fingerprint differs"
    assert signal.reasoning == "Not scored: fingerprint differs."


def test_a_failed_scorer_is_named_in_the_reasoning(scorer, rows):
    broken = replace(scorer, calibration=None)
    _, (signal,) = issued(Gate(broken, Policy()), rows[:1])
    assert signal.reasoning.startswith("Not scored: scorer failed (AttributeError:")


def test_reasoning_tells_the_figures_and_who_spoke(gate, model):
    rows = np.array([[3.0] + [0.0] * 5])
    spoke = [explain(model.fitted, rows).top(1, count=2)]
    _, (signal,) = issued(gate, rows, spoke=spoke, decision_ids=["d-1"])
    assert signal.side == 1
    assert signal.decision_id == "d-1"
    assert "reaches 5.0%. Most from a +" in signal.reasoning
    assert f"Up {signal.probabilities[2]:.1%}" in signal.reasoning


def test_a_small_edge_says_that_it_is_below(scorer, rows):
    _, signals = issued(Gate(scorer, Policy(min_edge=1.0)), rows[:3])
    for signal in signals:
        assert "is below 100.0%." in signal.reasoning
        assert signal.abstain_reason == "below threshold"
        assert signal.confidence == signal.probabilities[1]


def test_a_signal_is_frozen_and_its_mapping_is_json(gate, rows):
    _, (signal,) = issued(gate, rows[:1])
    with pytest.raises(FrozenInstanceError):
        signal.side = 0
    body = json.loads(json.dumps(signal.as_mapping()))
    assert body["signal_type"] in {"BUY", "SELL", "HOLD"}
    assert body["status"] in {"active", "abstained"}
    assert body["created_ns"] == CREATED_NS


def test_no_rows_give_no_signals(gate):
    assert issued(gate, np.empty((0, 6)))[1] == ()


def test_lengths_that_differ_are_refused(gate, rows):
    verdicts = gate.judge(rows[:2], "bank-1", NAMES)
    with pytest.raises(InputError, match="Each of the 2 verdicts needs a symbol"):
        issue(
            verdicts,
            gate.scorer.meta,
            gate.policy,
            symbols=["EURUSD"],
            created_ns=[CREATED_NS] * 2,
        )


def one_active(gate, rows):
    return next(s for s in issued(gate, rows)[1] if s.status is SignalStatus.ACTIVE)


@pytest.mark.parametrize("status", sorted(set(SignalStatus) - {"active", "abstained"}))
def test_an_active_signal_changes_once(gate, rows, status):
    active = one_active(gate, rows)
    done = active.becoming(SignalStatus(status), "as told")
    assert (done.status, done.status_reason) == (status, "as told")
    assert done.key == active.key
    for after in SignalStatus:
        with pytest.raises(InputError, match=f"is {status}, it cannot become {after}"):
            done.becoming(after)


def test_nothing_follows_on_an_abstention_and_none_becomes_active(gate, rows):
    _, signals = issued(gate, rows)
    held = next(s for s in signals if s.status is SignalStatus.ABSTAINED)
    for after in SignalStatus:
        with pytest.raises(InputError, match="cannot become"):
            held.becoming(after)
    with pytest.raises(InputError, match="cannot become active"):
        one_active(gate, rows).becoming(SignalStatus.ACTIVE)


def test_a_key_names_the_model_and_the_decision_or_symbol_and_time(gate, rows):
    _, (plain,) = issued(gate, rows[:1])
    assert plain.key == f"direction-5d v0.1.0:EURUSD:{CREATED_NS}"
    _, (asked,) = issued(gate, rows[:1], decision_ids=["d-1"])
    assert asked.key == "direction-5d v0.1.0:d-1"
    other = replace(plain, strategy="trend", timeframe="1h")
    assert other.key == f"direction-5d v0.1.0:trend:1h:EURUSD:{CREATED_NS}"


def test_a_confidence_has_an_interval_where_the_calibration_was_counted(gate, rows):
    _, signals = issued(gate, rows, calibration_rows=80)
    for signal in signals:
        low, high = signal.interval
        assert low < signal.confidence < high
    assert issued(gate, rows)[1][0].interval is None
    _, (unscored,) = issued(gate, rows[:1], "bank-2", calibration_rows=80)
    assert unscored.interval is None


def test_a_position_has_size_and_levels_from_the_market(gate, rows):
    active = one_active(gate, rows)
    market = Market(price=100.0, volatility=0.02, cost_bps=1.0)
    placed = positioned(active, market, Terms(), 0.05)
    assert 0 < placed.position_size <= 0.05
    assert active.side * (placed.target_price - 100) > 0
    assert active.side * (placed.stop_loss - 100) < 0
    assert "Size: " in placed.reasoning
    assert placed.key == active.key


def test_a_sell_is_sized_by_its_own_chances(gate, rows):
    active = one_active(gate, rows)
    down, flat, up = active.probabilities
    mirrored = replace(active, side=-active.side, probabilities=(up, flat, down))
    terms = Terms(sizes=SizeRule(kelly_fraction=0.01, max_share=1.0))
    market = Market(100.0, 1e-6)  # so small that both payoffs are equal
    ours, theirs = (
        positioned(each, market, terms, 1.0).position_size
        for each in (active, mirrored)
    )
    assert ours == pytest.approx(theirs, rel=1e-3)


def test_without_a_volatility_the_size_is_nothing_and_the_reason_says_so(gate, rows):
    placed = positioned(
        one_active(gate, rows), Market(100.0, float("nan")), Terms(), 0.1
    )
    assert placed.position_size == 0
    assert (placed.target_price, placed.stop_loss) == (None, None)
    assert placed.reasoning.endswith("Size: no size: the volatility is nan.")


def test_a_held_signal_gets_no_position(gate, rows):
    _, (held,) = issued(gate, rows[:1], "bank-2")
    assert positioned(held, Market(100.0, 0.02), Terms(), 0.1) == held


def test_a_feature_row_gives_back_its_values_by_name():
    row = FeatureRow.of(("a", "b", "c"), [1.5, np.nan, np.inf])
    assert row.as_mapping() == {"a": 1.5, "b": None, "c": None}
    assert np.array_equal(row.values, [1.5, np.nan, np.inf], equal_nan=True)
    assert row == FeatureRow.of(("a", "b", "c"), [1.5, np.nan, np.inf])
    with pytest.raises(InputError, match="needs 2 values"):
        FeatureRow.of(("a", "b"), [1.0])


def test_a_weak_vote_says_what_held_it(vote, sequences):
    gate = Gate(vote, Policy(min_edge=0.01))
    verdicts = gate.judge(sequences, "bank-1", NAMES)
    signals = issue(
        verdicts,
        vote.meta,
        gate.policy,
        symbols=["A"] * len(sequences),
        created_ns=np.zeros(len(sequences), dtype=np.int64),
    )
    weak = [s for s in signals if s.abstain_reason == "low confidence"]
    assert weak
    assert all(s.reasoning.endswith("reaches 1.0%, but low confidence.") for s in weak)
    assert {s.position_size for s in weak} == {0.0}

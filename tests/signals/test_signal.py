import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.events import SignalType
from tradeloop.models import explain
from tradeloop.signals import Gate, Policy, SignalStatus, issue

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
    broken = replace(scorer, runtime=None)
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

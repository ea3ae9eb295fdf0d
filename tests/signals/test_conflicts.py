import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.events import SignalType
from tradeloop.signals import Signal, SignalStatus
from tradeloop.signals.conflicts import ConflictPolicy, ConflictRule, resolve

NOW = 1_000
TYPES = {1: SignalType.BUY, -1: SignalType.SELL, 0: SignalType.HOLD}
NAMES = ("trend", "1h", "m v1", "m v2", "scalp")


def signal(side=1, confidence=0.6, size=0.1, **more):
    return Signal(
        **{
            "symbol": "EURUSD",
            "signal_type": TYPES[side],
            "side": side,
            "confidence": confidence,
            "probabilities": (0.2, 0.2, 0.6),
            "horizon_ns": 100,
            "reasoning": "",
            "model_version": "m v1",
            "created_ns": 950,
            "expires_ns": 1_050,
            "position_size": size,
            "decision_id": "",
            "status": SignalStatus.ACTIVE if side else SignalStatus.ABSTAINED,
            "abstain_reason": "" if side else "below threshold",
        }
        | more
    )


SIGNALS = st.lists(
    st.builds(
        signal,
        side=st.sampled_from([-1, 0, 1]),
        confidence=st.sampled_from([0.4, 0.5, 0.6, 0.7]),
        size=st.sampled_from([0.0, 0.05, 0.1, 0.2]),
        symbol=st.sampled_from(["EURUSD", "BTCUSD"]),
        model_version=st.sampled_from(["m v1", "m v2"]),
        strategy=st.sampled_from(["", "trend", "scalp"]),
        timeframe=st.sampled_from(["", "1h"]),
        expires_ns=st.sampled_from([NOW, NOW + 1]),
    ),
    max_size=8,
)
RULES = st.builds(
    ConflictRule,
    policy=st.sampled_from(list(ConflictPolicy)),
    priority=st.permutations(NAMES).map(lambda names: tuple(names[:3])),
    max_share=st.sampled_from([0.15, 1.0]),
)


@given(SIGNALS, RULES, st.randoms(use_true_random=False))
def test_the_order_of_the_signals_does_not_matter(signals, rule, draw):
    mixed = list(signals)
    draw.shuffle(mixed)
    assert resolve(mixed, rule, NOW) == resolve(signals, rule, NOW)


@given(SIGNALS, RULES)
def test_resolving_again_changes_nothing(signals, rule):
    first = resolve(signals, rule, NOW)
    everyone = [*first.followed, *(loser.signal for loser in first.lost), *first.aside]
    assert resolve(everyone, rule, NOW).followed == first.followed
    assert resolve(first.followed, rule, NOW).lost == ()


@given(SIGNALS, RULES)
def test_no_signal_is_lost_and_one_is_followed_for_each_symbol(signals, rule):
    found = resolve(signals, rule, NOW)
    assert len(found.followed) + len(found.lost) + len(found.aside) == len(signals)
    symbols = [each.symbol for each in found.followed]
    assert symbols == sorted(set(symbols))
    assert all(each.status_at(NOW) is SignalStatus.ACTIVE for each in found.followed)
    for loser in found.lost:
        assert loser.signal.status is SignalStatus.SUPERSEDED
        assert loser.signal.status_reason.startswith(f"{rule.policy}: ")
        assert loser.policy is rule.policy
        followed = {s.symbol: s.key for s in found.followed}
        assert loser.against == followed.get(loser.signal.symbol, "")


def test_the_side_with_the_larger_sum_of_confidence_wins():
    strong = signal(side=-1, confidence=0.9, strategy="a")
    two = [
        signal(confidence=0.5, strategy="b"),
        signal(confidence=0.55, strategy="c"),
    ]
    found = resolve([strong, *two], ConflictRule(), NOW)
    assert [s.strategy for s in found.followed] == ["c"]
    assert [loser.signal.strategy for loser in found.lost] == ["a", "b"]
    why = "confidence_weighted: m v1:c:EURUSD:950 is followed; confidence 1.0500 to buy"
    assert found.lost[0].signal.status_reason == f"{why}, 0.9000 to sell"


def test_equal_sums_follow_nobody_and_say_so():
    found = resolve([signal(), signal(side=-1)], ConflictRule(), NOW)
    assert found.followed == ()
    assert len(found.lost) == 2
    assert "nobody is followed" in found.lost[0].signal.status_reason


def test_priority_follows_the_first_name_of_the_list_whatever_the_confidence():
    rule = ConflictRule(ConflictPolicy.PRIORITY, ("1h", "trend"))
    first = signal(confidence=0.4, timeframe="1h")
    others = [signal(side=-1, confidence=0.9, strategy="trend"), signal(strategy="x")]
    found = resolve([*others, first], rule, NOW)
    assert found.followed == (first,)
    assert "1h stands at place 1 of 2" in found.lost[0].signal.status_reason
    unlisted = resolve([signal(strategy="x")], rule, NOW)
    assert len(unlisted.followed) == 1


def test_netting_follows_what_is_left_up_to_the_cap():
    signals = [
        signal(size=0.3, strategy="a"),
        signal(size=0.1, strategy="b"),
        signal(side=-1, size=0.15, strategy="c"),
    ]
    net = ConflictRule(ConflictPolicy.NETTING)
    (kept,) = resolve(signals, net, NOW).followed
    assert (kept.strategy, kept.side) == ("a", 1)
    assert kept.position_size == pytest.approx(0.25)
    (capped,) = resolve(
        signals, ConflictRule(ConflictPolicy.NETTING, max_share=0.2), NOW
    ).followed
    assert capped.position_size == 0.2
    flat = resolve([signal(), signal(side=-1)], net, NOW)
    assert flat.followed == ()
    assert "sizes net to +0.000000" in flat.lost[0].signal.status_reason


def test_held_and_expired_signals_stand_aside():
    over = signal(expires_ns=NOW)
    held = signal(side=0)
    found = resolve([over, held, signal(side=-1)], ConflictRule(), NOW)
    assert len(found.followed) == 1
    assert set(found.aside) == {over, held}
    assert found.lost == ()


@pytest.mark.parametrize(
    "bad",
    [{"policy": "loudest"}, {"priority": ("a", "a")}, {"max_share": 0}],
)
def test_a_rule_that_is_none_is_refused(bad):
    with pytest.raises(InputError, match="conflict rule needs"):
        ConflictRule(**bad)

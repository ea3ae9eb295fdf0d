"""Signals that contradict one another on one symbol: who is followed, and why.

| policy | followed |
|---|---|
| confidence_weighted | the most confident of the side with the larger sum of them |
| priority | whose strategy, timeframe or model comes first; then the most confident |
| netting | the largest of the side that is left when sizes net, at the net size |

Only active signals with a side compete. One of them is followed for each symbol; the
others become superseded and say by which policy, against whom and by which numbers.
The order in which signals are given does not matter, and resolving what is followed
again changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from math import fsum
from typing import Any

from tradeloop.errors import InputError
from tradeloop.signals.signal import Signal, SignalStatus

_Group = tuple[Signal, ...]
_Choice = tuple[Signal | None, float, str]


class ConflictPolicy(StrEnum):
    """How a conflict is settled."""

    CONFIDENCE_WEIGHTED = "confidence_weighted"
    PRIORITY = "priority"
    NETTING = "netting"


@dataclass(frozen=True, slots=True)
class ConflictRule:
    """A named policy with its figures.

    Parameters
    ----------
    policy : ConflictPolicy
        How a conflict is settled.
    priority : tuple of str
        Strategies, timeframes or model versions, the first one leads; others come
        last. For ``priority`` only.
    max_share : float
        Cap of a netted size, above 0 and up to 1. For ``netting`` only.

    Raises
    ------
    InputError
        An unknown policy, a name that occurs twice, or a cap out of range.
    """

    policy: ConflictPolicy = ConflictPolicy.CONFIDENCE_WEIGHTED
    priority: tuple[str, ...] = ()
    max_share: float = 1.0

    def __post_init__(self) -> None:
        named = self.policy in set(ConflictPolicy)
        once = len(set(self.priority)) == len(self.priority)
        if not (named and once and 0 < self.max_share <= 1):
            raise InputError(
                f"A conflict rule needs one of {', '.join(ConflictPolicy)}, names that "
                "occur once and a cap above 0 and up to 1, was "
                f"{self.policy!r}, {self.priority}, {self.max_share}.",
                way_out="Correct the rule.",
            )


@dataclass(frozen=True, slots=True)
class Loser:
    """A signal that lost a conflict.

    Parameters
    ----------
    signal : Signal
        Superseded; its `status_reason` is the explanation.
    policy : ConflictPolicy
        What settled the conflict.
    against : str
        Key of the signal that is followed; empty where none is.
    """

    signal: Signal
    policy: ConflictPolicy
    against: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """What came of signals that were held against one another.

    Parameters
    ----------
    followed : tuple of Signal
        At most one for each symbol, by symbol.
    lost : tuple of Loser
        The others that competed.
    aside : tuple of Signal
        Those that did not compete: held, abstained, or over already.
    """

    followed: tuple[Signal, ...]
    lost: tuple[Loser, ...]
    aside: tuple[Signal, ...]


def resolve(signals: Iterable[Signal], rule: ConflictRule, now_ns: int) -> Resolution:
    """Settle the conflicts of each symbol.

    Parameters
    ----------
    signals : iterable of Signal
        In any order.
    rule : ConflictRule
        How.
    now_ns : int
        Time, ns UTC: an expired signal does not compete.
    """
    groups: dict[str, list[Signal]] = {}
    aside = []
    for signal in sorted(signals, key=_order):
        if signal.side and signal.status_at(now_ns) is SignalStatus.ACTIVE:
            groups.setdefault(signal.symbol, []).append(signal)
        else:
            aside.append(signal)
    followed: list[Signal] = []
    lost: list[Loser] = []
    for symbol in sorted(groups):
        group = tuple(groups[symbol])
        best, size, why = _POLICIES[rule.policy](group, rule)
        followed += [] if best is None else [replace(best, position_size=size)]
        lost += _losers(group, best, rule, why)
    return Resolution(tuple(followed), tuple(lost), tuple(aside))


def _losers(
    group: _Group, best: Signal | None, rule: ConflictRule, why: str
) -> list[Loser]:
    """Supersede all but the followed one, each with the same explanation."""
    key = "" if best is None else best.key
    against = f"{key} is followed" if key else "nobody is followed"
    text = f"{rule.policy}: {against}; {why}"
    return [
        Loser(signal.becoming(SignalStatus.SUPERSEDED, text), rule.policy, key)
        for signal in group
        if signal is not best
    ]


def _by_confidence(group: _Group, _: ConflictRule) -> _Choice:
    up = fsum(s.confidence or 0.0 for s in group if s.side > 0)
    down = fsum(s.confidence or 0.0 for s in group if s.side < 0)
    why = f"confidence {up:.4f} to buy, {down:.4f} to sell"
    if up == down:
        return None, 0.0, why
    side = 1 if up > down else -1
    best = max((s for s in group if s.side == side), key=_confidence)
    return best, best.position_size, why


def _by_priority(group: _Group, rule: ConflictRule) -> _Choice:
    ranks: Mapping[str, int] = {name: at for at, name in enumerate(rule.priority)}
    last = len(rule.priority)

    def rank(signal: Signal) -> int:
        names = (signal.strategy, signal.timeframe, signal.model_version)
        return min(ranks.get(name, last) for name in names)

    best = max(group, key=lambda s: (-rank(s), _confidence(s)))
    named = rule.priority[rank(best)] if rank(best) < last else "no listed name"
    why = f"{named} stands at place {rank(best) + 1} of {last}"
    return best, best.position_size, why


def _by_net(group: _Group, rule: ConflictRule) -> _Choice:
    net = fsum(s.side * s.position_size for s in group)
    why = f"sizes net to {net:+.6f}"
    if net == 0:
        return None, 0.0, why
    side = 1 if net > 0 else -1
    best = max(
        (s for s in group if s.side == side),
        key=lambda s: (s.position_size, _confidence(s)),
    )
    return best, min(abs(net), rule.max_share), why


def _confidence(signal: Signal) -> float:
    return -1.0 if signal.confidence is None else signal.confidence


def _order(signal: Signal) -> tuple[Any, ...]:
    """Sort by everything, so that the order given cannot matter."""
    return signal.key, *(repr(getattr(signal, each.name)) for each in fields(signal))


_POLICIES: Mapping[ConflictPolicy, Callable[[_Group, ConflictRule], _Choice]] = {
    ConflictPolicy.CONFIDENCE_WEIGHTED: _by_confidence,
    ConflictPolicy.PRIORITY: _by_priority,
    ConflictPolicy.NETTING: _by_net,
}

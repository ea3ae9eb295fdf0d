"""From a forecast to a signal: scorer, gate, policy and the signal itself."""

from tradeloop.signals.gate import Abstention, Gate, Verdicts
from tradeloop.signals.policy import Choices, Policy, decide
from tradeloop.signals.scorer import Scorer
from tradeloop.signals.signal import Signal, SignalStatus, issue

__all__ = [
    "Abstention",
    "Choices",
    "Gate",
    "Policy",
    "Scorer",
    "Signal",
    "SignalStatus",
    "Verdicts",
    "decide",
    "issue",
]

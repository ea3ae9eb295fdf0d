"""From a forecast to a signal, live and in a back-test, and what came of it."""

from tradeloop.signals.analytics import Resampling, signal_statistics
from tradeloop.signals.book import SignalBook
from tradeloop.signals.breaker import (
    Breaker,
    BreakerRule,
    Circuit,
    Fault,
    MemberFault,
)
from tradeloop.signals.conflicts import (
    ConflictPolicy,
    ConflictRule,
    Loser,
    Resolution,
    resolve,
)
from tradeloop.signals.gate import Gate, Verdicts
from tradeloop.signals.issuing import Market, Terms, issue, positioned
from tradeloop.signals.latest import Asked, Latest
from tradeloop.signals.levels import LevelRule, Levels, levels_of, payoff_of
from tradeloop.signals.live import LiveSignals
from tradeloop.signals.live_rows import Answer, LiveRow
from tradeloop.signals.occlusion import occluded, top_occluded
from tradeloop.signals.outcomes import outcomes_of, signals_frame
from tradeloop.signals.policy import Choices, Policy, decide
from tradeloop.signals.rings import Rings, RowRing
from tradeloop.signals.rowchecks import Abstention, Bounds, RowFacts
from tradeloop.signals.scorer import Ballot, Scorer
from tradeloop.signals.signal import FeatureRow, Signal, SignalStatus
from tradeloop.signals.sizing import Payoff, Size, SizeRule, kelly_share, size_of
from tradeloop.signals.uncertainty import confidence_interval
from tradeloop.signals.voices import Answers, Voice, Watch, ask_all
from tradeloop.signals.workers import Workers

__all__ = [
    "Abstention",
    "Answer",
    "Answers",
    "Asked",
    "Ballot",
    "Bounds",
    "Breaker",
    "BreakerRule",
    "Choices",
    "Circuit",
    "ConflictPolicy",
    "ConflictRule",
    "Fault",
    "FeatureRow",
    "Gate",
    "Latest",
    "LevelRule",
    "Levels",
    "LiveRow",
    "LiveSignals",
    "Loser",
    "Market",
    "MemberFault",
    "Payoff",
    "Policy",
    "Resampling",
    "Resolution",
    "Rings",
    "RowFacts",
    "RowRing",
    "Scorer",
    "Signal",
    "SignalBook",
    "SignalStatus",
    "Size",
    "SizeRule",
    "Terms",
    "Verdicts",
    "Voice",
    "Watch",
    "Workers",
    "ask_all",
    "confidence_interval",
    "decide",
    "issue",
    "kelly_share",
    "levels_of",
    "occluded",
    "outcomes_of",
    "payoff_of",
    "positioned",
    "resolve",
    "signal_statistics",
    "signals_frame",
    "size_of",
    "top_occluded",
]

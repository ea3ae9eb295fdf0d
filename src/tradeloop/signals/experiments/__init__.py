"""Experiments on live signals: shadow, A/B and canary, as states that can be kept."""

from tradeloop.signals.experiments.ab import SplitTest
from tradeloop.signals.experiments.assignment import Layout, bucket_of
from tradeloop.signals.experiments.canary import (
    Action,
    Canary,
    CanaryStatus,
    CanaryVerdict,
)
from tradeloop.signals.experiments.canary_plan import STAGES, CanaryPlan, Stage
from tradeloop.signals.experiments.guards import GUARDS, Guard
from tradeloop.signals.experiments.observation import (
    CHALLENGER,
    CHAMPION,
    Scored,
    Settled,
)
from tradeloop.signals.experiments.shadow import Comparison, Shadow

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "GUARDS",
    "STAGES",
    "Action",
    "Canary",
    "CanaryPlan",
    "CanaryStatus",
    "CanaryVerdict",
    "Comparison",
    "Guard",
    "Layout",
    "Scored",
    "Settled",
    "Shadow",
    "SplitTest",
    "Stage",
    "bucket_of",
]

"""How good a forecast is: figures with intervals, baselines, slices, leak alarm."""

from tradeloop.models.evaluation.blocks import rows_per_block
from tradeloop.models.evaluation.evaluate import evaluate
from tradeloop.models.evaluation.leak import LEAK_ALARM, LeakAlarm
from tradeloop.models.evaluation.realised import Realised
from tradeloop.models.evaluation.scores import (
    CrossSection,
    Evaluation,
    Scores,
    SkillTest,
)
from tradeloop.models.evaluation.slices import Slice, Slices, evaluate_by, period_of

__all__ = [
    "LEAK_ALARM",
    "CrossSection",
    "Evaluation",
    "LeakAlarm",
    "Realised",
    "Scores",
    "SkillTest",
    "Slice",
    "Slices",
    "evaluate",
    "evaluate_by",
    "period_of",
    "rows_per_block",
]

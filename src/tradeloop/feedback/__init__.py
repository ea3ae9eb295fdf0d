"""What is learned from what happened: the honest gate before a model is promoted."""

from tradeloop.feedback.approval import Approval, Approver, enforce
from tradeloop.feedback.evidence import CalibrationFigures, Evidence
from tradeloop.feedback.policy import DEFAULT_RULES, Policy, Rule
from tradeloop.feedback.promotion import judge
from tradeloop.feedback.verdict import Check, Verdict

__all__ = [
    "DEFAULT_RULES",
    "Approval",
    "Approver",
    "CalibrationFigures",
    "Check",
    "Evidence",
    "Policy",
    "Rule",
    "Verdict",
    "enforce",
    "judge",
]

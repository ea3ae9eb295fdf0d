"""The pictures of a report, one file each."""

from tradeloop.reports.pictures.balance import balance_picture
from tradeloop.reports.pictures.coverage import coverage_picture
from tradeloop.reports.pictures.equity import equity_picture
from tradeloop.reports.pictures.importance import importance_picture
from tradeloop.reports.pictures.label_spread import label_spread_picture
from tradeloop.reports.pictures.loop import loop_picture
from tradeloop.reports.pictures.missing import missing_picture
from tradeloop.reports.pictures.outcomes import outcomes_picture
from tradeloop.reports.pictures.reliability import reliability_picture
from tradeloop.reports.pictures.split import split_picture

__all__ = [
    "balance_picture",
    "coverage_picture",
    "equity_picture",
    "importance_picture",
    "label_spread_picture",
    "loop_picture",
    "missing_picture",
    "outcomes_picture",
    "reliability_picture",
    "split_picture",
]

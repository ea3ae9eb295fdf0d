"""The pictures of a report, one file each."""

from tradeloop.reports.pictures.equity import equity_picture
from tradeloop.reports.pictures.importance import importance_picture
from tradeloop.reports.pictures.loop import loop_picture
from tradeloop.reports.pictures.outcomes import outcomes_picture
from tradeloop.reports.pictures.reliability import reliability_picture
from tradeloop.reports.pictures.split import split_picture

__all__ = [
    "equity_picture",
    "importance_picture",
    "loop_picture",
    "outcomes_picture",
    "reliability_picture",
    "split_picture",
]

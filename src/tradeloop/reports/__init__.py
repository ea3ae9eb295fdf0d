"""Pictures and pages: what a run found, for people to judge."""

from tradeloop.reports.drawing import Picture, as_file, as_png, as_svg
from tradeloop.reports.measured import comparisons, equity_curves, from_interval
from tradeloop.reports.of_dataset import card_files, dataset_pictures
from tradeloop.reports.page import render
from tradeloop.reports.palette import DARK, LIGHT, Palette
from tradeloop.reports.pictured import (
    EquityCurves,
    Importance,
    LabelCounts,
    Reliability,
    Span,
)
from tradeloop.reports.pictures import (
    equity_picture,
    importance_picture,
    loop_picture,
    outcomes_picture,
    reliability_picture,
    split_picture,
)
from tradeloop.reports.report import (
    Comparison,
    Finding,
    FoldScore,
    LeakCheck,
    Ledger,
    Measure,
    Reason,
    Report,
)

__all__ = [
    "DARK",
    "LIGHT",
    "Comparison",
    "EquityCurves",
    "Finding",
    "FoldScore",
    "Importance",
    "LabelCounts",
    "LeakCheck",
    "Ledger",
    "Measure",
    "Palette",
    "Picture",
    "Reason",
    "Reliability",
    "Report",
    "Span",
    "as_file",
    "as_png",
    "as_svg",
    "card_files",
    "comparisons",
    "dataset_pictures",
    "equity_curves",
    "equity_picture",
    "from_interval",
    "importance_picture",
    "loop_picture",
    "outcomes_picture",
    "reliability_picture",
    "render",
    "split_picture",
]

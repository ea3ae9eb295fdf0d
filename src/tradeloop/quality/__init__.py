"""How good the data are: published measures from 0 to 1, and anomalies."""

from tradeloop.quality.base import (
    Detector,
    Evidence,
    Found,
    Measure,
    Part,
    RowCounts,
    Scorer,
    Tally,
)
from tradeloop.quality.columns import by_column
from tradeloop.quality.delays import delays
from tradeloop.quality.detectors import DETECTORS, LIVE
from tradeloop.quality.gaps import find_closures
from tradeloop.quality.grouping import MEASURES, by_instrument, by_source, over_time
from tradeloop.quality.imputation import impute
from tradeloop.quality.lineage import (
    Origin,
    Step,
    Table,
    lineage_events,
    raw_columns,
    run_id,
)
from tradeloop.quality.lineage_checks import faults_of
from tradeloop.quality.live import LiveQuality
from tradeloop.quality.rules import Breach, QualityRule, breaches, split_rows
from tradeloop.quality.score import (
    ALL,
    Anomaly,
    QualityReport,
    find_all,
    judge,
    measure,
)
from tradeloop.quality.sources import SourceComparison, compare_sources
from tradeloop.quality.tally import learn_usual

__all__ = [
    "ALL",
    "DETECTORS",
    "LIVE",
    "MEASURES",
    "Anomaly",
    "Breach",
    "Detector",
    "Evidence",
    "Found",
    "LiveQuality",
    "Measure",
    "Origin",
    "Part",
    "QualityReport",
    "QualityRule",
    "RowCounts",
    "Scorer",
    "SourceComparison",
    "Step",
    "Table",
    "Tally",
    "breaches",
    "by_column",
    "by_instrument",
    "by_source",
    "compare_sources",
    "delays",
    "faults_of",
    "find_all",
    "find_closures",
    "impute",
    "judge",
    "learn_usual",
    "lineage_events",
    "measure",
    "over_time",
    "raw_columns",
    "run_id",
    "split_rows",
]

"""How good the data are: published measures from 0 to 1, and anomalies."""

from tradeloop.quality.base import (
    Detector,
    Evidence,
    Measure,
    Part,
    RowCounts,
)
from tradeloop.quality.score import (
    ALL,
    DETECTORS,
    Anomaly,
    QualityReport,
    measure,
)

__all__ = [
    "ALL",
    "DETECTORS",
    "Anomaly",
    "Detector",
    "Evidence",
    "Measure",
    "Part",
    "QualityReport",
    "RowCounts",
    "measure",
]

"""The quality report: measures, their composition, anomalies.

``overall`` is the geometric mean of the measures that there are, all of one weight:
completeness, consistency, timeliness, validity, presence (1 - missing_share) and, with
a reference, accuracy. Geometric, since a good side does not make up for a bad one: if
half of the bars are missing it does not help that the rest came in time, and a measure
of 0 makes the whole 0. Within a measure the parts are averaged: aspects of one side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import polars as pl

from tradeloop.quality.accuracy import ACCURACY
from tradeloop.quality.base import (
    Detector,
    Evidence,
    Measure,
    RowCounts,
    counted,
)
from tradeloop.quality.clocks import BEHIND, LATE
from tradeloop.quality.completeness import COMPLETENESS
from tradeloop.quality.consistency import CONSISTENCY
from tradeloop.quality.fills import OUTSIDE
from tradeloop.quality.frozen import FROZEN
from tradeloop.quality.gaps import GAPS
from tradeloop.quality.missing import PRESENCE
from tradeloop.quality.order import DUPLICATES, UNSORTED
from tradeloop.quality.outliers import OUTLIERS
from tradeloop.quality.relations import BROKEN
from tradeloop.quality.sightless import BLIND, STALE
from tradeloop.quality.timeliness import TIMELINESS
from tradeloop.quality.validity import VALIDITY

ALL: tuple[Measure, ...] = (
    ACCURACY,
    COMPLETENESS,
    CONSISTENCY,
    PRESENCE,
    TIMELINESS,
    VALIDITY,
)
DETECTORS: tuple[Detector, ...] = (
    BEHIND,
    BLIND,
    BROKEN,
    DUPLICATES,
    FROZEN,
    GAPS,
    LATE,
    OUTLIERS,
    OUTSIDE,
    STALE,
    UNSORTED,
)
_SEVERE, _NOTABLE = 0.01, 0.001
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Rows that one rule found.

    Parameters
    ----------
    name : str
        Name of the anomaly.
    count : int
        Rows, or missing bars.
    severity : str
        ``high`` from 1 % of the rows that the rule looked at, ``medium`` from 0.1 %,
        else ``low``.
    rule : str
        What was looked for.
    examples : tuple of mapping
        The first few rows found.
    """

    name: str
    count: int
    severity: str
    rule: str
    examples: tuple[Mapping[str, Any], ...]

    def as_mapping(self) -> dict[str, Any]:
        """Plain data, as it stands in the report."""
        return {
            "name": self.name,
            "count": self.count,
            "severity": self.severity,
            "rule": self.rule,
            "examples": [dict(example) for example in self.examples],
        }


@dataclass(frozen=True, slots=True)
class QualityReport:
    """Measures of quality, each 0 to 1, and anomalies.

    Parameters
    ----------
    completeness, consistency, timeliness, validity : float or None
        None where nothing could be judged.
    missing_share : float or None
        Share of missing cells: 0 is best.
    accuracy : float or None
        Against a reference; None without one.
    overall : float
        Geometric mean of the measures that there are; see the module.
    anomalies : tuple of Anomaly
        Most frequent first.
    """

    completeness: float | None
    consistency: float | None
    timeliness: float | None
    validity: float | None
    missing_share: float | None
    accuracy: float | None
    overall: float
    anomalies: tuple[Anomaly, ...]

    def as_mapping(self) -> dict[str, Any]:
        """Report under the contract's names; what was not measured is absent."""
        scores = {
            "completeness_score": self.completeness,
            "accuracy_score": self.accuracy,
            "consistency_score": self.consistency,
            "timeliness_score": self.timeliness,
            "validity_score": self.validity,
        }
        metrics = {name: value for name, value in scores.items() if value is not None}
        if self.missing_share is not None:
            metrics["missing_data_percentage"] = 100 * self.missing_share
        return {
            "quality_score": self.overall,
            "data_quality_metrics": metrics,
            "anomaly_detection_results": [a.as_mapping() for a in self.anomalies],
        }


def _severity(share: float) -> str:
    if share >= _SEVERE:
        return "high"
    return "medium" if share >= _NOTABLE else "low"


def _rows_looked_at(name: str, evidence: Evidence) -> int:
    if name in ("blind_decision", "stale_decision"):
        frame = evidence.decisions
    elif name == "fill_outside_bar":
        frame = evidence.fills
    else:
        frame = evidence.bars
    return 1 if frame is None else max(1, frame.height)


def _anomaly(detector: Detector, found: pl.DataFrame, evidence: Evidence) -> Anomaly:
    count = counted(found)
    share = count / _rows_looked_at(detector.name, evidence)
    examples = tuple(found.head(_EXAMPLES).iter_rows(named=True))
    return Anomaly(detector.name, int(count), _severity(share), detector.rule, examples)


def measure(
    *,
    bars: pl.DataFrame,
    interval_ns: int,
    decisions: pl.DataFrame | None = None,
    fills: pl.DataFrame | None = None,
    fills_outside: pl.DataFrame | None = None,
    rows: RowCounts | None = None,
    features: pl.DataFrame | None = None,
    reference: pl.DataFrame | None = None,
) -> QualityReport:
    """Measure the quality of what was captured and computed.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        Rows of the record BAR, in the order in which they were given.
    interval_ns : int
        Length of a bar.
    decisions, fills : polars.DataFrame, optional
        Rows of the records DECISION and FILL.
    fills_outside : polars.DataFrame, optional
        Those fills whose price lies outside of their bar.
    rows : RowCounts, optional
        Rows read and put aside.
    features : polars.DataFrame, optional
        instrument, event_ns, received_ns and the features, one row per bar.
    reference : polars.DataFrame, optional
        Columns instrument, event_ns and close of a source that is taken for true.

    Returns
    -------
    QualityReport
    """
    evidence = Evidence(
        bars=bars,
        interval_ns=interval_ns,
        decisions=decisions,
        fills=fills,
        fills_outside=fills_outside,
        rows=rows or RowCounts(),
        features=features,
        reference=reference,
    )
    found = {detector.name: detector.find(evidence) for detector in DETECTORS}
    values = {each.name: each.value(evidence, found) for each in ALL}
    judged = [value for value in values.values() if value is not None]
    anomalies = [
        _anomaly(detector, found[detector.name], evidence)
        for detector in DETECTORS
        if found[detector.name].height
    ]
    presence = values["presence"]
    return QualityReport(
        completeness=values["completeness"],
        consistency=values["consistency"],
        timeliness=values["timeliness"],
        validity=values["validity"],
        missing_share=None if presence is None else 1 - presence,
        accuracy=values["accuracy"],
        overall=prod(judged) ** (1 / len(judged)) if judged else 0.0,
        anomalies=tuple(sorted(anomalies, key=lambda a: (-a.count, a.name))),
    )

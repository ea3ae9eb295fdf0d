"""The quality report: measures, their composition, anomalies.

``overall`` is the geometric mean of the measures that there are, all of one weight:
completeness, consistency, timeliness, validity, presence (1 - missing_share) and, with
a reference, accuracy. Geometric, since a good side does not make up for a bad one: if
half of the bars are missing it does not help that the rest came in time, and a measure
of 0 makes the whole 0. Within a measure the parts are averaged: aspects of one side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import polars as pl

from tradeloop.quality.accuracy import ACCURACY
from tradeloop.quality.base import (
    PLACES,
    Detector,
    Evidence,
    Found,
    Measure,
    RowCounts,
    Tally,
    counted,
)
from tradeloop.quality.completeness import COMPLETENESS
from tradeloop.quality.consistency import CONSISTENCY
from tradeloop.quality.detectors import DETECTORS
from tradeloop.quality.gaps import GAPS, find_closures
from tradeloop.quality.missing import PRESENCE
from tradeloop.quality.tally import learn_usual, tally_of
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
    closures : tuple of Anomaly
        Holidays: bars that the week lets one expect and the calendar excuses. They
        lower no measure.
    """

    completeness: float | None
    consistency: float | None
    timeliness: float | None
    validity: float | None
    missing_share: float | None
    accuracy: float | None
    overall: float
    anomalies: tuple[Anomaly, ...]
    closures: tuple[Anomaly, ...] = ()

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
            "closures": [closure.as_mapping() for closure in self.closures],
        }


def _severity(share: float) -> str:
    if share >= _SEVERE:
        return "high"
    return "medium" if share >= _NOTABLE else "low"


def anomaly_of(
    detector: Detector, tally: Tally, examples: tuple[Mapping[str, Any], ...] = ()
) -> Anomaly:
    """Describe what a detector found, by the counts of a tally."""
    count = tally.of(detector.name)
    share = count / max(1.0, tally.of(detector.looks_at))
    severity = _severity(share)
    return Anomaly(detector.name, int(count), severity, detector.rule, examples)


def _examples(found: pl.DataFrame) -> tuple[Mapping[str, Any], ...]:
    shown = found.drop(name for name in PLACES if name in found.columns)
    return tuple(shown.head(_EXAMPLES).iter_rows(named=True))


def figures(tally: Tally) -> dict[str, float | None]:
    """Compute every measure, and the whole, from counts.

    Parameters
    ----------
    tally : Tally
        What was looked at and found.

    Returns
    -------
    dict of str to float
        completeness, consistency, timeliness, validity, missing_share, accuracy (None
        where nothing could be judged) and overall.
    """
    values = {each.name: each.value(tally) for each in ALL}
    judged = [value for value in values.values() if value is not None]
    presence = values["presence"]
    return {
        "completeness": values["completeness"],
        "consistency": values["consistency"],
        "timeliness": values["timeliness"],
        "validity": values["validity"],
        "missing_share": None if presence is None else 1 - presence,
        "accuracy": values["accuracy"],
        "overall": prod(judged) ** (1 / len(judged)) if judged else 0.0,
    }


def report_of(
    tally: Tally,
    anomalies: Sequence[Anomaly],
    closures: Sequence[Anomaly] = (),
) -> QualityReport:
    """Put figures and anomalies together; the most frequent anomaly comes first."""
    values = figures(tally)
    overall = values.pop("overall")
    return QualityReport(
        **values,
        overall=overall or 0.0,
        anomalies=tuple(sorted(anomalies, key=lambda a: (-a.count, a.name))),
        closures=tuple(closures),
    )


def find_all(
    evidence: Evidence, detectors: Sequence[Detector] = DETECTORS
) -> tuple[Evidence, Found]:
    """Run detectors, each on what is usual by the evidence.

    Returns
    -------
    tuple of Evidence and mapping
        The evidence with all that was learned, and the rows found by each detector.
    """
    usual = {**(evidence.usual or {}), **learn_usual(evidence, detectors)}
    learned = replace(evidence, usual=usual)
    return learned, {each.name: each.find(learned) for each in detectors}


def judge(
    evidence: Evidence, detectors: Sequence[Detector] = DETECTORS
) -> QualityReport:
    """Measure the quality of all that there is evidence of.

    Parameters
    ----------
    evidence : Evidence
        Frames and counts; what is None is not judged.
    detectors : sequence of Detector
        Which to run; parts of a measure whose detectors are not run are left out.

    Returns
    -------
    QualityReport
    """
    learned, found = find_all(evidence, detectors)
    tally = tally_of(learned, found)
    anomalies = [
        anomaly_of(detector, tally, _examples(found[detector.name]))
        for detector in detectors
        if tally.of(detector.name)
    ]
    closures = []
    if GAPS in detectors:
        closed = find_closures(learned)
        if closed.height:
            bars = int(counted(closed))
            shown = _examples(closed)
            closures.append(Anomaly("holiday", bars, "expected", _HOLIDAY, shown))
    return report_of(tally, anomalies, closures)


_HOLIDAY = "expected bars missing around the noon of a holiday, at most two days"


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
    return judge(
        Evidence(
            bars=bars,
            interval_ns=interval_ns,
            decisions=decisions,
            fills=fills,
            fills_outside=fills_outside,
            rows=rows or RowCounts(),
            features=features,
            reference=reference,
        )
    )

"""Quality of an instrument's bars, measured once, with a decision put beside them.

What is found in bars does not depend on the decision: it is found once for all. Only
three detectors look at decisions, and of the bars they need the newest that was known.
The report is equal to `tradeloop.quality.measure` of bars, features and decision.
"""

from functools import cached_property

import polars as pl

from tradeloop.events import DECISION
from tradeloop.quality import QualityReport
from tradeloop.quality.base import PLACES, Detector, Evidence, Tally
from tradeloop.quality.clocks import BEHIND
from tradeloop.quality.detectors import DETECTORS
from tradeloop.quality.score import Anomaly, anomaly_of, find_all, judge, report_of
from tradeloop.quality.sightless import BLIND, STALE
from tradeloop.quality.tally import tally_of

_OF_DECISIONS = (BEHIND, BLIND, STALE)
_SHOWN = 3


class BarsQuality:
    """Quality of the bars of one instrument, for one decision after another.

    Parameters
    ----------
    bars, features : polars.DataFrame
        Of one instrument, every bar received when or after it ended and none late.
    interval_ns : int
        Length of a bar.
    """

    def __init__(
        self, bars: pl.DataFrame, features: pl.DataFrame, interval_ns: int
    ) -> None:
        self._evidence = Evidence(
            bars=bars,
            interval_ns=interval_ns,
            decisions=DECISION.empty(),
            features=features,
        )

    @cached_property
    def _found(self) -> tuple[Evidence, Tally, QualityReport]:
        learned, found = find_all(self._evidence)
        return learned, tally_of(learned, found), judge(learned)

    def of(self, decision: pl.DataFrame, newest: pl.DataFrame) -> QualityReport:
        """Report on the bars and one decision.

        Parameters
        ----------
        decision : polars.DataFrame of one row
            The DECISION record.
        newest : polars.DataFrame of at most one row
            The newest bar that was known at the decision.
        """
        learned, bars, report = self._found
        beside = Evidence(
            bars=newest,
            interval_ns=learned.interval_ns,
            decisions=decision,
            usual=learned.usual,
        )
        found = {each.name: each.find(beside) for each in _OF_DECISIONS}
        rows = {name: float(frame.height) for name, frame in found.items()}
        counts = {**bars.counts, **rows, "decisions": float(decision.height)}
        counts["stamped"] = bars.of("stamped") + decision.height
        tally = Tally(counts, bars.ran)
        anomalies = [
            self._anomaly(each, tally, found.get(each.name), report)
            for each in DETECTORS
            if tally.of(each.name)
        ]
        return report_of(tally, anomalies, report.closures)

    @staticmethod
    def _anomaly(
        detector: Detector,
        tally: Tally,
        found: pl.DataFrame | None,
        report: QualityReport,
    ) -> Anomaly:
        if found is None:
            return next(a for a in report.anomalies if a.name == detector.name)
        shown = found.drop(name for name in PLACES if name in found.columns)
        examples = tuple(shown.head(_SHOWN).iter_rows(named=True))
        return anomaly_of(detector, tally, examples)

"""What a report says: plain values, frozen; a part that did not run is absent."""

from dataclasses import dataclass
from typing import Literal

from tradeloop.reports.pictured import (
    EquityCurves,
    Importance,
    LabelCounts,
    Reliability,
    Span,
)

Form = Literal["number", "share", "bps", "count"]
Better = Literal["higher", "lower", ""]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its interval and what it is to be held against.

    Parameters
    ----------
    name : str
        What it is.
    value : float, optional
        None where it could not be known.
    low, high, level : float, optional
        Interval and its coverage.
    baseline : float, optional
        The same figure without skill, or of the benchmark.
    baseline_name : str
        What the baseline is.
    form : str
        ``share`` is written in percent, ``bps`` with its unit, ``count`` whole.
    digits : int
        Digits after the point, as written.
    better : str
        ``higher``, ``lower``, or empty where neither is.
    note : str
        One sentence.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    baseline: float | None = None
    baseline_name: str = ""
    form: Form = "number"
    digits: int = 2
    better: Better = "higher"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Decisions received and where they stand; the parts sum to received.

    Parameters
    ----------
    received, labelled, pending, censored, quarantined : int
        Counts.
    """

    received: int
    labelled: int
    pending: int
    censored: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows were set aside, and how many.

    Parameters
    ----------
    state : str
        ``quarantined``, ``censored``, ``unexecuted``...
    reason : str
        In words.
    count : int
        Rows.
    """

    state: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class LeakCheck:
    """One check of the leak certificate.

    Parameters
    ----------
    name : str
        What was checked.
    passed : bool or None
        Whether it held; None: it was not made, ``detail`` says what it needs.
    detail : str
        Figures.
    """

    name: str
    passed: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An anomaly found in the data.

    Parameters
    ----------
    name : str
        What is odd.
    count : int
        How often.
    severity : str
        In a word.
    examples : str
        Where, in short.
    """

    name: str
    count: int
    severity: str
    examples: str


@dataclass(frozen=True, slots=True)
class FoldScore:
    """The metric of one fold, out of sample.

    Parameters
    ----------
    name, period : str
        Of the fold.
    train_rows, test_rows : int
        Rows.
    score : Measure
        With interval and baseline.
    """

    name: str
    period: str
    train_rows: int
    test_rows: int
    score: Measure


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of the strategy beside that of the benchmark.

    Parameters
    ----------
    own : Measure
        Of the strategy.
    benchmark : Measure, optional
        Absent where the benchmark has no such figure.
    """

    own: Measure
    benchmark: Measure | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """All that the page shows; an empty or absent part is left out of it.

    Parameters
    ----------
    title, subtitle : str
        Of the page.
    measures : tuple of Measure
        Key figures, most important first.
    ledger : Ledger, optional
        Decisions and where they stand.
    reasons : tuple of Reason
        Why rows were set aside.
    quality : tuple of Measure
        Scores between 0 and 1 of the data.
    checks : tuple of LeakCheck
        The leak certificate.
    findings : tuple of Finding
        Anomalies of the data.
    facts : tuple of (name, value)
        About data and dataset.
    folds : tuple of FoldScore
        The metric of each fold.
    comparisons : tuple of Comparison
        Back-test figures.
    signals : tuple of (name, count)
        What became of the signals.
    conventions : tuple of str
        How figures are to be read.
    paths : tuple of (name, path)
        Files of the run.
    disclaimer : str
        What this is not.
    equity, reliability, labels, importance, split
        What the pictures show.
    """

    title: str
    subtitle: str = ""
    measures: tuple[Measure, ...] = ()
    ledger: Ledger | None = None
    reasons: tuple[Reason, ...] = ()
    quality: tuple[Measure, ...] = ()
    checks: tuple[LeakCheck, ...] = ()
    findings: tuple[Finding, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    folds: tuple[FoldScore, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    signals: tuple[tuple[str, int], ...] = ()
    conventions: tuple[str, ...] = ()
    paths: tuple[tuple[str, str], ...] = ()
    disclaimer: str = (
        "A back-test on past prices. It is no advice, no promise and no offer."
        " Past results say little about future ones, and money can be lost."
    )
    equity: EquityCurves | None = None
    reliability: Reliability | None = None
    labels: LabelCounts | None = None
    importance: Importance | None = None
    split: tuple[Span, ...] = ()

"""What quality is measured on, and what a measure and an anomaly are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows were read, and what had to be done to them.

    Parameters
    ----------
    read : int
        Rows of all files.
    quarantined : int
        Rows that broke a rule and were put aside.
    clock_cut : int
        Rows received before they happened by their own clocks, whose event time was cut
        to the received time.
    """

    read: int = 0
    quarantined: int = 0
    clock_cut: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """Frames and counts that quality is measured on; what is None is not judged.

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
    rows : RowCounts
        Rows read and put aside.
    features : polars.DataFrame of shape (n_bars, 3 + n_features), optional
        instrument, event_ns, received_ns and the features, one row per bar.
    reference : polars.DataFrame, optional
        Columns instrument, event_ns and close of a source that is taken for true.
    """

    bars: pl.DataFrame
    interval_ns: int
    decisions: pl.DataFrame | None = None
    fills: pl.DataFrame | None = None
    fills_outside: pl.DataFrame | None = None
    rows: RowCounts = RowCounts()
    features: pl.DataFrame | None = None
    reference: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One aspect of a measure: how many of how many are as they should be.

    Parameters
    ----------
    name : str
        What is counted.
    good : float
        Of them, those in order.
    total : float
        All of them.
    """

    name: str
    good: float
    total: float

    @property
    def share(self) -> float:
        """``good / total``, kept between 0 and 1."""
        return min(1.0, max(0.0, self.good / self.total))


Found: TypeAlias = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Measure:
    """A published formula for one side of quality.

    The measure is the mean of the shares of its parts; parts without anything to count
    do not take part, and a measure without parts is absent.

    Parameters
    ----------
    name : str
        Name of the measure.
    formula : str
        The formula, in one line.
    parts : callable
        From the evidence and the rows that the detectors found to the parts.
    """

    name: str
    formula: str
    parts: Callable[[Evidence, Found], tuple[Part, ...]]

    def value(self, evidence: Evidence, found: Found) -> float | None:
        """Mean share of the parts, 0 to 1; None when nothing can be judged."""
        shares = [p.share for p in self.parts(evidence, found) if p.total > 0]
        return sum(shares) / len(shares) if shares else None


@dataclass(frozen=True, slots=True)
class Detector:
    """A rule that finds rows which do not look right.

    Parameters
    ----------
    name : str
        Name of the anomaly.
    rule : str
        The rule, in one line.
    find : callable
        From the evidence to the rows found; a column ``count`` says how many rows a
        found row stands for, where it is not one.
    """

    name: str
    rule: str
    find: Callable[[Evidence], pl.DataFrame]


def counted(found: pl.DataFrame) -> float:
    """Rows that a detector found: the sum of ``count``, or else the rows."""
    if "count" in found.columns:
        return float(found["count"].sum())
    return float(found.height)

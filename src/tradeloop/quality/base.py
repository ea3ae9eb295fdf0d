"""What quality is measured on, and what a measure, a part and a detector are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Found: TypeAlias = Mapping[str, pl.DataFrame]
"""Name of each detector that was run to the rows that it found."""


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


class Scorer(Protocol):
    """Says how odd rows are: fitted elsewhere, such as an isolation forest."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns that it scores, in order."""

    @property
    def limit(self) -> float:
        """Score above which a row is an anomaly."""

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score rows of shape (n_rows, n_columns), none missing: higher is odder."""


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
    ticks : mapping of str to polars.DataFrame
        ``quote``, ``trade``, ``book_delta``: rows of these records in the order of
        arrival.
    delivered : polars.DataFrame, optional
        Columns source, epoch, received and missing: events that came of each life of
        each source, and numbers that did not.
    regimes : polars.DataFrame, optional
        Columns instrument, event_ns and regime: the regime that each bar stands in.
    scorer : Scorer, optional
        Scores rows of ``features``.
    stated_ns : mapping of str to int
        Instrument, or source, to the latency that the source states, ns.
    holidays : tuple of date
        Days, UTC, on which the market is closed beside its week.
    usual : mapping of str to polars.DataFrame, optional
        What `learn_usual` learned from other data; without it, what is usual is learned
        from the evidence itself.
    """

    bars: pl.DataFrame
    interval_ns: int
    decisions: pl.DataFrame | None = None
    fills: pl.DataFrame | None = None
    fills_outside: pl.DataFrame | None = None
    rows: RowCounts = RowCounts()
    features: pl.DataFrame | None = None
    reference: pl.DataFrame | None = None
    ticks: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    delivered: pl.DataFrame | None = None
    regimes: pl.DataFrame | None = None
    scorer: Scorer | None = None
    stated_ns: Mapping[str, int] = field(default_factory=dict)
    holidays: tuple[date, ...] = ()
    usual: Mapping[str, pl.DataFrame] | None = None

    def usual_for(self, detector: "Detector") -> pl.DataFrame:
        """Return what is usual by a detector: as given, else learned from the rows."""
        if detector.learn is None:
            return pl.DataFrame()
        if self.usual is not None and detector.name in self.usual:
            return self.usual[detector.name]
        return detector.learn(self)


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


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts that every measure is computed from: sums, so that tallies add up.

    Parameters
    ----------
    counts : mapping of str to float
        What was looked at, such as ``bars``, and what detectors found, under their
        names.
    ran : frozenset of str
        Detectors that were run: what nobody looked for is not taken for absent.
    """

    counts: Mapping[str, float]
    ran: frozenset[str]

    def of(self, *names: str) -> float:
        """Sum of some counts; what was not counted is 0."""
        return sum(self.counts.get(name, 0.0) for name in names)

    def clear_of(self, part: str, rows: str, *detectors: str) -> Part:
        """Part: the rows that none of some detectors found; empty if one was not run.

        Parameters
        ----------
        part : str
            Name of the part.
        rows : str
            Count of what the detectors looked at.
        *detectors : str
            Their names.
        """
        total = self.of(rows) if self.ran.issuperset(detectors) else 0.0
        return Part(part, total - self.of(*detectors), total)


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
        From the counts to the parts.
    """

    name: str
    formula: str
    parts: Callable[[Tally], tuple[Part, ...]]

    def value(self, tally: Tally) -> float | None:
        """Mean share of the parts, 0 to 1; None when nothing can be judged."""
        shares = [part.share for part in self.parts(tally) if part.total > 0]
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
        From the evidence to the rows found. A column ``count`` says how many rows a
        found row stands for, where it is not one; ``row`` or ``rows`` (a list) say
        which rows it is, of the frame of its ``kind``, or else of the bars.
    looks_at : str
        Count of the tally that the found rows are a share of.
    learn : callable, optional
        From the evidence to what is usual, one row per instrument or finer.
    """

    name: str
    rule: str
    find: Callable[[Evidence], pl.DataFrame]
    looks_at: str = "bars"
    learn: Callable[[Evidence], pl.DataFrame] | None = None


PLACES = ("row", "rows")
"""Columns of a found row that say which rows of its frame it is."""


def counted(found: pl.DataFrame) -> float:
    """Rows that a detector found: the sum of ``count``, or else the rows."""
    if "count" in found.columns:
        return float(found["count"].sum())
    return float(found.height)

"""What collecting one decision takes in and gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.pipelines.collect_trail import Trail
from tradeloop.pipelines.rules import Rules
from tradeloop.quality import QualityReport


@dataclass(frozen=True, slots=True)
class Include:
    """What a collection takes in.

    Parameters
    ----------
    ticks : bool
        Whether the numbers of the label count the ticks they rest on.
    market : bool
        Whether the market context is wanted.
    lookback_ns : int, optional
        History before the decision; all of it where absent.
    lookahead_ns : int, optional
        Horizon of the outcome; the usual one of the bar interval where absent.
    """

    ticks: bool = False
    market: bool = True
    lookback_ns: int | None = None
    lookahead_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Watermark:
    """Where to cut to compute a feature row again.

    Parameters
    ----------
    received_ns : int, optional
        When the newest thing that the features have seen was received; None where they
        have seen nothing.
    positions : mapping of str to int
        Kinds of events to the position in the journal of the last one that was read.
    """

    received_ns: int | None
    positions: Mapping[str, int]

    def as_mapping(self) -> dict[str, Any]:
        """Plain data, as it stands beside a stored row."""
        return {"received_ns": self.received_ns, "journal": dict(self.positions)}


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """The row of one decision.

    Parameters
    ----------
    dataset_id : str, optional
        Dataset of this one row; None while the outcome is not known, since a row
        without a label is no training row.
    decision, market, execution, outcome : polars.DataFrame of one row
        Contexts and label; ``market`` is None where it was not wanted.
    vector : dict of str to float or None
        Features by name.
    categories : dict of str to str
        Category of each feature.
    quality : QualityReport
        Of the bars of the instrument as they are captured by now (with a look-back, of
        those that the row rests on), and of the decision.
    horizon : str
        Horizon of the outcome.
    numbers : dict
        Every number that led to the label.
    watermark : Watermark
        Up to where the row has seen the world.
    """

    dataset_id: str | None
    decision: pl.DataFrame
    market: pl.DataFrame | None
    execution: pl.DataFrame
    outcome: pl.DataFrame
    vector: dict[str, float | None]
    categories: dict[str, str]
    quality: QualityReport
    horizon: str
    numbers: dict[str, Any]
    watermark: Watermark


@dataclass(frozen=True, slots=True)
class Usual:
    """How the workspace grades, where a request does not say.

    Parameters
    ----------
    rules : Rules
        Bounds, costs and waits.
    horizon_ns : int, optional
        Primary horizon; the usual one of the bar interval where absent.
    benchmark : str, optional
        Instrument to beat; cash where absent.
    """

    rules: Rules
    horizon_ns: int | None = None
    benchmark: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The part of the market that one decision needs.

    Parameters
    ----------
    instrument : str
        What was decided on.
    at_ns : int
        When the decision was received.
    from_ns, until_ns : int
        First and last end of a bar that is looked at.
    horizon_ns : int
        Of the outcome.
    as_of_ns : int
        Last thing that was captured.
    rows : int
        Bars of the instrument between the two.
    whole : bool
        Whether they begin with its first bar.
    trail : Trail
        Features of its bars from ``from_ns`` on; maybe of later bars, too.
    past : polars.DataFrame
        Bars without the look-back's cut: what a label may need.
    quotes : polars.DataFrame
        Quotes of the instrument up to ``until_ns``.
    state : polars.DataFrame of at most one row
        State of the market that was known at the decision.
    series : polars.DataFrame, optional
        The newest value of each series then, or one that was not known yet.
    """

    instrument: str
    at_ns: int
    from_ns: int
    until_ns: int
    horizon_ns: int
    as_of_ns: int
    rows: int
    whole: bool
    trail: Trail
    past: pl.DataFrame
    quotes: pl.DataFrame
    state: pl.DataFrame
    series: pl.DataFrame | None

    @property
    def row(self) -> int:
        """Row of the newest bar that was known at the decision; -1 for none."""
        return min(self.trail.row_at(self.at_ns), self.rows - 1)

    @property
    def features(self) -> pl.DataFrame:
        """Features that were known at the decision; no row where none were."""
        found = self.trail.features
        return found.slice(self.row, 1) if self.row >= 0 else found.clear()

"""What collecting one decision takes in and gives."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.capture import Market
from tradeloop.features import Bank
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
        Of the bars of the instrument that the row rests on.
    horizon : str
        Horizon of the outcome.
    numbers : dict
        Every number that led to the label.
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
    market : Market
        Bars of all instruments, quotes of the decision's.
    past : polars.DataFrame
        Bars of all instruments without the look-back's cut: what a label may need.
    own : polars.DataFrame
        Bars of the decision's instrument.
    joined : polars.DataFrame
        Bars of the instrument with the series.
    bank : Bank
        Features of the workspace.
    series : polars.DataFrame, optional
        What was released outside of the market.
    horizon_ns : int
        Of the outcome.
    as_of_ns : int
        Last thing that was captured.
    """

    market: Market
    past: pl.DataFrame
    own: pl.DataFrame
    joined: pl.DataFrame
    bank: Bank
    series: pl.DataFrame | None
    horizon_ns: int
    as_of_ns: int

"""What a run is asked to do, and what each of its parts gives to the next."""

from dataclasses import dataclass, field

import polars as pl

from tradeloop.backtest import Performance, Replay
from tradeloop.capture import Intake, Market
from tradeloop.datasets import Certificate, Dataset, Splitter
from tradeloop.events import duration_text
from tradeloop.features import Bank
from tradeloop.pipelines.assemble import Material
from tradeloop.pipelines.compare import Compared
from tradeloop.pipelines.featurize import Parity
from tradeloop.pipelines.keep_dataset import Written
from tradeloop.pipelines.record import Capture, summed
from tradeloop.pipelines.register import Registered
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.score import Scored
from tradeloop.pipelines.train import Trained
from tradeloop.quality import QualityReport
from tradeloop.stores import Ledger
from tradeloop.strategies import Strategy


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What a run is about.

    Parameters
    ----------
    name : str
        Of the run: title of its report, name of its model.
    market : Market
        Bars, and ticks where there are any.
    horizons_ns : tuple of int
        Horizons of the labels; the first one is learned.
    series : polars.DataFrame, optional
        What was released outside of the market.
    decisions : Intake, optional
        Decisions that were made elsewhere.
    strategies : tuple of Strategy
        Rules that decide, where no decisions are given.
    fills : Intake, optional
        Fills of the decisions.
    benchmark : str, optional
        Instrument to beat; cash where absent.
    periods_per_year : float, optional
        Trading days in a year; measured where absent.
    licences : dict of str to str
        Input to its licence, for the card.
    """

    name: str
    market: Market
    horizons_ns: tuple[int, ...]
    series: pl.DataFrame | None = None
    decisions: Intake | None = None
    strategies: tuple[Strategy, ...] = ()
    fills: Intake | None = None
    benchmark: str | None = None
    periods_per_year: float | None = None
    licences: dict[str, str] = field(default_factory=dict)

    @property
    def horizon(self) -> str:
        """The primary horizon, as text."""
        return duration_text(self.horizons_ns[0])


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Decisions or fills of one origin, kept and refused."""

    name: str
    rows: pl.DataFrame
    quarantined: pl.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What is known before anything is written."""

    bank: Bank
    bars: pl.DataFrame
    features: pl.DataFrame
    parity: Parity
    decisions: tuple[Source, ...]
    fills: Source | None
    labels: pl.DataFrame
    odd_fills: pl.DataFrame

    @property
    def known(self) -> pl.DataFrame:
        """Decisions that have a market, of all origins."""
        return pl.concat([source.rows for source in self.decisions])


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What was made durable, and the slices of the lake that hold the market."""

    captures: tuple[Capture, ...]
    slices: tuple[str, ...] = ()

    @property
    def summed(self) -> tuple[Capture, ...]:
        """One count per kind, over all sources."""
        return summed(self.captures)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was made of it; absent parts have their reason in ``left_out``."""

    quality: QualityReport
    material: Material
    dataset: Dataset | None = None
    splitter: Splitter | None = None
    certificate: Certificate | None = None
    compared: Compared | None = None
    trained: Trained | None = None
    written: Written | None = None
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Used:
    """What the model did."""

    registered: Registered
    scored: Scored
    replay: Replay
    performance: Performance


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Everything that a run gave; what did not run is None."""

    job: Job
    rules: Rules
    looked: Looked
    kept: Kept
    learned: Learned
    used: Used | None
    ledger: Ledger
    reasons: dict[str, int]

"""What a type of dataset is: its rows, its targets, and what it is for.

A kind is two functions and their words. ``observe`` says which observations there are,
with the columns of the record DECISION, so that the same labelling, features and
assembly run on all of them. ``measure`` makes the targets that labelling does not hold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from tradeloop.errors import InputError
from tradeloop.events import DatasetType

Form = Literal["class", "regression", "key"]


@dataclass(frozen=True, slots=True)
class Target:
    """A column that a model may learn.

    Parameters
    ----------
    stem : str
        Name without the horizon.
    form : {"class", "regression", "key"}
        A class, a number, or the name of a group of rows that belong together.
    meaning : str
        What the value says, with its unit.
    per_horizon : bool
        Whether there is one per horizon, with its suffix.
    own : bool
        Whether the kind makes it; else labelling does.
    classes : tuple of int or str
        Every class in its order, worst first; empty for numbers and groups.
    """

    stem: str
    form: Form
    meaning: str
    per_horizon: bool = True
    own: bool = False
    classes: tuple[int, ...] | tuple[str, ...] = ()

    def columns(self, horizons: tuple[str, ...]) -> tuple[str, ...]:
        """Names of its columns, such as ``return_1h``, primary horizon first."""
        if not self.per_horizon:
            return (self.stem,)
        return tuple(f"{self.stem}_{h}" for h in horizons)


@dataclass(frozen=True, slots=True)
class Documentation:
    """What a user of the dataset has to know, a sentence or two each.

    Parameters
    ----------
    row : str
        What one row is.
    meaning : str
        What the targets say.
    known_when : str
        When the targets are known.
    intended_use, not_for : str
        What it is made for, and what it must not be taken for.
    limits : tuple of str
        What it cannot say.
    """

    row: str
    meaning: str
    known_when: str
    intended_use: str
    not_for: str
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the market is observed, for the kinds that observe it.

    Parameters
    ----------
    interval_ns : int
        Length of a bar.
    every : int
        Every n-th bar end, at least 1; the first one is the first observation.
    times_ns : tuple of int, optional
        Observe at these times instead, ns UTC.
    stale_ns : int
        Longest age of an instrument's last known bar, from its end; older ones are
        not observed. One day by default.

    Raises
    ------
    InputError
        A length is not above 0, or a time comes twice.
    """

    interval_ns: int
    every: int = 1
    times_ns: tuple[int, ...] | None = None
    stale_ns: int = 86_400_000_000_000

    def __post_init__(self) -> None:
        for name in ("interval_ns", "every", "stale_ns"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"Schedule.{name} must be at least 1, was {getattr(self, name)}.",
                    way_out="Give a whole number above 0.",
                    column=name,
                )
        times = self.times_ns or ()
        if len(set(times)) < len(times):
            raise InputError(
                "Schedule.times_ns holds a time twice.",
                way_out="Give each time once.",
                column="times_ns",
            )

    def as_mapping(self) -> dict[str, Any]:
        """Plain data, as it goes into a dataset's version."""
        times = None if self.times_ns is None else [int(t) for t in self.times_ns]
        return {
            "interval_ns": self.interval_ns,
            "every": self.every,
            "times_ns": times,
            "stale_ns": self.stale_ns,
        }


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """What the targets of a kind are made from.

    Parameters
    ----------
    rows : polars.DataFrame of shape (n_rows, any)
        Labels of the decisions that become rows, in their order.
    every : polars.DataFrame of shape (n_decisions, any)
        Labels of all decisions, also those pending and censored.
    bars : polars.DataFrame
        Rows of the record BAR.
    volatility_level : polars.Series of shape (n_rows,)
        Known at each decision, bps per bar.
    interval_ns : int
        Length of a bar.
    horizons : tuple of str
        Such as ``("1h", "1d")``, primary first.
    execution : polars.DataFrame, optional
        What `tradeloop.labels.execution.execution_truth` returned.
    """

    rows: pl.DataFrame
    every: pl.DataFrame
    bars: pl.DataFrame
    volatility_level: pl.Series
    interval_ns: int
    horizons: tuple[str, ...]
    execution: pl.DataFrame | None = None


Observe = Callable[[pl.DataFrame | None, pl.DataFrame, Schedule | None], pl.DataFrame]
Measure = Callable[[Labels], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of dataset.

    Parameters
    ----------
    dataset_type : DatasetType
        Its name in the contract.
    targets : tuple of Target
        What a model may learn, the usual one first.
    documentation : Documentation
        What it means and what it is for.
    observe : callable
        See `observations`.
    measure : callable
        See `measured`.
    rules : mapping
        Parameters of ``measure``, as they go into a dataset's version.
    needs_own : bool
        Whether a row without any of its own targets is no row.
    """

    dataset_type: DatasetType
    targets: tuple[Target, ...]
    documentation: Documentation
    observe: Observe
    measure: Measure
    rules: Mapping[str, Any] = field(default_factory=dict)
    needs_own: bool = False

    def observations(
        self,
        decisions: pl.DataFrame | None,
        bars: pl.DataFrame,
        schedule: Schedule | None = None,
    ) -> pl.DataFrame:
        """Say what there is to label, with the columns of the record DECISION.

        Parameters
        ----------
        decisions : polars.DataFrame, optional
            The captured ones; kinds that observe the market do not look at them.
        bars : polars.DataFrame
            Rows of the record BAR.
        schedule : Schedule, optional
            Needed by kinds that observe the market.

        Raises
        ------
        InputError
            Decisions or a schedule are needed and absent.
        """
        return self.observe(decisions, bars, schedule)

    def measured(self, labels: Labels) -> pl.DataFrame:
        """Make the targets that labelling does not hold.

        Returns
        -------
        polars.DataFrame of shape (n_rows, 1 + n_columns)
            ``end_ns``, when the last of them was known (null where none is), and the
            columns of the targets of its own; null where a value is not known.
        """
        return self.measure(labels)

    def target_columns(self, horizons: tuple[str, ...]) -> dict[str, Target]:
        """Column to target, in the order of the targets."""
        return {name: t for t in self.targets for name in t.columns(horizons)}

    def label_schema(self, horizons: tuple[str, ...]) -> dict[str, str]:
        """Column of its own to meaning, for the dataset's label schema."""
        return {
            name: f"{t.meaning}, {name.rsplit('_', 1)[1]} after the decision"
            if t.per_horizon
            else t.meaning
            for name, t in self.target_columns(horizons).items()
            if t.own
        }


def captured(
    decisions: pl.DataFrame | None,
    bars: pl.DataFrame,  # noqa: ARG001 - what observes the market looks at it
    schedule: Schedule | None,  # noqa: ARG001
) -> pl.DataFrame:
    """Observe the decisions as they were captured.

    Raises
    ------
    InputError
        There are none.
    """
    if decisions is None or decisions.is_empty():
        raise InputError(
            "This type of dataset has one row per decision; there are no decisions.",
            way_out="Capture decisions first, or build MARKET_PREDICTION, which "
            "observes the market itself.",
            source="decisions",
        )
    return decisions


def nothing_more(labels: Labels) -> pl.DataFrame:
    """No targets beside those of labelling."""
    return pl.DataFrame(
        {"end_ns": pl.Series([None] * labels.rows.height, dtype=pl.Int64)}
    )

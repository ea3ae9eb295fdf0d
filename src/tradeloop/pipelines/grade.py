"""Labels of what was captured: made as far as the future has arrived, and explained."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.events import DecisionState, duration_text
from tradeloop.labels.explain import explain
from tradeloop.pipelines.gather import Gathered, gather
from tradeloop.pipelines.label import label_decisions, last_received_ns, settle
from tradeloop.pipelines.own import usual_horizons_ns
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Grading:
    """How captured decisions are to be graded.

    Parameters
    ----------
    horizons_ns : tuple of int
        The primary one first; empty: the usual ones for the bars.
    benchmark : str, optional
        Instrument to beat; None is cash.
    as_of_ns : int, optional
        Only what was recorded by then counts, ns UTC.
    """

    horizons_ns: tuple[int, ...] = ()
    benchmark: str | None = None
    as_of_ns: int | None = None

    def horizons(self, gathered: Gathered) -> tuple[int, ...]:
        """Horizons for these bars."""
        return self.horizons_ns or usual_horizons_ns(gathered.market.interval_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Graded:
    """Labels, and where the decisions stand.

    Parameters
    ----------
    labels : polars.DataFrame of shape (n_decisions, any)
        What `tradeloop.labels.label` returned.
    horizon : str
        The primary one.
    set_aside : dict of str to int
        Decisions without a market, by reason.
    """

    labels: pl.DataFrame
    horizon: str
    set_aside: dict[str, int]

    @property
    def states(self) -> dict[str, int]:
        """Decisions by state; all three are told."""
        counts = dict(self.labels["state"].value_counts().iter_rows())
        told = (
            DecisionState.LABELLED,
            DecisionState.PENDING,
            DecisionState.CENSORED,
        )
        return {state.value: int(counts.get(state.value, 0)) for state in told}

    @property
    def classes(self) -> dict[str, int]:
        """Labelled decisions by class, the best first."""
        counts = dict(
            self.labels["decision_outcome"].drop_nulls().value_counts().iter_rows()
        )
        order = ("EXCELLENT", "GOOD", "NEUTRAL", "POOR", "BAD")
        return {name: int(counts.get(name, 0)) for name in order}


def grade(workspace: Workspace, asked: Grading, rules: Rules) -> Graded:
    """Grade every captured decision, and write down where each stands.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    asked : Grading
        Horizons, benchmark, time.
    rules : Rules
        Bounds, costs and waits.

    Raises
    ------
    NotFoundError
        No bars, or no decisions, were captured.
    InputError
        The benchmark has no prices.
    """
    gathered = gather(workspace, rules, as_of_ns=asked.as_of_ns)
    horizons = asked.horizons(gathered)
    labels = label_decisions(
        gathered.decisions,
        gathered.market.bars,
        gathered.market.quotes,
        horizons_ns=horizons,
        benchmark=asked.benchmark,
        rules=rules,
    )
    settle(workspace, labels, horizons[0])
    return Graded(labels, duration_text(horizons[0]), gathered.set_aside)


def explained(
    workspace: Workspace, decision_id: str, asked: Grading, rules: Rules
) -> dict[str, Any]:
    """Return every number that led to the label of one captured decision.

    Raises
    ------
    NotFoundError
        No bars, or no decisions, were captured.
    InputError
        There is no such decision; the nearest id is named.
    """
    gathered = gather(workspace, rules, as_of_ns=asked.as_of_ns)
    market = gathered.market
    known_ns = max(last_received_ns(market.bars), last_received_ns(market.quotes))
    return explain(
        gathered.decisions,
        market.bars,
        market.quotes if market.quotes.height else None,
        decision_id=decision_id,
        horizons_ns=asked.horizons(gathered),
        benchmark=asked.benchmark,
        rule=rules.outcome,
        costs=rules.costs,
        wait_ns=rules.wait_ns,
        as_of_ns=known_ns,
    )

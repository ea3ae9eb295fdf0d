"""Labels of what was captured: made as far as the future has arrived, and explained."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.events import DecisionState, duration_text
from tradeloop.labels import LabelPlan
from tradeloop.labels.explain import explain
from tradeloop.labels.rule_file import LabelRule
from tradeloop.pipelines.gather import Gathered, gather
from tradeloop.pipelines.label import (
    arguments_of,
    label_by,
    last_received_ns,
    settle,
)
from tradeloop.pipelines.own import usual_horizons_ns
from tradeloop.pipelines.rule_book import OWN, rule_for, rules_of_tenant
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
    labels = by_rules(workspace, gathered, asked, rules)
    horizons = asked.horizons(gathered)
    return Graded(labels, duration_text(horizons[0]), gathered.set_aside)


def by_rules(
    workspace: Workspace,
    gathered: Gathered,
    asked: Grading,
    rules: Rules,
    *,
    settled: bool = True,
) -> pl.DataFrame:
    """Grade the decisions of each strategy by the rule in force for it.

    Parameters
    ----------
    workspace, gathered, asked, rules
        As elsewhere.
    settled : bool
        Whether the journal is told where the decisions stand.
    """
    book = rules_of_tenant(workspace)
    parts = []
    for (strategy,), mine in gathered.decisions.group_by(
        "strategy", maintain_order=True
    ):
        rule = rule_for(book, str(strategy))
        plan = plan_of(rule, gathered, asked, rules)
        labels = label_by(mine, gathered.market.bars, gathered.market.quotes, plan)
        if settled:
            settle(workspace, labels, plan.horizons_ns[0])
        named = (OWN, None) if rule is None else (rule.name, rule.version)
        parts.append(
            labels.with_columns(
                label_rule=pl.lit(named[0]),
                label_rule_version=pl.lit(named[1], dtype=pl.String),
            )
        )
    found = pl.concat(parts, how="diagonal")
    order = gathered.decisions.select("decision_id")
    return order.join(found, on="decision_id", how="left", maintain_order="left")


def plan_of(
    rule: LabelRule | None, gathered: Gathered, asked: Grading, rules: Rules
) -> LabelPlan:
    """Fill in what the rule leaves open; without one it is that of labels.yaml."""
    market = gathered.market
    known_ns = max(last_received_ns(market.bars), last_received_ns(market.quotes))
    horizons = asked.horizons(gathered)
    if rule is not None:
        return rule.plan(
            horizons_ns=horizons,
            benchmark=asked.benchmark,
            costs=rules.costs,
            as_of_ns=known_ns,
        )
    return LabelPlan(
        horizons, asked.benchmark, rules.outcome, rules.costs, rules.wait_ns, known_ns
    )


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
    mine = gathered.decisions.filter(pl.col("decision_id") == decision_id)
    strategy = None if mine.is_empty() else str(mine["strategy"][0])
    rule = rule_for(rules_of_tenant(workspace), strategy)
    plan = plan_of(rule, gathered, asked, rules)
    quotes = gathered.market.quotes
    told = explain(
        gathered.decisions,
        gathered.market.bars,
        quotes if quotes.height else None,
        decision_id=decision_id,
        **arguments_of(plan),
    )
    named = (OWN, None) if rule is None else (rule.name, rule.version)
    return {"label_rule": named[0], "label_rule_version": named[1], **told}

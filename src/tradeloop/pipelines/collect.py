"""One decision at a time: what was known, what came of it, as one row of a dataset.

The collector holds a workspace open. It sees what earlier runs made durable: decisions
of the journal, and the market slices that the journal lists.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from threading import RLock
from typing import Any

import polars as pl

from tradeloop.capture import Market
from tradeloop.clock import Clock
from tradeloop.datasets import (
    STATE_COLUMNS,
    Dataset,
    Findings,
    Undivided,
    as_of,
    decision_context,
    execution_context,
    feature_schema,
    label_schema,
    market_context,
    market_state,
)
from tradeloop.events import DatasetType, DecisionState, Principal, duration_text
from tradeloop.features import Bank, bank_for
from tradeloop.labels.explain import explain
from tradeloop.pipelines.assemble import (
    Material,
    assemble_dataset,
    certify_dataset,
    label_rules,
    write_dataset,
)
from tradeloop.pipelines.captured import (
    Captured,
    captured_decision,
    captured_market,
)
from tradeloop.pipelines.featurize import featurize, with_series
from tradeloop.pipelines.label import label_decisions, last_received_ns
from tradeloop.pipelines.own import usual_horizons_ns
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Places, Workspace, open_workspace
from tradeloop.quality import measure
from tradeloop.stores import DatasetRecord


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
    quality : float
        Quality of the data that the row rests on, 0 to 1.
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
    quality: float
    horizon: str
    numbers: dict[str, Any]


@contextmanager
def open_collector(
    places: Places, principal: Principal, clock: Clock, rules: Rules
) -> Iterator["Collector"]:
    """Open the workspace for as long as the collector is used."""
    with open_workspace(places, principal, clock) as workspace:
        yield Collector(workspace, rules)


class Collector:
    """Answers about single decisions; safe to call from several threads.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    rules : Rules
        How outcomes are graded.
    """

    def __init__(self, workspace: Workspace, rules: Rules) -> None:
        self._workspace, self._rules = workspace, rules
        self._lock = RLock()

    @cached_property
    def _captured(self) -> Captured:
        return captured_market(self._workspace)

    def check(self) -> None:
        """Read from each store; raises what a store raises."""
        with self._lock:
            self.ledger()
            self._workspace.catalog.datasets(self._workspace.principal)
            _ = self._captured

    def ledger(self) -> dict[str, int]:
        """Count the decisions by state."""
        with self._lock:
            return asdict(self._workspace.journal.ledger(self._workspace.principal))

    def datasets(self, dataset_type: DatasetType) -> list[DatasetRecord]:
        """List the versions of a type of dataset, newest first."""
        with self._lock:
            return self._workspace.catalog.datasets(
                self._workspace.principal, dataset_type
            )

    def label(self, decision_id: str, horizon_ns: int | None) -> Collected:
        """Grade a captured decision; nothing is written."""
        return self.collect(decision_id, Include(lookahead_ns=horizon_ns), keep=False)

    def collect(
        self, decision_id: str, include: Include, *, keep: bool = True
    ) -> Collected:
        """Gather the row of a captured decision; keep it where it has a label.

        Parameters
        ----------
        decision_id : str
            A decision of the journal.
        include : Include
            What to take in.
        keep : bool
            Whether a labelled row is written as a dataset of its own.

        Raises
        ------
        NotFoundError
            The tenant has no such decision, or no market.
        """
        with self._lock:
            decision = captured_decision(self._workspace, decision_id)
            seen = self._seen(decision, include)
            collected, dataset = self._row(decision, seen, include)
            if not (keep and dataset):
                return collected
            return replace(collected, dataset_id=self._kept(dataset, seen, collected))

    def _seen(self, decision: pl.DataFrame, include: Include) -> "_Seen":
        """Cut the market: what the decision could know, and its outcome's future."""
        captured, at_ns = self._captured, int(decision["received_ns"][0])
        market = captured.market
        horizon_ns = include.lookahead_ns or usual_horizons_ns(market.interval_ns)[0]
        until_ns = at_ns + horizon_ns + self._rules.wait_ns
        from_ns = 0 if include.lookback_ns is None else at_ns - include.lookback_ns
        span = pl.col("event_ns").is_between(from_ns, until_ns)
        mine = pl.col("instrument") == decision["instrument"][0]
        near = replace(
            market,
            bars=market.bars.filter(span),
            quotes=market.quotes.filter(mine, span),
        )
        own = near.bars.filter(mine)
        joined = with_series(own, captured.series)
        extra = [name for name in joined.columns if name not in own.columns]
        return _Seen(
            market=replace(near, bars=own),
            around=near.bars,
            joined=joined,
            bank=bank_for(joined, market.interval_ns, extra),
            series=captured.series,
            horizon_ns=horizon_ns,
            as_of_ns=last_received_ns(market.bars),
        )

    def _row(
        self, decision: pl.DataFrame, seen: "_Seen", include: Include
    ) -> tuple[Collected, Dataset | None]:
        labels = label_decisions(
            decision,
            seen.market.bars,
            seen.market.quotes,
            horizons_ns=(seen.horizon_ns,),
            benchmark=None,
            rules=self._rules,
        )
        features = featurize(seen.bank, seen.joined)
        material = Material(
            bank=seen.bank,
            features=features,
            decisions=decision,
            labels=labels,
            horizons_ns=(seen.horizon_ns,),
            series=seen.series,
        )
        dataset = None
        if labels["state"][0] == DecisionState.LABELLED.value:
            dataset = assemble_dataset(seen.market, material, Undivided(), self._rules)
        vectors = as_of(decision, features, columns=list(seen.bank.names))
        state = as_of(decision, market_state(seen.around), columns=STATE_COLUMNS)
        categories = {e.name: e.category for e in seen.bank.catalogue()}
        technical = [n for n, kind in categories.items() if kind == "technical"]
        context = market_context(
            decision, state, vectors, technical=technical, series=seen.series
        )
        numbers = explain(
            decision,
            seen.market.bars,
            seen.market.quotes if seen.market.quotes.height else None,
            decision_id=str(decision["decision_id"][0]),
            horizons_ns=(seen.horizon_ns,),
            rule=self._rules.outcome,
            costs=self._rules.costs,
            wait_ns=self._rules.wait_ns,
            as_of_ns=seen.as_of_ns,
        )
        if include.ticks:
            numbers["ticks"] = seen.market.quotes.height
        quality = measure(
            bars=seen.market.bars,
            interval_ns=seen.market.interval_ns,
            decisions=decision,
            features=features,
        )
        return Collected(
            dataset_id=None,
            decision=decision_context(decision),
            market=context if include.market else None,
            execution=execution_context(decision, state),
            outcome=labels if dataset is None else dataset.outcome_labels,
            vector=vectors.select(seen.bank.names).row(0, named=True),
            categories=categories,
            quality=quality.overall,
            horizon=duration_text(seen.horizon_ns),
            numbers=numbers,
        ), dataset

    def _kept(self, dataset: Dataset, seen: "_Seen", row: Collected) -> str:
        material = Material(
            bank=seen.bank,
            features=pl.DataFrame(),
            decisions=pl.DataFrame(),
            labels=pl.DataFrame(),
            horizons_ns=(seen.horizon_ns,),
            series=seen.series,
        )
        certificate = certify_dataset(
            dataset,
            Undivided(),
            seen.market,
            material,
            (),
            seed=self._rules.model.seed,
        )
        findings = Findings(
            certificate=certificate,
            feature_schema=feature_schema(
                dataset, [asdict(entry) for entry in seen.bank.catalogue()]
            ),
            label_schema=label_schema(dataset, label_rules(material, self._rules)),
            quality={"quality_score": row.quality, "data_quality_metrics": {}},
        )
        written = write_dataset(self._workspace, dataset, findings, bank=seen.bank)
        return written.dataset_id


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """The part of the market that one decision needs."""

    market: Market  # of the instrument alone
    around: pl.DataFrame  # bars of all instruments
    joined: pl.DataFrame  # bars of the instrument with the series
    bank: Bank
    series: pl.DataFrame | None
    horizon_ns: int
    as_of_ns: int

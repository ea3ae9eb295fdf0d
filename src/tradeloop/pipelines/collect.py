"""One decision at a time: what was known, what came of it, as one row of a dataset.

The collector holds a workspace open. It sees what earlier runs made durable: decisions
of the journal, and the market slices that the journal lists.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cached_property
from threading import RLock

import polars as pl

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
from tradeloop.pipelines.captured import Captured, captured_decision, captured_market
from tradeloop.pipelines.collected import Collected, Include, Seen, Usual
from tradeloop.pipelines.featurize import featurize, with_series
from tradeloop.pipelines.label import label_decisions, last_received_ns
from tradeloop.pipelines.own import usual_horizons_ns
from tradeloop.pipelines.workspace import Places, Workspace, open_workspace
from tradeloop.quality import measure
from tradeloop.stores import DatasetRecord


@contextmanager
def open_collector(
    places: Places, principal: Principal, clock: Clock, usual: Usual
) -> Iterator["Collector"]:
    """Open the workspace for as long as the collector is used."""
    with open_workspace(places, principal, clock) as workspace:
        yield Collector(workspace, usual)


class Collector:
    """Answers about single decisions; safe to call from several threads.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    usual : Usual
        How outcomes are graded.
    """

    def __init__(self, workspace: Workspace, usual: Usual) -> None:
        self._workspace, self._usual = workspace, usual
        self._rules = usual.rules
        self._lock = RLock()

    @cached_property
    def _captured(self) -> Captured:
        return captured_market(self._workspace)

    @cached_property
    def _joined(self) -> tuple[pl.DataFrame, Bank]:
        """All bars with the series, and the bank that the runs took for them."""
        market = self._captured.market
        joined = with_series(market.bars, self._captured.series)
        extra = [name for name in joined.columns if name not in market.bars.columns]
        return joined, bank_for(joined, market.interval_ns, extra)

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

    def _seen(self, decision: pl.DataFrame, include: Include) -> Seen:
        """Cut the market: what the decision could know, and its outcome's future."""
        captured, at_ns = self._captured, int(decision["received_ns"][0])
        market = captured.market
        horizon_ns = (
            include.lookahead_ns
            or self._usual.horizon_ns
            or usual_horizons_ns(market.interval_ns)[0]
        )
        until_ns = at_ns + horizon_ns + self._rules.wait_ns
        from_ns = 0 if include.lookback_ns is None else at_ns - include.lookback_ns
        span = pl.col("event_ns").is_between(from_ns, until_ns)
        mine = pl.col("instrument") == decision["instrument"][0]
        near = replace(
            market,
            bars=market.bars.filter(span),
            quotes=market.quotes.filter(mine, span),
        )
        joined, bank = self._joined
        return Seen(
            market=replace(near, bars=near.bars.filter(mine)),
            around=near.bars,
            joined=joined.filter(mine, span),
            bank=bank,
            series=captured.series,
            horizon_ns=horizon_ns,
            as_of_ns=last_received_ns(market.bars),
        )

    def _row(
        self, decision: pl.DataFrame, seen: Seen, include: Include
    ) -> tuple[Collected, Dataset | None]:
        labels = label_decisions(
            decision,
            seen.around,
            seen.market.quotes,
            horizons_ns=(seen.horizon_ns,),
            benchmark=self._usual.benchmark,
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
            benchmark=self._usual.benchmark,
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
            seen.around,
            seen.market.quotes if seen.market.quotes.height else None,
            decision_id=str(decision["decision_id"][0]),
            horizons_ns=(seen.horizon_ns,),
            benchmark=self._usual.benchmark,
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

    def _kept(self, dataset: Dataset, seen: Seen, row: Collected) -> str:
        material = Material(
            bank=seen.bank,
            features=pl.DataFrame(),
            decisions=pl.DataFrame(),
            labels=pl.DataFrame(),
            horizons_ns=(seen.horizon_ns,),
            series=seen.series,
            benchmark=self._usual.benchmark,
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

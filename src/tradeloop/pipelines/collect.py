"""One decision at a time: what was known, what came of it, as one row of a dataset.

The collector holds a workspace open. It sees what earlier runs made durable: decisions
of the journal, and the market, in slices that the journal lists or as its events.
"""

from dataclasses import asdict, replace
from functools import cached_property
from threading import RLock

import polars as pl

from tradeloop.events import DatasetType, duration_text
from tradeloop.labels.explain import explain
from tradeloop.pipelines.assemble import Material
from tradeloop.pipelines.captured import (
    Captured,
    captured_decision,
    captured_fills,
    captured_market,
    has_grown,
)
from tradeloop.pipelines.catalogue_dataset import Told
from tradeloop.pipelines.collect_market import MarketState, Span
from tradeloop.pipelines.collect_row import findings, framed, quality_of
from tradeloop.pipelines.collected import (
    Collected,
    Include,
    Seen,
    Usual,
    Watermark,
)
from tradeloop.pipelines.keep_dataset import write_dataset
from tradeloop.pipelines.label import label_decisions
from tradeloop.pipelines.own import usual_horizons_ns
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import DatasetRecord


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
        self._lock, self._told = RLock(), Told()
        self._earlier: MarketState | None = None

    @cached_property
    def _captured(self) -> Captured:
        return captured_market(self._workspace)

    @cached_property
    def _market(self) -> MarketState:
        earlier, self._earlier = self._earlier, None
        return MarketState(self._captured, self._rules, earlier)

    def _refresh(self) -> None:
        """Forget the market that was read if more of it was captured since."""
        read: Captured | None = self.__dict__.get("_captured")
        if read is not None and has_grown(self._workspace, read):
            self.__dict__.pop("_captured")
            self._earlier = self.__dict__.pop("_market", self._earlier)

    def check(self) -> None:
        """Read from each store; raises what a store raises."""
        with self._lock:
            self.ledger()
            self._workspace.catalog.datasets(self._workspace.principal)
            self._workspace.journal.counts(self._workspace.principal)

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
            self._refresh()
            decision = captured_decision(self._workspace, decision_id)
            seen = self._seen(decision, include)
            material = self._material(decision, seen)
            return self._collected(seen, material, include, keep=keep)

    def _seen(self, decision: pl.DataFrame, include: Include) -> Seen:
        """Cut the market: what the decision could know, and its outcome's future."""
        at_ns = int(decision["received_ns"][0])
        back_ns = include.lookback_ns
        asked = Span(
            at_ns=at_ns,
            horizon_ns=include.lookahead_ns
            or self._usual.horizon_ns
            or usual_horizons_ns(self._market.captured.market.interval_ns)[0],
            wait_ns=self._rules.wait_ns,
            from_ns=0 if back_ns is None else at_ns - back_ns,
        )
        return self._market.seen(decision, self._usual, asked)

    def _material(self, decision: pl.DataFrame, seen: Seen) -> Material:
        labels = label_decisions(
            decision,
            seen.past,
            seen.quotes,
            horizons_ns=(seen.horizon_ns,),
            benchmark=self._usual.benchmark,
            rules=self._rules,
            as_of_ns=seen.as_of_ns,
        )
        return Material(
            bank=self._market.bank,
            features=seen.features,
            decisions=decision,
            labels=labels,
            horizons_ns=(seen.horizon_ns,),
            series=self._market.captured.series,
            fills=captured_fills(self._workspace, str(decision["decision_id"][0])),
            benchmark=self._usual.benchmark,
        )

    def _collected(
        self, seen: Seen, material: Material, include: Include, *, keep: bool
    ) -> Collected:
        market, decision = self._market, material.decisions
        frames = framed(market, seen, material, self._rules, keep=keep)
        known_ns = frames.vector["known_ns"][0]
        row = Collected(
            dataset_id=None,
            decision=frames.decision,
            market=frames.market if include.market else None,
            execution=frames.execution,
            outcome=frames.outcome,
            vector=frames.vector.select(market.bank.names).row(0, named=True),
            categories=market.categories,
            quality=quality_of(market, seen, decision),
            horizon=duration_text(seen.horizon_ns),
            numbers=self._numbers(seen, decision, include),
            watermark=Watermark(known_ns, market.captured.read),
        )
        if frames.dataset is None:
            return row
        made = frames.dataset, row.quality
        written = write_dataset(
            self._workspace,
            frames.dataset,
            findings(market, seen, material, made, self._rules),
            bank=market.bank,
            told=self._told,
            more={"watermark": row.watermark.as_mapping()},
        )
        return replace(row, dataset_id=written.dataset_id)

    def _numbers(
        self, seen: Seen, decision: pl.DataFrame, include: Include
    ) -> dict[str, object]:
        """Every number that led to the label."""
        numbers = explain(
            decision,
            seen.past,
            seen.quotes if seen.quotes.height else None,
            decision_id=str(decision["decision_id"][0]),
            horizons_ns=(seen.horizon_ns,),
            benchmark=self._usual.benchmark,
            rule=self._rules.outcome,
            costs=self._rules.costs,
            wait_ns=self._rules.wait_ns,
            as_of_ns=seen.as_of_ns,
        )
        if include.ticks:
            numbers["ticks"] = seen.quotes.height
        return numbers

"""One decision at a time: what was known, what came of it, as one row of a dataset.

The collector holds a workspace open. It sees what earlier runs made durable: decisions
of the journal, and the market, in slices that the journal lists or as its events.
"""

from dataclasses import asdict, replace
from functools import cached_property
from threading import RLock

import polars as pl

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
    outcome_labels,
)
from tradeloop.errors import InputError
from tradeloop.events import DatasetType, DecisionState, duration_text
from tradeloop.features import Bank
from tradeloop.labels.explain import explain
from tradeloop.pipelines.assemble import (
    Material,
    assemble_dataset,
    certify_dataset,
    label_rules,
)
from tradeloop.pipelines.captured import (
    Captured,
    captured_decision,
    captured_fills,
    captured_market,
    has_grown,
)
from tradeloop.pipelines.collected import Collected, Include, Seen, Usual
from tradeloop.pipelines.featurize import featurize, with_series
from tradeloop.pipelines.keep_dataset import write_dataset
from tradeloop.pipelines.label import label_decisions, last_received_ns
from tradeloop.pipelines.own import usual_horizons_ns
from tradeloop.pipelines.workspace import Workspace
from tradeloop.quality import measure
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
        chosen = self._rules.features
        return joined, chosen.bank(joined, market.interval_ns, extra)

    def _refresh(self) -> None:
        """Forget the market that was read if more of it was captured since."""
        read: Captured | None = self.__dict__.get("_captured")
        if read is not None and has_grown(self._workspace, read):
            for name in ("_captured", "_joined"):
                self.__dict__.pop(name, None)

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
            dataset = self._dataset(seen, material)
            collected = self._row(seen, material, include)
            if not (keep and dataset):
                return collected
            kept = self._kept(dataset, seen, material, collected)
            return replace(collected, dataset_id=kept)

    def _seen(self, decision: pl.DataFrame, include: Include) -> Seen:
        """Cut the market: what the decision could know, and its outcome's future."""
        captured, at_ns = self._captured, int(decision["received_ns"][0])
        market = captured.market
        horizon_ns = (
            include.lookahead_ns
            or self._usual.horizon_ns
            or usual_horizons_ns(market.interval_ns)[0]
        )
        mine = pl.col("instrument") == decision["instrument"][0]
        # One bar beyond the wait: that the market went on is what censors a label.
        ends = market.bars.filter(mine)["event_ns"]
        last = ends.search_sorted(
            at_ns + horizon_ns + self._rules.wait_ns, side="right"
        )
        until_ns = ends[min(int(last), ends.len() - 1)]
        from_ns = 0 if include.lookback_ns is None else at_ns - include.lookback_ns
        past = market.bars.filter(pl.col("event_ns") <= until_ns)
        span = pl.col("event_ns").is_between(from_ns, until_ns)
        near = replace(
            market,
            bars=past.filter(span),
            quotes=market.quotes.filter(mine, pl.col("event_ns") <= until_ns),
        )
        joined, bank = self._joined
        return Seen(
            market=near,
            past=past,
            own=near.bars.filter(mine),
            joined=joined.filter(mine, span),
            bank=bank,
            series=captured.series,
            horizon_ns=horizon_ns,
            as_of_ns=max(
                last_received_ns(market.bars), last_received_ns(market.quotes)
            ),
        )

    def _material(self, decision: pl.DataFrame, seen: Seen) -> Material:
        labels = label_decisions(
            decision,
            seen.past,
            seen.market.quotes,
            horizons_ns=(seen.horizon_ns,),
            benchmark=self._usual.benchmark,
            rules=self._rules,
            as_of_ns=seen.as_of_ns,
        )
        decision_id = str(decision["decision_id"][0])
        return Material(
            bank=seen.bank,
            features=featurize(seen.bank, seen.joined),
            decisions=decision,
            labels=labels,
            horizons_ns=(seen.horizon_ns,),
            series=seen.series,
            fills=captured_fills(self._workspace, decision_id),
            benchmark=self._usual.benchmark,
        )

    def _dataset(self, seen: Seen, material: Material) -> Dataset | None:
        """Make a dataset of the one row; None without a label or without a feature."""
        if material.labels["state"][0] != DecisionState.LABELLED.value:
            return None
        try:
            return assemble_dataset(seen.market, material, Undivided(), self._rules)
        except InputError:  # the look-back leaves no bar that the decision knew
            return None

    def _row(self, seen: Seen, material: Material, include: Include) -> Collected:
        decision, features = material.decisions, material.features
        labelled = material.labels["state"][0] == DecisionState.LABELLED.value
        vectors = as_of(decision, features, columns=list(seen.bank.names))
        state = as_of(decision, market_state(seen.market.bars), columns=STATE_COLUMNS)
        categories = {e.name: e.category for e in seen.bank.catalogue()}
        technical = [n for n, kind in categories.items() if kind == "technical"]
        context = market_context(
            decision, state, vectors, technical=technical, series=seen.series
        )
        numbers = explain(
            decision,
            seen.past,
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
            bars=seen.own,
            interval_ns=seen.market.interval_ns,
            decisions=decision,
            features=features,
        )
        return Collected(
            dataset_id=None,
            decision=decision_context(decision),
            market=context if include.market else None,
            execution=execution_context(decision, state),
            outcome=_outcome(seen, material, state) if labelled else material.labels,
            vector=vectors.select(seen.bank.names).row(0, named=True),
            categories=categories,
            quality=quality,
            horizon=duration_text(seen.horizon_ns),
            numbers=numbers,
        )

    def _kept(
        self, dataset: Dataset, seen: Seen, material: Material, row: Collected
    ) -> str:
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
            quality=row.quality.as_mapping(),
        )
        written = write_dataset(self._workspace, dataset, findings, bank=seen.bank)
        return written.dataset_id


def _outcome(seen: Seen, material: Material, state: pl.DataFrame) -> pl.DataFrame:
    return outcome_labels(
        material.decisions,
        material.labels,
        state["volatility_level"],
        fills=material.fills,
        interval_ns=seen.market.interval_ns,
    )

"""The row of one decision, everything made anew of all of the captured market."""

from dataclasses import replace
from types import SimpleNamespace

import polars as pl

from tradeloop.datasets import (
    STATE_COLUMNS,
    Undivided,
    as_of,
    decision_context,
    execution_context,
    market_context,
    market_state,
    outcome_labels,
)
from tradeloop.labels.explain import explain
from tradeloop.pipelines.assemble import Material, assemble_dataset, certify_dataset
from tradeloop.pipelines.captured import (
    captured_decision,
    captured_fills,
    captured_market,
)
from tradeloop.pipelines.featurize import featurize, with_series
from tradeloop.pipelines.keep_dataset import dataset_id_of
from tradeloop.pipelines.label import label_decisions, last_received_ns
from tradeloop.quality import measure


def _cut(market, rules, decision, include, horizon_ns):
    """Bars up to the one that settles the outcome; the same from the look-back on."""
    at_ns = decision["received_ns"][0]
    mine = pl.col("instrument") == decision["instrument"][0]
    ends = market.bars.filter(mine)["event_ns"].to_list()
    settled = [end for end in ends if end > at_ns + horizon_ns + rules.wait_ns]
    until_ns = settled[0] if settled else ends[-1]
    from_ns = 0 if include.lookback_ns is None else at_ns - include.lookback_ns
    past = market.bars.filter(pl.col("event_ns") <= until_ns)
    span = pl.col("event_ns").is_between(from_ns, until_ns)
    quotes = market.quotes.filter(mine, pl.col("event_ns") <= until_ns)
    return past, replace(market, bars=past.filter(span), quotes=quotes), mine, span


def _outcome(material, state, interval_ns):
    if material.labels["state"][0] != "labelled":
        return material.labels
    return outcome_labels(
        material.decisions,
        material.labels,
        state["volatility_level"],
        fills=material.fills,
        interval_ns=interval_ns,
    )


def _dataset(near, material, vectors, rules):
    """The dataset of the row and its certificate, where it has a label and features."""
    labelled = material.labels["state"][0] == "labelled"
    if not labelled or vectors["known_ns"][0] is None:
        return None, None
    dataset = assemble_dataset(near, material, Undivided(), rules)
    seed = rules.model.seed
    return dataset, certify_dataset(dataset, Undivided(), near, material, (), seed=seed)


def slow_row(workspace, usual, decision_id, include):
    """Make the row as if it were the only one: no state, no cut but that in time."""
    rules, captured = usual.rules, captured_market(workspace)
    market, series = captured.market, captured.series
    decision = captured_decision(workspace, decision_id)
    horizon_ns = include.lookahead_ns or usual.horizon_ns
    past, near, mine, span = _cut(market, rules, decision, include, horizon_ns)
    joined = with_series(market.bars, series)
    extra = [name for name in joined.columns if name not in market.bars.columns]
    bank = rules.features.bank(joined, market.interval_ns, extra)
    features = featurize(bank, joined.filter(mine, span))
    graded = {
        "horizons_ns": (horizon_ns,),
        "benchmark": usual.benchmark,
        "as_of_ns": max(last_received_ns(market.bars), last_received_ns(market.quotes)),
    }
    material = Material(
        bank=bank,
        features=features,
        decisions=decision,
        labels=label_decisions(decision, past, near.quotes, rules=rules, **graded),
        horizons_ns=(horizon_ns,),
        series=series,
        fills=captured_fills(workspace, decision_id),
        benchmark=usual.benchmark,
    )
    vectors = as_of(decision, features, columns=list(bank.names))
    state = as_of(decision, market_state(near.bars), columns=STATE_COLUMNS)
    dataset, certificate = _dataset(near, material, vectors, rules)
    categories = {entry.name: entry.category for entry in bank.catalogue()}
    technical = [name for name, kind in categories.items() if kind == "technical"]
    # Without a look-back quality is that of all bars of the instrument.
    judged = joined.filter(mine) if include.lookback_ns is None else near.bars
    return SimpleNamespace(
        dataset=dataset,
        certificate=certificate,
        dataset_id=dataset and dataset_id_of(dataset),
        decision=decision_context(decision),
        market=market_context(
            decision, state, vectors, technical=technical, series=series
        ),
        execution=execution_context(decision, state),
        outcome=_outcome(material, state, market.interval_ns),
        vector=vectors.select(bank.names).row(0, named=True),
        known_ns=vectors["known_ns"][0],
        categories=categories,
        quality=measure(
            bars=judged.filter(mine).select(market.bars.columns),
            interval_ns=market.interval_ns,
            decisions=decision,
            features=features if include.lookback_ns else featurize(bank, judged),
        ),
        numbers=explain(
            decision,
            past,
            near.quotes if near.quotes.height else None,
            decision_id=decision_id,
            rule=rules.outcome,
            costs=rules.costs,
            wait_ns=rules.wait_ns,
            **graded,
        ),
    )

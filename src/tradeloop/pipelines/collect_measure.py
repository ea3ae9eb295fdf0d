"""Seconds from a request to the row of a decision, for the benchmark."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tradeloop.capture import Market
from tradeloop.clock import LiveClock, monotonic_s
from tradeloop.events import DECISION, QUOTE, TRADE, Principal
from tradeloop.pipelines.collect import Collector
from tradeloop.pipelines.collected import Include, Usual
from tradeloop.pipelines.record import record_events, record_market
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Places, open_workspace

_WARM = 20


def collect_each(
    folder: Path,
    bars: pl.DataFrame,
    decisions: pl.DataFrame,
    interval_ns: int,
    *,
    keep: Sequence[bool],
    most: int,
) -> list[list[float]]:
    """Capture bars and decisions, then collect decisions one by one.

    Parameters
    ----------
    folder : Path
        For the workspace; empty.
    bars, decisions : polars.DataFrame
        Rows of the records BAR and DECISION.
    interval_ns : int
        Length of a bar.
    keep : sequence of bool
        For each round whether rows are stored.
    most : int
        Decisions that are timed in each round, spread over all; a few before them warm
        up, untimed.

    Returns
    -------
    list of list of float
        Seconds of each decision, round by round.
    """
    places = Places(
        journal=folder / "journal.db",
        catalog=folder / "catalog.db",
        tracking=folder / "mlflow.db",
        lake=folder / "lake",
        artefacts=folder / "artefacts",
    )
    market = Market(bars, QUOTE.empty(), TRADE.empty(), interval_ns, ())
    with open_workspace(places, Principal("bench", "bench"), LiveClock()) as workspace:
        record_market(workspace, market, None)
        nothing = DECISION.empty().select("decision_id")
        record_events(workspace, DECISION, "bench", decisions, nothing)
        collector = Collector(workspace, Usual(Rules()))
        ids = decisions["decision_id"].to_list()
        chosen = ids[:: max(1, len(ids) // (most + _WARM))][: most + _WARM]
        took = []
        for kept in keep:
            round_s = [_seconds(collector, name, keep=kept) for name in chosen]
            took.append(round_s[_WARM:])
        return took


def _seconds(collector: Collector, decision_id: str, *, keep: bool) -> float:
    began_s = monotonic_s()
    collector.collect(decision_id, Include(), keep=keep)
    return monotonic_s() - began_s

"""A day of decisions from the journal to a dataset, and its joins written by hand."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from tradeloop.apps.bench import simulated
from tradeloop.apps.bench.labels import pandas_returns, polars_returns
from tradeloop.apps.bench.rows import Row, require_equal
from tradeloop.apps.bench.timing import medians_s, peer_module
from tradeloop.capture import Market
from tradeloop.clock import NS_PER_MINUTE, LiveClock, monotonic_s
from tradeloop.datasets import as_of
from tradeloop.events import DECISION, QUOTE, TRADE, Principal
from tradeloop.features import compute, default_bank
from tradeloop.labels import label
from tradeloop.pipelines.build import Ask, build
from tradeloop.pipelines.record import record_events, record_market
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Places, Workspace, open_workspace

_DECISIONS = 100_000
_SYMBOLS, _DAYS = 50, 3
_DAY_BARS = 1_440
_FREE = 100  # bars after the last decision, so that its future is there
_CHUNK = 25_000
_MOST_S = 60.0
_HORIZONS = ("5m", "15m", "1h")
_HORIZONS_NS = tuple(minutes * NS_PER_MINUTE for minutes in (5, 15, 60))
_JUDGED = "quality and leak certificate"


def _scene(decisions: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bars of some days, and decisions on the last of them."""
    bars = simulated.bars(_SYMBOLS, _DAYS * _DAY_BARS)
    room = ((_DAYS - 1) * _DAY_BARS, _FREE)
    return bars, simulated.decisions(bars, decisions, room=room)


class _Stages:
    """Seconds of each stage of a build."""

    def __init__(self) -> None:
        self.took_s: dict[str, float] = {}
        self._began_s = 0.0

    def begin(self, stage: str) -> None:  # noqa: ARG002 - the end names it
        self._began_s = monotonic_s()

    def end(self, stage: str, figure: str) -> None:  # noqa: ARG002
        self.took_s[stage] = monotonic_s() - self._began_s


def _capture(workspace: Workspace, bars: pl.DataFrame, decisions: pl.DataFrame) -> None:
    market = Market(bars, QUOTE.empty(), TRADE.empty(), NS_PER_MINUTE, ())
    record_market(workspace, market, None)
    nothing = DECISION.empty().select("decision_id")
    for chunk in decisions.iter_slices(_CHUNK):
        record_events(workspace, DECISION, "simulated", chunk, nothing)


def _built(decisions: int) -> dict[str, float]:
    """Seconds of each stage of one build, from a workspace of its own."""
    bars, asked = _scene(decisions)
    with TemporaryDirectory() as name:
        folder = Path(name)
        places = Places(
            journal=folder / "journal.db",
            catalog=folder / "catalog.db",
            tracking=folder / "mlflow.db",
            lake=folder / "lake",
            artefacts=folder / "artefacts",
        )
        who, stages = Principal("desk", "bench"), _Stages()
        with open_workspace(places, who, LiveClock()) as workspace:
            _capture(workspace, bars, asked)
            made = build(workspace, Ask(horizons_ns=_HORIZONS_NS), Rules(), stages)
        kept = made.dataset.sample_count + sum(made.dataset.left_out.values())
        require_equal(same=kept == decisions, what="decisions of the day")
    return stages.took_s


def end_to_end() -> Iterator[Row]:
    """Time a day of decisions from the journal to the files of a dataset."""
    _built(min(1_000, _DECISIONS))  # machine code is compiled, modules are there
    took = _built(_DECISIONS)
    judged = took.pop(_JUDGED)
    what = (
        f"{_DECISIONS:,} decisions of a day with full context, {_SYMBOLS} symbols, "
        f"{_SYMBOLS * _DAYS * _DAY_BARS:,} bars: read, labelled, assembled, written"
    )
    yield Row(
        what=what,
        unit="s",
        ours=sum(took.values()),
        peer_name="none: no peer goes from a journal to a dataset",
        target=_MOST_S,
        target_is="ours",
        note="One build of a fresh workspace, from the journal's events to synced "
        "files, catalog, and the state of each decision: "
        + ", ".join(f"{stage} {took_s:.1f} s" for stage, took_s in took.items())
        + ".",
    )
    yield Row(
        what="the same with quality report and leak certificate",
        unit="s",
        ours=sum(took.values()) + judged,
        peer_name="none: no peer certifies",
    )


_Answer = tuple[Any, Any]  # returns, features
_Call = Callable[[], _Answer]


def _in_polars(asked: pl.DataFrame, bars: pl.DataFrame, facts: pl.DataFrame) -> _Call:
    wants = asked.select("instrument", "received_ns")

    def called() -> _Answer:
        joined = wants.join_asof(
            facts, on="received_ns", by="instrument", check_sortedness=False
        )
        return polars_returns(asked, bars), joined

    return called


def _in_pandas(
    asked: pl.DataFrame, bars: pl.DataFrame, facts: pl.DataFrame
) -> _Call | None:
    pandas = peer_module("pandas")
    if pandas is None:
        return None
    wants, prices, sought = (
        pandas.DataFrame({name: frame[name].to_numpy() for name in frame.columns})
        for frame in (
            asked.select("instrument", "received_ns"),
            bars.select("instrument", "event_ns", "received_ns", "close"),
            facts,
        )
    )

    def called() -> _Answer:
        joined = pandas.merge_asof(wants, sought, on="received_ns", by="instrument")
        return pandas_returns(pandas, wants, prices), joined

    return called


def _alike(ours: _Answer, theirs: _Answer, columns: tuple[list[str], ...]) -> bool:
    return all(
        np.array_equal(a.select(n).to_numpy(), np.asarray(b[n]), equal_nan=True)
        for a, b, n in zip(ours, theirs, columns, strict=True)
    )


def by_hand() -> Iterator[Row]:
    """Time labels and the join of all features against pandas and Polars by hand."""
    bars, asked = _scene(_DECISIONS)
    features = compute(default_bank(NS_PER_MINUTE, has_quotes=True), bars)
    names = [n for n in features.columns if n not in bars.columns]
    facts = features.select("instrument", "received_ns", *names).sort("received_ns")

    def ours() -> _Answer:
        labels = label(asked, bars, horizons_ns=_HORIZONS_NS)
        return labels, as_of(asked, features, columns=names)

    columns = [f"return_{h}" for h in _HORIZONS], names
    peers = [make(asked, bars, facts) for make in (_in_polars, _in_pandas)]
    for peer in peers:
        same = peer is None or _alike(ours(), peer(), columns)
        require_equal(same=same, what="labels and features of decisions")
    took = medians_s(ours, *peers, repeats=5)
    told = [
        "Polars join_asof by hand, all cores: returns and features only",
        "pandas merge_asof by hand: returns and features only"
        if peers[1]
        else "pandas is not installed",
    ]
    for name, peer_s in zip(told, took[1:], strict=True):
        yield Row(
            what=f"labels of 3 horizons and as-of join of {len(names)} features, "
            f"{_DECISIONS:,} decisions on {bars.height:,} bars",
            unit="s",
            ours=took[0] or 0.0,
            peer=peer_s,
            peer_name=name,
            note="Returns and features equal to the bit, checked first. Ours gives all "
            "labels with their ends and states, and drops corrections of older bars; "
            "the peers' facts are sorted before the clock runs.",
        )

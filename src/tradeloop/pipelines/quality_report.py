"""How good is what was captured: the whole, each instrument or source, each window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import polars as pl

from tradeloop.capture import Market, fills_outside_bar
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.errors import NotFoundError
from tradeloop.events import BAR, BOOK_DELTA, DECISION, FILL, QUOTE, TRADE
from tradeloop.pipelines.captured import (
    captured_events,
    captured_market,
    captured_ticks,
)
from tradeloop.pipelines.completeness import status_of
from tradeloop.pipelines.record import LAKE
from tradeloop.pipelines.workspace import Workspace
from tradeloop.quality import (
    MEASURES,
    Breach,
    Evidence,
    QualityReport,
    QualityRule,
    RowCounts,
    breaches,
    by_instrument,
    by_source,
    delays,
    judge,
    over_time,
)

Ticks: TypeAlias = dict[str, pl.DataFrame]
BY = {"instrument": by_instrument, "source": by_source}
"""What figures can be had by."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be reported.

    Parameters
    ----------
    window_ns : int
        Length of a window of time.
    by : {"instrument", "source"}
        What the figures are grouped by.
    rules : tuple of QualityRule
        Limits that the whole and each group are held against.
    """

    window_ns: int
    by: str = "instrument"
    rules: tuple[QualityRule, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Quality of a workspace.

    Parameters
    ----------
    whole : QualityReport
        Of all that was captured.
    groups, windows, delays : polars.DataFrame
        Figures by instrument or source, by window, and delays in ns.
    broken : tuple of Breach
        Limits that are not kept.
    """

    whole: QualityReport
    groups: pl.DataFrame
    windows: pl.DataFrame
    delays: pl.DataFrame
    broken: tuple[Breach, ...]

    @property
    def kept(self) -> bool:
        """Whether no limit is broken."""
        return not self.broken


def quality_report(workspace: Workspace, asked: Asked) -> Found:
    """Judge what was captured in a workspace.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    asked : Asked
        Windows, groups and limits.

    Raises
    ------
    NotFoundError
        Neither bars nor ticks were captured.
    InputError
        The window is not above 0.
    """
    evidence = _evidence(workspace)
    whole = judge(evidence)
    groups = BY[asked.by](evidence)
    return Found(
        whole=whole,
        groups=groups,
        windows=over_time(evidence, asked.window_ns),
        delays=delays(evidence),
        broken=(
            *breaches(_as_figures(whole), asked.rules),
            *breaches(groups, asked.rules),
        ),
    )


def _evidence(workspace: Workspace) -> Evidence:
    bars, ticks, interval_ns = _market(workspace)
    decisions = captured_events(workspace, DECISION)
    fills = captured_events(workspace, FILL)
    kept = (bars, decisions, fills, *ticks.values())
    journal, who = workspace.journal, workspace.principal
    aside = sum(status_of(journal, who).quarantined.values())
    return Evidence(
        bars=bars,
        interval_ns=interval_ns,
        decisions=decisions.filter(pl.col("side") != 0) if decisions.height else None,
        fills=fills if fills.height else None,
        fills_outside=fills_outside_bar(fills, bars) if fills.height else None,
        rows=RowCounts(aside + sum(frame.height for frame in kept), aside),
        ticks=ticks,
        delivered=delivered_by(workspace),
    )


def _market(workspace: Workspace) -> tuple[pl.DataFrame, Ticks, int]:
    """Bars and ticks; bars may be absent where ticks are there."""
    book = _some(BOOK_DELTA.kind, captured_ticks(workspace, BOOK_DELTA))
    try:
        market = captured_market(workspace).market
    except NotFoundError:
        ticks = {
            record.kind: frame
            for record in (QUOTE, TRADE)
            if (frame := captured_ticks(workspace, record)).height
        }
        if not ticks and not book:
            raise
        return BAR.empty(), {**ticks, **book}, NS_PER_MINUTE
    return market.bars, {**ticks_of(market), **book}, market.interval_ns


def _as_figures(report: QualityReport) -> pl.DataFrame:
    values = {name: [getattr(report, name)] for name in MEASURES}
    return pl.DataFrame(values, schema=dict.fromkeys(MEASURES, pl.Float64))


def ticks_of(market: Market) -> dict[str, pl.DataFrame]:
    """Ticks of a market by kind, as evidence of quality: those that there are."""
    return {**_some("quote", market.quotes), **_some("trade", market.trades)}


def _some(kind: str, frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {kind: frame} if frame.height else {}


def delivered_by(
    workspace: Workspace, as_of_ns: int | None = None
) -> pl.DataFrame | None:
    """Numbers that came, and that did not, of each life of each source.

    Events whose source gave no number were numbered by the journal: they count as
    delivered. Slices are no events of a source and take no part.

    Returns
    -------
    polars.DataFrame of shape (n_lives, 4), or None
        source, epoch, received, missing; None where no source counts, and as of an
        earlier time: which numbers had come by then is not kept.
    """
    if as_of_ns is not None:
        return None
    journal, principal = workspace.journal, workspace.principal
    numbered = journal.numbered(principal)
    missing = {(g.source, g.epoch): g.missing for g in journal.gaps(principal)}
    rows = [
        (each.source, each.epoch, each.came, missing.get((each.source, each.epoch), 0))
        for each in numbered
        if each.source != LAKE
    ]
    if not rows:
        return None
    schema = {
        "source": pl.String,
        "epoch": pl.Int64,
        "received": pl.Int64,
        "missing": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def as_mappings(broken: Sequence[Breach]) -> list[Mapping[str, Any]]:
    """Broken limits as plain data."""
    return [
        {
            "measure": each.rule.measure,
            "limit": each.rule.limit,
            "action": each.rule.action,
            "of": dict(each.group),
            "value": each.value,
            "reason": each.reason,
        }
        for each in broken
    ]

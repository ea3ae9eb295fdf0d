"""How signals did, by model, symbol, confidence or regime, beside no skill."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.errors import InputError
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.signals_outcomes import journal_signals, judged
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals import Resampling, signal_statistics

GROUPS = {
    "model": "model_version",
    "symbol": "symbol",
    "confidence": "confidence_bucket",
    "regime": "regime",
}
"""What signals can be grouped by, and the column of it."""


@dataclass(frozen=True, slots=True)
class SignalStatistics:
    """Figures of groups of signals.

    Parameters
    ----------
    by : tuple of str
        Columns they are grouped by.
    groups : tuple of mapping
        One for each group, see `tradeloop.signals.signal_statistics`; None for what
        cannot be said.
    level : float
        Coverage of the intervals.
    """

    by: tuple[str, ...]
    groups: tuple[dict[str, Any], ...]
    level: float


def signal_figures(
    workspace: Workspace,
    rules: Rules,
    by: Sequence[str] = ("model",),
    *,
    symbol: str | None = None,
    resampling: Resampling | None = None,
) -> SignalStatistics:
    """Sum up the signals of the journal with what came of them by now.

    Parameters
    ----------
    workspace : Workspace
        Open stores; the journal is only read.
    rules : Rules
        What a trade costs, and the neutral band.
    by : sequence of str
        One or more of `GROUPS`.
    symbol : str, optional
        Of this symbol only; no skill is then that of this symbol.
    resampling : Resampling, optional
        How intervals of a mean are drawn.

    Raises
    ------
    InputError
        There is no such group.
    NotFoundError
        No bars were captured.
    """
    unknown = [name for name in by if name not in GROUPS]
    if unknown or not by:
        raise InputError(
            f"Signals are not grouped by {unknown or 'nothing'}.",
            way_out=f"Known: {', '.join(GROUPS)}.",
            source="by",
        )
    drawn = resampling or Resampling()
    columns = tuple(dict.fromkeys(GROUPS[name] for name in by))
    signals = journal_signals(workspace, symbol)
    if "regime" in columns:
        signals = signals.filter(pl.col("regime").is_not_null())
    if signals.is_empty():
        return SignalStatistics(columns, (), drawn.level)
    rows = judged(workspace, rules, signals)
    found = signal_statistics(rows, columns, resampling=drawn)
    return SignalStatistics(columns, tuple(found.to_dicts()), drawn.level)

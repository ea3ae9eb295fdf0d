"""How signals did, by model, symbol, confidence or regime, beside no skill.

No skill takes the same sides at times that say nothing: it hits as often as each side's
direction came in the whole frame, and earns the mean return of the frame times the mean
side, less the same costs. So a market that rose does not pass for skill.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tradeloop.errors import InputError
from tradeloop.models import CLASSES, rows_per_block
from tradeloop.models.base import Floats
from tradeloop.statistics import block_bootstrap, wilson

BUCKETS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Lower ends of the buckets of confidence; the last one reaches to 1."""
_LEAST_BOOTSTRAPPED = 10  # trades: below, an interval of their mean says nothing
_NEEDED = ("side", "confidence", "created_ns", "horizon_ns", "direction", "hit")
_ALSO = ("return_bps", "net_bps", "cost_bps", "brier")
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals of a mean are drawn.

    Parameters
    ----------
    repeats : int
        Resamples.
    level : float
        Coverage of all intervals.
    seed : int
        Seed of the resamples.
    """

    repeats: int = 500
    level: float = 0.95
    seed: int = 42


def signal_statistics(
    frame: pl.DataFrame,
    by: Sequence[str] = ("model_version",),
    *,
    resampling: Resampling | None = None,
) -> pl.DataFrame:
    """Sum up signals with their outcomes, one row for each group.

    Parameters
    ----------
    frame : DataFrame
        From `tradeloop.signals.outcomes_of`; pending rows are counted only.
    by : sequence of str
        Columns to group by; ``confidence_bucket`` is made from the confidence.
    resampling : Resampling, optional
        How intervals of the mean are drawn; the defaults if absent.

    Returns
    -------
    DataFrame
        Sorted by the group, with

        - ``signals``, ``pending``, ``trades``, ``hits``;
        - ``hit_rate`` of the trades with its Wilson interval ``hit_low``, ``hit_high``,
          and ``no_skill_hit_rate``;
        - ``net_bps``, the mean of a trade, with ``net_low`` and ``net_high`` from a
          block bootstrap (null below 10 trades), and ``no_skill_net_bps``;
        - ``confidence`` (mean), ``came_rate`` with ``came_low`` and ``came_high``, and
          ``calibration_gap``, confidence less rate: of all scored, also held ones;
        - ``brier`` and ``no_skill_brier``, that of the shares of the whole frame.

    Raises
    ------
    InputError
        A column is missing.
    """
    if "confidence_bucket" in by and "confidence" in frame.columns:
        frame = frame.with_columns(confidence_bucket=_bucket(pl.col("confidence")))
    absent = sorted({*by, *_NEEDED, *_ALSO} - set(frame.columns))
    if absent or not by:
        raise InputError(
            f"Statistics by {list(by)} need the columns {absent} too.",
            way_out="Pass what outcomes gives, with the columns to group by.",
            source="signal_statistics",
        )
    settled = frame.filter(pl.col("return_bps").is_not_null())
    usual = _Usual.of(settled)
    groups = frame.sort("created_ns").partition_by(*by, as_dict=True)
    rows = [
        dict(zip(by, key, strict=True))
        | _summed(group, usual, resampling or Resampling())
        for key, group in groups.items()
    ]
    names = [*by, *_SUMMED]
    schema = {name: frame.schema[name] for name in by} | _SUMMED
    return pl.DataFrame(rows, schema=schema).select(names).sort(by)


_COUNTS = ("signals", "pending", "trades", "hits")
_FIGURES = (
    *("hit_rate", "hit_low", "hit_high", "no_skill_hit_rate"),
    *("net_bps", "net_low", "net_high", "no_skill_net_bps"),
    *("confidence", "came_rate", "came_low", "came_high", "calibration_gap"),
    *("brier", "no_skill_brier"),
)
_SUMMED: dict[str, pl.DataType] = {
    **dict.fromkeys(_COUNTS, pl.Int64()),
    **dict.fromkeys(_FIGURES, pl.Float64()),
}


@dataclass(frozen=True, slots=True, eq=False)
class _Usual:
    """The whole frame: shares of the directions, mean return."""

    shares: Floats
    return_bps: float

    @classmethod
    def of(cls, settled: pl.DataFrame) -> "_Usual":
        came = settled["direction"].to_numpy()
        if not len(came):
            return cls(np.full(len(CLASSES), np.nan), np.nan)
        shares = np.array([(came == value).mean() for value in CLASSES])
        return cls(shares, float(settled["return_bps"].to_numpy().mean()))


def _summed(group: pl.DataFrame, usual: _Usual, resampling: Resampling) -> _Row:
    settled = group.filter(pl.col("return_bps").is_not_null())
    trades = settled.filter(pl.col("side") != 0)
    scored = settled.filter(pl.col("brier").is_not_null())
    return {
        "signals": group.height,
        "pending": group.height - settled.height,
        "trades": trades.height,
        "hits": int(trades["hit"].sum()),
        **(_traded(trades, usual, resampling) if trades.height else {}),
        **(_calibrated(scored, usual, resampling) if scored.height else {}),
    }


def _traded(trades: pl.DataFrame, usual: _Usual, resampling: Resampling) -> _Row:
    sides = trades["side"].to_numpy().astype(np.int64)
    hits = wilson(int(trades["hit"].sum()), len(sides), level=resampling.level)
    net = trades["net_bps"].to_numpy()
    cost = float(trades["cost_bps"].to_numpy().mean())
    found: _Row = {
        "hit_rate": hits.value,
        "hit_low": hits.low,
        "hit_high": hits.high,
        "no_skill_hit_rate": float(usual.shares[sides - CLASSES[0]].mean()),
        "net_bps": float(net.mean()),
        "no_skill_net_bps": float(sides.mean()) * usual.return_bps - cost,
    }
    if len(sides) < _LEAST_BOOTSTRAPPED:
        return found
    created = trades["created_ns"].to_numpy()
    ends = created + trades["horizon_ns"].to_numpy()
    drawn = block_bootstrap(
        lambda rows: float(rows.mean()),
        net,
        block_rows=rows_per_block(created, ends),
        repeats=resampling.repeats,
        level=resampling.level,
        seed=resampling.seed,
    )
    return found | {"net_low": drawn.low, "net_high": drawn.high}


def _calibrated(scored: pl.DataFrame, usual: _Usual, resampling: Resampling) -> _Row:
    came = wilson(int(scored["hit"].sum()), scored.height, level=resampling.level)
    confidence = float(scored["confidence"].to_numpy().mean())
    directions = scored["direction"].to_numpy().astype(np.int64) - CLASSES[0]
    no_skill = ((usual.shares - np.eye(len(CLASSES))[directions]) ** 2).sum(axis=1)
    return {
        "confidence": confidence,
        "came_rate": came.value,
        "came_low": came.low,
        "came_high": came.high,
        "calibration_gap": confidence - came.value,
        "brier": float(scored["brier"].to_numpy().mean()),
        "no_skill_brier": float(no_skill.mean()),
    }


def _bucket(confidence: pl.Expr) -> pl.Expr:
    """Name the bucket of a confidence, such as ``0.5-0.6``; null if not scored."""
    named = pl.lit(None, dtype=pl.String)
    for low, high in zip(BUCKETS, (*BUCKETS[1:], 1.0), strict=True):
        inside = confidence >= low
        named = pl.when(inside).then(pl.lit(f"{low:g}-{high:g}")).otherwise(named)
    return named

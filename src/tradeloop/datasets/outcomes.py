"""What came of each decision: the outcome labels under the contract's names.

All figures are of the primary horizon h, the first one that was labelled. Their
formulas stand in `tradeloop.labels.execution.quality`:

- ``decision_outcome``: the class, from the labels.
- ``benchmark_outperformance``: 1e4 * (side * return - return of the benchmark), bps.
- ``risk_adjusted_return``: side * return in standard deviations, by the volatility
  known at the decision (`market_state`).
- ``timing_quality``: best move over best plus worst move of the path.
- ``cost_efficiency``: the share that costs leave of the move, 1 without costs.
- ``execution_quality``: average fill against the price known at the decision, bps,
  positive is better. Null without fills.
- ``attribution_factors``: JSON map in bps of what the result is made of: benchmark_bps,
  outperformance_bps and cost_bps; where there are fills also delay_bps, execution_bps,
  opportunity_bps and fees_bps, the shortfall of entering. Positive added to the result.

Without fills costs are those of the cost model, and the factors add up to the result
after them. With fills (and orders) entering costs what it truly did, and three more
columns stand after the contract's seven: ``attributed_bps``, the sum of the factors to
the bit; ``fill_suspect`` and ``fill_suspect_reason``. A decision with a fill that
cannot have happened as told has no execution_quality and is measured by the cost model.

``end_ns`` is when the last of the row's labels, over all horizons, was known, fills
and orders included: whichever column a model learns, the purge holds.
"""

import re
from dataclasses import dataclass

import polars as pl

from tradeloop.costs import CostModel
from tradeloop.datasets.contexts import json_map
from tradeloop.errors import InputError
from tradeloop.labels.execution.entry import entry_truth
from tradeloop.labels.execution.quality import (
    FACTORS,
    MODELLED,
    attributed_bps,
    attribution,
    cost_efficiency,
    execution_quality,
    risk_adjusted_return,
    timing_quality,
)
from tradeloop.labels.execution.rule import ExecutionRule

_NUMBER = pl.Float64()
_ENTRY: dict[str, pl.DataType] = {
    "decision_id": pl.String(),
    "delay_bps": _NUMBER,
    "execution_bps": _NUMBER,
    "opportunity_bps": _NUMBER,
    "fees_bps": _NUMBER,
    "filled_share": _NUMBER,
    "fill_cost_bps": _NUMBER,
    "fill_suspect": pl.Boolean(),
    "fill_suspect_reason": pl.String(),
    "entry_end_ns": pl.Int64(),
}
_RULE = ExecutionRule()


def horizons_of(labels: pl.DataFrame) -> tuple[str, ...]:
    """Horizons of a frame of labels, primary first, such as ``("5d", "1d")``.

    Raises
    ------
    InputError
        No column end_ns_... stands in the frame.
    """
    found = (re.fullmatch(r"end_ns_(\w+)", name) for name in labels.columns)
    names = tuple(match[1] for match in found if match)
    if not names:
        raise InputError(
            f"Labels need end_ns per horizon; there are {', '.join(labels.columns)}.",
            way_out="Give the frame that labelling returned.",
            source="labels",
            column="end_ns_...",
        )
    return names


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """What tells how decisions were executed, beside their fills.

    Parameters
    ----------
    bars, quotes, orders : polars.DataFrame, optional
        Rows of the records BAR, QUOTE and ORDER_EVENT. Without bars and quotes no price
        of a fill can be doubted; without orders nothing is known to be left unfilled.
    costs : CostModel, optional
        Model that the labels' net was made with: tells the side that the fills replace
        from the rest. None takes half, which is right where it finances nothing.
    rule : ExecutionRule
        Clock, waits and tolerances.
    """

    bars: pl.DataFrame | None = None
    quotes: pl.DataFrame | None = None
    orders: pl.DataFrame | None = None
    costs: CostModel | None = None
    rule: ExecutionRule = _RULE


_NOTHING = Execution()


def _entered(
    joined: pl.DataFrame, fills: pl.DataFrame | None, h: str, known: Execution
) -> pl.DataFrame:
    """How the decisions were entered, between the prices of their labels."""
    if fills is None or (fills.is_empty() and known.orders is None):
        return pl.DataFrame(schema=_ENTRY)  # nothing was entered
    asked = joined.select(
        "decision_id",
        "instrument",
        "side",
        "price",
        event_ns="decided_ns",
        received_ns="decision_ns",
        end_price=pl.col("price") * (1.0 + pl.col(f"return_{h}")),
    )
    return entry_truth(
        asked,
        fills,
        bars=known.bars,
        quotes=known.quotes,
        orders=known.orders,
        rule=known.rule,
    )


def _factors(measured: pl.DataFrame) -> pl.Series:
    """Factors that are known, as one JSON map per row; none of them is null."""
    free = tuple(name for name in FACTORS if name != "fees_bps")
    cases = {"modelled": MODELLED, "whole": FACTORS, "free": free}
    maps = {case: json_map(measured, names) for case, names in cases.items()}
    return (
        measured.with_columns(**maps)
        .select(
            pl.when(pl.col("delay_bps").is_null())
            .then("modelled")
            .when(pl.col("fees_bps").is_null())
            .then("free")
            .otherwise("whole")
            .alias("attribution_factors")
        )
        .to_series()
    )


def outcome_labels(
    decisions: pl.DataFrame,
    labels: pl.DataFrame,
    volatility_level: pl.Series,
    *,
    fills: pl.DataFrame | None,
    interval_ns: int,
    execution: Execution = _NOTHING,
) -> pl.DataFrame:
    """Name the outcomes as the contract does and keep every label column beside them.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Columns decision_id and side; event_ns if there is one.
    labels : polars.DataFrame of shape (n_decisions, any)
        What labelling returned for these decisions, in their order.
    volatility_level : polars.Series of shape (n_decisions,)
        Known at each decision, bps per bar.
    fills : polars.DataFrame, optional
        Rows of the record FILL.
    interval_ns : int
        Length of a bar.
    execution : Execution, optional
        What the fills are held against.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 9 + n_label_columns, or 12 with fills)
        decision_id, decision_ns, end_ns, the contract's seven, with fills
        attributed_bps, fill_suspect and fill_suspect_reason, and the label columns.

    Raises
    ------
    InputError
        A column of the fills is absent or holds a null.
    """
    horizons = horizons_of(labels)
    h, costs = horizons[0], execution.costs
    decided = decisions if "event_ns" in decisions.columns else labels
    joined = labels.with_columns(
        decisions["side"],
        volatility_level.alias("volatility_level"),
        decided["event_ns" if decided is decisions else "decision_ns"].alias(
            "decided_ns"
        ),
    )
    entry = _entered(joined, fills, h, execution)
    joined = joined.join(entry, on="decision_id", how="left", maintain_order="left")
    one_side = None if costs is None else costs.trade_cost_bps()
    factors = joined.select(
        "side", f"return_{h}", **attribution(h, one_side)
    ).with_columns(attributed_bps=attributed_bps(), cost_efficiency=cost_efficiency(h))
    ends = [f"end_ns_{each}" for each in horizons]
    more = ("attributed_bps", "fill_suspect", "fill_suspect_reason")
    told = joined.with_columns(factors["attributed_bps"]).select(more)
    measured = joined.select(
        execution_quality().alias("execution_quality"),
        factors["cost_efficiency"],
        timing_quality(h).alias("timing_quality"),
        risk_adjusted_return(h, interval_ns).alias("risk_adjusted_return"),
        pl.col(f"outperformance_bps_{h}").alias("benchmark_outperformance"),
    )
    lead = ("decision_id", "decision_ns", "decision_outcome")
    return pl.DataFrame(
        [
            labels["decision_id"],
            labels["decision_ns"],
            joined.select(end_ns=pl.max_horizontal(*ends, "entry_end_ns")).to_series(),
            labels["decision_outcome"].cast(pl.String),
            *measured.get_columns(),
            _factors(factors),
            *([] if fills is None else told.get_columns()),
            *labels.drop(lead).get_columns(),
        ]
    )

"""What came of each decision: the outcome labels under the contract's names.

All figures are of the primary horizon h, the first one that was labelled.

- ``decision_outcome``: the class, from the labels.
- ``benchmark_outperformance``: 1e4 * (side * return - return of the benchmark), bps.
- ``risk_adjusted_return``: side * return / (v * sqrt(n)), with v the volatility per bar
  known at the decision (`market_state`) and n the bars of h, at least 1: 1 is one
  standard deviation to the good. Null where v is null or 0.
- ``timing_quality``: g / (g + l), with g the best and l the worst move of the path as
  seen from the decision's side, both as distances from the price at the decision: 1
  never stood at a loss, 0 never at a gain. Null where the price did not move.
- ``cost_efficiency``: a / (a + c), with a = abs(gross), c = gross - net, bps, of the
  cost model: the share that costs leave of the move, 1 without costs.
- ``execution_quality``: -1e4 * side * (fill - price) / price, bps, with fill the
  quantity-weighted price of the decision's fills and price that known at the decision:
  positive is better than the price decided on. Null without fills.
- ``attribution_factors``: JSON map of benchmark_bps, outperformance_bps and cost_bps,
  which add up to the net bps of the cost model.

``end_ns`` is when the last of the row's labels, over all horizons, was known: whichever
column a model learns, the purge holds.
"""

import re

import polars as pl

from tradeloop.datasets.contexts import json_map
from tradeloop.errors import InputError

_BPS = 1e4


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


def _fill_quality(fills: pl.DataFrame | None) -> pl.DataFrame:
    """Average the price that each decision was filled at."""
    if fills is None:
        return pl.DataFrame(schema={"decision_id": pl.String, "fill": pl.Float64})
    price, quantity = pl.col("price"), pl.col("quantity")
    return (
        fills.filter(pl.col("decision_id").is_not_null())
        .group_by("decision_id", maintain_order=True)
        .agg(((price * quantity).sum() / quantity.sum()).alias("fill"))
        .with_columns(pl.when(pl.col("fill").is_finite()).then("fill"))
    )


def _path_quality(h: str) -> pl.Expr:
    gain, loss = pl.col(f"max_gain_{h}").abs(), pl.col(f"max_loss_{h}").abs()
    return pl.when(gain + loss > 0).then(gain / (gain + loss))


def _measures(h: str, *, interval_ns: int) -> dict[str, pl.Expr]:
    side = pl.col("side").cast(pl.Float64)
    gross = _BPS * side * pl.col(f"return_{h}")
    cost = (gross - pl.col(f"net_bps_{h}")).clip(lower_bound=0)
    span = pl.col(f"due_ns_{h}") - pl.col("decision_ns")
    bars = (span.cast(pl.Float64) / interval_ns).clip(lower_bound=1)
    risk = pl.col("volatility_level") * bars.sqrt()
    price = pl.col("price")
    return {
        "execution_quality": -_BPS * side * (pl.col("fill") - price) / price,
        "cost_efficiency": pl.when(gross.abs() + cost > 0).then(
            gross.abs() / (gross.abs() + cost)
        ),
        "timing_quality": _path_quality(h),
        "risk_adjusted_return": pl.when(risk > 0).then(gross / risk),
        "benchmark_outperformance": pl.col(f"outperformance_bps_{h}"),
        "benchmark_bps": gross - pl.col(f"outperformance_bps_{h}"),
        "outperformance_bps": pl.col(f"outperformance_bps_{h}"),
        "cost_bps": -cost,
    }


def outcome_labels(
    decisions: pl.DataFrame,
    labels: pl.DataFrame,
    volatility_level: pl.Series,
    *,
    fills: pl.DataFrame | None,
    interval_ns: int,
) -> pl.DataFrame:
    """Name the outcomes as the contract does and keep every label column beside them.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Columns decision_id and side.
    labels : polars.DataFrame of shape (n_decisions, any)
        What labelling returned for these decisions, in their order.
    volatility_level : polars.Series of shape (n_decisions,)
        Known at each decision, bps per bar.
    fills : polars.DataFrame, optional
        Rows of the record FILL.
    interval_ns : int
        Length of a bar.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 9 + n_label_columns)
        decision_id, decision_ns, end_ns, the contract's seven and the label columns.
    """
    horizons = horizons_of(labels)
    contract = _measures(horizons[0], interval_ns=interval_ns)
    parts = ("benchmark_bps", "outperformance_bps", "cost_bps")
    joined = labels.with_columns(
        decisions["side"], volatility_level.alias("volatility_level")
    ).join(_fill_quality(fills), on="decision_id", how="left", maintain_order="left")
    measured = joined.select(**contract)
    ends = labels.select(pl.max_horizontal(f"end_ns_{h}" for h in horizons))
    lead = ("decision_id", "decision_ns", "decision_outcome")
    return pl.DataFrame(
        [
            labels["decision_id"],
            labels["decision_ns"],
            ends.to_series().alias("end_ns"),
            labels["decision_outcome"].cast(pl.String),
            *measured.drop(parts).get_columns(),
            json_map(measured, parts).alias("attribution_factors"),
            *labels.drop(lead).get_columns(),
        ]
    )
